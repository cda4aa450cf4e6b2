//! The node.

pub mod demo;
pub mod publish;
