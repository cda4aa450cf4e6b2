//! The alliance as its tests see it: the naive evaluator and generated universes.

pub mod naive;
pub mod random;
pub mod universe;
