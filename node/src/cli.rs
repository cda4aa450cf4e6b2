//! The command line.

pub mod safe_text;
