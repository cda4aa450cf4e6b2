//! Anti-entropy: how two nodes find what one has and the other lacks, and pull it (PROTOCOL 4).
//!
//! [`message`] is what crosses the wire, [`order`] holds its lists to their order, [`check`] turns an object into a
//! value that may be used and [`checked`] a whole message.

pub mod check;
pub mod checked;
pub mod message;
pub mod order;
pub mod serve;
