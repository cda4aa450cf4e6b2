//! How far the index is in each log, and what it has to do next.
//!
//! Both are plain values: what is held and how it stands is looked up in the state, what was done is written with the
//! commit that did it. So after a crash the index goes on from its last commit, and after a fork, a removal or an
//! erasure it finds by itself what no longer belongs into it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use lyceum_protocol::entry::Kind;
use lyceum_protocol::hash::{EntryId, LogId, NetworkId, OrgId};
use lyceum_protocol::state::State;
use lyceum_protocol::state::record::Record;
use serde::{Deserialize, Serialize};

use super::schema::VERSION;

/// How far the index is in one log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct At {
    /// Entries below were looked at.
    pub len: u64,
    /// Id of the last of them.
    pub head: EntryId,
    /// Publications among them whose text was not here, or was erased: it may (still) come back.
    pub skipped: BTreeSet<u64>,
}

/// How far the index is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cursor {
    /// By log.
    pub logs: BTreeMap<LogId, At>,
}

/// As it is written with a commit.
#[derive(Serialize, Deserialize)]
struct Written {
    version: u32,
    network: String,
    logs: BTreeMap<String, (u64, String, Vec<u64>)>,
}

impl Cursor {
    /// As text, for the commit.
    pub fn write(&self, network: NetworkId) -> String {
        let row = |(log, at): (&LogId, &At)| {
            (log.to_string(), (at.len, at.head.to_string(), at.skipped.iter().copied().collect()))
        };
        let logs = self.logs.iter().map(row).collect();
        let written = Written { version: VERSION, network: network.to_string(), logs };
        // Texts and numbers: there is nothing in it that JSON cannot say.
        serde_json::to_string(&written).unwrap_or_default()
    }

    /// Reads one back.
    ///
    /// # Errors
    /// Why the index that it stands in is of no use here.
    pub fn read(text: &str, network: NetworkId) -> Result<Self, String> {
        let written: Written = serde_json::from_str(text).map_err(|_| "its cursor cannot be read".to_owned())?;
        if written.version != VERSION {
            return Err(format!("it is of version {}, this program writes {VERSION}", written.version));
        }
        if written.network != network.to_string() {
            return Err("it is of another alliance".to_owned());
        }
        let row = |(log, (len, head, skipped)): (String, (u64, String, Vec<u64>))| {
            let at = At { len, head: head.parse().ok()?, skipped: skipped.into_iter().collect() };
            Some((log.parse().ok()?, at))
        };
        let logs: Option<BTreeMap<LogId, At>> = written.logs.into_iter().map(row).collect();
        Ok(Self { logs: logs.ok_or("its cursor cannot be read")? })
    }
}

/// A publication that is to be read and indexed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ToRead {
    /// Its log.
    pub log: LogId,
    /// Its number.
    pub seq: u64,
    /// Its id: what is read has to be this one.
    pub id: EntryId,
    /// The organisation of its author.
    pub org: OrgId,
}

/// What has to be done next.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Step {
    /// What leaves the index.
    pub remove: Vec<(LogId, Range<u64>)>,
    /// What comes into it.
    pub read: Vec<ToRead>,
    /// The cursor once both are done.
    pub cursor: Cursor,
    /// Good entries that will then not have been looked at yet.
    pub behind: u64,
}

impl Step {
    /// Whether there is nothing to do.
    pub fn is_nothing(&self, before: &Cursor) -> bool {
        self.remove.is_empty() && self.read.is_empty() && self.cursor == *before
    }
}

/// Works out the next step, of at most some `limit` entries. `passed` are publications that could not be read when it
/// was tried: they are not tried again.
pub fn next(state: &State, cursor: &Cursor, passed: &BTreeSet<EntryId>, limit: u64) -> Step {
    let mut step = Step { cursor: cursor.clone(), ..Step::default() };
    let mut room = limit;
    let mut erased: BTreeMap<LogId, Vec<u64>> = BTreeMap::new();
    for (log, seq) in state.erased().iter().filter_map(|id| state.place(id)) {
        erased.entry(log).or_default().push(seq);
    }
    for record in state.records() {
        let log = record.log().opening().log;
        let good = record.judged().good_len;
        let Some(org) = state.org_of_log(log) else { continue };
        if let Some(at) = step.cursor.logs.get_mut(&log) {
            recede(record, at, log, good, &mut step.remove);
            erase(record, at, log, erased.get(&log), &mut step.remove);
            revive(state, record, at, org, passed, &mut step.read);
        }
        let from = step.cursor.logs.get(&log).map_or(0, |at| at.len);
        let until = good.min(from.saturating_add(room));
        step.behind = step.behind.saturating_add(good.saturating_sub(until));
        let Some(head) = until.checked_sub(1).and_then(|last| record.log().id_at(last)) else { continue };
        if until <= from {
            continue;
        }
        room = room.saturating_sub(until.saturating_sub(from));
        let at = step.cursor.logs.entry(log).or_insert(At { len: 0, head, skipped: BTreeSet::new() });
        (at.len, at.head) = (until, head);
        for seq in from..until {
            let publication = record.fact(seq).is_some_and(|fact| fact.kind == Kind::PUBLICATION);
            let Some(id) = record.log().id_at(seq).filter(|_| publication) else { continue };
            if record.gaps().contains(&seq) || state.erased().contains(&id) {
                at.skipped.insert(seq);
            } else {
                step.read.push(ToRead { log, seq, id, org });
            }
        }
    }
    step
}

/// Where entries do not stand any more, or others stand at their places.
fn recede(record: &Record, at: &mut At, log: LogId, good: u64, remove: &mut Vec<(LogId, Range<u64>)>) {
    let last = at.len.checked_sub(1);
    let same = last.is_none_or(|last| record.log().id_at(last) == Some(at.head));
    // From where another branch begins is not known any more: all of the log is looked at again.
    let kept = if same { good.min(at.len) } else { 0 };
    if kept == at.len {
        return;
    }
    remove.push((log, kept..at.len));
    at.skipped.split_off(&kept);
    at.len = kept;
    if let Some(head) = kept.checked_sub(1).and_then(|last| record.log().id_at(last)) {
        at.head = head;
    }
}

/// What was erased since it was looked at.
fn erase(record: &Record, at: &mut At, log: LogId, erased: Option<&Vec<u64>>, remove: &mut Vec<(LogId, Range<u64>)>) {
    for seq in erased.into_iter().flatten().copied().filter(|seq| *seq < at.len) {
        let publication = record.fact(seq).is_some_and(|fact| fact.kind == Kind::PUBLICATION);
        if publication && at.skipped.insert(seq) {
            remove.push((log, seq..seq.saturating_add(1)));
        }
    }
}

/// Texts that came, or came back.
fn revive(state: &State, record: &Record, at: &mut At, org: OrgId, passed: &BTreeSet<EntryId>, read: &mut Vec<ToRead>) {
    let log = record.log().opening().log;
    let here = |seq: &u64| {
        let id = record.log().id_at(*seq).filter(|_| !record.gaps().contains(seq))?;
        (!state.erased().contains(&id) && !passed.contains(&id)).then_some(ToRead { log, seq: *seq, id, org })
    };
    let came: Vec<ToRead> = at.skipped.iter().filter_map(here).collect();
    for one in came {
        at.skipped.remove(&one.seq);
        read.push(one);
    }
}

#[cfg(test)]
mod tests;
