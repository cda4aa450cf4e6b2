//! Writing the own log: one position at a time, never a log of which this node is not sure (PROTOCOL 2.4).
//!
//! Drafts wait until the start-up check is done; then all that wait are signed as one run of entries, stored in one
//! batch, and only when that is durable shown, gossiped and answered. Meanwhile the next ones gather.

use std::collections::{BTreeSet, VecDeque};

use crate::entry::Draft;
use crate::hash::{CertificateId, LogId, OrgId};
use crate::history::Tree;
use crate::log::Opening;
use crate::quota::Cost;
use crate::replica::event::{CallId, Now};
use crate::replica::settings::Settings;
use crate::standing::Line;
use crate::state::State;

/// How long a start waits for other nodes before a new log is opened instead, in milliseconds.
pub const START_CHECK: u64 = 10_000;
/// Most entries of one signed run.
const RUN_ENTRIES: usize = 512;
/// Most payload bytes of one signed run, but always one draft.
const RUN_BYTES: usize = 4 << 20;
/// Most drafts that wait, so that a runaway script is told so.
pub const QUEUE_MAX: usize = 65_536;

/// What stands between a start and the first signature.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Check {
    /// A log could be gone on with, if enough others know nothing above it.
    Open { log: LogId, len: u64, until: u64, answered: BTreeSet<OrgId> },
    /// Go on with this log, or open a new one.
    Done(Option<LogId>),
}

/// A call whose drafts are being written: how many are theirs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Part {
    pub(crate) call: Option<CallId>,
    pub(crate) count: usize,
    cost: Cost,
}

/// A run of drafts to be signed for consecutive places.
pub(crate) struct Run {
    pub(crate) incarnation: u64,
    pub(crate) tree: Tree,
    pub(crate) certificate: CertificateId,
    pub(crate) drafts: Vec<Draft>,
}

/// The own log and what waits to be written into it.
#[derive(Debug)]
pub(crate) struct Author {
    check: Check,
    queue: VecDeque<(Option<CallId>, Vec<Draft>, Cost)>,
    waiting: usize,
    /// What all that waits or is being written costs.
    reserved: Cost,
    writing: Option<Vec<Part>>,
    opened: u64,
}

impl Author {
    pub(crate) fn new(resume: Option<LogId>, state: &State, now: Now) -> Self {
        let resumed = resume.and_then(|log| state.record(log));
        let check = match resumed {
            Some(record) => Check::Open {
                log: record.log().opening().log,
                len: record.log().len(),
                until: now.mono.saturating_add(START_CHECK),
                answered: BTreeSet::new(),
            },
            None => Check::Done(None),
        };
        Self { check, queue: VecDeque::new(), waiting: 0, reserved: Cost::default(), writing: None, opened: 0 }
    }

    /// Takes drafts of a call; `None` for what the node itself says.
    pub(crate) fn queue(&mut self, call: Option<CallId>, drafts: Vec<Draft>, cost: Cost) -> Result<(), &'static str> {
        if self.waiting.saturating_add(drafts.len()) > QUEUE_MAX {
            return Err("65,536 publications wait to be written already; try again when they are");
        }
        self.waiting = self.waiting.saturating_add(drafts.len());
        self.reserved = self.reserved.plus(cost);
        self.queue.push_back((call, drafts, cost));
        Ok(())
    }

    /// How many drafts wait or are being written.
    pub(crate) fn waiting(&self) -> usize {
        let writing: usize = self.writing.iter().flatten().map(|part| part.count).sum();
        self.waiting.saturating_add(writing)
    }

    /// What all that waits or is being written costs.
    pub(crate) const fn reserved(&self) -> Cost {
        self.reserved
    }

    /// Whether the next draft opens a log, as far as is known before the start-up check is over.
    pub(crate) fn opens_next(&self, state: &State) -> bool {
        let idle = self.queue.is_empty() && self.writing.is_none();
        idle && match self.check {
            Check::Open { .. } => false,
            Check::Done(log) => log.is_none_or(|log| !goes_on(state, log)),
        }
    }

    /// Whether the start-up check is over.
    pub(crate) const fn is_checked(&self) -> bool {
        matches!(self.check, Check::Done(_))
    }

    /// The log that is written, if one was opened or is gone on with.
    pub(crate) const fn log(&self) -> Option<LogId> {
        match self.check {
            Check::Open { log, .. } => Some(log),
            Check::Done(log) => log,
        }
    }

    /// A node of this organisation showed all that it holds of the own logs.
    pub(crate) fn compared_with(&mut self, org: OrgId) {
        if let Check::Open { answered, .. } = &mut self.check {
            answered.insert(org);
        }
    }

    /// Looks at the start-up check: enough have answered, nobody is there to ask, or the time is over.
    pub(crate) fn look(&mut self, state: &State, settings: &Settings, now: Now) {
        let Check::Open { log, len, until, answered } = &self.check else { return };
        let others = state.governance().members().filter(|(org, _)| *org != settings.org).count();
        let above = state.record(*log).is_none_or(|record| record.log().len() > *len);
        let enough = others == 0 || (answered.len().saturating_mul(3) > others && !answered.is_empty());
        if above {
            // Somebody holds more of this log than this node: it was restored or copied.
            self.check = Check::Done(None);
        } else if enough {
            self.check = Check::Done(Some(*log));
        } else if now.mono >= *until {
            self.check = Check::Done(None);
        }
    }

    /// The own log turned out not to be this node's alone: the next entry opens a new one.
    pub(crate) fn abandon(&mut self) {
        if self.writing.is_none() {
            self.check = Check::Done(None);
        }
    }

    pub(crate) const fn wake_at(&self) -> Option<u64> {
        match &self.check {
            Check::Open { until, .. } => Some(*until),
            Check::Done(_) => None,
        }
    }

    /// The next run to sign, if there is something to write and nothing is being written.
    pub(crate) fn next_run(&mut self, state: &State, settings: &Settings) -> Result<Option<Run>, Vec<CallId>> {
        let Check::Done(log) = self.check else { return Ok(None) };
        if self.writing.is_some() || self.queue.is_empty() {
            return Ok(None);
        }
        let Some(certificate) = opening_certificate(state, settings) else {
            let calls = self.queue.drain(..).filter_map(|(call, ..)| call).collect();
            self.waiting = 0;
            self.reserved = Cost::default();
            return Err(calls);
        };
        let (incarnation, tree, certificate) = match log.filter(|log| goes_on(state, *log)) {
            Some(log) => match state.record(log) {
                Some(record) => (record.log().opening().incarnation, record.log().tree().clone(), certificate),
                None => self.open(settings, certificate),
            },
            None => self.open(settings, certificate),
        };
        let (parts, drafts) = self.take_run();
        self.writing = Some(parts);
        Ok(Some(Run { incarnation, tree, certificate, drafts }))
    }

    fn open(&mut self, settings: &Settings, certificate: CertificateId) -> (u64, Tree, CertificateId) {
        let incarnation = settings.draw("incarnation", self.opened);
        self.opened = self.opened.saturating_add(1);
        let opening = Opening::new(settings.key.to_bytes(), incarnation, certificate);
        self.check = Check::Done(Some(opening.log));
        (incarnation, Tree::new(), certificate)
    }

    fn take_run(&mut self) -> (Vec<Part>, Vec<Draft>) {
        let (mut parts, mut drafts, mut bytes) = (Vec::new(), Vec::new(), 0_usize);
        while let Some((call, next, cost)) = self.queue.front() {
            let size: usize = next.iter().map(|draft| draft.payload.len()).sum();
            let full = drafts.len().saturating_add(next.len()) > RUN_ENTRIES || bytes.saturating_add(size) > RUN_BYTES;
            if full && !parts.is_empty() {
                break;
            }
            bytes = bytes.saturating_add(size);
            parts.push(Part { call: *call, count: next.len(), cost: *cost });
            if let Some((_, next, _)) = self.queue.pop_front() {
                self.waiting = self.waiting.saturating_sub(next.len());
                drafts.extend(next);
            }
        }
        (parts, drafts)
    }

    /// The run is durable, or was not done.
    pub(crate) fn written(&mut self) -> Vec<Part> {
        let parts = self.writing.take().unwrap_or_default();
        for part in &parts {
            self.reserved = self.reserved.less(part.cost);
        }
        parts
    }
}

/// Whether a log can still grow: a pin, a dropped key or a lost branch ends it.
fn goes_on(state: &State, log: LogId) -> bool {
    match state.record(log).map(|record| record.judged().line) {
        // Opened in this run and not yet durable.
        None => true,
        Some(Line::Good | Line::Waiting(_) | Line::NoSeat | Line::Suspended | Line::Contested) => true,
        Some(
            Line::Closed(..)
            | Line::RemovedPinned(..)
            | Line::RemovedVoid
            | Line::LosingBranch
            | Line::Unpinned
            | Line::Forked(_),
        ) => false,
    }
}

/// The version under which a log is opened: the effective one if it lists the key, else the newest that does.
fn opening_certificate(state: &State, settings: &Settings) -> Option<CertificateId> {
    let key = settings.key.as_bytes();
    let lists = |version: &crate::document::certificate::CertificateObject| {
        version.listed(key).is_some_and(|listed| listed.roles.may_write())
    };
    let effective = state.governance().organisation(settings.org).and_then(|org| org.effective());
    if let Some(version) = effective.filter(|version| lists(version)) {
        return Some(version.id());
    }
    if effective.is_some() {
        return None;
    }
    let documents = state.documents();
    let own = documents.certificates().filter(|version| documents.org_of(version.id()) == Some(settings.org));
    own.filter(|version| documents.is_well_formed(version) && lists(version))
        .max_by_key(|version| version.number)
        .map(|version| version.id())
}
