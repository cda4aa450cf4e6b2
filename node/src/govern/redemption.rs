//! Taking the seat that an invitation gives.

use lyceum_protocol::document::signature::{SignaturePlace, VerifiedSignature};
use lyceum_protocol::hash::{NetworkId, OrgId};
use lyceum_protocol::key::SecretKey;

use super::GovernFault;

/// Gives the seat of an invite key to an organisation.
///
/// # Errors
/// [`GovernFault`].
pub fn redeem(network: NetworkId, org: OrgId, invited: &SecretKey) -> Result<VerifiedSignature, GovernFault> {
    Ok(SignaturePlace::redemption(org, invited.public()).sign(network, invited)?)
}

#[cfg(test)]
mod tests {
    use lyceum_protocol::document::charter::Params;
    use lyceum_protocol::documents::{DocumentBatch, DocumentObject};
    use lyceum_protocol::governance::Seat;
    use lyceum_protocol::hash::{CertificateId, CharterId};
    use lyceum_protocol::key::SecretKey;
    use lyceum_protocol::state::State;

    use super::*;
    use crate::govern::charter::{Alliance, charter_zero};
    use crate::govern::motion::{self, Admission};
    use crate::govern::organisation::{Founding, FoundingKeys, SignedCertificate, certificate_zero};

    struct Organisation {
        signed: SignedCertificate,
        voting: SecretKey,
    }

    impl Organisation {
        fn new(seed: u8) -> Self {
            let key = |role: u8| SecretKey::from_seed(&[seed.wrapping_add(role); 32]);
            let founding = Founding { name: "Example Lab", domain: "", time: 1, encryption: [9; 32] };
            let keys = FoundingKeys { root: &key(0), voting: &key(1), node: &key(2) };
            Self { signed: certificate_zero(founding, keys).unwrap(), voting: key(1) }
        }

        fn id(&self) -> OrgId {
            self.signed.certificate.id().into()
        }

        fn certificate(&self) -> CertificateId {
            self.signed.certificate.id()
        }
    }

    fn founded(founder: &Organisation) -> State {
        let alliance = Alliance { name: "Alliance", purpose: "", time: 2, random: [3; 32], params: Params::default() };
        let (charter, signature) =
            charter_zero(alliance, founder.id(), founder.certificate(), &founder.voting).unwrap();
        let network = NetworkId::from(charter.id());
        let mut state = State::new(network, CharterId::from(network), Some(founder.id()));
        let charter = DocumentBatch { objects: vec![DocumentObject::Charter(charter)], signatures: vec![signature] };
        let mut batch = founder.signed.clone().into_batch();
        batch.objects.extend(charter.objects);
        batch.signatures.extend(charter.signatures);
        state.add_documents(batch);
        state
    }

    fn seat(state: &State, org: &Organisation) -> Option<Seat> {
        state.governance().organisation(org.id()).map(|organisation| organisation.seat)
    }

    #[test]
    fn a_founder_sits_firmly_in_its_own_alliance() {
        let founder = Organisation::new(10);
        let state = founded(&founder);
        assert_eq!(seat(&state, &founder), Some(Seat::Firm));
        assert!(state.governance().organisation(founder.id()).unwrap().effective().is_some());
    }

    #[test]
    fn an_organisation_is_admitted_by_its_card() {
        let (founder, other) = (Organisation::new(10), Organisation::new(20));
        let mut state = founded(&founder);
        let named = (other.id(), other.certificate());
        let admission = motion::admit(&state, founder.id(), &founder.voting, named, 3).unwrap();
        let Admission::Proposed(proposal) = admission else { panic!("not seated yet") };
        assert_eq!(proposal.missing, 0);
        state.add_documents(proposal.batch);
        state.add_documents(other.signed.clone().into_batch());
        assert_eq!(seat(&state, &other), Some(Seat::Firm));
        let again = motion::admit(&state, founder.id(), &founder.voting, named, 4).unwrap();
        assert!(matches!(again, Admission::Seated));
    }

    #[test]
    fn an_invitation_seats_a_newcomer_without_a_second_vote() {
        let (founder, newcomer) = (Organisation::new(10), Organisation::new(20));
        let mut state = founded(&founder);
        let invited = SecretKey::from_seed(&[99; 32]);
        let proposal = motion::invite(&state, founder.id(), &founder.voting, invited.public(), 3).unwrap();
        assert_eq!(proposal.missing, 0);
        state.add_documents(proposal.batch);
        let mut arrival = newcomer.signed.clone().into_batch();
        arrival.signatures.push(redeem(state.network(), newcomer.id(), &invited).unwrap());
        state.add_documents(arrival);
        assert_eq!(seat(&state, &newcomer), Some(Seat::Provisional));
    }

    #[test]
    fn only_a_voter_proposes_and_only_with_its_key() {
        let (founder, other) = (Organisation::new(10), Organisation::new(20));
        let state = founded(&founder);
        let named = (other.id(), other.certificate());
        let stranger = motion::admit(&state, other.id(), &other.voting, named, 3).unwrap_err();
        assert!(matches!(stranger, GovernFault::NoVoter));
        let wrong_key = motion::admit(&state, founder.id(), &other.voting, named, 3).unwrap_err();
        assert!(matches!(wrong_key, GovernFault::OtherVotingKey));
    }
}
