//! What a node whose key is no member's is told (S19).

#![expect(clippy::unwrap_used, reason = "fixtures within their bounds")]

use lyceum_protocol::bounded::BoundedVec;
use lyceum_protocol::document::motion::Operation;
use lyceum_protocol::hash::{CertificateId, ObjectId, OrgId};
use lyceum_protocol::key::PublicKey;
use lyceum_protocol::replica::{CallId, Effect, Event, Now, Outbox, Replica};
use lyceum_protocol::sync::message::{Answer, Hello, RefusalCode, Reply, Request, Set, VERSION, You};
use lyceum_tests::fixtures::Org;
use lyceum_tests::table::Alliance;

const NOW: Now = Now { mono: 1_000, wall: 1_000 };

struct Host {
    replica: Replica,
    next: u64,
}

impl Host {
    fn new(alliance: &Alliance) -> Self {
        let replica = alliance.open(alliance.settings(0), NOW);
        Self { replica, next: 0 }
    }

    fn answer(&mut self, peer: PublicKey, request: Request) -> Answer {
        self.next += 1;
        let call = CallId(self.next);
        let mut out = Outbox::default();
        self.replica.handle(NOW, Event::Asked { call, peer, request }, &mut out);
        let answers = out.drain().filter_map(|effect| match effect {
            Effect::Answer { call: answered, answer } if answered == call => Some(answer),
            _ => None,
        });
        answers.last().unwrap()
    }
}

fn hello(alliance: &Alliance, org: OrgId) -> Request {
    Request::Hello(Hello {
        versions: BoundedVec::new(vec![VERSION]).unwrap(),
        network: alliance.network,
        org,
        certificate: CertificateId::ZERO,
        checkpoint: alliance.charter,
        checkpoint_epoch: 0,
        adopted: alliance.charter,
        docs_root: [0; 32],
        digest: [0; 32],
        state_root: [0; 32],
        boot: 1,
    })
}

fn refusal(answer: &Answer) -> Option<RefusalCode> {
    match answer {
        Answer::Refused { code, .. } => Some(*code),
        Answer::Ok(_) => None,
    }
}

/// S4, S19: a guest is greeted without a root, and served nothing else.
#[test]
fn a_guest_is_served_a_greeting_alone() {
    let alliance = Alliance::new(2);
    let mut host = Host::new(&alliance);
    let stranger = Org::new("stranger", 77);
    let peer = stranger.key().public();
    host.replica.handle(NOW, Event::PeerUp { peer }, &mut Outbox::default());
    match host.answer(peer, hello(&alliance, stranger.id())) {
        Answer::Ok(Reply::Hello { hello, you }) => {
            assert_eq!(you, You::Guest);
            assert_eq!((hello.docs_root, hello.digest, hello.state_root), ([0; 32], [0; 32], [0; 32]));
        }
        other => panic!("{other:?}"),
    }
    let ids = BoundedVec::new(vec![ObjectId(alliance.charter.0)]).unwrap();
    let requests = [
        Request::Digest { set: Set::Docs, bits: 0 },
        Request::Docs { ids },
        Request::Payloads { ids: BoundedVec::empty() },
        Request::Changed { items: BoundedVec::empty(), docs_root: [0; 32] },
    ];
    for request in requests {
        let name = request.name();
        assert_eq!(refusal(&host.answer(peer, request)), Some(RefusalCode::MembersOnly), "{name}");
    }
}

/// S4, S19: a removed organisation is told which motion removed it, and may read that one.
#[test]
fn a_removed_organisation_may_read_its_removal() {
    let mut alliance = Alliance::new(2);
    let gone = &alliance.orgs[1];
    let (org, peer, certificate) = (gone.id(), gone.key().public(), gone.certificate.id());
    let op = Operation::Remove { org, certificate, pins: BoundedVec::empty() };
    let removal = alliance.orgs[0].passed(alliance.charter, op);
    let id = removal.objects[0].id();
    alliance.batch.objects.extend(removal.objects);
    alliance.batch.signatures.extend(removal.signatures);
    let mut host = Host::new(&alliance);
    host.replica.handle(NOW, Event::PeerUp { peer }, &mut Outbox::default());
    match host.answer(peer, hello(&alliance, org)) {
        Answer::Refused { code, detail } => {
            assert_eq!((code, detail.as_str()), (RefusalCode::Removed, id.to_string().as_str()));
        }
        other @ Answer::Ok(_) => panic!("{other:?}"),
    }
    let ids = BoundedVec::new(vec![id]).unwrap();
    match host.answer(peer, Request::Docs { ids }) {
        Answer::Ok(Reply::Docs { documents, .. }) => assert_eq!(documents[0].id(), id),
        other => panic!("{other:?}"),
    }
}
