//! Attachments: files that entries name by their BLAKE3 hash, and how nodes pull them from each other.
//!
//! A file is cut into pieces of [`PIECE`] bytes, each a subtree of BLAKE3, so that every piece is checked alone against
//! the hash of the file. [`shape`] says where pieces and nodes of the tree are, [`outline`] holds the nodes and checks
//! pieces, [`builder`] makes an outline while a file is hashed, [`pieces`] is a set of pieces. [`message`] is what
//! crosses the wire, and [`fetch`] gets one file from whoever holds it.

pub mod builder;
pub mod fetch;
pub mod message;
pub mod outline;
pub mod pieces;
pub mod shape;

/// Bytes of a piece: 1,024 chunks of BLAKE3. The last piece of a file is shorter; an empty file is one empty piece.
pub const PIECE: u32 = 1_048_576;
/// Largest file.
pub const ATTACHMENT_MAX: u64 = 256 * 1024 * 1024 * 1024;
/// Most pieces of a file.
pub const PIECES_MAX: u32 = 1 << PROOF_MAX;
/// Most nodes in the proof of a piece.
pub const PROOF_MAX: usize = 18;

/// Most hashes in a request, and most files in its answer.
pub const HASHES_MAX: usize = 64;
/// Most ranges of pieces that are named of one file.
pub const RANGES_MAX: usize = 64;
/// Largest request.
pub const REQUEST_MAX: usize = 4 * 1024;
/// Largest answer: a piece with its proof, and room for the frame.
pub const ANSWER_MAX: usize = PIECE as usize + 1024;

const _: () = assert!(4 + 8 + HASHES_MAX * 32 <= REQUEST_MAX, "a request fits its frame");
const _: () = assert!(4 + 8 + PROOF_MAX * 32 + 8 + PIECE as usize <= ANSWER_MAX, "a piece fits its frame");
const _: () = assert!(4 + 8 + HASHES_MAX * (32 + 8 + 8 + RANGES_MAX * 8) <= ANSWER_MAX, "what is held fits its frame");
const _: () = assert!(PIECES_MAX as u64 * PIECE as u64 == ATTACHMENT_MAX, "the largest file has the longest proofs");
