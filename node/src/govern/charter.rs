//! Founding an alliance: charter 0.

use lyceum_protocol::bounded::BoundedVec;
use lyceum_protocol::document::DocumentFault;
use lyceum_protocol::document::charter::{Charter, CharterObject, Lists, MemberRow, Params, RULES, Voter};
use lyceum_protocol::document::signature::{SignaturePlace, VerifiedSignature};
use lyceum_protocol::hash::{CertificateId, CharterId, NetworkId, OrgId, TreeHead};
use lyceum_protocol::key::SecretKey;

use super::{GovernFault, bounded};

/// What an alliance says of itself when it is founded.
#[derive(Debug, Clone, Copy)]
pub struct Alliance<'a> {
    /// Its name.
    pub name: &'a str,
    /// What it is for, or empty.
    pub purpose: &'a str,
    /// A claim for people, Unix milliseconds.
    pub time: u64,
    /// Random bytes, so that founding twice makes two networks.
    pub random: [u8; 32],
    /// Quotas.
    pub params: Params,
}

/// Makes charter 0, with the founder as its only voter and member, and signs it.
///
/// # Errors
/// [`GovernFault`].
pub fn charter_zero(
    alliance: Alliance<'_>,
    founder: OrgId,
    certificate: CertificateId,
    voting: &SecretKey,
) -> Result<(CharterObject, VerifiedSignature), GovernFault> {
    let one = |_| DocumentFault::Rule("one is within every bound");
    let members = BoundedVec::new(vec![MemberRow { org: founder, certificate }]).map_err(one)?;
    let charter = Charter {
        rules: RULES,
        epoch: 0,
        prev: CharterId(alliance.random),
        time: alliance.time,
        name: bounded("name of the alliance", alliance.name)?,
        purpose: bounded("purpose", alliance.purpose)?,
        voters: BoundedVec::new(vec![Voter { org: founder, key: voting.public() }]).map_err(one)?,
        k: 1,
        // Filled in with those of the lists.
        members_len: 0,
        members_head: TreeHead::ZERO,
        sealed_len: 0,
        sealed_head: TreeHead::ZERO,
        params: alliance.params,
    }
    .into_object(&Lists { members, sealed: BoundedVec::empty() })?;
    let place = SignaturePlace::charter(charter.id(), voting.public(), 0);
    let signature = place.sign(NetworkId::from(charter.id()), voting)?;
    Ok((charter, signature))
}
