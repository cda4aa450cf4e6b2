//! Writes the pieces of one file: one after another, for writers of one file wait for each other in the kernel and burn
//! a core meanwhile. Now and then it syncs beside that, so that little is left to wait for at the end.

use std::io;
use std::sync::Arc;

use lyceum_protocol::attachment::outline::VerifiedPiece;
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use super::super::part::Part;

/// What is being written of one file.
pub(super) struct Writes {
    part: Arc<Part>,
    turn: Arc<Mutex<()>>,
    /// Pieces with their numbers, and syncs.
    jobs: JoinSet<io::Result<Option<u32>>>,
}

impl Writes {
    pub(super) fn new(part: Arc<Part>) -> Self {
        Self { part, turn: Arc::default(), jobs: JoinSet::new() }
    }

    /// Begins to write a piece.
    pub(super) fn begin(&mut self, piece: VerifiedPiece) {
        let (part, turn) = (self.part.clone(), self.turn.clone());
        self.jobs.spawn(async move {
            let _turn = turn.lock_owned().await;
            blocking(move || part.write(&piece).map(|()| Some(piece.index()))).await
        });
        if self.part.is_sync_due() {
            let part = self.part.clone();
            self.jobs.spawn(blocking(move || part.sync().map(|()| None)));
        }
    }

    /// The number of a piece that was written; none when nothing is being written. Loses nothing when dropped half-way.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub(super) async fn next(&mut self) -> Option<io::Result<u32>> {
        loop {
            match self.jobs.join_next().await?.unwrap_or_else(|fault| Err(io::Error::other(fault))) {
                Ok(Some(index)) => return Some(Ok(index)),
                Ok(None) => {}
                Err(fault) => return Some(Err(fault)),
            }
        }
    }

    /// Waits until nothing is being written or synced: a fault that a sync was told is not told again.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub(super) async fn settle(&mut self) -> io::Result<()> {
        while let Some(written) = self.next().await {
            written?;
        }
        Ok(())
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|fault| Err(io::Error::other(fault)))
}
