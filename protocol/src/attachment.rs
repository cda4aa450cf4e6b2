//! Attachments: files that entries name by their BLAKE3 hash, and how nodes pull them from each other.
//!
//! A file is cut into pieces of [`PIECE`] bytes, each a subtree of BLAKE3, so that every piece is checked alone against
//! the hash of the file. [`shape`] says where pieces and nodes of the tree are, [`outline`] holds the nodes and checks
//! pieces, [`builder`] makes an outline while a file is hashed, [`pieces`] is a set of pieces.

pub mod builder;
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

const _: () = assert!(PIECES_MAX as u64 * PIECE as u64 == ATTACHMENT_MAX, "the largest file has the longest proofs");
