//! The node.

pub mod publish;
