//! What is shown of an entry beyond itself: the links of others folded over it, two of them side by side, and all that
//! is known about one model.

pub mod about;
pub mod compare;
pub mod outcome;

pub use outcome::{Graph, Hidden, Linked, Outcome, OutcomeFacts, fold, hidden};
