//! Checking a bundle: the entry, its log, its organisation, its seat, in this order, so that a fault names its part.

use super::seat::{self, Standing};
use super::{Proof, ProofFault, RestsOn, Trust};
use crate::bundle::card::{check_chain, gather};
use crate::bundle::{Bundle, MemberProof, Part, PartType, SignedHeader, TreePath};
use crate::document::certificate::CertificateObject;
use crate::document::charter::CharterHead;
use crate::document::motion::MotionObject;
use crate::document::signature::VerifiedSignature;
use crate::documents::Documents;
use crate::entry::{Header, Payload, check_payload};
use crate::hash::{CertificateId, EntryId, LogId, NetworkId, OrgId, sha256};
use crate::history::{leaf_hash, verify_inclusion};
use crate::key::{Domain, PublicKey};

pub(super) fn fault<T>(part: PartType, reason: impl Into<String>) -> Result<T, ProofFault> {
    Err(ProofFault::Part { part, reason: reason.into() })
}

/// The parts of a bundle, sorted by what they are. Every signature object in it holds.
pub(super) struct Parts<'a> {
    network: NetworkId,
    entry: Option<&'a SignedHeader>,
    payload: Option<&'a [u8]>,
    opening: Option<&'a SignedHeader>,
    history: Option<&'a TreePath>,
    pub(super) certificates: Vec<CertificateObject>,
    pub(super) charters: Vec<CharterHead>,
    pub(super) member: Option<&'a MemberProof>,
    pub(super) motion: Option<&'a MotionObject>,
    pub(super) signatures: Vec<VerifiedSignature>,
}

impl<'a> Parts<'a> {
    fn of(bundle: &'a Bundle) -> Result<Self, ProofFault> {
        let mut parts = Self {
            network: bundle.network(),
            entry: None,
            payload: None,
            opening: None,
            history: None,
            certificates: Vec::new(),
            charters: Vec::new(),
            member: None,
            motion: None,
            signatures: Vec::new(),
        };
        for part in bundle.parts() {
            match part {
                Part::Entry(header) => parts.entry = Some(header),
                Part::Payload(bytes) => parts.payload = Some(bytes),
                Part::Opening(header) => parts.opening = Some(header),
                Part::History(path) => parts.history = Some(path),
                Part::Certificate(object) => parts.certificates.push(object.clone()),
                Part::Charter(object) => parts.charters.push(object.clone()),
                Part::Member(proof) => parts.member = Some(proof),
                Part::Motion(object) => parts.motion = Some(object),
                Part::Signature(signature) => match signature.verify(bundle.network()) {
                    Ok(verified) => parts.signatures.push(verified),
                    Err(reason) => return fault(PartType::Signature, reason.to_string()),
                },
            }
        }
        Ok(parts)
    }
}

/// A header whose signature holds.
struct Signed {
    id: EntryId,
    header: Header,
    key: PublicKey,
}

impl Signed {
    fn check(part: PartType, signed: &SignedHeader, network: NetworkId) -> Result<Self, ProofFault> {
        let header = match Header::read(&signed.header) {
            Ok(header) => header,
            Err(reason) => return fault(part, format!("header: {reason}")),
        };
        let key = match PublicKey::admit(&header.key) {
            Ok(key) => key,
            Err(reason) => return fault(part, format!("header: {reason}")),
        };
        let hash = sha256(&[&signed.header]);
        if !key.verifies(Domain::Entry, network, &hash, &signed.signature) {
            return fault(part, "the signature does not hold over this header for this alliance");
        }
        Ok(Self { id: EntryId::of(network, &hash, &signed.signature.0), header, key })
    }
}

/// Checks a bundle.
///
/// # Errors
/// [`ProofFault`], naming the part. A part that is missing gives a weaker word, not a fault, unless the entry or its
/// organisation cannot be shown without it.
pub fn check(bundle: &Bundle, trust: Option<&Trust>) -> Result<Proof, ProofFault> {
    let parts = Parts::of(bundle)?;
    let Some(signed) = parts.entry else {
        return fault(PartType::Entry, "missing: this bundle is not the proof of an entry");
    };
    let entry = Signed::check(PartType::Entry, signed, parts.network)?;
    check_body(&entry.header, parts.payload)?;
    let opened_under = opened_under(&entry, &parts)?;
    let log = LogId::of(&entry.header.key, entry.header.incarnation, opened_under);
    let documents = gather(&parts.certificates, &parts.signatures);
    let org = check_author(&entry, opened_under, &parts, &documents)?;
    check_pins(&entry, log, &parts.certificates)?;
    let standing = seat::stand(org, parts.network, &parts)?;
    seat::no_stray_signature(org, &parts)?;
    let standing = weaken_for_dropped_key(standing, &entry, log, &parts.certificates);
    let (rests_on, reason) = weigh(&standing, parts.network, trust)?;
    let seated = rests_on > RestsOn::Signed;
    let charter = parts.charters.last().filter(|_| seated);
    Ok(Proof {
        rests_on,
        reason,
        alliance: parts.network,
        id: entry.id,
        log,
        org,
        org_name: parts.certificates.last().map(|tip| tip.name.as_str().to_owned()).unwrap_or_default(),
        header: entry.header,
        payload: parts.payload.map(<[u8]>::to_vec),
        epoch: charter.map(|charter| charter.epoch),
        as_of: charter.map(|charter| charter.time),
    })
}

fn check_body(header: &Header, payload: Option<&[u8]>) -> Result<(), ProofFault> {
    let payload = payload.map_or(Payload::NotHeld, |bytes| Payload::Present(bytes.into()));
    check_payload(header, &payload).or_else(|reason| fault(PartType::Payload, reason.to_string()))
}

/// The certificate version that entry 0 of the log names, where the entry's own signature vouches for entry 0.
fn opened_under(entry: &Signed, parts: &Parts<'_>) -> Result<CertificateId, ProofFault> {
    if entry.header.seq == 0 {
        return match (parts.opening, parts.history) {
            (None, None) => Ok(CertificateId(entry.header.history.0)),
            (Some(_), _) => fault(PartType::Opening, "not needed: the entry is the first of its log"),
            (None, Some(_)) => fault(PartType::History, "not needed: the entry is the first of its log"),
        };
    }
    let Some(opening) = parts.opening else { return fault(PartType::Opening, "missing") };
    let Some(path) = parts.history else { return fault(PartType::History, "missing") };
    let opening = Signed::check(PartType::Opening, opening, parts.network)?;
    let header = &opening.header;
    if header.seq != 0 || header.key != entry.header.key || header.incarnation != entry.header.incarnation {
        return fault(PartType::Opening, "it opens another log");
    }
    let leaf = leaf_hash(opening.id.as_bytes());
    if !verify_inclusion(&leaf, 0, entry.header.seq, path.hashes(), &entry.header.history) {
        return fault(PartType::History, "it does not lead from the first entry to the history that was signed");
    }
    Ok(CertificateId(header.history.0))
}

/// The organisation whose certificate opened the log.
fn check_author(
    entry: &Signed,
    opened_under: CertificateId,
    parts: &Parts<'_>,
    documents: &Documents,
) -> Result<OrgId, ProofFault> {
    let chain = &parts.certificates;
    check_chain(chain, documents).or_else(|reason| fault(PartType::Certificate, reason))?;
    let Some(opening) = chain.iter().find(|version| version.id() == opened_under) else {
        return fault(PartType::Certificate, "none in the file is the version that the first entry of the log names");
    };
    if !opening.listed(entry.key.as_bytes()).is_some_and(|listed| listed.roles.may_write()) {
        let reason = format!("number {} does not list the node key as one that writes", opening.number);
        return fault(PartType::Certificate, reason);
    }
    // `check_chain` saw a number 0.
    let org = chain.first().map_or(OrgId::ZERO, |zero| zero.id().into());
    if !documents.is_possessed(org, &entry.key) {
        return fault(PartType::Signature, "missing: that the owner of the node key agreed to be listed");
    }
    Ok(org)
}

/// The first pin of the log on the chain holds.
fn check_pins(entry: &Signed, log: LogId, chain: &[CertificateObject]) -> Result<(), ProofFault> {
    let pinned = chain.iter().find_map(|version| Some((version.number, version.pin(log)?)));
    let Some((number, pin)) = pinned else { return Ok(()) };
    let length = entry.header.seq.saturating_add(1);
    if pin.len < length || (pin.len == length && pin.head != entry.id) {
        return fault(PartType::Certificate, format!("number {number} of its organisation disowns the entry"));
    }
    Ok(())
}

/// A key that a later version in the file dropped without a pin leaves its log unsettled.
fn weaken_for_dropped_key(standing: Standing, entry: &Signed, log: LogId, chain: &[CertificateObject]) -> Standing {
    let dropped = chain.last().filter(|tip| tip.listed(entry.key.as_bytes()).is_none());
    let pinned = chain.iter().any(|version| version.pin(log).is_some());
    match dropped {
        Some(tip) if !pinned => {
            Standing::None(format!("certificate number {} dropped the node key without a pin", tip.number))
        }
        Some(_) | None => standing,
    }
}

/// The strongest word for a seat, given what the reader knows.
fn weigh(standing: &Standing, found: NetworkId, trust: Option<&Trust>) -> Result<(RestsOn, String), ProofFault> {
    if let Some(trust) = trust
        && trust.alliance != found
    {
        return Err(ProofFault::OtherAlliance { found, named: trust.alliance });
    }
    let (seat, from_zero, charter, epoch) = match standing {
        Standing::None(why) => return Ok((RestsOn::Signed, format!("signed by its organisation; {why}"))),
        Standing::Seated { seat, from_zero, charter, epoch } => (seat, *from_zero, charter, epoch),
    };
    let as_of = format!("{seat} as of epoch {epoch}; later retractions are not visible here");
    let adopted = trust.is_some_and(|trust| trust.charters.contains(charter));
    Ok(match trust {
        Some(_) if from_zero || adopted => (RestsOn::Trusted, as_of),
        Some(_) => (
            RestsOn::Member,
            format!("{as_of}; the chain from charter 0 to this charter is not shown whole in the file"),
        ),
        None if from_zero => {
            (RestsOn::Member, format!("{as_of}; whether alliance {found} is the right one is for you to say"))
        }
        None => (RestsOn::Member, format!("{as_of}; that the charter is one of alliance {found} is its voters' word")),
    })
}
