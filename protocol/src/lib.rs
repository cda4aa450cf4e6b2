//! What all nodes of an alliance must agree on: bytes, rules and state machines.
//!
//! Pure: no I/O, no clock, no randomness, no async. Reading order is the order of the modules; imports go up that list only.

pub mod attachment;
pub mod bounded;
pub mod buckets;
pub mod bundle;
pub mod codec;
pub mod document;
pub mod documents;
pub mod entry;
pub mod entry_index;
pub mod fork;
pub mod frontier;
pub mod governance;
pub mod hash;
pub mod history;
pub mod invitation;
pub mod keep;
pub mod key;
pub mod limits;
pub mod log;
pub mod proof;
pub mod publication;
pub mod quota;
pub mod receipt;
pub mod replica;
pub mod standing;
pub mod state;
pub mod sync;
