//! The local HTTP interface: everything over the socket in the home, health and status over TCP.
//!
//! What it needs of the node is the trait [`Node`]; what it answers are the shapes of [`shapes`], which the commands
//! read. A refusal is a problem document with causes and the next step.

pub mod shapes;

mod about;
mod attachments;
mod compare;
mod counted;
mod documents;
mod entries;
mod export;
mod health;
mod listing;
mod members;
mod outcome;
mod problem;
mod publish;
mod published;
mod quota;
mod search;
mod seen;
mod serve;

use std::future::Future;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use lyceum_protocol::documents::DocumentBatch;
use lyceum_protocol::entry::{Draft, VerifiedEntry};
use lyceum_protocol::hash::LogId;
use lyceum_protocol::quota::Schedule;
use lyceum_protocol::replica::effect::Outcome;
use lyceum_protocol::state::State;

use crate::attachments::Attachments;
use crate::attachments::access::Access;
use crate::index::SearchIndex;

pub(crate) use listing::name_of;
pub use listing::standing_words;
pub(crate) use members::seat_word;
pub use problem::Problem;
pub use published::{PublishedIndex, find as find_published};
pub use serve::{ServeFault, Servers, bind_http, serve};
pub use shapes::Status;

/// Largest body of a request, in bytes: some thirty publications of the largest size.
pub const BODY_MAX: usize = 8 * 1024 * 1024;

/// Why the node did not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NodeFault {
    /// It is shutting down.
    #[error("the daemon is shutting down")]
    Stopped,
    /// The store failed.
    #[error("the store cannot be read: {0}")]
    Store(String),
    /// The disk is so full that nothing of its own is written any more.
    #[error("{0}")]
    DiskFull(String),
}

/// What the interface needs of a node.
pub trait Node: Clone + Send + Sync + 'static {
    /// Looks at the state between two turns; short.
    fn look<T, F>(&self, look: F) -> impl Future<Output = Result<T, NodeFault>> + Send
    where
        T: Send + 'static,
        F: FnOnce(&State) -> T + Send + 'static;

    /// Publishes drafts as consecutive entries.
    fn publish(&self, drafts: Vec<Draft>) -> impl Future<Output = Result<Outcome, NodeFault>> + Send;

    /// When publications with payloads of these lengths may go, one after another, and the rule in words.
    fn schedule(&self, payloads: Vec<u64>) -> impl Future<Output = Result<(Schedule, String), NodeFault>> + Send;

    /// Adds documents, motions and signatures that a tool of this node made.
    fn govern(&self, batch: DocumentBatch) -> impl Future<Output = Result<Outcome, NodeFault>> + Send;

    /// Reads entries by log and number, in this order; none for what is not held.
    fn entries(
        &self,
        places: Vec<(LogId, u64)>,
    ) -> impl Future<Output = Result<Vec<Option<VerifiedEntry>>, NodeFault>> + Send;

    /// How the node is.
    fn status(&self) -> impl Future<Output = Result<Status, NodeFault>> + Send;

    /// Its search index.
    fn index(&self) -> &SearchIndex;

    /// What it has published.
    fn published(&self) -> &PublishedIndex;

    /// Its attached files; none where it keeps none.
    fn attachments(&self) -> Option<&Attachments>;

    /// Which entries name which files; none where it keeps none.
    fn access(&self) -> Option<&Access>;

    /// Its node key.
    fn key(&self) -> [u8; 32];

    /// Whether it takes work: its store is open and writable.
    fn is_ready(&self) -> bool;
}

/// Everything, for the socket in the home: whoever can open that socket owns the node.
pub fn local<N: Node>(node: N) -> Router {
    Router::new()
        .route("/status", get(health::status::<N>))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready::<N>))
        .route("/members", get(members::list::<N>))
        .route("/peers", get(members::peers::<N>))
        .route("/log", get(entries::log::<N>))
        .route("/export", get(export::export::<N>))
        .route("/search", get(search::search::<N>))
        .route("/about", get(about::model::<N>))
        .route("/entries/{id}", get(entries::show::<N>))
        .route("/entries/{id}/bundle", get(entries::bundle::<N>))
        .route("/compare", get(compare::comparison::<N>))
        .route("/published", post(published::published::<N>))
        .route("/publish", post(publish::publish::<N>))
        .route("/publish/plan", post(quota::plan::<N>))
        .route("/documents", get(documents::all::<N>))
        .route("/govern", post(documents::govern::<N>))
        .route("/entries/{id}/files", get(attachments::of_entry::<N>))
        .route("/entries/{id}/fetch", post(attachments::fetch::<N>))
        .route("/entries/{id}/forget", post(attachments::forget::<N>))
        .route("/attachments/plan", post(attachments::plan::<N>))
        .route("/attachments/{blake3}", get(attachments::download::<N>))
        .fallback(problem::no_such_page)
        .layer(DefaultBodyLimit::max(BODY_MAX))
        // A file is as long as it is: it is bounded by the room that there is for it, and never held in memory.
        .route("/attachments", post(attachments::put::<N>).layer(DefaultBodyLimit::disable()))
        .with_state(node)
}

/// Health, readiness and status, for the TCP address. `port` is the one that is bound: requests for another host,
/// which a page in a browser can be made to send, are refused.
pub fn public<N: Node>(node: N, address: std::net::SocketAddr) -> Router {
    Router::new()
        .route("/status", get(health::status::<N>))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready::<N>))
        .fallback(problem::no_such_page)
        .layer(axum::middleware::from_fn_with_state(address, health::check_host))
        .layer(DefaultBodyLimit::max(1024))
        .with_state(node)
}
