//! Entries come in: each where its log takes one as it stands.

use crate::entry::VerifiedEntry;
use crate::hash::LogId;
use crate::log::{Fit, Log, Opening, PinHeld};
use crate::standing::{self, Judged, Line};
use crate::state::{Record, State};

/// What became of an entry that was offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// It is held from now on.
    Yes,
    /// From this number on the chain was replaced by the one that a pin names, beginning with this entry.
    Replaced(u64),
    /// It was held before.
    Held,
    /// Entries before it are missing.
    Gap,
    /// Another entry stands at its place, with the same history.
    Twin,
    /// It belongs to another chain of its log.
    OtherChain,
    /// Its log takes no entry there as it stands now: void, unsettled, beyond a fork or a pin.
    Unwanted,
    /// Its suite is lower than its predecessor's.
    LowerSuite,
}

impl State {
    /// Offers the next entry of a log.
    pub fn append(&mut self, entry: &VerifiedEntry) -> Appended {
        let Some(log) = self.log_of(entry) else { return Appended::OtherChain };
        let seq = entry.header().seq;
        let fit = match self.records.get(&log) {
            Some(record) => record.log().fit(entry),
            None if seq == 0 => Fit::Next,
            None => Fit::Gap,
        };
        match fit {
            Fit::Held => return Appended::Held,
            Fit::Gap => return Appended::Gap,
            Fit::Twin => return Appended::Twin,
            Fit::OtherChain => return Appended::OtherChain,
            Fit::LowerSuite => return Appended::LowerSuite,
            Fit::Next => {}
        }
        if !self.wants(log, entry) {
            return Appended::Unwanted;
        }
        self.push(log, entry);
        Appended::Yes
    }

    /// Offers an entry of the chain that a pin names: where it parts from the chain held, it takes its place.
    pub fn append_pinned(&mut self, entry: &VerifiedEntry) -> Appended {
        let Some(log) = self.log_of(entry) else { return Appended::OtherChain };
        let seq = entry.header().seq;
        let Some(record) = self.records.get_mut(&log) else { return self.append(entry) };
        let Some(pin) = record.judged().line.pin().copied() else { return self.append(entry) };
        if seq >= pin.len || record.log().pin_held(&pin) == PinHeld::Whole {
            return self.append(entry);
        }
        match record.log().fit(entry) {
            Fit::Twin => {
                for (seq, id) in record.cut(seq) {
                    self.index.remove(&id, log, seq);
                }
                self.push(log, entry);
                Appended::Replaced(seq)
            }
            Fit::Next => {
                self.push(log, entry);
                Appended::Yes
            }
            Fit::Held | Fit::Gap | Fit::OtherChain | Fit::LowerSuite => self.append(entry),
        }
    }

    /// Whether `append_pinned` would put an entry into the place of another one.
    pub fn replaces(&self, entry: &VerifiedEntry) -> bool {
        let record = self.log_of(entry).and_then(|log| self.records.get(&log));
        let pinned = record.and_then(|record| Some((record, record.judged().line.pin()?)));
        pinned.is_some_and(|(record, pin)| {
            entry.header().seq < pin.len
                && record.log().pin_held(pin) != PinHeld::Whole
                && record.log().fit(entry) == Fit::Twin
        })
    }

    /// The log that an entry belongs to: by its certificate at 0, else by its history.
    pub fn log_of(&self, entry: &VerifiedEntry) -> Option<LogId> {
        if let Some(opening) = Opening::of(entry) {
            return Some(opening.log);
        }
        let header = entry.header();
        let mut logs = self.logs_of(&header.key, header.incarnation);
        let first = logs.next()?;
        let mut others = logs.peekable();
        if others.peek().is_none() {
            return Some(first.log().opening().log);
        }
        // A hostile key opens several logs with one incarnation: there the history tells them apart, at the price of
        // a tree head for each.
        let with_history = std::iter::once(first)
            .chain(others)
            .find(|record| record.log().history_at(header.seq) == Some(header.history));
        Some(with_history.unwrap_or(first).log().opening().log)
    }

    /// The logs of a key and incarnation: one, but for a hostile key.
    pub fn logs_of(&self, key: &[u8; 32], incarnation: u64) -> impl Iterator<Item = &Record> {
        let logs = self.by_writer.get(&(*key, incarnation)).into_iter().flatten();
        logs.filter_map(|log| self.records.get(log))
    }

    /// All logs of a key.
    pub fn logs_of_key(&self, key: &[u8; 32]) -> impl Iterator<Item = &Record> {
        let logs = self.by_writer.range((*key, 0)..=(*key, u64::MAX)).flat_map(|(_, logs)| logs);
        logs.filter_map(|log| self.records.get(log))
    }

    /// Makes room for a log.
    pub(super) fn open(&mut self, record: Record) {
        let opening = *record.log().opening();
        self.by_writer.entry((opening.key, opening.incarnation)).or_default().push(opening.log);
        self.records.insert(opening.log, record);
    }

    /// Whether a log takes its next entry as it stands now.
    fn wants(&self, log: LogId, entry: &VerifiedEntry) -> bool {
        let header = entry.header();
        if self.own_key == Some(header.key) {
            return true;
        }
        // Documents changed since the log was judged? Then it was judged again: its line is up to date.
        let record = self.records.get(&log);
        let fork = record.and_then(|record| record.log().fork());
        let line = match (record, Opening::of(entry)) {
            (Some(record), _) => record.judged().line,
            (None, Some(opening)) => standing::line(&opening, None, &self.governance, &self.documents),
            (None, None) => return false,
        };
        match line {
            Line::Good => true,
            Line::Forked(seq) => header.seq < seq,
            // Beyond a known fork only the pinned chain itself is taken, by `append_pinned`.
            Line::Closed(pin, _) | Line::RemovedPinned(pin, _) => {
                header.seq < pin.len && fork.is_none_or(|seq| header.seq < seq)
            }
            Line::Waiting(_)
            | Line::RemovedVoid
            | Line::Suspended
            | Line::NoSeat
            | Line::LosingBranch
            | Line::Contested
            | Line::Unpinned => false,
        }
    }

    fn push(&mut self, log: LogId, entry: &VerifiedEntry) {
        let header = entry.header();
        if let Some(opening) = Opening::of(entry).filter(|opening| !self.records.contains_key(&opening.log)) {
            self.open(Record::new(Log::new(opening)));
            self.judge(log);
        }
        let Some(record) = self.records.get_mut(&log) else { return };
        if record.push(entry) != Fit::Next {
            return;
        }
        let good_before = record.judged().good_len;
        let judged = Judged::of(record.judged().line, record.log());
        self.index.insert(&entry.id(), log, header.seq);
        self.set_judged(log, judged);
        // The last entry of a pinned chain makes all those before it good as well.
        let with_others = judged.good_len > good_before.saturating_add(1);
        if with_others || self.erased.concerns(entry) {
            self.refresh_erased();
        }
    }
}
