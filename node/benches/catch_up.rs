//! Catch-up of an empty node over loopback, set against the raw parts taken in the same run.
//!
//! Three processes: this one measures the raw parts and starts a *source*, a node that holds entries of 1 KiB written
//! by 50 authors, and an *empty* node, which joins and pulls all of them. `LYCEUM_BENCH_SHORT` leaves out the large run.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a bench prints, and stops at a fault"
)]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use lyceum_node::daemon::{Daemon, Options};
use lyceum_node::store::{LogStore, Store, StoreOptions};
use lyceum_protocol::documents::DocumentBatch;
use lyceum_protocol::entry::header::{Kind, MARKING_GREEN};
use lyceum_protocol::entry::{Draft, Place, VerifiedEntry};
use lyceum_protocol::hash::{CharterId, NetworkId, PayloadHash, TreeHead, sha256};
use lyceum_protocol::history::Tree;
use lyceum_protocol::key::PublicKey;
use lyceum_protocol::log::Opening;
use lyceum_protocol::replica::{Batch, Change, KnownPeer};
use lyceum_tests::fixtures::Org;
use rayon::prelude::*;

const AUTHORS: u64 = 50;
const ROLE: &str = "LYCEUM_BENCH_ROLE";

/// The alliance of the bench: founder, authors and the newcomer are members.
struct Alliance {
    orgs: Vec<Org>,
    charter: CharterId,
    documents: DocumentBatch,
}

fn alliance() -> Alliance {
    let orgs: Vec<Org> = (0..=AUTHORS).map(|number| Org::new(&format!("Organisation {number}"), number)).collect();
    let (charter, mut documents) = orgs[0].found();
    for org in &orgs[1..] {
        let admit = orgs[0].admits(charter.id(), org);
        documents.objects.extend(admit.objects);
        documents.signatures.extend(admit.signatures);
    }
    Alliance { charter: charter.id(), orgs, documents }
}

fn written(network: NetworkId, org: &Org, count: u64) -> Vec<VerifiedEntry> {
    let (secret, mut tree) = (org.key(), Tree::new());
    (0..count)
        .map(|seq| {
            let text: String =
                (0..1024 - 16).map(|n| char::from(b'a' + u8::try_from((n + seq) % 26).unwrap())).collect();
            let payload = [&sha256(&[&seq.to_le_bytes()])[..16], text.as_bytes()].concat();
            let draft =
                Draft { kind: Kind::PUBLICATION, marking: MARKING_GREEN, flags: 0, time: seq, payload: payload.into() };
            let history = if seq == 0 { TreeHead(org.certificate.id().0) } else { tree.head() };
            let entry = draft.sign(network, &secret, Place { incarnation: 1, seq, history }).unwrap();
            tree.push(&entry.id());
            entry
        })
        .collect()
}

fn changes_of(entries: &[VerifiedEntry]) -> Vec<Change> {
    let log = Opening::of(&entries[0]).unwrap().log;
    entries.iter().map(|entry| Change::Entry { log, entry: entry.clone() }).collect()
}

fn fill(home: &Path, alliance: &Alliance, entries: Option<&[Vec<VerifiedEntry>]>, own: Option<&Org>) {
    let opened = Store::open(home, &StoreOptions::new(NetworkId(alliance.charter.0))).unwrap();
    let documents = own.map_or_else(|| alliance.documents.clone(), Org::card);
    let objects = documents.objects.into_iter().map(Change::Document);
    let changes = objects.chain(documents.signatures.into_iter().map(Change::Signature)).collect();
    opened.store.commit(Batch { changes }).unwrap();
    for log in entries.into_iter().flatten() {
        for page in changes_of(log).chunks(1000) {
            opened.store.commit(Batch { changes: page.to_vec() }).unwrap();
        }
    }
}

async fn start(home: &Path, alliance: &Alliance, org: &Org, known_peers: Vec<KnownPeer>) -> Daemon {
    Daemon::start(Options {
        store: home.to_path_buf(),
        network: NetworkId(alliance.charter.0),
        checkpoint: alliance.charter,
        org: org.id(),
        secret: org.key(),
        known_peers,
        listen: vec!["/ip4/127.0.0.1/tcp/0".parse().unwrap()],
        announce: Vec::new(),
        lan: true,
        gossip: true,
    })
    .await
    .unwrap()
}

fn per_log(count: u64) -> u64 {
    count / (AUTHORS - 1)
}

/// Holds everything and serves it until its standard input ends.
#[tokio::main]
async fn source(count: u64) {
    let (home, alliance) = (tempfile::tempdir().unwrap(), alliance());
    let network = NetworkId(alliance.charter.0);
    let entries: Vec<Vec<VerifiedEntry>> =
        alliance.orgs[1..].par_iter().skip(1).map(|org| written(network, org, per_log(count))).collect();
    fill(home.path(), &alliance, Some(&entries), None);
    drop(entries);
    let daemon = start(home.path(), &alliance, &alliance.orgs[0], Vec::new()).await;
    println!("{}", daemon.network().addresses().external[0]);
    let _end = std::io::stdin().lock().lines().next();
    daemon.shutdown().await;
}

/// Begins with its own card alone and ends when it holds everything.
#[tokio::main]
async fn empty(count: u64, address: &str) {
    let (home, alliance) = (tempfile::tempdir().unwrap(), alliance());
    let newcomer = &alliance.orgs[1];
    fill(home.path(), &alliance, None, Some(newcomer));
    let known = KnownPeer { peer: alliance.orgs[0].key().public(), addresses: vec![address.to_owned()] };
    let daemon = start(home.path(), &alliance, newcomer, vec![known]).await;
    // The store is open and the node listens; nobody is connected yet.
    let began = Instant::now();
    let wanted = per_log(count) * (AUTHORS - 1);
    loop {
        let handle = daemon.handle();
        let held = handle.read(move |replica| {
            let good = replica.state().frontier().iter().map(|item| item.good_len).sum::<u64>();
            (good >= wanted, replica.open_tickets(), good)
        });
        let (all, _, held) = held.await.unwrap();
        if all {
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(300), "{held} of {wanted} after five minutes");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    println!("{} {} {}", began.elapsed().as_micros(), wanted, peak_memory());
    daemon.shutdown().await;
}

/// Most memory that the process ever held, in KiB.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM"));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok()).unwrap_or(0)
}

fn measure(count: u64) -> (f64, u64) {
    let program = std::env::current_exe().unwrap();
    let mut source = Command::new(&program)
        .env(ROLE, format!("source {count}"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut address = String::new();
    BufReader::new(source.stdout.take().unwrap()).read_line(&mut address).unwrap();
    let output = Command::new(&program).env(ROLE, format!("empty {count} {}", address.trim())).output().unwrap();
    drop(source.stdin.take());
    source.wait().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    eprint!("{}", String::from_utf8_lossy(&output.stderr));
    let numbers: Vec<u64> = text.split_whitespace().map(|word| word.parse().unwrap()).collect();
    let [micros, entries, kib] = numbers[..] else { panic!("the empty node said: {text}") };
    (entries as f64 * 1e6 / micros as f64, kib)
}

/// Entries per second of one part alone.
fn rate(count: usize, work: impl FnOnce()) -> f64 {
    let began = Instant::now();
    work();
    count as f64 / began.elapsed().as_secs_f64()
}

fn raw_parts(count: u64) -> Vec<(&'static str, f64)> {
    let alliance = alliance();
    let network = NetworkId(alliance.charter.0);
    let logs: Vec<Vec<VerifiedEntry>> =
        alliance.orgs[2..].par_iter().map(|org| written(network, org, per_log(count))).collect();
    let all: Vec<&VerifiedEntry> = logs.iter().flatten().collect();
    let keys: Vec<PublicKey> = all.iter().map(|entry| PublicKey::admit(&entry.header().key).unwrap()).collect();
    let hashing = rate(all.len(), || {
        all.par_iter().for_each(|entry| {
            let content = entry.payload().content().unwrap();
            std::hint::black_box((PayloadHash::of(content), sha256(&[entry.header_bytes()])));
        });
    });
    let strict = rate(all.len(), || {
        all.par_iter().zip(&keys).for_each(|(entry, key)| {
            let hash = sha256(&[entry.header_bytes()]);
            assert!(key.verifies(lyceum_protocol::key::Domain::Entry, network, &hash, entry.signature()));
        });
    });
    let folder = tempfile::tempdir().unwrap();
    let db = sled::Config::new().path(folder.path()).cache_capacity(96 << 20).open().unwrap();
    let sled = rate(all.len(), || {
        for page in logs.iter().flat_map(|log| log.chunks(1000)) {
            let mut batch = sled::Batch::default();
            for entry in page {
                let key = [&entry.header().key[..8], &entry.header().seq.to_be_bytes()].concat();
                let row = [entry.header_bytes(), &entry.signature().0, entry.payload().content().unwrap()].concat();
                batch.insert(key, row);
            }
            db.apply_batch(batch).unwrap();
            db.flush().unwrap();
        }
    });
    vec![
        ("hashing, all cores", hashing),
        ("strict signature checks, all cores", strict),
        ("sled, batches of 1,000", sled),
    ]
}

fn main() {
    let role = std::env::var(ROLE).unwrap_or_default();
    let words: Vec<&str> = role.split(' ').collect();
    match words[..] {
        ["source", count] => return source(count.parse().unwrap()),
        ["empty", count, address] => return empty(count.parse().unwrap(), address),
        _ => {}
    }
    let parts = raw_parts(20_000);
    for (name, rate) in &parts {
        println!("raw: {name:40} {rate:>12.0} entries/s");
    }
    let slowest = parts.iter().map(|(_, rate)| *rate).fold(f64::INFINITY, f64::min);
    let counts: &[u64] = if std::env::var_os("LYCEUM_BENCH_SHORT").is_some() { &[10_000] } else { &[10_000, 100_000] };
    for count in counts {
        let (rate, kib) = measure(*count);
        println!(
            "catch-up of {count:>7} entries of 1 KiB, 50 logs: {rate:>9.0} entries/s, {:.2} of the slowest part, peak memory {} MiB",
            rate / slowest,
            kib / 1024
        );
    }
}
