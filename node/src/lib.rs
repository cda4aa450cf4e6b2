//! One node: everything that touches the world.

pub mod api;
pub mod attachments;
pub mod catch_up;
pub mod cli;
pub mod client;
pub mod clock;
pub mod config;
pub mod daemon;
pub mod demo;
pub mod driver;
pub mod durable;
pub mod failure;
pub mod govern;
pub mod home;
pub mod import;
pub mod index;
pub mod keys;
pub mod network;
pub mod publish;
pub mod recover;
pub mod running;
mod size;
pub mod status;
pub mod store;
pub mod time;
pub mod verify;
pub mod views;
