//! One node: everything that touches the world.

pub mod api;
pub mod cli;
pub mod config;
pub mod durable;
pub mod failure;
pub mod govern;
pub mod home;
pub mod keys;
pub mod network;
pub mod time;
