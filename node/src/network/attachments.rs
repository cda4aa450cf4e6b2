//! The way of attachments: requests to members and their requests, beside sync and with a budget of their own.
//!
//! Encoding and decoding of what is large is done by whoever asks or answers, not by the task that owns the swarm.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use lyceum_protocol::attachment::message::{Answer, Request};
use lyceum_protocol::key::PublicKey;
use lyceum_protocol::replica::event::AskFault;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

/// Requests that wait for the task, and requests of others that wait for who answers them.
pub const QUEUE: usize = 64;

/// The members that are connected.
pub type Connected = Arc<BTreeSet<PublicKey>>;

/// A request on its way to the task.
pub(super) struct Asking {
    pub(super) peer: PublicKey,
    pub(super) bytes: Vec<u8>,
    pub(super) until: Instant,
    pub(super) answer: oneshot::Sender<Result<Vec<u8>, AskFault>>,
}

/// The ends that the task holds.
pub(super) struct Inside {
    pub(super) asking: mpsc::Receiver<Asking>,
    pub(super) calls: mpsc::Sender<Call>,
    pub(super) connected: watch::Sender<Connected>,
}

/// The ends that the rest of the node holds.
pub struct Outside {
    /// Asks others.
    pub asker: Asker,
    /// What others ask. Each is answered once; one that is dropped is answered as *unavailable*.
    pub calls: mpsc::Receiver<Call>,
}

/// Both ends.
pub(super) fn link() -> (Outside, Inside) {
    let (asking, asking_queue) = mpsc::channel(QUEUE);
    let (calls, call_queue) = mpsc::channel(QUEUE);
    let (connected, connected_now) = watch::channel(Connected::default());
    let outside = Outside { asker: Asker { asking, connected: connected_now }, calls: call_queue };
    (outside, Inside { asking: asking_queue, calls, connected })
}

/// Asks members for attachments. Cheap to clone.
#[derive(Clone)]
pub struct Asker {
    asking: mpsc::Sender<Asking>,
    connected: watch::Receiver<Connected>,
}

impl Asker {
    /// Asks a member. Ends within `timeout` or [`super::ASK_MAX_FOR`]; at once where it is not connected or has
    /// [`super::Budget::asks_per_peer`] requests to answer already.
    ///
    /// # Errors
    /// [`AskFault`]: *bad* for what is no answer to this request.
    pub async fn ask(&self, peer: PublicKey, request: &Request, timeout: Duration) -> Result<Answer, AskFault> {
        let (answer, answered) = oneshot::channel();
        let until = Instant::now() + timeout.min(super::ASK_MAX_FOR);
        let asking = Asking { peer, bytes: request.to_bytes(), until, answer };
        self.asking.try_send(asking).map_err(|fault| {
            let words = match fault {
                mpsc::error::TrySendError::Full(_) => "the network has too much to do",
                mpsc::error::TrySendError::Closed(_) => "the network is shut down",
            };
            AskFault::Lost(words.to_owned())
        })?;
        let ended = answered.await.unwrap_or_else(|_| Err(AskFault::Lost("the network is shut down".to_owned())));
        let answer = Answer::read(&ended?).map_err(|fault| AskFault::Bad(fault.to_string()))?;
        if answer.answers(request) { Ok(answer) } else { Err(AskFault::Bad("an answer to something else".to_owned())) }
    }

    /// The members that are connected, now and whenever that changes.
    pub fn connected(&self) -> watch::Receiver<Connected> {
        self.connected.clone()
    }
}

/// A request of a member.
#[derive(Debug)]
pub struct Call {
    /// Who asks.
    pub peer: PublicKey,
    /// What.
    pub request: Request,
    /// Where the answer goes.
    pub answer: AnswerTo,
}

/// The way of one answer.
#[derive(Debug)]
pub struct AnswerTo(pub(super) oneshot::Sender<Vec<u8>>);

impl AnswerTo {
    /// Answers. Does nothing if the asker is gone.
    pub fn send(self, answer: &Answer) {
        // A receiver that is gone is a call that is over.
        let _ = self.0.send(answer.to_bytes());
    }
}
