//! One order: how the objects of a universe reach one node.

use std::collections::BTreeMap;

use lyceum_protocol::document::signature::VerifiedSignature;
use lyceum_protocol::documents::{DocumentBatch, DocumentObject};
use lyceum_protocol::entry::VerifiedEntry;
use lyceum_protocol::fork::VerifiedForkProof;
use lyceum_protocol::hash::{CertificateId, EntryId, LogId, ObjectId, OrgId};
use lyceum_protocol::history;
use lyceum_protocol::key::PublicKey;
use lyceum_protocol::state::{Appended, State};

use super::{Failure, Promise, Rest};
use crate::random::Random;
use crate::universe::Universe;

/// Rounds after which an order that still changes something counts as stuck.
const ROUNDS_MAX: usize = 12;

/// Anything that may arrive alone.
enum Piece<'a> {
    Object(DocumentObject),
    Signature(&'a VerifiedSignature),
    Entry(&'a VerifiedEntry),
    Proof(&'a VerifiedForkProof),
}

impl Piece<'_> {
    fn id(&self) -> [u8; 32] {
        match self {
            Self::Object(object) => object.id().0,
            Self::Signature(signature) => signature.id().0,
            Self::Entry(entry) => entry.id().0,
            Self::Proof(proof) => {
                let (one, other) = proof.ids();
                std::array::from_fn(|at| one.0[at] ^ other.0[at].rotate_left(1))
            }
        }
    }
}

/// The luck of one object in one order: it stays when other objects are taken away, so that shrinking is quick.
fn luck(order: u64, turn: u64, id: &[u8; 32]) -> Random {
    let [a, b, c, d, e, f, g, h, ..] = *id;
    Random::new(
        order.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ turn.rotate_left(32) ^ u64::from_le_bytes([a, b, c, d, e, f, g, h]),
    )
}

/// A universe laid out for feeding.
pub struct Feeder<'a> {
    universe: &'a Universe,
    pieces: Vec<Piece<'a>>,
    groups: Vec<DocumentBatch>,
    entries: BTreeMap<EntryId, &'a VerifiedEntry>,
    organisations: Vec<OrgId>,
    node_keys: Vec<PublicKey>,
}

impl<'a> Feeder<'a> {
    /// Lays a universe out.
    pub fn new(universe: &'a Universe) -> Self {
        let objects = &universe.objects;
        let documents: Vec<DocumentObject> = objects
            .certificates
            .iter()
            .cloned()
            .map(DocumentObject::Certificate)
            .chain(objects.charters.iter().cloned().map(DocumentObject::Charter))
            .chain(objects.motions.iter().cloned().map(DocumentObject::Motion))
            .collect();
        let mut on: BTreeMap<ObjectId, Vec<VerifiedSignature>> = BTreeMap::new();
        for signature in &objects.signatures {
            on.entry(signature.place().target).or_default().push(*signature);
        }
        let group = |object: &DocumentObject| DocumentBatch {
            objects: vec![object.clone()],
            signatures: on.get(&object.id()).cloned().unwrap_or_default(),
        };
        let groups = documents.iter().map(group).collect();
        let pieces = documents
            .into_iter()
            .map(Piece::Object)
            .chain(objects.signatures.iter().map(Piece::Signature))
            .chain(objects.entries.iter().map(Piece::Entry))
            .chain(objects.proofs.iter().map(Piece::Proof))
            .collect();
        let keys = objects.certificates.iter().flat_map(|version| version.keys.iter().map(|listed| listed.key));
        Self {
            universe,
            node_keys: keys.collect(),
            pieces,
            groups,
            entries: objects.entries.iter().map(|entry| (entry.id(), entry)).collect(),
            organisations: objects
                .certificates
                .iter()
                .filter(|certificate| certificate.number == 0)
                .map(|certificate| OrgId::from(certificate.id()))
                .collect(),
        }
    }

    /// Feeds everything in the order of a seed.
    ///
    /// # Errors
    /// If the node does not come to rest.
    pub fn feed(&self, order: u64) -> Result<(State, Rest), Failure> {
        let mut random = Random::new(order);
        let own = if random.chance(25) { random.pick(&self.organisations).copied() } else { None };
        let mut state = State::new(self.universe.network, self.universe.founding(), own);
        if random.chance(15)
            && let Some(key) = random.pick(&self.node_keys)
        {
            state.set_own_key(key.to_bytes());
        }
        // About so many objects arrive together.
        let batch = match random.below(8) {
            0 => 1,
            1 => 4,
            2 | 3 => 16,
            _ => 64,
        };
        self.arrive(&mut state, order, batch);
        for rounds in 1..=ROUNDS_MAX {
            let page = if random.chance(70) { u64::MAX } else { random.between(5, 40) };
            if !self.round(&mut state, order, rounds as u64, page) {
                let docs_root = own.is_none().then(|| state.docs_root());
                let (checkpoint, state_root) = (state.checkpoint(), state.state_root());
                return Ok((state, Rest { checkpoint, state_root, docs_root, rounds }));
            }
        }
        let what = format!("still changing after {ROUNDS_MAX} rounds");
        Err(Failure { order, promise: Promise::Rest, what })
    }

    /// Everything once, some of it twice, in any order, alone or in batches.
    fn arrive(&self, state: &mut State, order: u64, batch_size: u64) {
        let mut arrivals: Vec<(u64, bool, &Piece<'_>)> = Vec::new();
        for piece in &self.pieces {
            let mut luck = luck(order, 0, &piece.id());
            arrivals.push((luck.next(), luck.below(batch_size) == 0, piece));
            if luck.chance(10) {
                arrivals.push((luck.next(), luck.below(batch_size) == 0, piece));
            }
        }
        arrivals.sort_by_key(|(at, _, _)| *at);
        let mut batch = DocumentBatch::default();
        let mut rest: Vec<&Piece<'_>> = Vec::new();
        for (_, last, piece) in arrivals {
            match piece {
                Piece::Object(object) => batch.objects.push(object.clone()),
                Piece::Signature(signature) => batch.signatures.push(**signature),
                Piece::Entry(_) | Piece::Proof(_) => rest.push(piece),
            }
            if last {
                self.take(state, std::mem::take(&mut batch), std::mem::take(&mut rest));
            }
        }
        self.take(state, batch, rest);
    }

    fn take(&self, state: &mut State, batch: DocumentBatch, rest: Vec<&Piece<'_>>) {
        state.add_documents(batch);
        for piece in rest {
            match piece {
                Piece::Entry(entry) => drop(self.offer(state, entry)),
                Piece::Proof(proof) => drop(state.add_proof((*proof).clone())),
                Piece::Object(_) | Piece::Signature(_) => {}
            }
        }
    }

    /// One round of anti-entropy with nodes that hold everything. Whether it changed anything.
    fn round(&self, state: &mut State, order: u64, round: u64, page_size: u64) -> bool {
        let before = (state.state_root(), state.docs_root(), state.checkpoint());
        let mut groups: Vec<(u64, bool, &DocumentBatch)> = Vec::new();
        for group in &self.groups {
            let id = group.objects.first().map(|object| object.id().0).unwrap_or_default();
            let mut luck = luck(order, round, &id);
            groups.push((luck.next(), luck.below(page_size) == 0, group));
        }
        groups.sort_by_key(|(at, _, _)| *at);
        let mut entries: Vec<&VerifiedEntry> = self.universe.objects.entries.iter().collect();
        entries.sort_by_key(|entry| (entry.header().seq, luck(order, round, &entry.id().0).next()));
        let mut moved = false;
        let mut page = DocumentBatch::default();
        for (_, last, group) in groups {
            page.objects.extend(group.objects.iter().cloned());
            page.signatures.extend(group.signatures.iter().copied());
            if last {
                state.add_documents(std::mem::take(&mut page));
                moved |= self.logs(state, &entries);
            }
        }
        state.add_documents(page);
        moved |= self.logs(state, &entries);
        moved || before != (state.state_root(), state.docs_root(), state.checkpoint())
    }

    fn logs(&self, state: &mut State, entries: &[&VerifiedEntry]) -> bool {
        let mut moved = false;
        for entry in entries {
            moved |= self.offer(state, entry);
        }
        moved |= self.fetch_pinned(state);
        for proof in &self.universe.objects.proofs {
            moved |= state.add_proof(proof.clone());
        }
        moved
    }

    /// Offers one entry. Where it contradicts what is held, both together are the proof.
    fn offer(&self, state: &mut State, entry: &VerifiedEntry) -> bool {
        match state.append(entry) {
            Appended::Yes | Appended::Replaced(_) => true,
            Appended::Twin => {
                let seq = entry.header().seq;
                let Some(record) = state.log_of(entry).and_then(|log| state.record(log)) else { return false };
                if record.log().fork().is_some_and(|fork| fork <= seq) {
                    return false;
                }
                let twin = record.log().id_at(seq).and_then(|id| self.entries.get(&id));
                let key = self.node_keys.iter().find(|key| *key.as_bytes() == entry.header().key);
                let proof = twin.zip(key).and_then(|(twin, key)| VerifiedForkProof::of(twin, entry, key));
                proof.is_some_and(|proof| state.add_proof(proof))
            }
            Appended::Held | Appended::Gap | Appended::OtherChain | Appended::Unwanted | Appended::LowerSuite => false,
        }
    }

    /// Fetches the chains that pins name, where all of such a chain exists.
    fn fetch_pinned(&self, state: &mut State) -> bool {
        let wanted: Vec<(LogId, EntryId, u64)> = state
            .records()
            .filter(|record| record.judged().item.is_none())
            .filter_map(|record| {
                let pin = record.judged().line.pin().filter(|pin| pin.len > 0)?;
                Some((record.log().opening().log, pin.head, pin.len))
            })
            .collect();
        let mut moved = false;
        for (log, head, len) in wanted {
            for entry in self.chain_to(log, head, len) {
                moved |= matches!(state.append_pinned(entry), Appended::Yes | Appended::Replaced(_));
            }
        }
        moved
    }

    /// The chain of `len` entries that ends in `head`, or nothing.
    fn chain_to(&self, log: LogId, head: EntryId, len: u64) -> Vec<&'a VerifiedEntry> {
        let mut chain: Vec<&VerifiedEntry> = self.entries.get(&head).copied().into_iter().collect();
        while let Some(first) = chain.first().filter(|first| first.header().seq > 0) {
            let before = self.entries.values().find(|entry| {
                let header = entry.header();
                header.key == first.header().key
                    && header.incarnation == first.header().incarnation
                    && header.seq + 1 == first.header().seq
                    && leads_to(&self.entries, entry, first)
            });
            match before {
                Some(before) => chain.insert(0, before),
                None => return Vec::new(),
            }
        }
        let opens = chain.first().is_some_and(|first| {
            let header = first.header();
            let certificate = CertificateId(header.history.0);
            LogId::of(&header.key, header.incarnation, certificate) == log
        });
        if opens && chain.len() as u64 == len { chain } else { Vec::new() }
    }
}

/// Whether the chain that ends in `before` is the one that `after` continues.
fn leads_to(entries: &BTreeMap<EntryId, &VerifiedEntry>, before: &VerifiedEntry, after: &VerifiedEntry) -> bool {
    chains_ending_in(entries, before).into_iter().any(|ids| history::head_over(&ids) == after.header().history)
}

/// All chains of ids from 0 to an entry: one, since a history names one chain.
fn chains_ending_in(entries: &BTreeMap<EntryId, &VerifiedEntry>, last: &VerifiedEntry) -> Vec<Vec<EntryId>> {
    let header = last.header();
    if header.seq == 0 {
        return vec![vec![last.id()]];
    }
    let mut found = Vec::new();
    for before in entries.values() {
        let other = before.header();
        if (other.key, other.incarnation, other.seq + 1) != (header.key, header.incarnation, header.seq) {
            continue;
        }
        for mut ids in chains_ending_in(entries, before) {
            if history::head_over(&ids) == header.history {
                ids.push(last.id());
                found.push(ids);
            }
        }
    }
    found
}
