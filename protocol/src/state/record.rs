//! One log as a node keeps it in memory: its chain, what each entry says in a few bytes, its fork proof, its standing.

use std::collections::{BTreeMap, BTreeSet};

use crate::codec;
use crate::entry::header::Kind;
use crate::entry::protocol_kinds::Erase;
use crate::entry::{Payload, VerifiedEntry};
use crate::fork::VerifiedForkProof;
use crate::hash::EntryId;
use crate::limits;
use crate::log::{Fit, Log};
use crate::standing::{Awaited, Judged, Line};

/// What is remembered of an entry beside its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fact {
    /// The author's claim, Unix milliseconds.
    pub time: u64,
    /// What its content is.
    pub kind: Kind,
    /// Who may read it.
    pub marking: u8,
    /// Length of its payload.
    pub payload_len: u32,
}

impl Fact {
    fn of(entry: &VerifiedEntry) -> Self {
        let header = entry.header();
        Self { time: header.time, kind: header.kind, marking: header.marking, payload_len: header.payload_len }
    }
}

/// One log.
#[derive(Debug, Clone)]
pub struct Record {
    log: Log,
    facts: Vec<Fact>,
    judged: Judged,
    proof: Option<VerifiedForkProof>,
    /// Targets of kind-1001 entries, by number.
    erases: BTreeMap<u64, Vec<EntryId>>,
    /// Payloads that are neither held nor known to be erased.
    gaps: BTreeSet<u64>,
    /// The newest node record, by number.
    node_record: Option<VerifiedEntry>,
}

impl Record {
    /// A log that has not been judged yet.
    pub fn new(log: Log) -> Self {
        let line = Line::Waiting(Awaited::Certificate(log.opening().certificate));
        let judged = Judged::of(line, &log);
        Self {
            log,
            facts: Vec::new(),
            judged,
            proof: None,
            erases: BTreeMap::new(),
            gaps: BTreeSet::new(),
            node_record: None,
        }
    }

    /// A log as it was stored. `protocol` are its entries of protocol kinds, as far as they matter for what is held.
    pub fn restored(
        log: Log,
        facts: Vec<Fact>,
        proof: Option<VerifiedForkProof>,
        gaps: BTreeSet<u64>,
        protocol: &[VerifiedEntry],
    ) -> Self {
        let mut record = Self { facts, proof, gaps, ..Self::new(log) };
        for entry in protocol {
            record.note_protocol(entry);
        }
        record
    }

    /// The chain.
    pub const fn log(&self) -> &Log {
        &self.log
    }

    /// What is remembered of an entry.
    pub fn fact(&self, seq: u64) -> Option<&Fact> {
        self.facts.get(usize::try_from(seq).ok()?)
    }

    /// What is remembered of all entries, in order.
    pub fn facts(&self) -> &[Fact] {
        &self.facts
    }

    /// How it stands.
    pub const fn judged(&self) -> &Judged {
        &self.judged
    }

    /// The lowest fork proof.
    pub const fn proof(&self) -> Option<&VerifiedForkProof> {
        self.proof.as_ref()
    }

    /// Numbers of entries whose payload is missing.
    pub const fn gaps(&self) -> &BTreeSet<u64> {
        &self.gaps
    }

    /// A missing payload came, or turned out to be erased.
    pub fn gap_closed(&mut self, seq: u64) -> bool {
        self.gaps.remove(&seq)
    }

    /// The newest node record in the log.
    pub const fn node_record(&self) -> Option<&VerifiedEntry> {
        self.node_record.as_ref()
    }

    /// Targets of the good erasing entries.
    pub fn good_erases(&self) -> impl Iterator<Item = &EntryId> {
        self.erases.range(..self.judged.good_len).flat_map(|(_, targets)| targets)
    }

    /// Whether it has erasing entries.
    pub fn erases_anything(&self) -> bool {
        !self.erases.is_empty()
    }

    pub(super) fn push(&mut self, entry: &VerifiedEntry) -> Fit {
        let fit = self.log.append(entry);
        if fit == Fit::Next {
            self.facts.push(Fact::of(entry));
            if matches!(entry.payload(), Payload::NotHeld) {
                self.gaps.insert(entry.header().seq);
            }
            self.note_protocol(entry);
        }
        fit
    }

    fn note_protocol(&mut self, entry: &VerifiedEntry) {
        let seq = entry.header().seq;
        match entry.header().kind {
            Kind::ERASE => {
                // Content decides no validity: one that does not parse erases nothing.
                let content = entry.payload().content().unwrap_or_default();
                if let Ok(erase) = codec::decode::<Erase>(content, limits::PROTOCOL_PAYLOAD_MAX as usize) {
                    self.erases.insert(seq, erase.targets.to_vec());
                }
            }
            Kind::NODE_RECORD => self.node_record = Some(entry.clone()),
            _ => {}
        }
    }

    /// Forgets the entries from `seq` on; returns them.
    pub(super) fn cut(&mut self, seq: u64) -> Vec<(u64, EntryId)> {
        let from = usize::try_from(seq).unwrap_or(usize::MAX);
        let gone = self.log.ids().get(from..).unwrap_or_default().iter().copied();
        let gone = (seq..).zip(gone).collect();
        // One suite exists so far: the entry below has it.
        let suite = if seq == 0 { 0 } else { self.log.suite() };
        self.log.cut(seq, suite);
        if self.log.fork().is_none() {
            self.proof = None;
        }
        self.facts.truncate(from);
        self.erases.split_off(&seq);
        self.gaps.split_off(&seq);
        if self.node_record.as_ref().is_some_and(|record| record.header().seq >= seq) {
            self.node_record = None;
        }
        gone
    }

    pub(super) fn set_judged(&mut self, judged: Judged) {
        self.judged = judged;
    }

    pub(super) fn set_proof(&mut self, proof: VerifiedForkProof) {
        self.log.forked_at(proof.seq());
        self.proof = Some(proof);
    }
}
