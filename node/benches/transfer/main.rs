//! An attached file from one node to another over loopback, set against the raw encrypted stream taken in the same run.
//!
//! The raw stream is TCP with Noise, and once more one stream of libp2p on it, as nodes use them, in two processes, the
//! bytes thrown away. The transfer is between two nodes, each a process: from the wish for the file until it is on the disk, whole, checked piece by
//! piece and synced. Just before, the same bytes are written to a file and synced: that is a raw part too, and it has
//! the memory of a virtual machine there that the system will keep the file in. `LYCEUM_BENCH_SHORT` makes the file
//! smaller.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a bench prints, and stops at a fault"
)]

mod raw;

use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use lyceum_node::attachments::access::Access;
use lyceum_node::attachments::service::Service;
use lyceum_node::attachments::{Attachments, Reason, Want, Whereabouts};
use lyceum_node::config::AttachmentSettings;
use lyceum_node::daemon::{Daemon, Options};
use lyceum_node::index::{self, SearchIndex};
use lyceum_node::store::{LogStore as _, Store, StoreOptions};
use lyceum_protocol::documents::DocumentBatch;
use lyceum_protocol::entry::Draft;
use lyceum_protocol::entry::header::{Kind, MARKING_GREEN};
use lyceum_protocol::hash::{CharterId, EntryId, FileHash, NetworkId};
use lyceum_protocol::replica::effect::Outcome;
use lyceum_protocol::replica::{Batch, Change, KnownPeer};
use lyceum_tests::fixtures::Org;

const ROLE: &str = "LYCEUM_BENCH_ROLE";
const MIB: u64 = 1 << 20;
const PATIENCE: Duration = Duration::from_secs(300);

/// Holder and fetcher are members.
struct Alliance {
    holder: Org,
    fetcher: Org,
    charter: CharterId,
    documents: DocumentBatch,
}

fn alliance() -> Alliance {
    let (holder, fetcher) = (Org::new("Holder", 0), Org::new("Fetcher", 1));
    let (charter, mut documents) = holder.found();
    let admit = holder.admits(charter.id(), &fetcher);
    documents.objects.extend(admit.objects);
    documents.signatures.extend(admit.signatures);
    Alliance { charter: charter.id(), holder, fetcher, documents }
}

/// A node with its attached files.
struct Running {
    daemon: Daemon,
    files: Attachments,
    access: Access,
    search: SearchIndex,
    service: Service,
    following: index::Following,
}

async fn start(home: &Path, alliance: &Alliance, org: &Org, known_peers: Vec<KnownPeer>) -> Running {
    let network = NetworkId(alliance.charter.0);
    let store = home.join("store");
    {
        let opened = Store::open(&store, &StoreOptions::new(network)).unwrap();
        let documents = &alliance.documents;
        let objects = documents.objects.iter().cloned().map(Change::Document);
        let changes = objects.chain(documents.signatures.iter().cloned().map(Change::Signature)).collect();
        opened.store.commit(Batch { changes }).unwrap();
    }
    let mut daemon = Daemon::start(Options {
        store,
        network,
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
    .unwrap();
    let files = Attachments::open(home.join("attachments"), AttachmentSettings::default()).unwrap();
    let parts = index::Parts { folder: home.join("index"), network, handle: daemon.handle(), store: daemon.store() };
    let (search, following) = index::start(parts).unwrap();
    let access = Access::new(daemon.handle(), daemon.store(), search.clone());
    let service = Service::start(&files, &access, daemon.take_attachments().unwrap());
    Running { daemon, files, access, search, service, following }
}

impl Running {
    async fn stop(self) {
        self.service.finish().await;
        self.following.finish().await;
        drop(self.search);
        self.daemon.shutdown().await;
    }
}

/// Bytes that no two pieces share.
fn block(number: u64) -> Vec<u8> {
    let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let words = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    words.take(usize::try_from(MIB / 8).unwrap()).flatten().collect()
}

/// Attaches a file to a note and serves it until its standard input ends.
#[tokio::main]
async fn holder(mib: u64) {
    let (home, alliance) = (tempfile::tempdir().unwrap(), alliance());
    let node = start(home.path(), &alliance, &alliance.holder, Vec::new()).await;
    let began = Instant::now();
    let files = node.files.clone();
    let digests = tokio::task::spawn_blocking(move || {
        let mut upload = files.put(mib * MIB).unwrap();
        (0..mib).for_each(|number| upload.write(&block(number)).unwrap());
        upload.finish().unwrap()
    })
    .await
    .unwrap();
    eprintln!("taken in: {:.0} MiB/s", mib as f64 / began.elapsed().as_secs_f64());
    let (blake3, sha256) = (digests.blake3.to_string(), data_encoding::HEXLOWER.encode(&digests.sha256));
    let note = serde_json::json!({
        "type": "note", "title": "A file", "body": "See the file.",
        "attachments": [{
            "name": "file.bin", "media_type": "application/octet-stream", "size": digests.size,
            "blake3": blake3, "sha256": sha256,
        }],
    });
    let payload = [&[7; 16][..], note.to_string().as_bytes()].concat();
    let draft = Draft { kind: Kind::PUBLICATION, marking: MARKING_GREEN, flags: 0, time: 1, payload: payload.into() };
    let outcome = node.daemon.handle().publish(vec![draft]).await.unwrap();
    let Outcome::Published(entries) = outcome else { panic!("not published: {outcome:?}") };
    node.files.remember(&node.access.published(&entries));
    println!("{} {} {}", node.daemon.network().addresses().external[0], entries[0].id(), blake3);
    let _end = std::io::stdin().lock().lines().next();
    node.stop().await;
}

/// Joins, waits for the entry, and fetches the file.
#[tokio::main]
async fn fetcher(mib: u64, address: &str, entry: &str, blake3: &str) {
    let (home, alliance) = (tempfile::tempdir().unwrap(), alliance());
    let known = KnownPeer { peer: alliance.holder.key().public(), addresses: vec![address.to_owned()] };
    let node = start(home.path(), &alliance, &alliance.fetcher, vec![known]).await;
    let entry: EntryId = entry.parse().unwrap();
    let blake3: FileHash = blake3.parse().unwrap();
    let patience = Instant::now() + PATIENCE;
    while node.access.giver(blake3).await != Some(entry) {
        assert!(Instant::now() < patience, "the entry did not come");
        // What was looked up counts for a second.
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let written = write_raw(home.path(), mib);
    let mut changed = node.files.changed();
    let began = Instant::now();
    let want =
        Want { size: mib * MIB, entry, org: alliance.holder.id(), reason: Reason::Demand, waiting: String::new() };
    node.files.want(vec![(blake3, want)]).unwrap();
    while !matches!(node.files.whereabouts(blake3), Whereabouts::Here(_)) {
        tokio::time::timeout(PATIENCE, changed.changed()).await.unwrap().unwrap();
    }
    println!("{} {} {}", began.elapsed().as_micros(), peak_memory(), written.as_micros());
    node.stop().await;
}

/// How long it takes to write a file of this size, and to sync it.
fn write_raw(folder: &Path, mib: u64) -> Duration {
    let (path, block) = (folder.join("raw"), block(0));
    let began = Instant::now();
    let mut file = std::fs::File::create(&path).unwrap();
    (0..mib).for_each(|_| file.write_all(&block).unwrap());
    file.sync_all().unwrap();
    let took = began.elapsed();
    std::fs::remove_file(&path).unwrap();
    took
}

/// Most memory that the process ever held, in KiB.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM"));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok()).unwrap_or(0)
}

/// This program in another role, and the first line that it says.
fn spawn(role: &str) -> (Child, ChildStdin, String) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    let mut child = command.env(ROLE, role).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (stdin, mut said) = (child.stdin.take().unwrap(), String::new());
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut said).unwrap();
    (child, stdin, said.trim().to_owned())
}

/// MiB per second from `source` to `sink`, the peak memory of the sink in MiB, and MiB per second to its disk.
fn measure(source: &str, sink: &str, mib: u64) -> (f64, u64, f64) {
    let (mut source, stdin, said) = spawn(&format!("{source} {mib}"));
    let (mut sink, _stdin, figures) = spawn(&format!("{sink} {mib} {said}"));
    assert!(sink.wait().unwrap().success());
    drop(stdin);
    assert!(source.wait().unwrap().success());
    let numbers: Vec<u64> = figures.split_whitespace().map(|word| word.parse().unwrap()).collect();
    let [micros, kib, written] = numbers[..] else { panic!("the sink said: {figures}") };
    let rate = |micros: u64| mib as f64 * 1e6 / micros as f64;
    (rate(micros), kib / 1024, rate(written))
}

fn main() {
    let role = std::env::var(ROLE).unwrap_or_default();
    let words: Vec<&str> = role.split(' ').collect();
    match words[..] {
        ["noise_source", mib] => return wait(raw::noise_source(mib.parse().unwrap())),
        ["noise_sink", mib, address] => return wait(raw::noise_sink(mib.parse().unwrap(), address)),
        ["stream_source", mib] => return wait(raw::stream_source(mib.parse().unwrap())),
        ["stream_sink", mib, address] => return wait(raw::stream_sink(mib.parse().unwrap(), address)),
        ["holder", mib] => return holder(mib.parse().unwrap()),
        ["fetcher", mib, address, entry, blake3] => return fetcher(mib.parse().unwrap(), address, entry, blake3),
        _ => {}
    }
    let short = std::env::var_os("LYCEUM_BENCH_SHORT").is_some();
    let mib = if short { 128 } else { 1024 };
    for _ in 0..if short { 1 } else { 3 } {
        let (noise, _, _) = measure("noise_source", "noise_sink", mib);
        println!("raw: TCP with Noise, {mib} MiB: {noise:>10.0} MiB/s");
        let (stream, _, _) = measure("stream_source", "stream_sink", mib);
        println!("raw: one stream of libp2p, {mib} MiB: {stream:>10.0} MiB/s");
        let (rate, memory, disk) = measure("holder", "fetcher", mib);
        println!("raw: written and synced, {mib} MiB: {disk:>10.0} MiB/s");
        println!(
            "attachment of {mib} MiB: {rate:>10.0} MiB/s, {:.2} of TCP with Noise, {:.2} of a stream, peak memory {memory} MiB",
            rate / noise,
            rate / stream,
        );
    }
}

#[tokio::main]
async fn wait(work: impl Future<Output = ()>) {
    work.await;
}
