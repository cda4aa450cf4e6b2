//! The only reader of the system's clocks.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use lyceum_protocol::replica::Now;

/// Milliseconds since 1970-01-01 UTC; 0 before.
pub fn wall() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// Makes the moments of a process.
#[derive(Debug, Clone, Copy)]
pub struct Clock(Instant);

impl Clock {
    /// A clock whose steady time begins now.
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// This moment.
    pub fn now(&self) -> Now {
        Now { mono: u64::try_from(self.0.elapsed().as_millis()).unwrap_or(u64::MAX), wall: wall() }
    }

    /// The instant of a steady time.
    pub fn instant(&self, mono: u64) -> Instant {
        self.0.checked_add(std::time::Duration::from_millis(mono)).unwrap_or_else(Instant::now)
    }
}
