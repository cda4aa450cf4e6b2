//! Fork proofs come in: of logs that they matter for (L10).

use std::collections::BTreeSet;

use crate::fork::VerifiedForkProof;
use crate::hash::{CertificateId, LogId};
use crate::log::{Log, Opening};
use crate::standing::{self, Line};
use crate::state::{Record, State};

impl State {
    /// Learns that a log forks. Taken only where its history is that of the entries held; whether it is news.
    pub fn add_proof(&mut self, proof: VerifiedForkProof) -> bool {
        let Some(opening) = self.opening_of(&proof) else { return false };
        let known = self.records.get(&opening.log);
        if known.and_then(|record| record.log().fork()).is_some_and(|fork| fork <= proof.seq()) {
            return false;
        }
        if !self.may_fork(&opening, known.and_then(|record| record.log().fork())) {
            return false;
        }
        if known.is_none() {
            self.open(Record::new(Log::new(opening)));
        }
        if let Some(record) = self.records.get_mut(&opening.log) {
            record.set_proof(proof);
        }
        self.judge(opening.log);
        self.refresh_erased();
        true
    }

    /// Whether a proof that a log forks at `seq` would be news, and taken.
    pub fn takes_proof_at(&self, log: LogId, seq: u64) -> bool {
        self.records.get(&log).is_some_and(|record| {
            let fork = record.log().fork();
            fork.is_none_or(|fork| seq < fork) && self.may_fork(record.log().opening(), fork)
        })
    }

    /// The log that a proof is about: at 0 the one that it opens, else the one held whose history it has.
    fn opening_of(&self, proof: &VerifiedForkProof) -> Option<Opening> {
        let key = proof.key().to_bytes();
        if proof.seq() == 0 {
            return Some(Opening::new(key, proof.incarnation(), CertificateId(proof.history().0)));
        }
        let mut logs = self.logs_of(&key, proof.incarnation());
        let log = logs.find(|record| record.log().history_at(proof.seq()) == Some(proof.history()))?;
        Some(*log.log().opening())
    }

    /// Of a log that is not void, and of a key that the effective certificate of a seated organisation lists.
    fn may_fork(&self, opening: &Opening, fork: Option<u64>) -> bool {
        match standing::line(opening, fork, &self.governance, &self.documents) {
            Line::Good | Line::Forked(_) => true,
            Line::Closed(..) => self.listed_now(opening),
            Line::Waiting(_)
            | Line::RemovedPinned(..)
            | Line::RemovedVoid
            | Line::Suspended
            | Line::NoSeat
            | Line::LosingBranch
            | Line::Contested
            | Line::Unpinned => false,
        }
    }

    fn listed_now(&self, opening: &Opening) -> bool {
        let org = self.documents.org_of(opening.certificate).and_then(|org| self.governance.organisation(org));
        org.filter(|org| org.seat.is_seated())
            .and_then(|org| org.effective())
            .is_some_and(|version| version.listed(&opening.key).is_some())
    }

    /// Logs of which a fork is known.
    pub fn forked_logs(&self) -> BTreeSet<LogId> {
        self.records.iter().filter(|(_, record)| record.log().fork().is_some()).map(|(log, _)| *log).collect()
    }

    /// The log that a proof is about, if it is held.
    pub fn log_of_proof(&self, proof: &VerifiedForkProof) -> Option<LogId> {
        self.opening_of(proof).map(|opening| opening.log).filter(|log| self.records.contains_key(log))
    }
}
