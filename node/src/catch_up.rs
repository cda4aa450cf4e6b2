//! How far a node is with what it lacks: how much of it is here, how fast it comes, how long it will take.
//!
//! [`Meter`] is fed samples and knows nothing of clocks or tasks; [`watch()`] feeds it while something is missing.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use lyceum_protocol::replica::Replica;
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::driver::Handle;
use crate::time;

/// Between two samples while something is missing.
const SAMPLE_EVERY: Duration = Duration::from_secs(1);
/// How often a node that lacks nothing, as far as it knows, looks again.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// Over how many milliseconds the rate is taken.
const RATE_OVER: u64 = 10_000;

/// A node that is catching up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatchUp {
    /// Good entries that are here.
    pub entries: u64,
    /// How many there will be, as far as is known.
    pub of: u64,
    /// How many came in a second, lately; none before that is known.
    pub per_second: Option<u64>,
    /// How long the rest takes at this rate, seconds; none while nothing comes.
    pub seconds_left: Option<u64>,
    /// For how long something is missing, seconds.
    pub since_seconds: u64,
    /// For how long nothing came, seconds.
    pub idle_seconds: u64,
}

impl fmt::Display for CatchUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} entries", self.entries, self.of)?;
        if let Some(rate) = self.per_second {
            write!(f, ", {rate} a second")?;
        }
        match self.seconds_left {
            Some(left) => write!(f, ", about {} left", time::ago(left.saturating_mul(1_000))),
            None => Ok(()),
        }
    }
}

/// Makes a rate of samples.
#[derive(Debug, Clone, Default)]
pub struct Meter {
    /// Since when something is missing, milliseconds of a steady clock.
    since: Option<u64>,
    /// When the last entry came.
    came: u64,
    /// Samples of the last seconds: when, and how many entries were held.
    samples: VecDeque<(u64, u64)>,
}

impl Meter {
    /// Takes a sample: `held` entries are here at `mono` milliseconds of a steady clock, and `missing` ones are known of.
    /// None if nothing is missing.
    pub fn sample(&mut self, mono: u64, held: u64, missing: u64) -> Option<CatchUp> {
        if missing == 0 {
            *self = Self::default();
            return None;
        }
        let since = *self.since.get_or_insert(mono);
        if self.samples.back().is_none_or(|(_, before)| *before < held) {
            self.came = mono;
        }
        self.samples.push_back((mono, held));
        // The oldest one is as old as the rate is taken over, or a little older.
        while self.samples.get(1).is_some_and(|(at, _)| mono.saturating_sub(*at) >= RATE_OVER) {
            self.samples.pop_front();
        }
        let (from, before) = self.samples.front().copied().unwrap_or((mono, held));
        let took = mono.saturating_sub(from);
        let per_second =
            (took > 0).then(|| held.saturating_sub(before).saturating_mul(1_000).checked_div(took)).flatten();
        Some(CatchUp {
            entries: held,
            of: held.saturating_add(missing),
            per_second,
            seconds_left: per_second.filter(|rate| *rate > 0).map(|rate| missing.div_ceil(rate)),
            since_seconds: mono.saturating_sub(since) / 1_000,
            idle_seconds: mono.saturating_sub(self.came) / 1_000,
        })
    }
}

/// Good entries that are held, and how many more the peer has that is furthest ahead.
pub fn held_and_missing(replica: &Replica) -> (u64, u64) {
    let state = replica.state();
    let held = state.records().map(|record| record.judged().good_len).sum();
    let of_log = |log| state.record(log).map_or(0, |record| record.log().len());
    let missing = replica.sessions().values().map(|session| session.behind(of_log)).max();
    (held, missing.unwrap_or(0))
}

/// Starts to watch a node; the task ends with the node or when it is told to.
pub fn watch(handle: Handle, stop: CancellationToken) -> watch::Receiver<Option<CatchUp>> {
    let (tell, told) = watch::channel(None);
    tokio::spawn(async move {
        tokio::select! {
            () = stop.cancelled() => {}
            () = sample_on(&handle, &tell) => {}
        }
    });
    told
}

async fn sample_on(handle: &Handle, tell: &watch::Sender<Option<CatchUp>>) {
    let mut notices = handle.notices();
    let mut meter = Meter::default();
    loop {
        let look = |replica: &Replica, _: &_, now: lyceum_protocol::replica::Now| (now.mono, held_and_missing(replica));
        let Ok((mono, (held, missing))) = handle.observe(look).await else { return };
        let progress = meter.sample(mono, held, missing);
        let catching_up = progress.is_some();
        tell.send_if_modified(|before| {
            let changed = *before != progress;
            *before = progress;
            changed
        });
        if catching_up {
            tokio::time::sleep(SAMPLE_EVERY).await;
            // What was noticed meanwhile is in the next sample.
            notices = notices.resubscribe();
        } else {
            tokio::select! {
                notice = notices.recv() => if matches!(notice, Err(RecvError::Closed)) { return },
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_that_lacks_nothing_is_not_catching_up() {
        let mut meter = Meter::default();
        assert_eq!(meter.sample(0, 100, 0), None);
        assert!(meter.sample(1_000, 100, 5).is_some());
        assert_eq!(meter.sample(2_000, 105, 0), None);
    }

    #[test]
    fn the_rate_is_that_of_the_last_seconds() {
        let mut meter = Meter::default();
        let first = meter.sample(0, 1_000, 49_000).unwrap();
        assert_eq!((first.of, first.per_second, first.seconds_left), (50_000, None, None));
        assert_eq!(first.to_string(), "1000 of 50000 entries");
        for second in 1..=20 {
            let held = 1_000 + 500 * second;
            let progress = meter.sample(second * 1_000, held, 50_000 - held).unwrap();
            assert_eq!(progress.per_second, Some(500));
        }
        // It becomes ten times as quick, and ten seconds later that is all that is seen.
        let mut progress = None;
        for second in 21..=24 {
            let held = 11_000 + 5_000 * (second - 20);
            progress = meter.sample(second * 1_000, held, 50_000 - held);
        }
        assert_eq!(progress.unwrap().to_string(), "31000 of 50000 entries, 2300 a second, about 9 s left");
    }

    #[test]
    fn nothing_that_comes_leaves_no_guess() {
        let mut meter = Meter::default();
        for second in 0..90 {
            meter.sample(second * 1_000, 10.min(second), 5);
        }
        let progress = meter.sample(90_000, 10, 5).unwrap();
        assert_eq!((progress.per_second, progress.seconds_left), (Some(0), None));
        assert_eq!((progress.since_seconds, progress.idle_seconds), (90, 80));
    }
}
