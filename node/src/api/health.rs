//! Is it alive, is it ready, how is it; and for whom requests over TCP are meant.

use std::net::SocketAddr;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header, uri::Authority};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::{Node, Problem, Status};
use crate::failure::Failure;

pub(super) async fn alive() -> &'static str {
    "alive\n"
}

pub(super) async fn ready<N: Node>(State(node): State<N>) -> Result<&'static str, Problem> {
    if !node.is_ready() {
        let failure = Failure::new("the node is not ready yet").next("see what `lyceum status` says");
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, &failure));
    }
    Ok("ready\n")
}

pub(super) async fn status<N: Node>(State(node): State<N>) -> Result<Json<Status>, Problem> {
    Ok(Json(node.status().await?))
}

/// Lets through only what was meant for this address: the host is an IP address, `localhost` or absent. A page that
/// lies behind a name of its own and has that name point here gets nothing.
pub(super) async fn check_host(State(address): State<SocketAddr>, request: Request, next: Next) -> Response {
    let named = request.headers().get(header::HOST).map(|host| host.to_str().unwrap_or_default().to_owned());
    let mut hosts = named.into_iter().chain(request.uri().authority().map(|authority| authority.to_string()));
    if hosts.any(|host| !is_ours(&host, address)) {
        let failure = Failure::usage("this address is not served under that name").next(format!("ask for {address}"));
        return Problem::new(StatusCode::MISDIRECTED_REQUEST, &failure).into_response();
    }
    next.run(request).await
}

fn is_ours(host: &str, address: SocketAddr) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    if authority.port_u16().is_some_and(|port| port != address.port() && address.ip().is_loopback()) {
        return false;
    }
    let name = authority.host().trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost") || name.parse::<std::net::IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_and_localhost_are_served() {
        let here: SocketAddr = "127.0.0.1:8420".parse().unwrap();
        for host in ["127.0.0.1:8420", "localhost:8420", "LOCALHOST", "[::1]:8420"] {
            assert!(is_ours(host, here), "{host}");
        }
        for host in ["evil.example", "evil.example:8420", "localhost.evil.example", "127.0.0.1:1", "", "a b"] {
            assert!(!is_ours(host, here), "{host}");
        }
    }
}
