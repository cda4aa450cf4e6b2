//! Anti-entropy: how two nodes find what one has and the other lacks, and pull it (PROTOCOL 4).
//!
//! [`message`] is what crosses the wire, [`check`] turns an answer into values that may be used.

pub mod check;
pub mod message;
pub mod serve;
