//! Real daemons in one process: found, admit by card, invite; publish everywhere, converge, restart.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a fixture that cannot be made fails its test, and says why"
)]

use std::collections::BTreeSet;
use std::time::Duration;

use lyceum_node::api::shapes::Source;
use lyceum_node::api::{Node as _, find_published};
use lyceum_node::attachments::access::Access;
use lyceum_node::attachments::service::Service;
use lyceum_node::attachments::{Attachments, Whereabouts};
use lyceum_node::config::AttachmentSettings;
use lyceum_node::daemon::{Daemon, Options};
use lyceum_node::index;
use lyceum_node::running::RunningNode;
use lyceum_node::store::{LogStore, Store, StoreOptions};
use lyceum_protocol::attachment::message::{Answer, Request};
use lyceum_protocol::attachment::outline::Outline;
use lyceum_protocol::bounded::BoundedVec;
use lyceum_protocol::document::motion::Operation;
use lyceum_protocol::document::signature::SignaturePlace;
use lyceum_protocol::documents::DocumentBatch;
use lyceum_protocol::entry::Draft;
use lyceum_protocol::entry::header::{Kind, MARKING_GREEN};
use lyceum_protocol::hash::{CharterId, FileHash, NetworkId};
use lyceum_protocol::key::SecretKey;
use lyceum_protocol::publication::Publication;
use lyceum_protocol::replica::{Batch, Change, KnownPeer, Outcome};
use lyceum_protocol::sync::message::RefusalCode;
use lyceum_tests::fixtures::Org;
use tantivy::Term;
use tempfile::TempDir;

/// An organisation with the folder of its node.
struct Member {
    org: Org,
    home: TempDir,
}

impl Member {
    fn new(name: &str, number: u64) -> Self {
        Self { org: Org::new(name, number), home: tempfile::tempdir().unwrap() }
    }

    fn store(&self, network: NetworkId, batch: DocumentBatch) {
        let opened = Store::open(self.home.path(), &StoreOptions::new(network)).unwrap();
        let objects = batch.objects.into_iter().map(Change::Document);
        let changes = objects.chain(batch.signatures.into_iter().map(Change::Signature)).collect();
        opened.store.commit(Batch { changes }).unwrap();
    }

    async fn start(&self, network: NetworkId, checkpoint: CharterId, known: Vec<KnownPeer>, gossip: bool) -> Daemon {
        Daemon::start(Options {
            store: self.home.path().to_path_buf(),
            network,
            checkpoint,
            org: self.org.id(),
            secret: self.org.key(),
            known_peers: known,
            listen: vec!["/ip4/127.0.0.1/tcp/0".parse().unwrap()],
            announce: Vec::new(),
            lan: true,
            gossip,
        })
        .await
        .unwrap()
    }
}

fn draft(text: &str) -> Draft {
    let payload = [[7_u8; 16].as_slice(), text.as_bytes()].concat();
    Draft { kind: Kind::PUBLICATION, marking: MARKING_GREEN, flags: 0, time: 1_000, payload: payload.into() }
}

async fn publish(daemon: &Daemon, count: usize, name: &str) -> usize {
    let drafts = (0..count).map(|n| draft(&format!("{{\"type\":\"note\",\"title\":\"{name} {n}\"}}"))).collect();
    match daemon.handle().publish(drafts).await.unwrap() {
        Outcome::Published(entries) => entries.len(),
        other => panic!("{other:?}"),
    }
}

/// Waits until all daemons hold `count` publications and say the same of everything. Every turn is an event awaited.
async fn converge(daemons: &[&Daemon], count: usize) {
    let agreed = async {
        loop {
            let mut roots = BTreeSet::new();
            let mut counts = BTreeSet::new();
            for daemon in daemons {
                let (root, held) = daemon
                    .handle()
                    .read(|replica| {
                        let state = replica.state();
                        let facts = state.records().flat_map(|record| record.facts());
                        (state.state_root(), facts.filter(|fact| fact.kind == Kind::PUBLICATION).count())
                    })
                    .await
                    .unwrap();
                roots.insert(root);
                counts.insert(held);
            }
            if roots.len() == 1 && counts == BTreeSet::from([count]) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    if tokio::time::timeout(Duration::from_secs(60), agreed).await.is_err() {
        for daemon in daemons {
            let handle = daemon.handle();
            let words = handle.read(|replica| {
                let logs: Vec<_> =
                    replica.state().records().map(|record| (record.log().len(), record.judged().line)).collect();
                format!("{:?}\n{:?}\n{:?}", replica.sessions(), logs, replica.unreachable().collect::<Vec<_>>())
            });
            eprintln!("{}\n", words.await.unwrap());
        }
        panic!("the daemons did not converge");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn three_organisations_share_what_they_publish_and_catch_up_after_a_restart() {
    share_and_catch_up(true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_any_gossip_everything_converges_all_the_same() {
    share_and_catch_up(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_published_is_recognised_without_reading_the_log_again() {
    let a = Member::new("Alpha", 1);
    let (charter, founding) = a.org.found();
    let network = NetworkId::from(charter.id());
    a.store(network, founding);
    let daemon = a.start(network, charter.id(), Vec::new(), true).await;
    publish(&daemon, 300, "before").await;
    // The node of a program that was started anew, as far as its index knows.
    let node = RunningNode::of(&daemon, a.org.key().public(), None);
    let source = |title: &str| {
        let json = format!("{{\"type\":\"note\",\"title\":\"{title}\"}}");
        let content = Publication::read(json.as_bytes()).unwrap().content_hash();
        let content = content.iter().map(|byte| format!("{byte:02x}")).collect();
        Source { content, kind: "note".to_owned(), language: None, title: title.to_owned() }
    };
    let find = async |titles: &[&str]| {
        let found = find_published(&node, titles.iter().map(|title| source(title)).collect()).await.unwrap();
        found.into_iter().map(|found| found.unchanged.is_some()).collect::<Vec<_>>()
    };
    assert_eq!(find(&["before 0", "before 299", "before 300"]).await, [true, true, false]);
    assert_eq!(node.published().entries_read(), 300, "the first question reads everything once");
    let drafts = (0..100).map(|n| draft(&format!("{{\"type\":\"note\",\"title\":\"after {n}\"}}"))).collect();
    assert!(matches!(node.publish(drafts).await.unwrap(), Outcome::Published(entries) if entries.len() == 100));
    assert_eq!(find(&["before 7", "after 0", "after 99", "after 100"]).await, [true, true, true, false]);
    assert_eq!(node.published().entries_read(), 300, "what is published through the node is known");
    // Past the node, as from another machine of the organisation: only that is read.
    publish(&daemon, 5, "elsewhere").await;
    assert_eq!(find(&["elsewhere 4"]).await, [true]);
    assert_eq!(node.published().entries_read(), 305);
    daemon.shutdown().await;
}

/// PROTOCOL 5: what is erased leaves the search index, and its text the files, within ten seconds.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_erased_leaves_the_search_index_and_its_files() {
    let (a, folder) = (Member::new("Alpha", 1), tempfile::tempdir().unwrap());
    let (charter, founding) = a.org.found();
    let network = NetworkId::from(charter.id());
    a.store(network, founding);
    let daemon = a.start(network, charter.id(), Vec::new(), true).await;
    let path = folder.path().join("index");
    let parts = index::Parts { folder: path.clone(), network, handle: daemon.handle(), store: daemon.store() };
    let (search, following) = index::start(parts).unwrap();
    let drafts = (0..40).map(|n| draft(&format!("{{\"type\":\"note\",\"title\":\"canary{n} kept\"}}"))).collect();
    let Outcome::Published(entries) = daemon.handle().publish(drafts).await.unwrap() else { panic!("not published") };
    // Publications, and whether a word still stands in a dictionary.
    let held = |word: &str| {
        let snapshot = search.snapshot()?;
        let term = Term::from_field_text(snapshot.fields.text, &format!("en {word}"));
        let mut readers = snapshot.segments.iter().flat_map(|segment| &segment.scored);
        let stands = readers.any(|reader| reader.get_term_info(&term).unwrap().is_some());
        Some((snapshot.live, stands))
    };
    let until = async |wanted: (u64, bool)| {
        let reached = async {
            while held("canary7") != Some(wanted) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let within = tokio::time::timeout(Duration::from_secs(10), reached).await;
        assert!(within.is_ok(), "{:?} and not {wanted:?}", held("canary7"));
    };
    until((40, true)).await;
    let before: BTreeSet<_> = std::fs::read_dir(&path).unwrap().map(|file| file.unwrap().file_name()).collect();
    let targets = BoundedVec::new(vec![entries[7].id()]).unwrap();
    let erase = a.org.passed(charter.id(), Operation::Erase { targets });
    assert_eq!(daemon.handle().govern(erase).await.unwrap(), Outcome::Taken);
    until((39, false)).await;
    let gone = async {
        let segments = before.iter().filter(|name| name.to_string_lossy().ends_with(".term")).collect::<Vec<_>>();
        assert!(!segments.is_empty());
        while segments.iter().any(|name| path.join(name).exists()) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(10), gone).await.is_ok(), "the files stay");
    following.finish().await;
    daemon.shutdown().await;
}

/// A6: an attachment is served only to those who may read an entry that names it, and goes when no unerased
/// entry names it.
#[tokio::test(flavor = "multi_thread")]
async fn attached_files_are_served_and_kept_as_long_as_an_entry_names_them() {
    let (a, b, folder) = (Member::new("Alpha", 1), Member::new("Beta", 2), tempfile::tempdir().unwrap());
    let (charter, founding) = a.org.found();
    let network = NetworkId::from(charter.id());
    a.store(network, founding);
    let mut alpha = a.start(network, charter.id(), Vec::new(), true).await;
    let parts =
        index::Parts { folder: folder.path().join("index"), network, handle: alpha.handle(), store: alpha.store() };
    let (search, following) = index::start(parts).unwrap();
    let files = Attachments::open(folder.path().join("files"), AttachmentSettings::default()).unwrap();
    let access = Access::new(alpha.handle(), alpha.store(), search);
    let service = Service::start(&files, &access, alpha.take_attachments().unwrap());
    let addresses = alpha.network().addresses().external.iter().map(ToString::to_string).collect();
    let known = KnownPeer { peer: a.org.key().public(), addresses };
    alpha.handle().govern(a.org.admits(charter.id(), &b.org)).await.unwrap();
    b.store(network, b.org.card());
    let mut beta = b.start(network, charter.id(), vec![known], true).await;
    let asker = beta.take_attachments().unwrap().asker;
    converge(&[&alpha, &beta], 0).await;

    let content = vec![7_u8; 1_500_000];
    let mut upload = files.put(1_500_000).unwrap();
    upload.write(&content).unwrap();
    let digests = upload.finish().unwrap();
    let (blake3, peer) = (digests.blake3, a.org.key().public());
    let ask = async |request: Request| loop {
        match asker.ask(peer, &request, Duration::from_secs(10)).await {
            // Connected as a member, but for a moment.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            Ok(answer) => return answer,
        }
    };
    let has = async || {
        let Answer::Has(held) = ask(Request::Has { hashes: vec![blake3].try_into().unwrap() }).await else { panic!() };
        held.into_inner().pop()
    };
    let piece = async || ask(Request::Piece { blake3, index: 1 }).await;
    let not_held = |answer: &Answer| matches!(answer, Answer::Refused { code: RefusalCode::NotHeld, .. });
    // It is here, and no entry names it: it looks like one that is not here.
    assert_eq!(has().await, None);
    assert!(not_held(&piece().await));
    let unknown = ask(Request::Piece { blake3: FileHash([1; 32]), index: 1 }).await;
    assert_eq!(unknown, piece().await);

    let hex = |hash: &[u8; 32]| data_encoding::HEXLOWER.encode(hash);
    let note = format!(
        r#"{{"type":"note","title":"n","attachments":[{{"name":"x","media_type":"x","size":1500000,"blake3":"{blake3}",
        "sha256":"{}"}}]}}"#,
        hex(&digests.sha256)
    );
    let Outcome::Published(entries) = alpha.handle().publish(vec![draft(&note)]).await.unwrap() else { panic!() };
    let until = async |wanted: bool| {
        let reached = async {
            while has().await.is_some() != wanted {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        assert!(tokio::time::timeout(Duration::from_secs(20), reached).await.is_ok(), "not {wanted}");
    };
    until(true).await;
    let Answer::Piece { proof, bytes } = piece().await else { panic!() };
    let mut outline = Outline::new(blake3, 1_500_000).unwrap();
    assert_eq!(outline.accept(1, bytes.into_inner(), &proof).unwrap().bytes(), &content[1 << 20..]);
    assert!(not_held(&ask(Request::Piece { blake3, index: 2 }).await));

    let targets = BoundedVec::new(vec![entries[0].id()]).unwrap();
    let erase = a.org.passed(charter.id(), Operation::Erase { targets });
    assert_eq!(alpha.handle().govern(erase).await.unwrap(), Outcome::Taken);
    until(false).await;
    assert!(not_held(&piece().await));
    let mut changed = files.changed();
    let gone = async {
        while files.whereabouts(blake3) != Whereabouts::Absent {
            changed.changed().await.unwrap();
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(30), gone).await.is_ok(), "the file stays");
    service.finish().await;
    following.finish().await;
    alpha.shutdown().await;
    beta.shutdown().await;
}

async fn share_and_catch_up(gossip: bool) {
    let (a, b, c) = (Member::new("Alpha", 1), Member::new("Beta", 2), Member::new("Gamma", 3));
    let (charter, founding) = a.org.found();
    let network = NetworkId::from(charter.id());
    a.store(network, founding);

    let alpha = a.start(network, charter.id(), Vec::new(), gossip).await;
    assert_eq!(publish(&alpha, 3, "alpha").await, 3);
    let addresses: Vec<String> = alpha.network().addresses().external.iter().map(ToString::to_string).collect();
    assert!(!addresses.is_empty());
    let known = KnownPeer { peer: a.org.key().public(), addresses };

    // Beta is admitted by card.
    let admit = a.org.admits(charter.id(), &b.org);
    assert_eq!(alpha.handle().govern(admit).await.unwrap(), Outcome::Taken);
    b.store(network, b.org.card());
    let beta = b.start(network, charter.id(), vec![known.clone()], gossip).await;
    publish(&beta, 4, "beta").await;
    converge(&[&alpha, &beta], 7).await;

    // Gamma redeems an invitation.
    let invite = SecretKey::from_seed(&[77; 32]);
    let motion = a.org.passed(charter.id(), Operation::Invite { key: invite.public() });
    assert_eq!(alpha.handle().govern(motion).await.unwrap(), Outcome::Taken);
    let mut join = c.org.card();
    join.signatures.push(SignaturePlace::redemption(c.org.id(), invite.public()).sign(network, &invite).unwrap());
    c.store(network, join);
    let gamma = c.start(network, charter.id(), vec![known.clone()], gossip).await;
    publish(&gamma, 5, "gamma").await;
    converge(&[&alpha, &beta, &gamma], 12).await;

    // Beta misses a thousand entries and catches up.
    beta.shutdown().await;
    for n in 0..10 {
        publish(&alpha, 100, &format!("later {n}")).await;
    }
    let beta = b.start(network, charter.id(), vec![known], gossip).await;
    converge(&[&alpha, &beta, &gamma], 1_012).await;
    publish(&beta, 1, "beta again").await;
    converge(&[&alpha, &beta, &gamma], 1_013).await;
    let logs = beta.handle().read(|replica| replica.state().records().count()).await.unwrap();
    assert_eq!(logs, 3, "a clean restart goes on with the own log");
    for daemon in [alpha, beta, gamma] {
        daemon.shutdown().await;
    }
}
