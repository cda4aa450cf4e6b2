//! Frames of `/lyceum/sync/1` and `/lyceum/attachment/1`: a length (u32, big-endian) and a body; one request and one
//! answer on each stream.
//!
//! A length above the limit is refused before anything is allocated. Memory grows in steps of 8 KiB with what really
//! arrives. Every read and write has an end in time, so a withheld body holds a stream, not for ever, and little memory.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use libp2p::{StreamProtocol, request_response};
use lyceum_protocol::{attachment, limits};
use tokio::time::Instant;

/// What a protocol is called and how much its frames hold.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frames {
    /// The name under which both ends agree on it.
    pub(super) name: &'static str,
    request_max: usize,
    answer_max: usize,
}

/// Anti-entropy.
pub(super) const SYNC: Frames =
    Frames { name: "/lyceum/sync/1", request_max: limits::REQUEST_MAX, answer_max: limits::FRAME_MAX };
/// Pieces of attachments.
pub(super) const ATTACHMENT: Frames =
    Frames { name: "/lyceum/attachment/1", request_max: attachment::REQUEST_MAX, answer_max: attachment::ANSWER_MAX };

/// Bytes of memory that are asked for at once.
const STEP: usize = 8 * 1024;

/// A request. Kept until its answer is there, so that it can be sent again over another connection.
#[derive(Debug, Clone)]
pub(super) struct Question {
    /// What is asked.
    pub(super) body: Arc<Vec<u8>>,
    /// When the asker gives up. Without meaning at the asked one.
    pub(super) until: Instant,
}

/// One stream's side of the protocol.
#[derive(Debug, Clone)]
pub(super) struct FrameCodec {
    frames: Frames,
    request_within: Duration,
    answer_within: Duration,
    /// Of the request that this stream carries out.
    until: Option<Instant>,
}

impl FrameCodec {
    /// `request_within` for a request to arrive, `answer_within` for an answer to be taken.
    pub(super) fn new(frames: Frames, request_within: Duration, answer_within: Duration) -> Self {
        Self { frames, request_within, answer_within, until: None }
    }
}

async fn read<T: AsyncRead + Unpin + Send>(io: &mut T, max: usize) -> io::Result<Vec<u8>> {
    let mut length = [0_u8; 4];
    io.read_exact(&mut length).await?;
    let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
    if length > max {
        let words = format!("a body of {length} bytes where at most {max} are allowed");
        return Err(io::Error::new(io::ErrorKind::InvalidData, words));
    }
    let mut body = Vec::new();
    while body.len() < length {
        let at = body.len();
        let next = length.min(at.saturating_add(STEP));
        body.resize(next, 0);
        let Some(room) = body.get_mut(at..) else { break };
        io.read_exact(room).await?;
    }
    Ok(body)
}

async fn write<T: AsyncWrite + Unpin + Send>(io: &mut T, body: &[u8], max: usize) -> io::Result<()> {
    let length = u32::try_from(body.len()).ok().filter(|_| body.len() <= max);
    let length = length.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the body is too long"))?;
    io.write_all(&length.to_be_bytes()).await?;
    io.write_all(body).await?;
    io.flush().await
}

async fn by<T>(until: Instant, work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    tokio::time::timeout_at(until, work).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

impl request_response::Codec for FrameCodec {
    type Protocol = StreamProtocol;
    type Request = Question;
    type Response = Vec<u8>;

    async fn read_request<T: AsyncRead + Unpin + Send>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
    ) -> io::Result<Question> {
        let until = Instant::now() + self.request_within;
        let body = by(until, read(io, self.frames.request_max)).await?;
        Ok(Question { body: Arc::new(body), until })
    }

    async fn read_response<T: AsyncRead + Unpin + Send>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
    ) -> io::Result<Vec<u8>> {
        // One clone of the codec serves one stream, so this is the time limit of the request just written.
        let until = self.until.unwrap_or_else(|| Instant::now() + self.answer_within);
        by(until, read(io, self.frames.answer_max)).await
    }

    async fn write_request<T: AsyncWrite + Unpin + Send>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
        question: Question,
    ) -> io::Result<()> {
        self.until = Some(question.until);
        by(question.until, write(io, &question.body, self.frames.request_max)).await
    }

    async fn write_response<T: AsyncWrite + Unpin + Send>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
        answer: Vec<u8>,
    ) -> io::Result<()> {
        by(Instant::now() + self.answer_within, write(io, &answer, self.frames.answer_max)).await
    }
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use futures::io::Cursor;
    use libp2p::request_response::Codec as _;
    use proptest::prelude::*;

    use super::*;

    const PROTOCOL: StreamProtocol = StreamProtocol::new(SYNC.name);

    fn codec() -> FrameCodec {
        FrameCodec::new(SYNC, Duration::from_millis(50), Duration::from_millis(50))
    }

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap()
    }

    /// Gives what it has and then nothing, for ever; notes the largest buffer that it was offered.
    struct Withholding {
        bytes: Vec<u8>,
        at: usize,
        offered: usize,
    }

    impl AsyncRead for Withholding {
        fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
            self.offered = self.offered.max(buffer.len());
            let taken = buffer.len().min(self.bytes.len() - self.at);
            if taken == 0 {
                return Poll::Pending;
            }
            buffer[..taken].copy_from_slice(&self.bytes[self.at..self.at + taken]);
            self.at += taken;
            Poll::Ready(Ok(taken))
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(body in proptest::collection::vec(any::<u8>(), 0..40_000)) {
            runtime().block_on(async {
                let mut wire = Cursor::new(Vec::new());
                let question = Question { body: Arc::new(body.clone()), until: Instant::now() + Duration::from_secs(9) };
                codec().write_request(&PROTOCOL, &mut wire, question).await.unwrap();
                wire.set_position(0);
                let read = codec().read_request(&PROTOCOL, &mut wire).await.unwrap();
                assert_eq!(*read.body, body);
            });
        }

        #[test]
        fn any_bytes_are_a_body_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            runtime().block_on(async {
                let mut wire = Cursor::new(bytes.clone());
                match codec().read_request(&PROTOCOL, &mut wire).await {
                    Ok(question) => assert_eq!(question.body[..], bytes[4..4 + question.body.len()]),
                    Err(fault) => {
                        assert!(matches!(fault.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof));
                    }
                }
            });
        }
    }

    #[test]
    fn a_length_over_the_limit_is_refused_before_the_body() {
        runtime().block_on(async {
            let over = u32::try_from(limits::REQUEST_MAX + 1).unwrap();
            let mut wire = Withholding { bytes: over.to_be_bytes().to_vec(), at: 0, offered: 0 };
            let fault = codec().read_request(&PROTOCOL, &mut wire).await.unwrap_err();
            assert_eq!(fault.kind(), io::ErrorKind::InvalidData);
            assert_eq!(wire.offered, 4);
        });
    }

    #[test]
    fn a_body_that_is_promised_and_withheld_costs_one_step_and_ends() {
        runtime().block_on(async {
            let promised = u32::try_from(limits::REQUEST_MAX).unwrap();
            let mut wire = Withholding { bytes: promised.to_be_bytes().to_vec(), at: 0, offered: 0 };
            wire.bytes.extend_from_slice(&[1; 100]);
            let fault = codec().read_request(&PROTOCOL, &mut wire).await.unwrap_err();
            assert_eq!(fault.kind(), io::ErrorKind::TimedOut);
            assert_eq!(wire.offered, STEP);
        });
    }

    #[test]
    fn an_answer_has_the_time_of_its_request() {
        runtime().block_on(async {
            let mut codec = FrameCodec::new(SYNC, Duration::from_secs(600), Duration::from_secs(600));
            let question = Question { body: Arc::default(), until: Instant::now() + Duration::from_millis(30) };
            codec.write_request(&PROTOCOL, &mut Cursor::new(Vec::new()), question).await.unwrap();
            let mut silent = Withholding { bytes: Vec::new(), at: 0, offered: 0 };
            let fault = codec.read_response(&PROTOCOL, &mut silent).await.unwrap_err();
            assert_eq!(fault.kind(), io::ErrorKind::TimedOut);
        });
    }
}
