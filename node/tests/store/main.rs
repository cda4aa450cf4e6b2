//! What the store promises: everything acknowledged is there after anything, and nothing erased is.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "a test that cannot go on fails")]

mod branch;
mod disk;
mod erasure;
mod fixture;
mod folder;
mod full;
mod group;
mod kill;
mod round_trip;
