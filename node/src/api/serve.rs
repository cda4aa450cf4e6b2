//! The two servers: the socket in the home, and the TCP address where one is set.

use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tokio::net::{TcpListener, UnixListener, UnixStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{Node, local, public};
use crate::home::Home;
use crate::home::socket::{self, SocketFault};

/// Why the interface is not served.
#[derive(Debug, thiserror::Error)]
pub enum ServeFault {
    /// There is no place for the socket.
    #[error(transparent)]
    Socket(#[from] SocketFault),
    /// A daemon answers there.
    #[error("a daemon serves {0} already")]
    Taken(String),
    /// The socket cannot be made.
    #[error("cannot make the socket {path}")]
    Bind {
        /// Where.
        path: String,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// The TCP address cannot be used.
    #[error("cannot serve HTTP on {address}")]
    Http {
        /// Which.
        address: SocketAddr,
        /// Why.
        #[source]
        cause: io::Error,
    },
}

/// What was bound. Ends with the token that it was started with.
#[derive(Debug)]
pub struct Servers {
    /// The address of `--http`, with the port that was bound.
    pub http: Option<SocketAddr>,
    socket: PathBuf,
    tasks: Vec<JoinHandle<io::Result<()>>>,
}

impl Servers {
    /// Waits until the last request is answered, and removes the socket. To be called after the token was cancelled.
    pub async fn finish(self) {
        for task in self.tasks {
            // A server that panicked has nothing more to finish.
            let _ = task.await;
        }
        let _ = std::fs::remove_file(&self.socket);
    }
}

/// Binds the TCP address, so that its port is known before anything else starts.
///
/// # Errors
/// [`ServeFault::Http`].
pub async fn bind_http(address: Option<SocketAddr>) -> Result<Option<TcpListener>, ServeFault> {
    match address {
        Some(address) => {
            let bound = TcpListener::bind(address).await;
            bound.map(Some).map_err(|cause| ServeFault::Http { address, cause })
        }
        None => Ok(None),
    }
}

/// Serves the interface until `stop`. The home has to be locked by the caller: a socket that nobody answers is stale.
///
/// # Errors
/// [`ServeFault`].
pub async fn serve<N: Node>(
    home: &Home,
    node: N,
    http: Option<TcpListener>,
    stop: CancellationToken,
) -> Result<Servers, ServeFault> {
    let path = socket::path(home)?;
    let listener = bind(&path).await?;
    let mut tasks = Vec::new();
    let local = local(node.clone());
    let until = stop.clone().cancelled_owned();
    tasks.push(tokio::spawn(async move { axum::serve(listener, local).with_graceful_shutdown(until).await }));
    let mut bound = None;
    if let Some(listener) = http
        && let Ok(address) = listener.local_addr()
    {
        bound = Some(address);
        let public = public(node, address);
        let until = stop.cancelled_owned();
        tasks.push(tokio::spawn(async move { axum::serve(listener, public).with_graceful_shutdown(until).await }));
    }
    Ok(Servers { http: bound, socket: path, tasks })
}

async fn bind(path: &Path) -> Result<UnixListener, ServeFault> {
    let fault = |cause| ServeFault::Bind { path: path.display().to_string(), cause };
    if path.exists() {
        // Left over from a daemon that was killed, unless somebody answers.
        if UnixStream::connect(path).await.is_ok() {
            return Err(ServeFault::Taken(path.display().to_string()));
        }
        std::fs::remove_file(path).map_err(fault)?;
    }
    // The folder is of mode 0700: nobody connects between these two lines.
    let listener = UnixListener::bind(path).map_err(fault)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).map_err(fault)?;
    Ok(listener)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_stale_socket_is_removed_and_a_live_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        assert!(path.exists(), "dropping a listener leaves its file");
        let listener = bind(&path).await.unwrap();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(matches!(bind(&path).await.unwrap_err(), ServeFault::Taken(_)));
        drop(listener);
    }
}
