//! Exports: what is written is read back by other readers and by our own importers with the same values, whatever a
//! publication holds.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod any;
mod citations;
mod fixture;
mod hub;
mod odd;
mod records;
mod tables;
