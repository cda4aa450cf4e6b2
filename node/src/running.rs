//! A running node as its faces see it: the driver, the store and the network behind one value.

use std::sync::Arc;

use lyceum_protocol::documents::DocumentBatch;
use lyceum_protocol::entry::{Draft, VerifiedEntry};
use lyceum_protocol::hash::LogId;
use lyceum_protocol::key::PublicKey;
use lyceum_protocol::quota::Schedule;
use lyceum_protocol::replica::effect::Outcome;
use lyceum_protocol::replica::{Now, Replica};
use lyceum_protocol::state::State;
use tokio::sync::watch;

use crate::api::{Node, NodeFault, PublishedIndex, Status};
use crate::attachments::Attachments;
use crate::attachments::access::Access;
use crate::catch_up::CatchUp;
use crate::clock;
use crate::daemon::Daemon;
use crate::driver::{DriverStopped, Handle, Links};
use crate::index::SearchIndex;
use crate::network::Network;
use crate::status::{Facts, Surroundings, explain};
use crate::store::{LogStore as _, Store};

/// A running node.
#[derive(Clone)]
pub struct RunningNode {
    handle: Handle,
    store: Arc<Store>,
    network: Network,
    catching_up: watch::Receiver<Option<CatchUp>>,
    published: PublishedIndex,
    index: SearchIndex,
    files: Option<(Attachments, Access)>,
    key: PublicKey,
    http: Option<String>,
    since: u64,
}

impl RunningNode {
    /// The faces' view of a daemon. `http` is where it serves over TCP.
    pub fn of(daemon: &Daemon, key: PublicKey, http: Option<String>) -> Self {
        Self {
            handle: daemon.handle(),
            store: daemon.store(),
            network: daemon.network(),
            catching_up: daemon.catching_up(),
            published: PublishedIndex::default(),
            index: SearchIndex::default(),
            files: None,
            key,
            http,
            since: clock::wall(),
        }
    }

    /// The same with a search index; without one nothing is found.
    pub fn with_index(self, index: SearchIndex) -> Self {
        Self { index, ..self }
    }

    /// The same with attached files; without them none are taken or given.
    pub fn with_attachments(self, attachments: Attachments, access: Access) -> Self {
        Self { files: Some((attachments, access)), ..self }
    }
}

impl From<DriverStopped> for NodeFault {
    fn from(_: DriverStopped) -> Self {
        Self::Stopped
    }
}

impl Node for RunningNode {
    async fn look<T, F>(&self, look: F) -> Result<T, NodeFault>
    where
        T: Send + 'static,
        F: FnOnce(&State) -> T + Send + 'static,
    {
        Ok(self.handle.read(move |replica| look(replica.state())).await?)
    }

    async fn publish(&self, drafts: Vec<Draft>) -> Result<Outcome, NodeFault> {
        // The store would refuse it as well, but only when it is signed: then the log has to be given up.
        if let Some(fault) = self.store.too_full() {
            return Err(NodeFault::DiskFull(fault.0));
        }
        let outcome = self.handle.publish(drafts).await?;
        if let Outcome::Published(entries) = &outcome {
            self.published.add(entries);
            if let Some((attachments, access)) = &self.files {
                attachments.remember(&access.published(entries));
            }
        }
        Ok(outcome)
    }

    async fn schedule(&self, payloads: Vec<u64>) -> Result<(Schedule, String), NodeFault> {
        let now = self.handle.now();
        let read = move |replica: &Replica| (replica.schedule(now, &payloads), replica.quota_words());
        Ok(self.handle.read(read).await?)
    }

    async fn govern(&self, batch: DocumentBatch) -> Result<Outcome, NodeFault> {
        Ok(self.handle.govern(batch).await?)
    }

    async fn entries(&self, places: Vec<(LogId, u64)>) -> Result<Vec<Option<VerifiedEntry>>, NodeFault> {
        let store = self.store.clone();
        let read = move || {
            let entry = |(log, seq): (LogId, u64)| store.entry(log, seq);
            places.into_iter().map(entry).collect::<Result<Vec<_>, _>>()
        };
        let entries = tokio::task::spawn_blocking(read).await.map_err(|fault| NodeFault::Store(fault.to_string()))?;
        entries.map_err(|fault| NodeFault::Store(fault.0))
    }

    async fn status(&self) -> Result<Status, NodeFault> {
        let look = |replica: &Replica, links: &Links, now: Now| (Facts::gather(replica, links, now), now);
        let (facts, now) = self.handle.observe(look).await?;
        let around = Surroundings {
            now,
            since: self.since,
            addresses: self.network.addresses(),
            http: self.http.clone(),
            store: self.store.status(),
            catching_up: self.catching_up.borrow().clone(),
            index: self.index.status(),
            attachments: self.files.as_ref().map(|(attachments, _)| attachments.usage()),
        };
        Ok(explain(&facts, &around))
    }

    fn index(&self) -> &SearchIndex {
        &self.index
    }

    fn published(&self) -> &PublishedIndex {
        &self.published
    }

    fn attachments(&self) -> Option<&Attachments> {
        self.files.as_ref().map(|(attachments, _)| attachments)
    }

    fn access(&self) -> Option<&Access> {
        self.files.as_ref().map(|(_, access)| access)
    }

    fn key(&self) -> [u8; 32] {
        self.key.to_bytes()
    }

    fn is_ready(&self) -> bool {
        self.store.status().stopped.is_none()
    }
}
