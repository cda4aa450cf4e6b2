//! Files over the socket: streamed both ways, of any length in little memory.

use std::io;
use std::path::Path;

use futures::stream;
use http_body_util::{BodyExt as _, Empty, Limited, StreamBody};
use hyper::Request;
use hyper::body::{Bytes, Frame, Incoming};
use tokio::io::AsyncReadExt as _;

use super::connection::Driven;
use super::{Client, no_answer, read, refusal};
use crate::api::shapes::PutShape;
use crate::failure::Failure;

/// Bytes that are read of a file at once.
const BLOCK: usize = 256 * 1024;
/// Longest refusal that is read, in bytes.
const REFUSAL_MAX: usize = 1024 * 1024;

/// A file that comes.
pub struct Download {
    body: Incoming,
    _driven: Driven,
}

impl Download {
    /// The next bytes; none at the end.
    ///
    /// # Errors
    /// [`Failure`] if it breaks off.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        loop {
            let Some(frame) = self.body.frame().await else { return Ok(None) };
            let frame = frame.map_err(|fault| Failure::new("the file broke off").because(&fault))?;
            if let Ok(bytes) = frame.into_data() {
                return Ok(Some(bytes));
            }
        }
    }
}

impl Client {
    /// Hands a file over; `progress` is told how many bytes went.
    ///
    /// # Errors
    /// [`Failure`]: what the daemon said, or that the file cannot be read.
    pub async fn put(
        &self,
        file: &Path,
        size: u64,
        progress: impl Fn(u64) + Send + Sync + 'static,
    ) -> Result<PutShape, Failure> {
        let unread = |fault: io::Error| Failure::usage(format!("cannot read {}", file.display())).because(&fault);
        let opened = tokio::fs::File::open(file).await.map_err(unread)?;
        let blocks = stream::unfold((opened, 0_u64), move |(mut file, sent): (tokio::fs::File, u64)| {
            progress(sent);
            async move {
                let mut block = Vec::with_capacity(BLOCK);
                let mut part = (&mut file).take(u64::try_from(BLOCK).unwrap_or(u64::MAX));
                match part.read_to_end(&mut block).await {
                    Ok(0) => None,
                    Ok(read) => {
                        let sent = sent.saturating_add(u64::try_from(read).unwrap_or(0));
                        Some((Ok(Frame::data(Bytes::from(block))), (file, sent)))
                    }
                    Err(fault) => Some((Err(fault), (file, sent))),
                }
            }
        });
        let body = StreamBody::new(blocks).boxed_unsync();
        let (response, _driven) = self.open(Request::post(format!("/attachments?size={size}")), body).await?;
        let status = response.status();
        let answer = Limited::new(response.into_body(), REFUSAL_MAX).collect().await;
        let answer = answer.map_err(|fault| no_answer(fault.to_string()))?.to_bytes();
        if status.is_success() { read(&answer) } else { Err(refusal(status, &answer)) }
    }

    /// A file that the node holds, by its BLAKE3 hash.
    ///
    /// # Errors
    /// [`Failure`]: what the daemon said.
    pub async fn download(&self, blake3: &str) -> Result<Download, Failure> {
        let body = Empty::new().map_err(|never| match never {}).boxed_unsync();
        let (response, driven) = self.open(Request::get(format!("/attachments/{blake3}")), body).await?;
        let status = response.status();
        if status.is_success() {
            return Ok(Download { body: response.into_body(), _driven: driven });
        }
        let answer = Limited::new(response.into_body(), REFUSAL_MAX).collect().await;
        Err(refusal(status, &answer.map_err(|fault| no_answer(fault.to_string()))?.to_bytes()))
    }
}
