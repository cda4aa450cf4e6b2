//! Certificates with their chains and forks, logs with theirs.

use std::sync::Arc;

use lyceum_protocol::bounded::{BoundedText, BoundedVec};
use lyceum_protocol::codec;
use lyceum_protocol::document::certificate::{Certificate, CertificateObject, ListedKey, Pin, Roles};
use lyceum_protocol::document::signature::SignaturePlace;
use lyceum_protocol::entry::protocol_kinds::Erase;
use lyceum_protocol::entry::{Draft, Kind, Place, VerifiedEntry};
use lyceum_protocol::fork::VerifiedForkProof;
use lyceum_protocol::hash::{CertificateId, EntryId, LogId, OrgId, TreeHead};
use lyceum_protocol::history;
use lyceum_protocol::key::PublicKey;

use super::{KeyIndex, Maker};

/// One version as its maker knows it.
#[derive(Debug, Clone)]
pub(super) struct Version {
    pub(super) object: CertificateObject,
    parent: Option<usize>,
    roots: Vec<KeyIndex>,
    keys: Vec<(KeyIndex, Roles)>,
    pub(super) voting: KeyIndex,
}

/// A log with all its branches, each from entry 0.
#[derive(Debug, Clone)]
pub(super) struct WrittenLog {
    id: LogId,
    version: usize,
    key: KeyIndex,
    incarnation: u64,
    branches: Vec<Vec<VerifiedEntry>>,
}

/// An organisation as its maker knows it.
#[derive(Debug, Clone)]
pub(super) struct Organisation {
    pub(super) id: OrgId,
    pub(super) versions: Vec<Version>,
    logs: Vec<WrittenLog>,
}

impl Organisation {
    /// From number 0 to a version.
    fn ancestry(&self, version: usize) -> Vec<usize> {
        let mut chain = vec![version];
        while let Some(parent) = chain.last().and_then(|at| self.versions[*at].parent) {
            chain.push(parent);
        }
        chain
    }
}

fn text<const N: usize>(text: impl Into<String>) -> BoundedText<N> {
    BoundedText::new(text).expect("short enough")
}

impl Maker {
    fn new_node_keys(&mut self) -> Vec<(KeyIndex, Roles)> {
        let mut keys = vec![(self.new_key(), Roles(Roles::NODE | Roles::ADMIN))];
        if self.random.chance(40) {
            keys.push((self.new_key(), Roles(Roles::NODE)));
        }
        if self.random.chance(10) {
            keys.push((self.new_key(), Roles(Roles::READER)));
        }
        if self.oddly(25)
            && let Some(other) = self.random.pick(&self.organisations)
            && let Some(shared) = self.random.pick(&other.versions[0].keys)
        {
            keys.push(*shared);
        }
        keys
    }

    fn new_roots(&mut self) -> Vec<KeyIndex> {
        (0..if self.random.chance(25) { 2 } else { 1 }).map(|_| self.new_key()).collect()
    }

    #[expect(clippy::too_many_arguments, reason = "the fields of a certificate")]
    fn certificate(
        &mut self,
        number: u32,
        prev: CertificateId,
        roots: &[KeyIndex],
        root_k: u8,
        keys: &[(KeyIndex, Roles)],
        voting: KeyIndex,
        mut closed: Vec<Pin>,
    ) -> CertificateObject {
        let mut root_keys: Vec<PublicKey> = roots.iter().map(|key| self.key(*key).public()).collect();
        root_keys.sort_unstable();
        let mut listed: Vec<ListedKey> = keys
            .iter()
            .map(|(key, roles)| ListedKey { key: self.key(*key).public(), roles: *roles, label: text("node") })
            .collect();
        listed.sort_by_key(|listed| listed.key);
        closed.sort();
        closed.dedup_by_key(|pin| pin.log);
        Certificate {
            number,
            prev,
            time: self.random.next(),
            name: text("organisation"),
            domain: text(""),
            contact: text(""),
            root_keys: BoundedVec::new(root_keys).expect("few"),
            root_k,
            keys: BoundedVec::new(listed).expect("few"),
            voting_key: self.key(voting).public(),
            enc_keys: BoundedVec::empty(),
            closed: BoundedVec::new(closed).expect("few"),
        }
        .into_object()
        .expect("a certificate by the rules")
    }

    fn sign_certificate(&mut self, id: CertificateId, roots: &[KeyIndex]) {
        for root in roots {
            let key = self.key(*root);
            let place = SignaturePlace::certificate(id, key.public());
            let signature = place.sign(self.network, key).expect("own key");
            self.objects.signatures.push(signature);
        }
    }

    fn show_possession(&mut self, org: OrgId, keys: &[(KeyIndex, Roles)]) {
        for (index, _) in keys {
            if self.configuration.missing_signatures && self.random.chance(10) {
                continue;
            }
            let key = self.key(*index);
            let signature = SignaturePlace::possession(org, key.public()).sign(self.network, key).expect("own key");
            self.objects.signatures.push(signature);
        }
    }

    pub(super) fn found_organisation(&mut self) {
        let (roots, keys, voting) = (self.new_roots(), self.new_node_keys(), self.new_key());
        let root_k = u8::try_from(self.random.between(1, roots.len() as u64)).unwrap_or(1);
        let object = self.certificate(0, CertificateId::ZERO, &roots, root_k, &keys, voting, Vec::new());
        let id = OrgId::from(object.id());
        let is_first = self.organisations.is_empty();
        if is_first || !(self.configuration.missing_signatures && self.random.chance(8)) {
            self.sign_certificate(object.id(), &roots);
        }
        self.show_possession(id, &keys);
        self.objects.certificates.push(object.clone());
        let version = Version { object, parent: None, roots, keys, voting };
        self.organisations.push(Organisation { id, versions: vec![version], logs: Vec::new() });
    }

    pub(super) fn write_first_logs(&mut self) {
        for org in 0..self.organisations.len() {
            self.open_logs(org, 0);
        }
    }

    pub(super) fn grow_organisations(&mut self) {
        for org in 0..self.organisations.len() {
            for _ in 0..self.random.between(0, self.configuration.versions) {
                let newest = self.organisations[org].versions.len() - 1;
                let old = self.configuration.certificate_forks && self.random.chance(35);
                let parent = if old { self.random.index(newest + 1) } else { newest };
                self.follow(org, parent);
                if self.configuration.crowded && self.random.chance(15) {
                    self.follow(org, parent);
                    self.follow(org, parent);
                }
            }
        }
    }

    /// Makes a version on top of another one, and logs under it.
    fn follow(&mut self, org: usize, parent: usize) {
        let before = self.organisations[org].versions[parent].clone();
        let mut keys = before.keys.clone();
        if !keys.is_empty() && self.random.chance(40) {
            keys.remove(self.random.index(keys.len()));
        }
        let mut new_keys = Vec::new();
        if keys.is_empty() && self.random.chance(80) || self.random.chance(30) {
            new_keys.push((self.new_key(), Roles(if self.random.chance(50) { Roles::NODE } else { 3 })));
        }
        keys.extend(new_keys.iter().copied());
        if self.oddly(15)
            && let Some((_, roles)) = keys.first_mut()
        {
            roles.0 ^= Roles::ADMIN | Roles::READER;
        }
        let changes_roots = (self.configuration.root_changes || self.configuration.unlinked) && self.random.chance(40);
        let roots = if changes_roots { self.new_roots() } else { before.roots.clone() };
        let root_k = if changes_roots { roots.len().try_into().unwrap_or(1) } else { before.object.root_k };
        let closed = if self.configuration.pins { self.pins(org, parent, &keys) } else { Vec::new() };
        let jumps = self.configuration.unlinked && self.random.chance(5);
        let number = before.object.number + if jumps { 2 } else { 1 };
        let voting = if self.random.chance(15) { self.new_key() } else { before.voting };
        let object = self.certificate(number, before.object.id(), &roots, root_k, &keys, voting, closed);
        let lacks = if self.configuration.unlinked { self.random.below(6) } else { 9 };
        if lacks != 0 {
            self.sign_certificate(object.id(), &roots);
        }
        if changes_roots && lacks > 2 || !changes_roots && lacks == 0 && self.random.chance(50) {
            self.sign_certificate(object.id(), &before.roots);
        }
        self.show_possession(self.organisations[org].id, &new_keys);
        self.objects.certificates.push(object.clone());
        let versions = &mut self.organisations[org].versions;
        versions.push(Version { object, parent: Some(parent), roots, keys, voting });
        let version = versions.len() - 1;
        self.open_logs(org, version);
    }

    /// Pins for a version on top of `parent` that lists `keys`: of the logs that can be named there.
    fn pins(&mut self, org: usize, parent: usize, keys: &[(KeyIndex, Roles)]) -> Vec<Pin> {
        let ancestry = self.organisations[org].ancestry(parent);
        let logs: Vec<WrittenLog> = self.organisations[org].logs.clone();
        let mut pins = Vec::new();
        for log in logs.iter().filter(|log| ancestry.contains(&log.version)) {
            let dropped = keys.iter().all(|(key, _)| *key != log.key);
            if self.random.chance(if dropped { 65 } else { 20 }) {
                pins.push(self.pin(log));
            }
        }
        pins
    }

    /// A pin of a log: usually all of a branch, sometimes less, nothing, or a chain that nobody has.
    fn pin(&mut self, log: &WrittenLog) -> Pin {
        let branch = self.random.pick(&log.branches).cloned().unwrap_or_default();
        let len = if self.random.chance(60) { branch.len() } else { self.random.index(branch.len() + 1) };
        let head = branch[..len].last().map_or(EntryId::ZERO, |entry| entry.id());
        let odd = self.random.chance(6) && len > 0;
        Pin { log: log.id, len: len as u64 + u64::from(odd), head }
    }

    /// Pins of any logs of an organisation, for a Remove.
    pub(super) fn removal_pins(&mut self, org: usize) -> Vec<Pin> {
        let logs: Vec<WrittenLog> = self.organisations[org].logs.clone();
        let mut pins: Vec<Pin> = Vec::new();
        for log in &logs {
            if self.random.chance(40) {
                pins.push(self.pin(log));
            }
        }
        pins.sort();
        pins
    }

    fn open_logs(&mut self, org: usize, version: usize) {
        let keys = self.organisations[org].versions[version].keys.clone();
        for (key, _) in keys {
            let chance = if version == 0 { 75 } else { 35 };
            if self.random.chance(chance) {
                self.open_log(org, version, key);
            }
        }
    }

    fn open_log(&mut self, org: usize, version: usize, key: KeyIndex) {
        let certificate = self.organisations[org].versions[version].object.id();
        let of_key = |log: &&WrittenLog| log.key == key;
        let earlier = self.organisations.iter().flat_map(|org| &org.logs).find(of_key).map(|log| log.incarnation);
        let incarnation = earlier.filter(|_| self.oddly(40)).unwrap_or_else(|| self.random.next());
        let mut main = Vec::new();
        let first = self.random.between(1, 4);
        self.extend(org, key, incarnation, certificate, &mut main, first);
        self.objects.entries.extend(main.iter().cloned());
        let mut branches = vec![main];
        let forks = if self.configuration.log_forks && self.random.chance(45) { self.random.between(1, 2) } else { 0 };
        for _ in 0..forks {
            let from = self.random.pick(&branches).cloned().unwrap_or_default();
            let at = if self.random.chance(35) { 0 } else { self.random.index(from.len()) };
            let mut branch = from[..at].to_vec();
            let further = self.random.between(1, 3);
            self.extend(org, key, incarnation, certificate, &mut branch, further);
            // Sometimes the other side is known by its proof alone.
            let proof_alone = self.random.chance(25);
            if !proof_alone {
                self.objects.entries.extend(branch[at..].iter().cloned());
            }
            if proof_alone || self.random.chance(60) {
                let public = self.key(key).public();
                self.objects.proofs.extend(VerifiedForkProof::of(&from[at], &branch[at], &public));
            }
            branches.push(branch);
        }
        let id = LogId::of(&self.key(key).public().to_bytes(), incarnation, certificate);
        let org_id = self.organisations[org].id;
        self.written.extend(branches.iter().flatten().map(|entry| (org_id, entry.id())));
        self.organisations[org].logs.push(WrittenLog { id, version, key, incarnation, branches });
    }

    fn extend(
        &mut self,
        org: usize,
        key: KeyIndex,
        incarnation: u64,
        certificate: CertificateId,
        branch: &mut Vec<VerifiedEntry>,
        further: u64,
    ) {
        for _ in 0..further {
            let ids: Vec<EntryId> = branch.iter().map(|entry| entry.id()).collect();
            let history = if ids.is_empty() { TreeHead(certificate.0) } else { history::head_over(&ids) };
            let mut payload = self.random.bytes()[..16].to_vec();
            let kind = match self.random.below(10) {
                0 | 1 if self.configuration.erasures => {
                    payload.extend(codec::encode(&self.erasure(org, &ids)));
                    Kind::ERASE
                }
                2 => Kind(1007),
                3 => Kind(7),
                _ => Kind::PUBLICATION,
            };
            let draft =
                Draft { kind, marking: 1, flags: 0, time: self.random.next(), payload: Arc::from(payload.as_slice()) };
            let place = Place { incarnation, seq: ids.len() as u64, history };
            let entry = draft.sign(self.network, self.key(key), place).expect("an entry by the rules");
            branch.push(entry);
        }
    }

    /// Targets: of the same branch, of the own organisation, of anybody.
    fn erasure(&mut self, org: usize, own: &[EntryId]) -> Erase {
        let id = self.organisations[org].id;
        let of_org: Vec<EntryId> = self.written.iter().filter(|(by, _)| *by == id).map(|(_, id)| *id).collect();
        let of_all: Vec<EntryId> = self.written.iter().map(|(_, id)| *id).collect();
        let mut targets = Vec::new();
        for list in [own, &of_org, &of_all] {
            if self.random.chance(60) {
                targets.extend(self.random.pick(list).copied());
            }
        }
        Erase {
            targets: BoundedVec::new(targets).expect("few"),
            still_superseded: BoundedVec::empty(),
            reason: text(""),
        }
    }
}
