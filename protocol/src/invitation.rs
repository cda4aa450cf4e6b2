//! An invitation: what a newcomer needs to find an alliance and, with a secret, to take a seat in it (PROTOCOL 1.7).
//!
//! As text it is one line: `lyceum1`, then lower-case base32 (RFC 4648, no padding) of the canonical bytes and a
//! checksum of four bytes. White space that mail programs add and capital letters are forgiven.

use std::fmt;

use bincode::{Decode, Encode};
use data_encoding::BASE32_NOPAD;
use zeroize::Zeroizing;

use crate::bounded::{BoundedText, BoundedVec};
use crate::codec::{self, CodecError};
use crate::hash::{CharterId, NetworkId, sha256};
use crate::key::SecretKey;
use crate::limits;

/// What every invitation begins with.
pub const PREFIX: &str = "lyceum1";
/// Length of the checksum, in bytes.
const CHECKSUM_LEN: usize = 4;
/// Longest canonical bytes: two ids, the addresses with their lengths, the secret.
const BYTES_MAX: usize = 64 + 8 + limits::ADDRESSES_MAX * (8 + limits::ADDRESS_MAX) + 33;
/// Longest text that is looked at, forgiven white space included.
const TEXT_MAX: usize = 16 * 1024;

/// Why a text is not an invitation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvitationFault {
    /// It begins with something else.
    #[error("an invitation begins with {PREFIX}")]
    Prefix,
    /// Far longer than any invitation.
    #[error("too long for an invitation")]
    TooLong,
    /// A letter that no invitation has.
    #[error("{0:?} does not occur in an invitation: a typo?")]
    Letter(char),
    /// The end is missing.
    #[error("the end of the invitation is missing: copy the whole line")]
    CutOff,
    /// The checksum is not that of the rest.
    #[error("the invitation has a typo: its checksum does not match")]
    Checksum,
    /// Typed without a slip, and still not an invitation that this version reads.
    #[error("the invitation is not one that this version reads: {0}")]
    Codec(#[from] CodecError),
    /// An address that is not a multiaddr with a peer id.
    #[error("{0:?} is not an address with a peer id, such as /dns4/node.example.org/tcp/4001/p2p/12D3Koo…")]
    Address(String),
    /// More addresses than fit, or a longer one.
    #[error("at most 8 addresses of 256 bytes fit an invitation")]
    TooManyAddresses,
}

/// The secret half of an invite key. Zeroed when dropped, never shown but in the invitation's text.
#[derive(Clone, PartialEq, Eq)]
pub struct InviteSecret(Zeroizing<[u8; 32]>);

impl InviteSecret {
    /// Takes the seed of an invite key.
    pub const fn from_seed(seed: Zeroizing<[u8; 32]>) -> Self {
        Self(seed)
    }

    /// The key that redeems.
    pub fn key(&self) -> SecretKey {
        SecretKey::from_seed(&self.0)
    }
}

impl fmt::Debug for InviteSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InviteSecret(..)")
    }
}

impl Encode for InviteSecret {
    fn encode<E: bincode::enc::Encoder>(&self, encoder: &mut E) -> Result<(), bincode::error::EncodeError> {
        self.0.encode(encoder)
    }
}

impl<Context> Decode<Context> for InviteSecret {
    fn decode<D: bincode::de::Decoder<Context = Context>>(
        decoder: &mut D,
    ) -> Result<Self, bincode::error::DecodeError> {
        Ok(Self(Zeroizing::new(<[u8; 32]>::decode(decoder)?)))
    }
}

impl<'de, Context> bincode::BorrowDecode<'de, Context> for InviteSecret {
    fn borrow_decode<D: bincode::de::BorrowDecoder<'de, Context = Context>>(
        decoder: &mut D,
    ) -> Result<Self, bincode::error::DecodeError> {
        Self::decode(decoder)
    }
}

/// An invitation. Fields in the order of their bytes.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Invitation {
    network: NetworkId,
    checkpoint: CharterId,
    addresses: BoundedVec<BoundedText<{ limits::ADDRESS_MAX }>, { limits::ADDRESSES_MAX }>,
    secret: Option<InviteSecret>,
}

impl Invitation {
    /// Puts an invitation together. Without a secret it is for an organisation that has its seat already.
    ///
    /// # Errors
    /// [`InvitationFault`] for more than 8 addresses, or one that is no multiaddr with a peer id of at most 256 bytes.
    pub fn new(
        network: NetworkId,
        checkpoint: CharterId,
        addresses: Vec<String>,
        secret: Option<InviteSecret>,
    ) -> Result<Self, InvitationFault> {
        let bounded = addresses.into_iter().map(BoundedText::new).collect::<Result<Vec<_>, _>>();
        let addresses = bounded.and_then(BoundedVec::new).map_err(|_| InvitationFault::TooManyAddresses)?;
        let invitation = Self { network, checkpoint, addresses, secret };
        invitation.check()?;
        Ok(invitation)
    }

    fn check(&self) -> Result<(), InvitationFault> {
        match self.addresses.iter().find(|address| !is_address(address)) {
            Some(address) => Err(InvitationFault::Address(address.as_str().to_owned())),
            None => Ok(()),
        }
    }

    /// The alliance.
    pub const fn network(&self) -> NetworkId {
        self.network
    }

    /// The charter that the newcomer trusts to begin with.
    pub const fn checkpoint(&self) -> CharterId {
        self.checkpoint
    }

    /// Where to dial: multiaddrs that end in the peer id.
    pub fn addresses(&self) -> impl Iterator<Item = &str> {
        self.addresses.iter().map(BoundedText::as_str)
    }

    /// What takes a seat, if the invitation gives one.
    pub const fn secret(&self) -> Option<&InviteSecret> {
        self.secret.as_ref()
    }

    /// The text: one line, without a line end.
    pub fn to_text(&self) -> Zeroizing<String> {
        let mut bytes = Zeroizing::new(codec::encode(self));
        let sum = checksum(&bytes);
        bytes.extend_from_slice(&sum);
        let digits = Zeroizing::new(BASE32_NOPAD.encode(&bytes));
        Zeroizing::new(format!("{PREFIX}{}", Zeroizing::new(digits.to_ascii_lowercase()).as_str()))
    }

    /// Reads the text.
    ///
    /// # Errors
    /// [`InvitationFault`].
    pub fn from_text(text: &str) -> Result<Self, InvitationFault> {
        if text.len() > TEXT_MAX {
            return Err(InvitationFault::TooLong);
        }
        let mut line = Zeroizing::new(String::with_capacity(text.len()));
        line.extend(text.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_uppercase()));
        let prefix = PREFIX.to_ascii_uppercase();
        let Some(digits) = line.strip_prefix(&prefix) else {
            return Err(if prefix.starts_with(line.as_str()) && !line.is_empty() {
                InvitationFault::CutOff
            } else {
                InvitationFault::Prefix
            });
        };
        if let Some(stray) = digits.chars().find(|c| !matches!(c, 'A'..='Z' | '2'..='7')) {
            return Err(InvitationFault::Letter(stray));
        }
        let bytes = Zeroizing::new(digits_to_bytes(digits));
        let Some((body, sum)) = bytes.split_last_chunk::<CHECKSUM_LEN>() else { return Err(InvitationFault::CutOff) };
        // Only the one encoding of these bytes is right: loose bits at the end are a typo too.
        if *sum != checksum(body) || BASE32_NOPAD.encode(&bytes) != digits {
            let cut = announced_len(&bytes).is_none_or(|len| bytes.len() < len.saturating_add(CHECKSUM_LEN));
            return Err(if cut { InvitationFault::CutOff } else { InvitationFault::Checksum });
        }
        let invitation: Self = codec::decode(body, BYTES_MAX)?;
        invitation.check()?;
        Ok(invitation)
    }
}

/// Whole bytes of base32 digits, whatever bits are left over: a text that was cut off ends anywhere.
fn digits_to_bytes(digits: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(digits.len());
    let (mut held, mut bits) = (0_u16, 0_u8);
    for digit in digits.bytes() {
        let value = match digit {
            b'A'..=b'Z' => digit.wrapping_sub(b'A'),
            other => other.wrapping_sub(b'2').wrapping_add(26),
        };
        held = (held << 5) | u16::from(value & 31);
        bits = bits.wrapping_add(5);
        if bits >= 8 {
            bits = bits.wrapping_sub(8);
            bytes.push(u8::try_from((held >> bits) & 0xff).unwrap_or_default());
        }
    }
    bytes
}

/// How long the body says that it is; none where that part itself is missing or makes no sense.
fn announced_len(bytes: &[u8]) -> Option<usize> {
    let number = |at: usize| {
        let end = at.checked_add(8)?;
        let number = u64::from_le_bytes(bytes.get(at..end)?.try_into().ok()?);
        Some((usize::try_from(number).ok()?, end))
    };
    let (addresses, mut at) = number(64)?;
    // A count that cannot be is a typo in the count, not a missing end.
    for _ in 0..addresses.min(limits::ADDRESSES_MAX) {
        let (len, end) = number(at)?;
        at = end.checked_add(len.min(limits::ADDRESS_MAX))?;
    }
    let secret = if *bytes.get(at)? == 1 { 32 } else { 0 };
    at.checked_add(1)?.checked_add(secret)
}

fn checksum(bytes: &[u8]) -> [u8; CHECKSUM_LEN] {
    let [a, b, c, d, ..] = sha256(&[b"lyceum/1/invitation\0", bytes]);
    [a, b, c, d]
}

/// The shape of a multiaddr with a peer id: what can be said without knowing its protocols.
fn is_address(text: &str) -> bool {
    let peer = text.split("/p2p/").nth(1).and_then(|rest| rest.split('/').next());
    text.starts_with('/') && text.bytes().all(|b| b.is_ascii_graphic()) && peer.is_some_and(|peer| !peer.is_empty())
}

#[cfg(test)]
mod vectors;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ADDRESS: &str = "/ip4/192.0.2.7/tcp/4001/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN";

    fn secret() -> InviteSecret {
        InviteSecret::from_seed(Zeroizing::new([7; 32]))
    }

    fn invitation() -> Invitation {
        let addresses = vec![ADDRESS.to_owned()];
        Invitation::new(NetworkId([1; 32]), CharterId([2; 32]), addresses, Some(secret())).unwrap()
    }

    #[test]
    fn the_text_is_one_line_that_is_read_back() {
        let text = invitation().to_text();
        assert!(text.starts_with(PREFIX) && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()));
        assert_eq!(Invitation::from_text(&text).unwrap(), invitation());
        let bare = Invitation::new(NetworkId([1; 32]), CharterId([2; 32]), Vec::new(), None).unwrap();
        assert_eq!(Invitation::from_text(&bare.to_text()).unwrap(), bare);
    }

    /// F1: white space and capitals.
    #[test]
    fn line_breaks_and_capitals_are_forgiven() {
        let text = invitation().to_text();
        let (a, b) = text.split_at(50);
        assert_eq!(Invitation::from_text(&format!("  {a}\r\n\t{b}\n")).unwrap(), invitation());
        assert_eq!(Invitation::from_text(&text.to_ascii_uppercase()).unwrap(), invitation());
    }

    /// F1: the checksum.
    #[test]
    fn every_typo_is_noticed() {
        let text = invitation().to_text();
        for at in PREFIX.len()..text.len() {
            let mut typo = text.as_bytes().to_vec();
            typo[at] = if typo[at] == b'q' { b'r' } else { b'q' };
            let fault = Invitation::from_text(std::str::from_utf8(&typo).unwrap()).unwrap_err();
            assert!(matches!(fault, InvitationFault::Checksum | InvitationFault::CutOff), "{at}: {fault}");
        }
        // Outside the few digits that say how much follows, a typo is called one.
        let mut typo = text.as_bytes().to_vec();
        typo[20] = if typo[20] == b'q' { b'r' } else { b'q' };
        assert_eq!(Invitation::from_text(std::str::from_utf8(&typo).unwrap()), Err(InvitationFault::Checksum));
        assert_eq!(Invitation::from_text(&format!("{}!", *text)), Err(InvitationFault::Letter('!')));
        assert_eq!(Invitation::from_text(&format!("{}aa", *text)), Err(InvitationFault::Checksum));
    }

    #[test]
    fn a_text_that_was_cut_off_anywhere_says_so() {
        let text = invitation().to_text();
        for len in 1..text.len() {
            assert_eq!(Invitation::from_text(&text[..len]), Err(InvitationFault::CutOff), "{len} letters");
        }
    }

    #[test]
    fn something_else_is_refused_by_its_beginning() {
        for text in ["", "lyceum2abc", "https://example.org", "abc"] {
            assert_eq!(Invitation::from_text(text), Err(InvitationFault::Prefix), "{text}");
        }
        assert_eq!(Invitation::from_text(&"lyceum1".repeat(5000)), Err(InvitationFault::TooLong));
    }

    /// F1: the addresses.
    #[test]
    fn addresses_have_a_peer_id_and_are_at_most_eight() {
        let with = |addresses: Vec<String>| Invitation::new(NetworkId::ZERO, CharterId::ZERO, addresses, None);
        assert!(with(vec![ADDRESS.into(); 8]).is_ok());
        assert_eq!(with(vec![ADDRESS.into(); 9]), Err(InvitationFault::TooManyAddresses));
        assert_eq!(with(vec![format!("{ADDRESS}{}", "a".repeat(256))]), Err(InvitationFault::TooManyAddresses));
        for bad in ["192.0.2.7:4001", "/ip4/192.0.2.7/tcp/4001", "/ip4/192.0.2.7/tcp/4001/p2p/", "/a b/p2p/x"] {
            assert_eq!(with(vec![bad.into()]), Err(InvitationFault::Address(bad.into())));
        }
    }

    #[test]
    fn the_longest_invitation_is_read_back() {
        let long = format!("/dns4/{}/p2p/x", "a".repeat(limits::ADDRESS_MAX - "/dns4//p2p/x".len()));
        let longest = Invitation::new(NetworkId::ZERO, CharterId::ZERO, vec![long; 8], Some(secret())).unwrap();
        assert_eq!(codec::encode(&longest).len(), BYTES_MAX);
        assert_eq!(Invitation::from_text(&longest.to_text()).unwrap(), longest);
    }

    #[test]
    fn the_secret_is_not_in_debug_output() {
        let shown = format!("{:?}", invitation());
        assert!(shown.contains("InviteSecret(..)") && !shown.contains("7, 7"), "{shown}");
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "(lyceum1)?[a-z2-7 ]{0,200}") {
            let _ = Invitation::from_text(&text);
        }
    }
}
