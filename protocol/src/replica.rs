//! The whole decision logic of a node as one state machine: events and a time in, effects out.
//!
//! No rule lives in this file: the machines below own them, the replica routes between them.

pub mod effect;
pub mod event;

pub use effect::{Batch, Change, Effect, Load, Outbox, Verdict};
pub use event::{CallId, Event, Now, OfferId, Ticket};
