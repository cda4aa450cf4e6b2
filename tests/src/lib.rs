//! The alliance as its tests see it: the naive evaluator, generated universes, and the permutation test.

pub mod naive;
pub mod permutation;
pub mod random;
pub mod shrink;
pub mod universe;
