//! One node: everything that touches the world.

pub mod config;
pub mod durable;
pub mod failure;
pub mod govern;
pub mod home;
pub mod keys;
pub mod time;

/// The command line.
pub mod cli {
    pub mod safe_text;
}
