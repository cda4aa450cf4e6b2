//! The alliance as its users see it: real processes, spoken to as people and scripts do.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "what cannot be set up fails its test; figures are shown"
)]

mod about;
mod attachments;
mod clock;
mod cluster;
mod commands;
mod compare;
mod crash;
mod disk;
mod export;
mod formation;
mod http;
mod import;
mod quota;
mod reviews;
mod samples;
mod search;
