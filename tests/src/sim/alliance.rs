//! The organisations of a simulated alliance: their keys, certificates, and the documents that their tools make.

use lyceum_protocol::bounded::{BoundedText, BoundedVec};
use lyceum_protocol::document::certificate::{Certificate, CertificateObject, ListedKey, Pin, Roles};
use lyceum_protocol::document::charter::{Charter, CharterObject, Lists, MemberRow, Params, RULES, Voter};
use lyceum_protocol::document::motion::{Motion, Operation};
use lyceum_protocol::document::signature::{SignaturePlace, VerifiedSignature};
use lyceum_protocol::documents::{DocumentBatch, DocumentObject};
use lyceum_protocol::hash::{CertificateId, CharterId, NetworkId, OrgId, TreeHead};
use lyceum_protocol::key::{PublicKey, SecretKey};

use crate::random::Random;

fn text<const N: usize>(text: &str) -> BoundedText<N> {
    BoundedText::new(text).expect("short enough")
}

/// An organisation with one node and all its secrets.
#[derive(Debug)]
pub struct Organisation {
    /// Its id.
    pub org: OrgId,
    /// Its certificate number 0.
    pub certificate: CertificateObject,
    /// The key of its node.
    pub node: SecretKey,
    root: SecretKey,
    voting: SecretKey,
}

impl Organisation {
    /// Makes the keys and certificate number 0.
    pub fn new(random: &mut Random) -> Self {
        let mut key = || SecretKey::from_seed(&random.bytes());
        let (root, voting, node) = (key(), key(), key());
        let roles = Roles(Roles::NODE | Roles::ADMIN);
        let certificate = Certificate {
            number: 0,
            prev: CertificateId::ZERO,
            time: 0,
            name: text("organisation"),
            domain: text(""),
            contact: text(""),
            root_keys: BoundedVec::new(vec![root.public()]).expect("one"),
            root_k: 1,
            keys: BoundedVec::new(vec![ListedKey { key: node.public(), roles, label: text("node") }]).expect("one"),
            voting_key: voting.public(),
            enc_keys: BoundedVec::empty(),
            closed: BoundedVec::empty(),
        }
        .into_object()
        .expect("a certificate by the rules");
        Self { org: certificate.id().into(), certificate, node, root, voting }
    }

    /// The public half of its node key.
    pub fn key(&self) -> PublicKey {
        self.node.public()
    }

    /// Its card: certificate 0 with the signatures that make it count.
    pub fn card(&self) -> DocumentBatch {
        let root = SignaturePlace::certificate(self.certificate.id(), self.root.public());
        let node = SignaturePlace::possession(self.org, self.key());
        DocumentBatch {
            objects: vec![DocumentObject::Certificate(self.certificate.clone())],
            signatures: vec![sign(root, NetworkId::ZERO, &self.root), sign(node, NetworkId::ZERO, &self.node)],
        }
    }

    /// The next version of its certificate: the same keys, these logs pinned.
    pub fn pin(&self, pins: Vec<Pin>) -> DocumentBatch {
        let before: &Certificate = &self.certificate;
        let version = Certificate {
            number: 1,
            prev: self.certificate.id(),
            closed: BoundedVec::new(pins).expect("few"),
            ..before.clone()
        }
        .into_object()
        .expect("a certificate by the rules");
        let place = SignaturePlace::certificate(version.id(), self.root.public());
        DocumentBatch {
            signatures: vec![sign(place, NetworkId::ZERO, &self.root)],
            objects: vec![DocumentObject::Certificate(version)],
        }
    }
}

fn sign(place: SignaturePlace, network: NetworkId, secret: &SecretKey) -> VerifiedSignature {
    place.sign(network, secret).expect("its own key")
}

/// An alliance with a single voter, its founder.
#[derive(Debug)]
pub struct Alliance {
    /// Its id.
    pub network: NetworkId,
    charter: CharterObject,
    motions: u64,
}

impl Alliance {
    /// Founds an alliance of one, in which each organisation may publish so many entries a day.
    pub fn found(random: &mut Random, founder: &Organisation, entries_per_day: u32) -> Self {
        let row = MemberRow { org: founder.org, certificate: founder.certificate.id() };
        let lists = Lists { members: BoundedVec::new(vec![row]).expect("one"), sealed: BoundedVec::empty() };
        let voter = Voter { org: founder.org, key: founder.voting.public() };
        let charter = Charter {
            rules: RULES,
            epoch: 0,
            prev: CharterId(random.bytes()),
            time: 0,
            name: text("alliance"),
            purpose: text(""),
            voters: BoundedVec::new(vec![voter]).expect("one"),
            k: 1,
            members_len: 0,
            members_head: TreeHead::ZERO,
            sealed_len: 0,
            sealed_head: TreeHead::ZERO,
            params: Params { entries_per_day, ..Params::default() },
        }
        .into_object(&lists)
        .expect("a charter by the rules");
        Self { network: charter.id().into(), charter, motions: 0 }
    }

    /// The founding documents: charter 0 and the founder's card.
    pub fn founding(&self, founder: &Organisation) -> DocumentBatch {
        let mut batch = founder.card();
        batch.objects.push(DocumentObject::Charter(self.charter.clone()));
        batch
    }

    fn motion(&mut self, founder: &Organisation, op: Operation) -> DocumentBatch {
        self.motions += 1;
        let motion = Motion {
            epoch: self.charter.id(),
            proposer: founder.org,
            // Two motions are two even if they say the same.
            time: self.motions,
            reason: text(""),
            op,
        }
        .into_object()
        .expect("a motion by the rules");
        let place = SignaturePlace::approval(motion.id(), founder.voting.public());
        DocumentBatch {
            signatures: vec![sign(place, self.network, &founder.voting)],
            objects: vec![DocumentObject::Motion(motion)],
        }
    }

    /// Admits an organisation by its card.
    pub fn admit(&mut self, founder: &Organisation, newcomer: &Organisation) -> DocumentBatch {
        let op = Operation::Admit { org: newcomer.org, certificate: newcomer.certificate.id() };
        let mut batch = self.motion(founder, op);
        let card = newcomer.card();
        batch.objects.extend(card.objects);
        batch.signatures.extend(card.signatures);
        batch
    }

    /// Invites whoever holds the secret.
    pub fn invite(&mut self, founder: &Organisation, secret: &SecretKey) -> DocumentBatch {
        self.motion(founder, Operation::Invite { key: secret.public() })
    }

    /// What a newcomer makes of an invitation: its card with the redemption.
    pub fn redeem(&self, secret: &SecretKey, newcomer: &Organisation) -> DocumentBatch {
        let mut batch = newcomer.card();
        let place = SignaturePlace::redemption(newcomer.org, secret.public());
        batch.signatures.push(sign(place, self.network, secret));
        batch
    }

    /// Removes an organisation, its logs good up to these pins.
    pub fn remove(&mut self, founder: &Organisation, gone: &Organisation, mut pins: Vec<Pin>) -> DocumentBatch {
        pins.sort();
        let op = Operation::Remove {
            org: gone.org,
            certificate: gone.certificate.id(),
            pins: BoundedVec::new(pins).expect("few"),
        };
        self.motion(founder, op)
    }
}
