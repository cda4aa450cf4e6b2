//! Every maximum of the protocol, one constant each, and what must hold between them.
//!
//! A bound is checked before anything is allocated for what it bounds. All sizes are bytes unless said otherwise.

/// Smallest payload: the salt alone.
pub const PAYLOAD_MIN: u32 = 16;
/// Largest payload, salt and sealing included (PROTOCOL 1.2).
pub const PAYLOAD_MAX: u32 = 262_144;
/// Largest payload of a protocol kind (1000 to 1999).
pub const PROTOCOL_PAYLOAD_MAX: u32 = 20 * 1024;
/// Largest publication, so that it still fits a payload when sealed to 64 recipients.
pub const PUBLICATION_MAX: usize = 240 * 1024;
/// Deepest nesting of a publication, in levels.
pub const PUBLICATION_DEPTH_MAX: usize = 32;
/// Length of the salt that opens every payload.
pub const SALT_LEN: usize = 16;

/// Largest `ext` of a header.
pub const EXT_MAX: usize = 512;
/// Header without `ext`, its length prefix included.
pub const HEADER_MIN: usize = 141;
/// Largest header.
pub const HEADER_MAX: usize = HEADER_MIN + EXT_MAX;
/// Length of a signature.
pub const SIGNATURE_LEN: usize = 64;

/// Largest certificate.
pub const CERTIFICATE_MAX: usize = 64 * 1024;
/// Largest charter, its lists not included.
pub const CHARTER_MAX: usize = 32 * 1024;
/// Largest lists of a charter.
pub const LISTS_MAX: usize = 832 * 1024;
/// Largest motion.
pub const MOTION_MAX: usize = 64 * 1024;

/// Most root keys of a certificate.
pub const ROOT_KEYS_MAX: usize = 5;
/// Most node keys of a certificate.
pub const KEYS_MAX: usize = 32;
/// Most distinct node keys that the versions of one chain list (D11): 32 versions' worth. Each may show on certificate 0
/// that it is held, and certificate 0 travels with all signatures on it.
pub const CHAIN_KEYS_MAX: usize = 1_024;
/// Most encryption keys of a certificate.
pub const ENC_KEYS_MAX: usize = 4;
/// Most pins in one certificate or Remove motion.
pub const PINS_MAX: usize = 512;
/// Most voters of a charter.
pub const VOTERS_MAX: usize = 255;
/// Most targets of an Erase motion or a kind-1001 entry.
pub const ERASE_TARGETS_MAX: usize = 256;
/// Most rows of either list of a charter: what fits [`LISTS_MAX`] at 64 bytes a row.
pub const LIST_ROWS_MAX: usize = LISTS_MAX / 64;

/// Longest name of an organisation or an alliance.
pub const NAME_MAX: usize = 80;
/// Longest domain name (RFC 1035).
pub const DOMAIN_MAX: usize = 253;
/// Longest contact line.
pub const CONTACT_MAX: usize = 200;
/// Longest label of a node key.
pub const LABEL_MAX: usize = 40;
/// Longest purpose of a charter or reason of a motion.
pub const PURPOSE_MAX: usize = 4_096;
/// Longest reason of a kind-1001 entry.
pub const ERASE_REASON_MAX: usize = 200;
/// Longest grant (kind 1002).
pub const GRANT_MAX: usize = 16 * 1024;
/// Most addresses in a node record or an invitation.
pub const ADDRESSES_MAX: usize = 8;
/// Longest address.
pub const ADDRESS_MAX: usize = 256;
/// Longest version text of a node record.
pub const VERSION_MAX: usize = 64;

/// Unpassed motions kept of one voter (3.3).
pub const MOTIONS_PER_VOTER: usize = 16;
/// Charter signatures kept of one voter and epoch (3.3).
pub const CHARTER_SIGNATURES_PER_VOTER: usize = 4;
/// Linked successors of one certificate that are kept (3.3).
pub const CERTIFICATE_SUCCESSORS: usize = 2;
/// Redemptions of one invite key that are kept (3.3).
pub const REDEMPTIONS_PER_INVITE: usize = 2;
/// Invites of one epoch that are in force at once: those with the smallest ids (M7).
pub const INVITES_IN_FORCE: usize = 512;
/// Possession signatures kept of one organisation (M11): all that an effective chain can need, and some of others.
pub const POSSESSIONS_KEPT: usize = CHAIN_KEYS_MAX + 256;
/// Further ones kept here alone, of keys that only versions without an item list: entries are held under them.
pub const POSSESSIONS_KEPT_ASIDE: usize = 256;
/// Invites sealed by the adopted charter whose redemptions are kept, the smallest ids (M11).
pub const SEALED_REDEMPTIONS_KEPT: usize = 256;
/// Redemptions of the own organisation that are kept though no Invite in force is known for them.
pub const OWN_REDEMPTIONS_KEPT: usize = 16;
/// Certificate versions of one organisation that are taken at once (3.3).
pub const CERTIFICATES_AT_ONCE: u32 = 64;
/// Certificate bytes that are kept of an organisation without a seat (3.5).
pub const STRANGER_CHAIN_MAX: usize = 256 * 1024;

/// Largest request of the sync protocol.
pub const REQUEST_MAX: usize = 64 * 1024;
/// Largest page of the sync protocol. One object always fits.
pub const PAGE_MAX: usize = 1024 * 1024;
/// Largest answer frame. Above [`PAGE_MAX`] only for a page of one charter with its lists and all its signatures.
pub const FRAME_MAX: usize = PAGE_MAX + 128 * 1024;
/// Most ids in a Docs request.
pub const DOCS_IDS_MAX: usize = 256;
/// Most sequence numbers in a Headers request, logs in a Proofs request, ids in a Payloads request.
pub const ASK_MAX: usize = 64;
/// Most items in a Changed request.
pub const CHANGED_MAX: usize = 512;
/// Longest detail of a refusal.
pub const DETAIL_MAX: usize = 256;
/// Most leading bits of a bucket digest.
pub const DIGEST_BITS_MAX: u8 = 12;
/// Most signatures that travel with one document: of two times 255 voters, four rounds and the certified one.
pub const DOCUMENT_SIGNATURES_MAX: usize = 2 * VOTERS_MAX * (CHARTER_SIGNATURES_PER_VOTER + 1);
/// A signature that travels with its document: type, key, round and bytes.
pub const TRAVELLING_SIGNATURE: usize = 4 + 32 + 2 + SIGNATURE_LEN;

/// Largest payload that rides in a gossip message; a larger one is pulled.
pub const GOSSIP_PAYLOAD_MAX: usize = 64 * 1024;
/// Largest document that rides in a gossip message; a larger one is named and pulled.
pub const GOSSIP_DOCUMENT_MAX: usize = 32 * 1024;
/// Largest gossip message.
pub const GOSSIP_MAX: usize = 96 * 1024;

/// Largest bundle file: two charters with their lists and everything else a proof holds.
pub const BUNDLE_MAX: usize = 4 * 1024 * 1024;

const _: () = assert!(PUBLICATION_MAX + SALT_LEN < PAYLOAD_MAX as usize, "a publication fits its payload");
const _: () = assert!(HEADER_MAX + SIGNATURE_LEN + PAYLOAD_MAX as usize + 64 <= PAGE_MAX, "an entry fits a page");
const _: () = assert!(
    ROOT_KEYS_MAX
        + POSSESSIONS_KEPT
        + POSSESSIONS_KEPT_ASIDE
        + INVITES_IN_FORCE
        + SEALED_REDEMPTIONS_KEPT
        + OWN_REDEMPTIONS_KEPT
        <= DOCUMENT_SIGNATURES_MAX,
    "certificate 0 travels with all that is kept on it"
);
const _: () = assert!(
    CERTIFICATE_MAX + DOCUMENT_SIGNATURES_MAX * TRAVELLING_SIGNATURE + 256 < PAGE_MAX / 2,
    "a certificate fits a page, with room"
);
const _: () = assert!(
    CHARTER_MAX + LISTS_MAX + DOCUMENT_SIGNATURES_MAX * TRAVELLING_SIGNATURE + 256 < FRAME_MAX,
    "a charter fits a frame"
);
const _: () = assert!(GOSSIP_PAYLOAD_MAX + HEADER_MAX + SIGNATURE_LEN + 64 <= GOSSIP_MAX, "an entry fits gossip");
const _: () = assert!(CHANGED_MAX * 80 + 64 <= REQUEST_MAX, "news fit a request");
