//! Anti-entropy: how two nodes find what one has and the other lacks, and pull it (PROTOCOL 4).
//!
//! [`message`] is what crosses the wire, [`order`] holds its lists to their order, [`check`] turns an answer into values
//! that may be used.

pub mod check;
pub mod message;
pub mod order;
pub mod serve;
