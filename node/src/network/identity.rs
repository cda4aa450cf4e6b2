//! Node keys and libp2p's peer ids: two spellings of one Ed25519 key.

use libp2p::PeerId;
use libp2p::identity::{self, Keypair, ed25519};
use lyceum_protocol::key::{KeyFault, PublicKey, SecretKey};

/// Why a peer id names no node key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotANodeKey {
    /// Another kind of key, or a hash of one.
    #[error("the peer's key is not an Ed25519 key")]
    NotEd25519,
    /// An Ed25519 key that does not count.
    #[error("the peer's key does not count: {0}")]
    Key(#[from] KeyFault),
}

/// The peer id of a node key, `12D3KooW…` in text.
pub fn peer_id_of(key: &PublicKey) -> PeerId {
    #[expect(clippy::expect_used, reason = "an admitted key is a point, which is all that libp2p asks of it")]
    let key = ed25519::PublicKey::try_from_bytes(key.as_bytes()).expect("an admitted key is a point");
    identity::PublicKey::from(key).to_peer_id()
}

/// The node key that a peer id names.
///
/// # Errors
/// [`NotANodeKey`].
pub fn key_of(peer: &PeerId) -> Result<PublicKey, NotANodeKey> {
    // Code 0 is the identity hash: the digest is the encoded key itself.
    let hash = peer.as_ref();
    if hash.code() != 0 {
        return Err(NotANodeKey::NotEd25519);
    }
    let key = identity::PublicKey::try_decode_protobuf(hash.digest()).map_err(|_| NotANodeKey::NotEd25519)?;
    let key = key.try_into_ed25519().map_err(|_| NotANodeKey::NotEd25519)?;
    Ok(PublicKey::admit(&key.to_bytes())?)
}

/// The transport identity of a node key.
pub(super) fn keypair_of(secret: &SecretKey) -> Option<Keypair> {
    let mut seed = secret.to_seed();
    Keypair::ed25519_from_bytes(&mut seed[..]).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_key_and_its_peer_id_name_each_other() {
        let secret = SecretKey::from_seed(&[7; 32]);
        let peer = peer_id_of(&secret.public());
        assert!(peer.to_string().starts_with("12D3KooW"));
        assert_eq!(key_of(&peer), Ok(secret.public()));
        assert_eq!(keypair_of(&secret).unwrap().public().to_peer_id(), peer);
    }

    #[test]
    fn a_key_with_torsion_is_no_node_key() {
        // The point of order two, y = -1, in canonical encoding.
        let mut weak = [0xff; 32];
        weak[0] = 0xec;
        weak[31] = 0x7f;
        let key = ed25519::PublicKey::try_from_bytes(&weak).unwrap();
        let peer = identity::PublicKey::from(key).to_peer_id();
        assert_eq!(key_of(&peer), Err(NotANodeKey::Key(KeyFault::Torsion)));
    }

    #[test]
    fn a_peer_id_that_is_a_hash_is_no_node_key() {
        let hash = libp2p::multihash::Multihash::wrap(0x12, &[1; 32]).unwrap();
        let peer = PeerId::from_multihash(hash).unwrap();
        assert_eq!(key_of(&peer), Err(NotANodeKey::NotEd25519));
    }
}
