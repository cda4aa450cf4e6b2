//! Charters over several epochs and rounds.

use std::collections::BTreeMap;

use lyceum_protocol::bounded::{BoundedText, BoundedVec};
use lyceum_protocol::document::charter::{
    Charter, CharterObject, Lists, MemberRow, Params, RULES, SealedRow, Voter, default_k, k_in_bounds,
};
use lyceum_protocol::document::motion::{MotionObject, Operation};
use lyceum_protocol::document::signature::SignaturePlace;
use lyceum_protocol::hash::{CertificateId, CharterId, NetworkId, OrgId, TreeHead};

use super::{KeyIndex, Maker};

/// A motion as its maker knows it.
#[derive(Debug, Clone)]
pub(super) struct Moved {
    pub(super) object: MotionObject,
    pub(super) passed: bool,
    pub(super) redeemers: Vec<OrgId>,
}

/// A charter as its maker knows it.
#[derive(Debug, Clone)]
pub(super) struct Epoch {
    pub(super) object: CharterObject,
    /// Organisation (place in the maker's list) and the key that it votes with.
    pub(super) voters: Vec<(usize, KeyIndex)>,
    pub(super) moved: Vec<Moved>,
}

fn text<const N: usize>(text: &str) -> BoundedText<N> {
    BoundedText::new(text).expect("short enough")
}

impl Maker {
    pub(super) fn found_alliance(&mut self) {
        let founder = &self.organisations[0];
        let (org, certificate, voting) = (founder.id, founder.versions[0].object.id(), founder.versions[0].voting);
        let lists = Lists {
            members: BoundedVec::new(vec![MemberRow { org, certificate }]).expect("one"),
            sealed: BoundedVec::empty(),
        };
        let prev = CharterId(self.random.bytes());
        let object = self.charter(0, prev, &[(0, voting)], 1, &lists);
        self.network = NetworkId::from(object.id());
        self.objects.charters.push(object.clone());
        self.epochs.push(Epoch { object, voters: vec![(0, voting)], moved: Vec::new() });
    }

    fn charter(
        &mut self,
        epoch: u32,
        prev: CharterId,
        voters: &[(usize, KeyIndex)],
        k: u8,
        lists: &Lists,
    ) -> CharterObject {
        let mut listed: Vec<Voter> = voters
            .iter()
            .map(|(org, key)| Voter { org: self.organisations[*org].id, key: self.key(*key).public() })
            .collect();
        listed.sort_by_key(|voter| voter.org);
        // Never that of charter 0: a node that does not know its rules has no business there.
        let rules = if epoch > 0 && self.oddly(8) { RULES + 1 } else { RULES };
        Charter {
            rules,
            epoch,
            prev,
            time: self.random.next(),
            name: text("alliance"),
            purpose: text(""),
            voters: BoundedVec::new(listed).expect("few"),
            k,
            members_len: 0,
            members_head: TreeHead::ZERO,
            sealed_len: 0,
            sealed_head: TreeHead::ZERO,
            params: Params::default(),
        }
        .into_object(lists)
        .expect("a charter by the rules")
    }

    /// Motions of the founding epoch, then charters on top of each other, each with motions of its own.
    pub(super) fn govern(&mut self) {
        self.seat_newcomers();
        self.move_at_random(0);
        let mut at = 0;
        for _ in 0..self.configuration.epochs {
            let first = self.epochs.len();
            self.propose_charters(at);
            for epoch in first..self.epochs.len() {
                self.move_at_random(epoch);
            }
            let made = self.epochs.len() - first;
            at = first + if self.random.chance(70) { 0 } else { self.random.index(made) };
            // A rival side may grow too.
            if self.configuration.competing_charters && made > 1 && self.random.chance(25) {
                let rival = first + self.random.index(made);
                self.propose_charters(rival);
            }
        }
        self.crowd();
    }

    /// Most organisations come in at once, by card or by invitation.
    fn seat_newcomers(&mut self) {
        let mut shared = Vec::new();
        for org in 1..self.organisations.len() {
            match self.random.below(10) {
                0..=3 => {
                    let op = Operation::Admit { org: self.organisations[org].id, certificate: self.version(org, 80) };
                    self.propose(0, op, 95, &[]);
                }
                4 | 5 => {
                    self.invite(0, &[org]);
                }
                6 | 7 => shared.push(org),
                _ => {}
            }
        }
        if !shared.is_empty() {
            self.invite(0, &shared);
        }
    }

    /// One to three charters for the place after `before`, each certified in some round or not.
    fn propose_charters(&mut self, before: usize) {
        let several = self.configuration.competing_charters && self.random.chance(60);
        let count = if several { self.random.between(2, 3) } else { 1 };
        for _ in 0..count {
            let epoch = self.draft(before);
            let old = self.epochs[before].voters.clone();
            let mut keys: Vec<KeyIndex> = old.iter().chain(&epoch.voters).map(|(_, key)| *key).collect();
            keys.sort_unstable();
            keys.dedup();
            let rounds = if several { self.random.between(1, 2) } else { 1 };
            for _ in 0..rounds {
                let round = if several || self.random.chance(10) { self.random.below(3) } else { 0 };
                self.sign_charter(&epoch.object, &mut keys, u16::try_from(round).unwrap_or(0));
            }
            self.objects.charters.push(epoch.object.clone());
            self.epochs.push(epoch);
        }
    }

    fn sign_charter(&mut self, charter: &CharterObject, keys: &mut [KeyIndex], round: u16) {
        self.random.shuffle(keys);
        let all = keys.len();
        let signers = if self.random.chance(75) { all } else { self.random.index(all + 1) };
        for key in keys.iter().take(signers) {
            let secret = &self.keys[key.0];
            let place = SignaturePlace::charter(charter.id(), secret.public(), round);
            let signature = place.sign(self.network, secret).expect("own key");
            self.objects.signatures.push(signature);
        }
    }

    fn draft(&mut self, before: usize) -> Epoch {
        let parent = self.epochs[before].clone();
        let mut members: BTreeMap<OrgId, CertificateId> =
            parent.object.lists.members.iter().map(|row| (row.org, row.certificate)).collect();
        let sealed = self.seal(&parent, &mut members);
        // Most rows name the newest version; some an older one.
        for (org, certificate) in &mut members {
            let at = self.organisations.iter().position(|held| held.id == *org).unwrap_or(0);
            if self.random.chance(50) {
                let versions = &self.organisations[at].versions;
                let newest =
                    if self.random.chance(70) { versions.len() - 1 } else { self.random.index(versions.len()) };
                *certificate = versions[newest].object.id();
            }
        }
        let broken = self.configuration.broken_charters && self.random.chance(30);
        let mut rows = members.clone();
        let mut epoch = parent.object.epoch + 1;
        if broken {
            match self.random.below(3) {
                0 => epoch += 1,
                1 if rows.len() > 1 => drop(rows.pop_last()),
                _ => {
                    let org = self.random.index(self.organisations.len());
                    rows.insert(self.organisations[org].id, self.organisations[org].versions[0].object.id());
                }
            }
        }
        let (voters, k) = self.next_voters(&parent, &members, broken);
        let members_rows: Vec<MemberRow> =
            rows.into_iter().map(|(org, certificate)| MemberRow { org, certificate }).collect();
        let lists = Lists {
            members: BoundedVec::new(members_rows).expect("few"),
            sealed: BoundedVec::new(sealed).expect("few"),
        };
        let object = self.charter(epoch, parent.object.id(), &voters, k, &lists);
        Epoch { object, voters, moved: Vec::new() }
    }

    /// Seals most of what passed, and now and then something that did not.
    fn seal(&mut self, parent: &Epoch, members: &mut BTreeMap<OrgId, CertificateId>) -> Vec<SealedRow> {
        let mut sealed = Vec::new();
        let mut removed = Vec::new();
        for moved in &parent.moved {
            if !self.random.chance(if moved.passed { 88 } else { 5 }) {
                continue;
            }
            let motion = moved.object.id();
            match &moved.object.op {
                Operation::Invite { .. } => {
                    if let [org] = *moved.redeemers.as_slice() {
                        sealed.push(SealedRow { org, op: Operation::ADMIT, motion });
                        members.entry(org).or_insert(CertificateId(org.0));
                    }
                    continue;
                }
                Operation::Admit { org, certificate } => {
                    members.entry(*org).or_insert(*certificate);
                }
                Operation::Remove { org, .. } => removed.push(*org),
                Operation::Settle { .. } | Operation::Erase { .. } => {}
            }
            let org = moved.object.op.org().unwrap_or(OrgId::ZERO);
            sealed.push(SealedRow { org, op: moved.object.op.code(), motion });
        }
        if self.oddly(12)
            && let Some(moved) = self.random.pick(&parent.moved).cloned()
        {
            let org = self.random.index(self.organisations.len());
            let op = u8::try_from(self.random.below(6)).unwrap_or(0);
            let org = if self.random.chance(15) { OrgId::ZERO } else { self.organisations[org].id };
            match op {
                Operation::ADMIT => drop(members.entry(org).or_insert(CertificateId(org.0))),
                Operation::REMOVE => removed.push(org),
                _ => {}
            }
            sealed.push(SealedRow { org, op, motion: moved.object.id() });
        }
        for org in removed {
            members.remove(&org);
        }
        sealed.sort_unstable();
        sealed.dedup();
        sealed
    }

    /// The voters before, one more, one less, or the same; with a threshold that overlaps unless `broken`.
    fn next_voters(
        &mut self,
        parent: &Epoch,
        members: &BTreeMap<OrgId, CertificateId>,
        broken: bool,
    ) -> (Vec<(usize, KeyIndex)>, u8) {
        for _ in 0..6 {
            let mut voters = parent.voters.clone();
            if voters.len() > 1 && self.random.chance(20) {
                voters.remove(self.random.index(voters.len()));
            }
            if self.random.chance(75) {
                let org = self.random.index(self.organisations.len());
                let known = voters.iter().any(|(held, _)| *held == org);
                if !known && members.contains_key(&self.organisations[org].id) && voters.len() < 4 {
                    voters.push((org, self.organisations[org].versions[0].voting));
                }
            }
            for (org, key) in &mut voters {
                if self.random.chance(8) {
                    let versions = &self.organisations[*org].versions;
                    *key = versions[versions.len() - 1].voting;
                }
            }
            let n = voters.len();
            let k = if self.random.chance(80) { default_k(n) } else { n };
            let mut union: Vec<usize> = voters.iter().chain(&parent.voters).map(|(org, _)| *org).collect();
            union.sort_unstable();
            union.dedup();
            let overlaps = k + usize::from(parent.object.k) > union.len();
            if k_in_bounds(k, n) && (overlaps || broken) {
                return (voters, u8::try_from(k).unwrap_or(1));
            }
        }
        (parent.voters.clone(), parent.object.k)
    }

    /// More than the bounds allow: unpassed motions, rounds of one voter, redemptions of one Invite.
    fn crowd(&mut self) {
        if !self.configuration.crowded {
            return;
        }
        let epoch = self.random.index(self.epochs.len());
        if self.epochs[epoch].object.k > 1 {
            for _ in 0..self.random.between(17, 20) {
                self.erase_unpassed(epoch);
            }
        }
        let mut keys: Vec<KeyIndex> = self.epochs[epoch].voters.iter().map(|(_, key)| *key).collect();
        let charters: Vec<CharterObject> =
            self.objects.charters.iter().filter(|held| held.epoch > 0).cloned().collect();
        for round in 0..self.random.between(5, 7) {
            if let Some(charter) = self.random.pick(&charters).cloned() {
                self.sign_charter(&charter, &mut keys, u16::try_from(round).unwrap_or(0));
            }
        }
        let all: Vec<usize> = (1..self.organisations.len()).collect();
        self.invite(epoch, &all);
    }
}
