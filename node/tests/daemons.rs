//! Real daemons in one process: found, admit by card, invite; publish everywhere, converge, restart.

use std::collections::BTreeSet;
use std::time::Duration;

use lyceum_node::daemon::{Daemon, Options};
use lyceum_node::store::{LogStore, Store, StoreOptions};
use lyceum_protocol::bounded::{BoundedText, BoundedVec};
use lyceum_protocol::document::certificate::{Certificate, CertificateObject, ListedKey, Roles};
use lyceum_protocol::document::charter::{Charter, CharterObject, Lists, MemberRow, Params, Voter};
use lyceum_protocol::document::motion::{Motion, Operation};
use lyceum_protocol::document::signature::SignaturePlace;
use lyceum_protocol::documents::{DocumentBatch, DocumentObject};
use lyceum_protocol::entry::Draft;
use lyceum_protocol::entry::header::{Kind, MARKING_GREEN};
use lyceum_protocol::hash::{CertificateId, CharterId, NetworkId, OrgId, TreeHead};
use lyceum_protocol::key::SecretKey;
use lyceum_protocol::replica::{Batch, Change, KnownPeer, Outcome};
use tempfile::TempDir;

/// An organisation with its keys.
struct Org {
    root: SecretKey,
    voting: SecretKey,
    node_seed: [u8; 32],
    certificate: CertificateObject,
    home: TempDir,
}

impl Org {
    fn new(name: &str, n: u8) -> Self {
        let root = SecretKey::from_seed(&[n; 32]);
        let voting = SecretKey::from_seed(&[n + 50; 32]);
        let node_seed = [n + 100; 32];
        let key = SecretKey::from_seed(&node_seed).public();
        let certificate = Certificate {
            number: 0,
            prev: CertificateId::ZERO,
            time: 1,
            name: BoundedText::new(name).unwrap(),
            domain: BoundedText::default(),
            contact: BoundedText::default(),
            root_keys: BoundedVec::new(vec![root.public()]).unwrap(),
            root_k: 1,
            keys: BoundedVec::new(vec![ListedKey {
                key,
                roles: Roles(Roles::NODE | Roles::ADMIN),
                label: BoundedText::default(),
            }])
            .unwrap(),
            voting_key: voting.public(),
            enc_keys: BoundedVec::empty(),
            closed: BoundedVec::empty(),
        };
        let certificate = certificate.into_object().unwrap();
        Self { root, voting, node_seed, certificate, home: tempfile::tempdir().unwrap() }
    }

    fn id(&self) -> OrgId {
        self.certificate.id().into()
    }

    fn key(&self) -> SecretKey {
        SecretKey::from_seed(&self.node_seed)
    }

    fn card(&self) -> DocumentBatch {
        let place = SignaturePlace::certificate(self.certificate.id(), self.root.public());
        let possession = SignaturePlace::possession(self.id(), self.key().public());
        DocumentBatch {
            objects: vec![DocumentObject::Certificate(self.certificate.clone())],
            signatures: vec![
                place.sign(NetworkId::ZERO, &self.root).unwrap(),
                possession.sign(NetworkId::ZERO, &self.key()).unwrap(),
            ],
        }
    }

    fn store(&self, network: NetworkId, batch: DocumentBatch) {
        let opened = Store::open(self.home.path(), &StoreOptions::new(network)).unwrap();
        let objects = batch.objects.into_iter().map(Change::Document);
        let changes = objects.chain(batch.signatures.into_iter().map(Change::Signature)).collect();
        opened.store.commit(Batch { changes }).unwrap();
    }

    async fn start(&self, network: NetworkId, checkpoint: CharterId, known: Vec<KnownPeer>) -> Daemon {
        Daemon::start(Options {
            store: self.home.path().to_path_buf(),
            network,
            checkpoint,
            org: self.id(),
            secret: self.key(),
            known_peers: known,
            listen: vec!["/ip4/127.0.0.1/tcp/0".parse().unwrap()],
            announce: Vec::new(),
            lan: true,
            gossip: true,
        })
        .await
        .unwrap()
    }
}

fn found(org: &Org) -> CharterObject {
    let charter = Charter {
        rules: 1,
        epoch: 0,
        prev: CharterId([9; 32]),
        time: 1,
        name: BoundedText::new("Test alliance").unwrap(),
        purpose: BoundedText::default(),
        voters: BoundedVec::new(vec![Voter { org: org.id(), key: org.voting.public() }]).unwrap(),
        k: 1,
        members_len: 0,
        members_head: TreeHead::ZERO,
        sealed_len: 0,
        sealed_head: TreeHead::ZERO,
        params: Params { entries_per_day: 0, bytes_per_day: 0, attachment_bytes: 0 },
    };
    let row = MemberRow { org: org.id(), certificate: org.certificate.id() };
    let lists = Lists { members: BoundedVec::new(vec![row]).unwrap(), sealed: BoundedVec::empty() };
    charter.into_object(&lists).unwrap()
}

fn passed(org: &Org, epoch: CharterId, op: Operation) -> DocumentBatch {
    let motion = Motion { epoch, proposer: org.id(), time: 1, reason: BoundedText::default(), op };
    let motion = motion.into_object().unwrap();
    let approval = SignaturePlace::approval(motion.id(), org.voting.public());
    let approval = approval.sign(NetworkId(epoch.0), &org.voting).unwrap();
    DocumentBatch { objects: vec![DocumentObject::Motion(motion)], signatures: vec![approval] }
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
    if std::env::var_os("LYCEUM_LOG").is_some() {
        tracing_subscriber::fmt().with_max_level(tracing::Level::DEBUG).with_test_writer().init();
    }
    let (a, b, c) = (Org::new("Alpha", 1), Org::new("Beta", 2), Org::new("Gamma", 3));
    let charter = found(&a);
    let network = NetworkId::from(charter.id());
    let mut founding = a.card();
    founding.objects.push(DocumentObject::Charter(charter.clone()));
    let sign = SignaturePlace::charter(charter.id(), a.voting.public(), 0);
    founding.signatures.push(sign.sign(NetworkId::ZERO, &a.voting).unwrap());
    a.store(network, founding);

    let alpha = a.start(network, charter.id(), Vec::new()).await;
    assert_eq!(publish(&alpha, 3, "alpha").await, 3);
    let addresses: Vec<String> = alpha.network().addresses().external.iter().map(ToString::to_string).collect();
    assert!(!addresses.is_empty());
    let known = KnownPeer { peer: a.key().public(), addresses };

    // Beta is admitted by card.
    let mut admit = b.card();
    let motion = passed(&a, charter.id(), Operation::Admit { org: b.id(), certificate: b.certificate.id() });
    admit.objects.extend(motion.objects);
    admit.signatures.extend(motion.signatures);
    assert_eq!(alpha.handle().govern(admit).await.unwrap(), Outcome::Taken);
    b.store(network, b.card());
    let beta = b.start(network, charter.id(), vec![known.clone()]).await;
    publish(&beta, 4, "beta").await;
    converge(&[&alpha, &beta], 7).await;

    // Gamma redeems an invitation.
    let invite = SecretKey::from_seed(&[77; 32]);
    let motion = passed(&a, charter.id(), Operation::Invite { key: invite.public() });
    assert_eq!(alpha.handle().govern(motion).await.unwrap(), Outcome::Taken);
    let mut join = c.card();
    join.signatures.push(SignaturePlace::redemption(c.id(), invite.public()).sign(network, &invite).unwrap());
    c.store(network, join);
    let gamma = c.start(network, charter.id(), vec![known.clone()]).await;
    publish(&gamma, 5, "gamma").await;
    converge(&[&alpha, &beta, &gamma], 12).await;

    // Beta misses a thousand entries and catches up.
    beta.shutdown().await;
    for n in 0..10 {
        publish(&alpha, 100, &format!("later {n}")).await;
    }
    let beta = b.start(network, charter.id(), vec![known]).await;
    converge(&[&alpha, &beta, &gamma], 1_012).await;
    publish(&beta, 1, "beta again").await;
    converge(&[&alpha, &beta, &gamma], 1_013).await;
    let logs = beta.handle().read(|replica| replica.state().records().count()).await.unwrap();
    assert_eq!(logs, 3, "a clean restart goes on with the own log");
    for daemon in [alpha, beta, gamma] {
        daemon.shutdown().await;
    }
}
