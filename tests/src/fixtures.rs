//! Small alliances with fixed keys: organisations, a founding charter, motions that its one voter passes.

use lyceum_protocol::bounded::{BoundedText, BoundedVec};
use lyceum_protocol::document::certificate::{Certificate, CertificateObject, ListedKey, Roles};
use lyceum_protocol::document::charter::{Charter, CharterObject, Lists, MemberRow, Params, SealedRow, Voter};
use lyceum_protocol::document::motion::{Motion, Operation};
use lyceum_protocol::document::signature::SignaturePlace;
use lyceum_protocol::documents::{DocumentBatch, DocumentObject};
use lyceum_protocol::hash::{CertificateId, CharterId, MotionId, NetworkId, OrgId, TreeHead, sha256};
use lyceum_protocol::key::SecretKey;

/// An organisation with its keys, one root, one voting, one node key, all drawn from its number.
#[derive(Debug)]
pub struct Org {
    /// Signs its certificate.
    pub root: SecretKey,
    /// Signs its votes.
    pub voting: SecretKey,
    /// Seed of its node key.
    pub node_seed: [u8; 32],
    /// Its certificate number 0.
    pub certificate: CertificateObject,
}

impl Org {
    /// The organisation of a number.
    pub fn new(name: &str, number: u64) -> Self {
        let seed = |what: &str| sha256(&[what.as_bytes(), &number.to_le_bytes()]);
        let (root, voting) = (SecretKey::from_seed(&seed("root")), SecretKey::from_seed(&seed("voting")));
        let node_seed = seed("node");
        let key = SecretKey::from_seed(&node_seed).public();
        let listed = ListedKey { key, roles: Roles(Roles::NODE | Roles::ADMIN), label: BoundedText::default() };
        let certificate = Certificate {
            number: 0,
            prev: CertificateId::ZERO,
            time: 1,
            name: BoundedText::new(name).expect("a short name"),
            domain: BoundedText::default(),
            contact: BoundedText::default(),
            root_keys: BoundedVec::new(vec![root.public()]).expect("one key"),
            root_k: 1,
            keys: BoundedVec::new(vec![listed]).expect("one key"),
            voting_key: voting.public(),
            enc_keys: BoundedVec::empty(),
            closed: BoundedVec::empty(),
        };
        let certificate = certificate.into_object().expect("a certificate within its rules");
        Self { root, voting, node_seed, certificate }
    }

    /// Its id.
    pub fn id(&self) -> OrgId {
        self.certificate.id().into()
    }

    /// Its node key.
    pub fn key(&self) -> SecretKey {
        SecretKey::from_seed(&self.node_seed)
    }

    /// Its certificate with the signatures that make it count.
    pub fn card(&self) -> DocumentBatch {
        let place = SignaturePlace::certificate(self.certificate.id(), self.root.public());
        let possession = SignaturePlace::possession(self.id(), self.key().public());
        let signatures = vec![
            place.sign(NetworkId::ZERO, &self.root).expect("its own key"),
            possession.sign(NetworkId::ZERO, &self.key()).expect("its own key"),
        ];
        DocumentBatch { objects: vec![DocumentObject::Certificate(self.certificate.clone())], signatures }
    }

    /// Founds an alliance without quotas: the charter, and everything the founder's store begins with.
    pub fn found(&self) -> (CharterObject, DocumentBatch) {
        let charter = Charter {
            rules: 1,
            epoch: 0,
            prev: CharterId([9; 32]),
            time: 1,
            name: BoundedText::new("Test alliance").expect("a short name"),
            purpose: BoundedText::default(),
            voters: BoundedVec::new(vec![Voter { org: self.id(), key: self.voting.public() }]).expect("one voter"),
            k: 1,
            members_len: 0,
            members_head: TreeHead::ZERO,
            sealed_len: 0,
            sealed_head: TreeHead::ZERO,
            params: Params { entries_per_day: 0, bytes_per_day: 0, attachment_bytes: 0 },
        };
        let row = MemberRow { org: self.id(), certificate: self.certificate.id() };
        let lists = Lists { members: BoundedVec::new(vec![row]).expect("one row"), sealed: BoundedVec::empty() };
        let charter = charter.into_object(&lists).expect("a charter within its rules");
        let mut batch = self.card();
        let sign = SignaturePlace::charter(charter.id(), self.voting.public(), 0);
        batch.objects.push(DocumentObject::Charter(charter.clone()));
        batch.signatures.push(sign.sign(NetworkId::ZERO, &self.voting).expect("its own key"));
        (charter, batch)
    }

    /// The charter after `before`, with the same one voter, who signs it, and these members. Who is new is seated by a
    /// motion that is not here.
    pub fn succeeds(&self, before: &CharterObject, members: &[&Self]) -> (CharterObject, DocumentBatch) {
        let mut rows: Vec<MemberRow> =
            members.iter().map(|org| MemberRow { org: org.id(), certificate: org.certificate.id() }).collect();
        rows.sort_unstable_by_key(|row| row.org);
        let new = rows.iter().filter(|row| before.lists.member(row.org).is_none());
        let admit =
            |row: &MemberRow| SealedRow { org: row.org, op: Operation::ADMIT, motion: MotionId(sha256(&[&row.org.0])) };
        let mut sealed: Vec<SealedRow> = new.map(admit).collect();
        sealed.sort_unstable_by_key(|row| (row.org, row.op, row.motion));
        let sealed = BoundedVec::new(sealed).expect("few rows");
        let lists = Lists { members: BoundedVec::new(rows).expect("few rows"), sealed };
        let charter =
            Charter { epoch: before.epoch + 1, prev: before.id(), time: before.time + 1, ..(***before).clone() };
        let charter = charter.into_object(&lists).expect("a charter within its rules");
        let sign = SignaturePlace::charter(charter.id(), self.voting.public(), 0);
        let signatures = vec![sign.sign(NetworkId::ZERO, &self.voting).expect("its own key")];
        (charter.clone(), DocumentBatch { objects: vec![DocumentObject::Charter(charter)], signatures })
    }

    /// A motion that this organisation's one vote passes.
    pub fn passed(&self, epoch: CharterId, op: Operation) -> DocumentBatch {
        let motion = Motion { epoch, proposer: self.id(), time: 1, reason: BoundedText::default(), op };
        let motion = motion.into_object().expect("a motion within its rules");
        let approval = SignaturePlace::approval(motion.id(), self.voting.public());
        let approval = approval.sign(NetworkId(epoch.0), &self.voting).expect("its own key");
        DocumentBatch { objects: vec![DocumentObject::Motion(motion)], signatures: vec![approval] }
    }

    /// The Admit of another organisation, with its card.
    pub fn admits(&self, epoch: CharterId, other: &Self) -> DocumentBatch {
        let mut batch = other.card();
        let op = Operation::Admit { org: other.id(), certificate: other.certificate.id() };
        let motion = self.passed(epoch, op);
        batch.objects.extend(motion.objects);
        batch.signatures.extend(motion.signatures);
        batch
    }
}
