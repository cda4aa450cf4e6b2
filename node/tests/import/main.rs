//! Importing files: each format by files written for it, what is cut off or garbage, zips, and the files that
//! researchers gave us.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod fixture;
mod formats;
mod garbage;
mod large;
mod left_out;
mod private;
mod samples;
mod zips;
