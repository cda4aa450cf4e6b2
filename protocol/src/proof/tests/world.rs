//! Three organisations: a founder, one that the second charter lists, one that a motion seats.

use super::super::*;
use crate::bounded::{BoundedText, BoundedVec};
use crate::document::certificate::{Certificate, CertificateObject, ListedKey, Pin, Roles};
use crate::document::charter::{Charter, CharterObject, Lists, MemberRow, Params, SealedRow, Voter};
use crate::document::motion::{Motion, MotionObject, Operation};
use crate::document::signature::{SignaturePlace, VerifiedSignature};
use crate::entry::{Draft, Kind, Place, VerifiedEntry};
use crate::hash::{CertificateId, MotionId, TreeHead};
use crate::history::{Tree, empty_head};
use crate::key::SecretKey;

pub(super) struct Org {
    pub(super) root: SecretKey,
    pub(super) voting: SecretKey,
    pub(super) node: SecretKey,
    pub(super) chain: Vec<CertificateObject>,
    pub(super) signatures: Vec<VerifiedSignature>,
}

pub(super) fn secret(seed: u8) -> SecretKey {
    SecretKey::from_seed(&[seed; 32])
}

impl Org {
    pub(super) fn new(seed: u8) -> Self {
        let (root, voting, node) = (secret(seed), secret(seed + 1), secret(seed + 2));
        let mut org = Self { root, voting, node, chain: Vec::new(), signatures: Vec::new() };
        let listed = ListedKey { key: org.node.public(), roles: Roles(Roles::NODE), label: BoundedText::default() };
        org.next(vec![listed], Vec::new());
        let possession = SignaturePlace::possession(org.id(), org.node.public());
        org.signatures.push(possession.sign(NetworkId::ZERO, &org.node).unwrap());
        org
    }

    pub(super) fn next(&mut self, keys: Vec<ListedKey>, closed: Vec<Pin>) {
        let certificate = Certificate {
            number: u32::try_from(self.chain.len()).unwrap(),
            prev: self.chain.last().map_or(CertificateId::ZERO, |tip| tip.id()),
            time: 1,
            name: BoundedText::new("Example Lab").unwrap(),
            domain: BoundedText::default(),
            contact: BoundedText::default(),
            root_keys: BoundedVec::new(vec![self.root.public()]).unwrap(),
            root_k: 1,
            keys: BoundedVec::new(keys).unwrap(),
            voting_key: self.voting.public(),
            enc_keys: BoundedVec::empty(),
            closed: BoundedVec::new(closed).unwrap(),
        };
        let certificate = certificate.into_object().unwrap();
        let place = SignaturePlace::certificate(certificate.id(), self.root.public());
        self.signatures.push(place.sign(NetworkId::ZERO, &self.root).unwrap());
        self.chain.push(certificate);
    }

    pub(super) fn id(&self) -> OrgId {
        self.chain[0].id().into()
    }

    pub(super) fn row(&self) -> MemberRow {
        MemberRow { org: self.id(), certificate: self.chain[0].id() }
    }

    pub(super) fn voter(&self) -> Voter {
        Voter { org: self.id(), key: self.voting.public() }
    }

    pub(super) fn log(&self, network: NetworkId, len: u64) -> Vec<VerifiedEntry> {
        let mut tree = Tree::new();
        let mut log = Vec::new();
        for seq in 0..len {
            let history = if seq == 0 { TreeHead(self.chain[0].id().0) } else { tree.head() };
            let payload = [&[7; 16][..], br#"{"type":"note","title":"t"}"#].concat();
            let draft =
                Draft { kind: Kind::PUBLICATION, marking: 1, flags: 0, time: 1_000 + seq, payload: payload.into() };
            let entry = draft.sign(network, &self.node, Place { incarnation: 5, seq, history }).unwrap();
            tree.push(&entry.id());
            log.push(entry);
        }
        log
    }
}

pub(super) fn charter(
    epoch: u32,
    prev: CharterId,
    voters: &[&Org],
    members: &[&Org],
    sealed: Vec<SealedRow>,
) -> CharterObject {
    let sorted = |orgs: &[&Org]| {
        let mut rows: Vec<MemberRow> = orgs.iter().map(|org| org.row()).collect();
        rows.sort_by_key(|row| row.org);
        rows
    };
    let mut list: Vec<Voter> = voters.iter().map(|org| org.voter()).collect();
    list.sort_by_key(|voter| voter.org);
    let lists = Lists { members: BoundedVec::new(sorted(members)).unwrap(), sealed: BoundedVec::new(sealed).unwrap() };
    let charter = Charter {
        rules: 1,
        epoch,
        prev,
        time: 77,
        name: BoundedText::new("Example Alliance").unwrap(),
        purpose: BoundedText::default(),
        k: u8::try_from(list.len() / 2 + 1).unwrap(),
        voters: BoundedVec::new(list).unwrap(),
        members_len: 0,
        members_head: empty_head(),
        sealed_len: 0,
        sealed_head: empty_head(),
        params: Params::default(),
    };
    charter.into_object(&lists).unwrap()
}

pub(super) struct World {
    pub(super) founder: Org,
    pub(super) listed: Org,
    pub(super) newcomer: Org,
    pub(super) network: NetworkId,
    pub(super) charters: Vec<CharterObject>,
    pub(super) signatures: Vec<VerifiedSignature>,
}

impl World {
    /// Charter 0 with the founder, charter 1 with two voters and two members.
    pub(super) fn new() -> Self {
        let (founder, listed, newcomer) = (Org::new(10), Org::new(20), Org::new(30));
        let zero = charter(0, CharterId([42; 32]), &[&founder], &[&founder], Vec::new());
        let sealed = SealedRow { org: listed.id(), op: Operation::ADMIT, motion: MotionId([1; 32]) };
        let one = charter(1, zero.id(), &[&founder, &listed], &[&founder, &listed], vec![sealed]);
        let signed = [&founder, &listed].map(|org| {
            let place = SignaturePlace::charter(one.id(), org.voting.public(), 0);
            place.sign(NetworkId::ZERO, &org.voting).unwrap()
        });
        let signatures =
            [&founder, &listed, &newcomer].into_iter().flat_map(|org| org.signatures.clone()).chain(signed);
        Self {
            network: zero.id().into(),
            charters: vec![zero, one],
            signatures: signatures.collect(),
            founder,
            listed,
            newcomer,
        }
    }

    pub(super) fn motion(&mut self, epoch: CharterId, op: Operation, approved_by: &[u8]) -> MotionObject {
        let motion = Motion { epoch, proposer: self.founder.id(), time: 2, reason: BoundedText::default(), op };
        let motion = motion.into_object().unwrap();
        for seed in approved_by {
            let key = secret(*seed);
            let place = SignaturePlace::approval(motion.id(), key.public());
            self.signatures.push(place.sign(self.network, &key).unwrap());
        }
        motion
    }

    pub(super) fn prove(
        &self,
        org: &Org,
        seq: usize,
        charters: &[CharterObject],
        motion: Option<&MotionObject>,
    ) -> Vec<u8> {
        let log = org.log(self.network, seq as u64 + 1);
        let ids: Vec<EntryId> = log.iter().map(VerifiedEntry::id).collect();
        let proof = ProofOf {
            network: self.network,
            entry: &log[seq],
            opening: (seq > 0).then(|| &log[0]),
            before: &ids[..seq],
            certificates: &org.chain,
            signatures: &[self.signatures.clone(), org.signatures.clone()].concat(),
            seat: (!charters.is_empty()).then_some(SeatOf { charters, motion }),
        };
        proof.bundle().unwrap().to_bytes()
    }

    pub(super) fn trust(&self) -> Trust {
        Trust { alliance: self.network, charters: BTreeSet::new() }
    }
}
