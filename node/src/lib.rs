//! The node.

pub mod clock;
pub mod daemon;
pub mod driver;
pub mod network;
pub mod publish;
pub mod recover;
pub mod store;
pub mod verify;
