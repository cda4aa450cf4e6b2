//! What is shown of an entry beyond itself: the links of others folded over it, and two of them side by side.

pub mod compare;
pub mod outcome;

pub use outcome::{Graph, Hidden, Linked, Outcome, OutcomeFacts, fold, hidden};
