//! Keys, organisations, alliances and logs from fixed seeds.

use std::collections::BTreeSet;
use std::sync::Arc;

use lyceum_protocol::bounded::{BoundedText, BoundedVec};
use lyceum_protocol::codec;
use lyceum_protocol::document::certificate::{Certificate, CertificateObject, ListedKey, Pin, Roles};
use lyceum_protocol::document::charter::{Charter, CharterObject, Lists, MemberRow, Params, SealedRow, Voter};
use lyceum_protocol::document::motion::{Motion, MotionObject, Operation};
use lyceum_protocol::document::signature::{SignaturePlace, VerifiedSignature};
use lyceum_protocol::documents::DocumentObject;
use lyceum_protocol::entry::{Draft, Kind, Place, VerifiedEntry};
use lyceum_protocol::hash::{
    CertificateId, CharterId, EntryId, LogId, MotionId, NetworkId, OrgId, PayloadHash, TreeHead, sha256,
};
use lyceum_protocol::history::Tree;
use lyceum_protocol::key::{PublicKey, SecretKey};
use lyceum_protocol::limits;

/// The secret key of a name.
pub(crate) fn secret(name: &str) -> SecretKey {
    SecretKey::from_seed(&sha256(&[b"lyceum vectors, key of ", name.as_bytes()]))
}

/// 32 bytes of a name.
pub(crate) fn bytes32(name: &str) -> [u8; 32] {
    sha256(&[b"lyceum vectors, bytes of ", name.as_bytes()])
}

pub(crate) fn text<const N: usize>(text: &str) -> BoundedText<N> {
    BoundedText::new(text).unwrap()
}

pub(crate) fn list<T, const N: usize>(items: Vec<T>) -> BoundedVec<T, N> {
    BoundedVec::new(items).unwrap()
}

/// The network of vectors that need none in particular.
pub(crate) fn network() -> NetworkId {
    NetworkId(bytes32("network"))
}

/// An organisation with its secret keys: the root key signs alone.
pub(crate) struct Org {
    pub(crate) name: &'static str,
    pub(crate) root: SecretKey,
    pub(crate) voting: SecretKey,
    pub(crate) nodes: Vec<SecretKey>,
    pub(crate) zero: CertificateObject,
}

impl Org {
    /// One root key, one voting key and `nodes` node keys, the first of them an admin too.
    pub(crate) fn new(name: &'static str, nodes: usize) -> Self {
        let key = |what: &str| secret(&format!("{name} {what}"));
        let (root, voting) = (key("root"), key("voting"));
        let nodes: Vec<SecretKey> = (0..nodes).map(|n| key(&format!("node {n}"))).collect();
        let zero = certificate_zero(name, &root, &voting, &nodes).into_object().unwrap();
        Self { name, root, voting, nodes, zero }
    }

    pub(crate) fn id(&self) -> OrgId {
        self.zero.id().into()
    }

    /// Certificate 0 as it is sent: with the root signature and the possession of every node key.
    pub(crate) fn opening(&self) -> Vec<Signed> {
        let mut signatures = vec![self.signs(&self.zero)];
        signatures.extend(self.nodes.iter().map(|node| self.possession(node)));
        vec![Signed::new(DocumentObject::Certificate(self.zero.clone()), signatures)]
    }

    pub(crate) fn signs(&self, version: &CertificateObject) -> VerifiedSignature {
        let place = SignaturePlace::certificate(version.id(), self.root.public());
        place.sign(NetworkId::ZERO, &self.root).unwrap()
    }

    pub(crate) fn possession(&self, node: &SecretKey) -> VerifiedSignature {
        SignaturePlace::possession(self.id(), node.public()).sign(NetworkId::ZERO, node).unwrap()
    }

    /// The next version, changed by `change`.
    pub(crate) fn version(
        &self,
        after: &CertificateObject,
        change: impl FnOnce(&mut Certificate),
    ) -> CertificateObject {
        let mut next: Certificate = (**after).clone();
        next.number += 1;
        next.prev = after.id();
        next.time += 1_000;
        change(&mut next);
        next.into_object().unwrap()
    }

    pub(crate) fn signed(&self, version: &CertificateObject) -> Signed {
        Signed::new(DocumentObject::Certificate(version.clone()), vec![self.signs(version)])
    }

    pub(crate) fn voter(&self) -> Voter {
        Voter { org: self.id(), key: self.voting.public() }
    }

    pub(crate) fn row(&self) -> MemberRow {
        MemberRow { org: self.id(), certificate: self.zero.id() }
    }
}

/// A certificate number 0 that keeps all rules.
pub(crate) fn certificate_zero(name: &str, root: &SecretKey, voting: &SecretKey, nodes: &[SecretKey]) -> Certificate {
    let roles = |n: usize| Roles(if n == 0 { Roles::NODE | Roles::ADMIN } else { Roles::NODE });
    let mut keys: Vec<ListedKey> = (0..)
        .zip(nodes)
        .map(|(n, node)| ListedKey { key: node.public(), roles: roles(n), label: text(&format!("machine {n}")) })
        .collect();
    keys.sort_by_key(|listed| listed.key);
    Certificate {
        number: 0,
        prev: CertificateId::ZERO,
        time: 1_750_000_000_000,
        name: text(name),
        domain: text("example.org"),
        contact: text("research@example.org"),
        root_keys: list(vec![root.public()]),
        root_k: 1,
        keys: list(keys),
        voting_key: voting.public(),
        enc_keys: list(vec![bytes32(&format!("{name} enc"))]),
        closed: BoundedVec::empty(),
    }
}

/// A document or motion with the signatures on it.
pub(crate) struct Signed {
    pub(crate) object: DocumentObject,
    pub(crate) signatures: Vec<VerifiedSignature>,
}

impl Signed {
    pub(crate) const fn new(object: DocumentObject, signatures: Vec<VerifiedSignature>) -> Self {
        Self { object, signatures }
    }
}

/// Charter 0 of an alliance.
pub(crate) fn founding(founder: &Org) -> (Charter, Lists) {
    let charter = Charter {
        rules: 1,
        epoch: 0,
        prev: CharterId(bytes32("before charter 0")),
        time: 1_750_000_000_000,
        name: text("Alliance of the vectors"),
        purpose: text("To agree on bytes."),
        voters: list(vec![founder.voter()]),
        k: 1,
        members_len: 0,
        members_head: TreeHead::ZERO,
        sealed_len: 0,
        sealed_head: TreeHead::ZERO,
        params: Params::default(),
    };
    (charter, Lists { members: list(vec![founder.row()]), sealed: BoundedVec::empty() })
}

/// The next charter with these voters, k, members and sealed rows, all sorted here.
pub(crate) fn next_charter(
    after: &CharterObject,
    voters: &[&Org],
    k: u8,
    mut members: Vec<MemberRow>,
    mut sealed: Vec<SealedRow>,
) -> CharterObject {
    let mut voters: Vec<Voter> = voters.iter().map(|org| org.voter()).collect();
    voters.sort_by_key(|voter| voter.org);
    members.sort_by_key(|row| row.org);
    sealed.sort_unstable();
    let lists = Lists { members: list(members), sealed: list(sealed) };
    let mut charter: Charter = after.charter.clone();
    charter.epoch += 1;
    charter.prev = after.id();
    charter.time += 1_000;
    charter.voters = list(voters);
    charter.k = k;
    charter.into_object(&lists).unwrap()
}

pub(crate) fn signed_charter(charter: &CharterObject, round: u16, voters: &[&Org]) -> Signed {
    let sign = |org: &&Org| {
        let place = SignaturePlace::charter(charter.id(), org.voting.public(), round);
        place.sign(NetworkId::ZERO, &org.voting).unwrap()
    };
    Signed::new(DocumentObject::Charter(charter.clone()), voters.iter().map(sign).collect())
}

pub(crate) fn motion(epoch: CharterId, proposer: &Org, op: Operation) -> MotionObject {
    let motion = Motion { epoch, proposer: proposer.id(), time: 1_750_000_001_000, reason: text("as agreed"), op };
    motion.into_object().unwrap()
}

pub(crate) fn approved(network: NetworkId, motion: &MotionObject, voters: &[&Org]) -> Signed {
    let sign = |org: &&Org| {
        let place = SignaturePlace::approval(motion.id(), org.voting.public());
        place.sign(network, &org.voting).unwrap()
    };
    Signed::new(DocumentObject::Motion(motion.clone()), voters.iter().map(sign).collect())
}

pub(crate) fn sealed_row(org: OrgId, op: u8, motion: MotionId) -> SealedRow {
    SealedRow { org, op, motion }
}

/// Salt and content.
pub(crate) fn payload(salt: &str, content: &[u8]) -> Vec<u8> {
    let mut payload = bytes32(salt)[..16].to_vec();
    payload.extend(content);
    payload
}

/// One log while it is written.
pub(crate) struct Writer<'a> {
    network: NetworkId,
    secret: &'a SecretKey,
    incarnation: u64,
    certificate: CertificateId,
    tree: Tree,
    pub(crate) entries: Vec<VerifiedEntry>,
}

impl<'a> Writer<'a> {
    pub(crate) const fn new(
        network: NetworkId,
        secret: &'a SecretKey,
        incarnation: u64,
        certificate: CertificateId,
    ) -> Self {
        Self { network, secret, incarnation, certificate, tree: Tree::new(), entries: Vec::new() }
    }

    pub(crate) fn log(&self) -> LogId {
        LogId::of(&self.secret.public().to_bytes(), self.incarnation, self.certificate)
    }

    pub(crate) fn write(&mut self, kind: Kind, content: &[u8]) -> EntryId {
        let seq = self.tree.len();
        let history = if seq == 0 { TreeHead(self.certificate.0) } else { self.tree.head() };
        let draft = Draft {
            kind,
            marking: 1,
            flags: 0,
            time: 1_750_000_100_000 + seq,
            payload: Arc::from(payload(&format!("{} {seq}", self.incarnation), content)),
        };
        let place = Place { incarnation: self.incarnation, seq, history };
        let entry = draft.sign(self.network, self.secret, place).unwrap();
        self.tree.push(&entry.id());
        self.entries.push(entry.clone());
        entry.id()
    }

    /// Appends `count` small entries.
    pub(crate) fn with(mut self, count: usize) -> Self {
        for n in 0..count {
            self.write(Kind::PUBLICATION, format!("{{\"title\":\"note {n}\"}}").as_bytes());
        }
        self
    }

    /// The same log up to `seq`, to go on differently.
    pub(crate) fn parted_at(&self, seq: usize) -> Self {
        let mut other = Self::new(self.network, self.secret, self.incarnation, self.certificate);
        for entry in self.entries.iter().take(seq) {
            other.tree.push(&entry.id());
            other.entries.push(entry.clone());
        }
        other
    }

    pub(crate) fn pin(&self, len: usize) -> Pin {
        let head = len.checked_sub(1).map_or(EntryId::ZERO, |last| self.entries[last].id());
        Pin { log: self.log(), len: len as u64, head }
    }
}

/// The bytes of a header with fields that a careful author would not write.
pub(crate) fn header_bytes(change: impl FnOnce(&mut RawHeader)) -> Vec<u8> {
    let mut header = RawHeader {
        envelope: 1,
        suite: 1,
        flags: 0,
        kind: 0,
        key: secret("header").public().to_bytes(),
        incarnation: 7,
        seq: 3,
        history: bytes32("history"),
        time: 1_750_000_000_000,
        payload_len: 100,
        payload_hash: PayloadHash::of(b"payload").0,
        marking: 1,
        ext: Vec::new(),
    };
    change(&mut header);
    codec::encode(&header)
}

/// A header without bounds.
#[derive(bincode::Encode)]
pub(crate) struct RawHeader {
    pub(crate) envelope: u8,
    pub(crate) suite: u8,
    pub(crate) flags: u16,
    pub(crate) kind: u32,
    pub(crate) key: [u8; 32],
    pub(crate) incarnation: u64,
    pub(crate) seq: u64,
    pub(crate) history: [u8; 32],
    pub(crate) time: u64,
    pub(crate) payload_len: u32,
    pub(crate) payload_hash: [u8; 32],
    pub(crate) marking: u8,
    pub(crate) ext: Vec<u8>,
}

/// Keys of these names, ascending by their bytes.
pub(crate) fn sorted_keys(names: impl IntoIterator<Item = String>) -> Vec<PublicKey> {
    let keys: BTreeSet<PublicKey> = names.into_iter().map(|name| secret(&name).public()).collect();
    keys.into_iter().collect()
}

/// So many pins of different logs, ascending.
pub(crate) fn pins(count: usize) -> Vec<Pin> {
    let mut pins: Vec<Pin> = (0..count)
        .map(|n| Pin { log: LogId(bytes32(&format!("log {n}"))), len: 1, head: EntryId(bytes32("head")) })
        .collect();
    pins.sort_unstable();
    pins
}

/// Versions 0 to 31 list 32 keys each, version 32 lists those of 31 again, version 33 one that is new, 34 lists none.
pub(crate) fn many_keys_of(name: &'static str) -> Vec<Signed> {
    let mut org = Org::new(name, 0);
    let keys = |version: u32| {
        let names = (0..limits::KEYS_MAX).map(|n| format!("{name} node {version} {n}"));
        let listed = |key| ListedKey { key, roles: Roles(Roles::NODE), label: text("") };
        list(sorted_keys(names).into_iter().map(listed).collect())
    };
    let mut zero: Certificate = (*org.zero).clone();
    zero.keys = keys(0);
    org.zero = zero.into_object().unwrap();
    let mut chain = vec![org.zero.clone()];
    for number in 1..35 {
        let next = org.version(&chain[chain.len() - 1], |next| {
            next.keys = match number {
                32 => keys(31),
                33 => list(keys(33).iter().take(1).cloned().collect()),
                34 => BoundedVec::empty(),
                _ => keys(number),
            };
        });
        chain.push(next);
    }
    chain.iter().map(|version| org.signed(version)).collect()
}
