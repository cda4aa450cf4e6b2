//! The alliance as its tests see it: the naive evaluator, generated universes, the permutation test, and replicas that
//! meet in a simulator or at a table.

#![expect(clippy::expect_used, reason = "what a generator makes is within its own bounds, or the test has to stop")]

pub mod fixtures;
pub mod naive;
pub mod permutation;
pub mod random;
pub mod shrink;
pub mod sim;
pub mod table;
pub mod universe;
