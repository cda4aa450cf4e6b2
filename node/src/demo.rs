//! `lyceum demo`: three organisations on one machine.

pub mod content;
