//! Answers members that ask for files: only what is here, and only what an entry names that stands. To whoever may not
//! have it, a file that is here looks like one that is not.

use std::sync::Arc;

use lyceum_protocol::attachment::message::{Answer, Held, Request};
use lyceum_protocol::bounded::{BoundedBytes, BoundedVec};
use lyceum_protocol::hash::FileHash;
use lyceum_protocol::sync::message::RefusalCode;
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use super::Attachments;
use super::access::Access;
use crate::network::attachments::Call;

/// Requests that are worked on at once: more than the network lets through of one peer.
const AT_ONCE: usize = 16;

/// Answers until told to stop, or until the network is shut down.
pub(super) async fn run(
    attachments: Attachments,
    access: Access,
    mut calls: mpsc::Receiver<Call>,
    stop: CancellationToken,
) {
    let room = Arc::new(Semaphore::new(AT_ONCE));
    loop {
        let call = tokio::select! {
            () = stop.cancelled() => return,
            call = calls.recv() => call,
        };
        let Some(call) = call else { return };
        // The network bounds what waits behind this.
        let Ok(permit) = room.clone().acquire_owned().await else { return };
        let (attachments, access) = (attachments.clone(), access.clone());
        tokio::spawn(async move {
            let answer = answer(&attachments, &access, call.request).await;
            call.answer.send(&answer);
            drop(permit);
        });
    }
}

async fn answer(attachments: &Attachments, access: &Access, request: Request) -> Answer {
    match request {
        Request::Has { hashes } => {
            let mut held = Vec::new();
            for hash in &hashes {
                let here = attachments.is_here(*hash);
                if here && may_have(attachments, access, *hash).await {
                    let (attachments, hash) = (attachments.clone(), *hash);
                    let told = tokio::task::spawn_blocking(move || {
                        attachments.pieces(hash).and_then(|pieces| Held::of(hash, &pieces))
                    });
                    held.extend(told.await.ok().flatten());
                }
            }
            match BoundedVec::new(held) {
                Ok(held) => Answer::Has(held),
                Err(_) => refused(RefusalCode::Unavailable, "too much to tell"),
            }
        }
        Request::Piece { blake3, index } => piece(attachments, access, blake3, index).await,
    }
}

/// Whether members may have a file. By which entry is remembered: the file goes when that is gone.
async fn may_have(attachments: &Attachments, access: &Access, hash: FileHash) -> bool {
    let giver = access.giver(hash).await;
    attachments.remember(&giver.map(|id| (hash, id)).into_iter().collect::<Vec<_>>());
    giver.is_some()
}

async fn piece(attachments: &Attachments, access: &Access, hash: FileHash, index: u32) -> Answer {
    if !attachments.is_here(hash) || !may_have(attachments, access, hash).await {
        return not_held();
    }
    let reader = attachments.clone();
    match tokio::task::spawn_blocking(move || reader.piece(hash, index)).await {
        Ok(Ok(Some(piece))) => match BoundedBytes::new(piece.bytes) {
            Ok(bytes) => Answer::Piece { proof: piece.proof, bytes },
            Err(_) => not_held(),
        },
        Ok(Ok(None)) => not_held(),
        Ok(Err(fault)) => {
            tracing::warn!(%hash, %fault, "an attached file cannot be read");
            refused(RefusalCode::Unavailable, "it cannot be read now")
        }
        Err(_) => refused(RefusalCode::Unavailable, "it cannot be read now"),
    }
}

fn not_held() -> Answer {
    refused(RefusalCode::NotHeld, "not held")
}

fn refused(code: RefusalCode, detail: &str) -> Answer {
    Answer::refused(code, detail)
}
