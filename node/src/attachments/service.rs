//! The three tasks of attached files: who answers members, who fetches, who keeps house.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::access::Access;
use super::{Attachments, answer, fetching, keeper};
use crate::network::attachments::Outside;

/// How long they may take to stop.
const STOP_WITHIN: Duration = Duration::from_secs(3);

/// The tasks, until they are told to stop.
#[derive(Debug)]
pub struct Service {
    tasks: JoinSet<()>,
    stop: CancellationToken,
}

impl Service {
    /// Starts them. To be called within a runtime.
    pub fn start(attachments: &Attachments, access: &Access, outside: Outside) -> Self {
        let (mut tasks, stop) = (JoinSet::new(), CancellationToken::new());
        let both = || (attachments.clone(), access.clone(), stop.clone());
        let (files, names, until) = both();
        tasks.spawn(answer::run(files, names, outside.calls, until));
        let (files, names, until) = both();
        tasks.spawn(fetching::run(files, names, outside.asker, until));
        let (files, names, until) = both();
        tasks.spawn(keeper::run(files, names, until));
        Self { tasks, stop }
    }

    /// Tells them to stop, and waits until it is saved how far each file is.
    pub async fn finish(mut self) {
        self.stop.cancel();
        let all = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(STOP_WITHIN, all).await.is_err() {
            tracing::warn!("attachments were cut off: some pieces are fetched again");
        }
    }
}
