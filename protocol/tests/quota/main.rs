//! S24: the bucket itself, and what a node makes of it when it takes, passes on and publishes.

#![expect(clippy::unwrap_used, reason = "what cannot be set up fails its test")]

mod author;
mod bucket;
#[path = "../vectors/fixtures.rs"]
#[expect(dead_code, reason = "shared with the vectors")]
mod fixtures;
mod node;
mod receiver;
