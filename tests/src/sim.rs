//! The simulator: many real replicas over a network, disks and clocks that one seed decides.
//!
//! One heap of (time, sequence, node, event), one thread, no clock: the same seed gives the same run. First things go
//! wrong while entries are published, then the faults stop and everything has to come out equal.
//!
//! [`alliance`] makes the documents · [`faults`] says what goes wrong · [`world`] is the heap and the plan ·
//! [`mod@flood`] is an alliance in which one publishes too much ·
//! [`hands`] does what replicas ask for · [`hostile`] bends what dishonest nodes send · [`oracle`] says what must hold.

pub mod alliance;
pub mod checking;
pub mod disk;
pub mod faults;
mod flood;
mod hands;
mod hostile;
pub mod network;
pub mod node;
pub mod oracle;
mod plan;
pub mod trace;
pub mod world;

use std::fmt;

pub use faults::{Character, Configuration};
pub use flood::{FloodReport, flood};
pub use oracle::Report;
pub use world::World;

/// A promise that a run broke, with all that is needed to see it again.
#[derive(Debug, Clone)]
pub struct Broken {
    /// What went wrong with what.
    pub configuration: Configuration,
    /// Which promise, and what was found instead.
    pub promise: String,
    /// Simulated milliseconds.
    pub time: u64,
    /// The last events.
    pub trace: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {} after {} ms: {}", self.configuration.seed, self.time, self.promise)?;
        writeln!(f, "{:?}", self.configuration)?;
        f.write_str(&self.trace)
    }
}

/// Runs a configuration to its end.
///
/// # Errors
/// The first promise that was broken.
pub fn run(configuration: Configuration) -> Result<Report, Box<Broken>> {
    World::new(configuration).run()
}
