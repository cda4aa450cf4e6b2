//! The alliance as its tests see it: the naive evaluator, generated universes, and the permutation test.

#![expect(clippy::expect_used, reason = "what a generator makes is within its own bounds, or the test has to stop")]

pub mod fixtures;
pub mod naive;
pub mod permutation;
pub mod random;
pub mod shrink;
pub mod sim;
pub mod universe;
