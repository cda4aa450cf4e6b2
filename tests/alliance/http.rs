//! What is served over TCP: health, readiness, status, and nothing else.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::cluster::Node;

/// The status code and the whole answer.
fn get(address: &str, path: &str, host: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    (answer.split(' ').nth(1).unwrap().parse().unwrap(), answer)
}

#[test]
fn only_health_readiness_and_status_and_only_under_its_own_name() {
    let folder = tempfile::tempdir().unwrap();
    let mut node = Node::make(folder.path(), "Lab");
    node.run(&["found", "--name", "Alliance"]).well();
    node.start();
    let here = node.said("http").to_owned();
    for path in ["/healthz", "/readyz", "/status"] {
        assert_eq!(get(&here, path, &here).0, 200, "{path}");
    }
    assert!(get(&here, "/status", &here).1.contains("\"state_root\""));
    for path in ["/members", "/log", "/documents", "/publish", "/govern", "/"] {
        let (code, answer) = get(&here, path, &here);
        assert_eq!(code, 404, "{path}");
        assert!(answer.contains("application/problem+json"), "{answer}");
    }
    assert_eq!(get(&here, "/status", "evil.example").0, 421);
}
