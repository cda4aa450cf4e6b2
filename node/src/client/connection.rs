//! One request over a connection of its own to the socket in the home.

use hyper::body::{Body, Bytes, Incoming};
use hyper::http::request::Builder;
use hyper::{Response, header};
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;
use tokio::task::JoinHandle;

use super::Client;
use crate::failure::Failure;

/// A connection that ends with the value.
pub(super) struct Driven(JoinHandle<()>);

impl Drop for Driven {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Client {
    /// Sends a request; the answer comes as long as the connection is kept.
    pub(super) async fn open<B>(&self, request: Builder, body: B) -> Result<(Response<Incoming>, Driven), Failure>
    where
        B: Body<Data = Bytes, Error: std::error::Error + Send + Sync> + Send + 'static,
    {
        let lost = |fault: &(dyn std::error::Error + 'static)| {
            Failure::no_daemon("the connection to the daemon was lost")
                .because(fault)
                .next("see whether it still runs: lyceum status")
        };
        let stream = UnixStream::connect(&self.socket).await.map_err(|fault| lost(&fault))?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|fault| lost(&fault))?;
        // Its end shows in the request.
        let driven = Driven(tokio::spawn(async move { drop(connection.await) }));
        let request = request.header(header::HOST, "localhost").body(body).map_err(|fault| lost(&fault))?;
        let response = sender.send_request(request).await.map_err(|fault| lost(&fault))?;
        Ok((response, driven))
    }
}
