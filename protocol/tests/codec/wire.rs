//! Any value of every type that travels.

use std::sync::LazyLock;

use lyceum_protocol::bounded::{BoundedBytes, BoundedText, BoundedVec, SharedBytes};
use lyceum_protocol::document::certificate::{Certificate, ListedKey, Pin, Roles};
use lyceum_protocol::document::charter::{Charter, Lists, MemberRow, Params, SealedRow, Voter};
use lyceum_protocol::document::motion::{Motion, Operation};
use lyceum_protocol::document::signature::{SignaturePlace, SignatureType, UntrustedSignature};
use lyceum_protocol::entry::Kind;
use lyceum_protocol::entry::header::Header;
use lyceum_protocol::entry::protocol_kinds::{Disclose, Erase, Grant, NodeRecord};
use lyceum_protocol::fork::ForkProof;
use lyceum_protocol::frontier::{DocsItem, FrontierItem};
use lyceum_protocol::hash::{
    CertificateId, CharterId, EntryId, LogId, MotionId, NetworkId, ObjectId, OrgId, PayloadHash, TreeHead,
};
use lyceum_protocol::key::{PublicKey, SecretKey, SignatureBytes};
use lyceum_protocol::limits;
use lyceum_protocol::receipt::{Receipt, SignedReceipt};
use lyceum_protocol::sync::message::{
    Answer, Gossip, Hello, RefusalCode, Reply, Request, Set, TravellingBody, TravellingDocument, TravellingEntry,
    TravellingHeader, TravellingPayload, TravellingSignature, You,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

fn id<T: std::fmt::Debug>(make: fn([u8; 32]) -> T) -> impl Strategy<Value = T> {
    any::<[u8; 32]>().prop_map(make)
}

fn hash() -> impl Strategy<Value = [u8; 32]> {
    any::<[u8; 32]>()
}

fn key() -> impl Strategy<Value = PublicKey> {
    static KEYS: LazyLock<Vec<PublicKey>> =
        LazyLock::new(|| (0..24_u8).map(|n| SecretKey::from_seed(&[n; 32]).public()).collect());
    select(KEYS.as_slice())
}

fn sig() -> impl Strategy<Value = SignatureBytes> {
    vec(any::<u8>(), 64).prop_map(|bytes| SignatureBytes(bytes.try_into().unwrap()))
}

fn list<T: std::fmt::Debug, const N: usize>(
    item: impl Strategy<Value = T>,
    most: usize,
) -> impl Strategy<Value = BoundedVec<T, N>> {
    vec(item, 0..=most.min(N)).prop_map(|items| BoundedVec::new(items).unwrap())
}

fn bytes<const N: usize>(most: usize) -> impl Strategy<Value = BoundedBytes<N>> {
    vec(any::<u8>(), 0..=most.min(N)).prop_map(|bytes| BoundedBytes::new(bytes).unwrap())
}

fn text<const N: usize>() -> impl Strategy<Value = BoundedText<N>> {
    any::<String>().prop_map(|text| {
        let mut end = text.len().min(N);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        BoundedText::new(&text[..end]).unwrap()
    })
}

pub(crate) fn header() -> impl Strategy<Value = Header> {
    let start = (any::<u8>(), any::<u8>(), any::<u16>(), any::<u32>(), any::<[u8; 32]>());
    let middle = (any::<u64>(), any::<u64>(), id(TreeHead), any::<u64>());
    let end = (any::<u32>(), id(PayloadHash), any::<u8>(), bytes(40));
    (start, middle, end).prop_map(|((envelope, suite, flags, kind, key), middle, end)| {
        let ((incarnation, seq, history, time), (payload_len, payload_hash, marking, ext)) = (middle, end);
        let kind = Kind(kind);
        Header {
            envelope,
            suite,
            flags,
            kind,
            key,
            incarnation,
            seq,
            history,
            time,
            payload_len,
            payload_hash,
            marking,
            ext,
        }
    })
}

pub(crate) fn erase() -> impl Strategy<Value = Erase> {
    (list(id(EntryId), 5), list(id(EntryId), 5), text()).prop_map(|(targets, still_superseded, reason)| Erase {
        targets,
        still_superseded,
        reason,
    })
}

pub(crate) fn grant() -> impl Strategy<Value = Grant> {
    (id(EntryId), bytes(300)).prop_map(|(target, age)| Grant { target, age })
}

pub(crate) fn disclose() -> impl Strategy<Value = Disclose> {
    (id(EntryId), any::<[u8; 32]>(), any::<u8>()).prop_map(|(target, secret, marking)| Disclose {
        target,
        secret,
        marking,
    })
}

pub(crate) fn node_record() -> impl Strategy<Value = NodeRecord> {
    (list(text(), 8), text()).prop_map(|(addresses, version)| NodeRecord { addresses, version })
}

pub(crate) fn fork_proof() -> impl Strategy<Value = ForkProof> {
    (bytes(limits::HEADER_MAX), sig(), bytes(limits::HEADER_MAX), sig())
        .prop_map(|(header_a, sig_a, header_b, sig_b)| ForkProof { header_a, sig_a, header_b, sig_b })
}

pub(crate) fn receipt() -> impl Strategy<Value = SignedReceipt> {
    let start = (id(LogId), any::<u64>(), id(EntryId), any::<u32>());
    (start, any::<u64>(), any::<u64>(), any::<[u8; 32]>(), sig()).prop_map(
        |((log, len, head, payload_gaps), time, store, signer, sig)| SignedReceipt {
            receipt: Receipt { log, len, head, payload_gaps, time, store, signer },
            sig,
        },
    )
}

fn pin() -> impl Strategy<Value = Pin> {
    (id(LogId), any::<u64>(), id(EntryId)).prop_map(|(log, len, head)| Pin { log, len, head })
}

pub(crate) fn certificate() -> impl Strategy<Value = Certificate> {
    let listed =
        (key(), any::<u8>(), text()).prop_map(|(key, roles, label)| ListedKey { key, roles: Roles(roles), label });
    let start = (any::<u32>(), id(CertificateId), any::<u64>(), text(), text(), text());
    let end = (list(key(), 5), any::<u8>(), list(listed, 6), key(), list(any::<[u8; 32]>(), 4), list(pin(), 6));
    (start, end).prop_map(|((number, prev, time, name, domain, contact), end)| {
        let (root_keys, root_k, keys, voting_key, enc_keys, closed) = end;
        Certificate { number, prev, time, name, domain, contact, root_keys, root_k, keys, voting_key, enc_keys, closed }
    })
}

pub(crate) fn charter() -> impl Strategy<Value = Charter> {
    let voter = (id(OrgId), key()).prop_map(|(org, key)| Voter { org, key });
    let params =
        (any::<u32>(), any::<u64>(), any::<u64>()).prop_map(|(entries_per_day, bytes_per_day, attachment_bytes)| {
            Params { entries_per_day, bytes_per_day, attachment_bytes }
        });
    let start = (any::<u16>(), any::<u32>(), id(CharterId), any::<u64>(), text(), text());
    let end = (list(voter, 9), any::<u8>(), any::<u32>(), id(TreeHead), any::<u32>(), id(TreeHead), params);
    (start, end).prop_map(|((rules, epoch, prev, time, name, purpose), end)| {
        let (voters, k, members_len, members_head, sealed_len, sealed_head, params) = end;
        Charter {
            rules,
            epoch,
            prev,
            time,
            name,
            purpose,
            voters,
            k,
            members_len,
            members_head,
            sealed_len,
            sealed_head,
            params,
        }
    })
}

pub(crate) fn lists() -> impl Strategy<Value = Lists> {
    let member = (id(OrgId), id(CertificateId)).prop_map(|(org, certificate)| MemberRow { org, certificate });
    let sealed = (id(OrgId), any::<u8>(), id(MotionId)).prop_map(|(org, op, motion)| SealedRow { org, op, motion });
    (list(member, 12), list(sealed, 12)).prop_map(|(members, sealed)| Lists { members, sealed })
}

pub(crate) fn motion() -> impl Strategy<Value = Motion> {
    let about = || (id(OrgId), id(CertificateId));
    let op = prop_oneof![
        about().prop_map(|(org, certificate)| Operation::Admit { org, certificate }),
        key().prop_map(|key| Operation::Invite { key }),
        (about(), list(pin(), 6)).prop_map(|((org, certificate), pins)| Operation::Remove { org, certificate, pins }),
        (about(), any::<u32>()).prop_map(|((org, certificate), round)| Operation::Settle { org, certificate, round }),
        list(id(EntryId), 6).prop_map(|targets| Operation::Erase { targets }),
    ];
    (id(CharterId), id(OrgId), any::<u64>(), text(), op).prop_map(|(epoch, proposer, time, reason, op)| Motion {
        epoch,
        proposer,
        time,
        reason,
        op,
    })
}

fn signature_type() -> impl Strategy<Value = SignatureType> {
    use SignatureType::{Approval, Charter, Invite, Key};
    select(vec![SignatureType::Certificate, Key, Charter, Approval, Invite])
}

pub(crate) fn signature() -> impl Strategy<Value = UntrustedSignature> {
    (signature_type(), id(ObjectId), key(), any::<u16>(), sig()).prop_map(|(kind, target, key, round, sig)| {
        UntrustedSignature { place: SignaturePlace { kind, target, key, round }, sig }
    })
}

pub(crate) fn frontier_item() -> impl Strategy<Value = FrontierItem> {
    (id(LogId), any::<u64>(), id(EntryId), any::<u64>()).prop_map(|(log, good_len, head, fork)| FrontierItem {
        log,
        good_len,
        head,
        fork,
    })
}

pub(crate) fn docs_item() -> impl Strategy<Value = DocsItem> {
    (id(ObjectId), any::<[u8; 32]>()).prop_map(|(id, signatures)| DocsItem { id, signatures })
}

fn hello() -> impl Strategy<Value = Hello> {
    let start = (list(any::<u16>(), 8), id(NetworkId), id(OrgId), id(CertificateId), id(CharterId), any::<u32>());
    (start, id(CharterId), hash(), hash(), hash(), any::<u64>()).prop_map(
        |(
            (versions, network, org, certificate, checkpoint, checkpoint_epoch),
            adopted,
            docs_root,
            digest,
            state_root,
            boot,
        )| {
            Hello {
                versions,
                network,
                org,
                certificate,
                checkpoint,
                checkpoint_epoch,
                adopted,
                docs_root,
                digest,
                state_root,
                boot,
            }
        },
    )
}

fn set() -> impl Strategy<Value = Set> {
    select(vec![Set::Docs, Set::Frontier])
}

pub(crate) fn request() -> impl Strategy<Value = Request> {
    prop_oneof![
        hello().prop_map(Request::Hello),
        (set(), any::<u8>()).prop_map(|(set, bits)| Request::Digest { set, bits }),
        (set(), any::<u8>(), list(any::<u32>(), 20), option::of(hash()))
            .prop_map(|(set, bits, buckets, after)| Request::Items { set, bits, buckets, after }),
        list(id(ObjectId), 10).prop_map(|ids| Request::Docs { ids }),
        (id(LogId), any::<u64>(), id(EntryId), any::<u64>(), any::<u32>())
            .prop_map(|(log, len, head, from, max_bytes)| Request::Entries { log, len, head, from, max_bytes }),
        (id(LogId), list(any::<u64>(), 20)).prop_map(|(log, seqs)| Request::Headers { log, seqs }),
        list(id(EntryId), 10).prop_map(|ids| Request::Payloads { ids }),
        id(LogId).prop_map(|log| Request::Receipt { log }),
        list(id(LogId), 10).prop_map(|logs| Request::Proofs { logs }),
        (list(frontier_item(), 10), hash()).prop_map(|(items, docs_root)| Request::Changed { items, docs_root }),
    ]
}

fn travelling_document() -> impl Strategy<Value = TravellingDocument> {
    let body = prop_oneof![
        bytes(200).prop_map(TravellingBody::Certificate),
        (bytes(100), bytes(100)).prop_map(|(charter, lists)| TravellingBody::Charter { charter, lists }),
        bytes(200).prop_map(TravellingBody::Motion),
    ];
    let signature = (signature_type(), hash(), any::<u16>(), sig())
        .prop_map(|(kind, key, round, sig)| TravellingSignature { kind, key, round, sig });
    (body, list(signature, 4)).prop_map(|(body, signatures)| TravellingDocument { body, signatures })
}

fn travelling_payload() -> impl Strategy<Value = TravellingPayload> {
    prop_oneof![
        vec(any::<u8>(), 0..=6_000).prop_map(|bytes| TravellingPayload::Present(SharedBytes::new(bytes).unwrap())),
        Just(TravellingPayload::Erased),
        Just(TravellingPayload::NotHeld),
    ]
}

fn travelling_entry() -> impl Strategy<Value = TravellingEntry> {
    (bytes(200), sig(), travelling_payload()).prop_map(|(header, sig, payload)| TravellingEntry {
        header,
        sig,
        payload,
    })
}

fn reply() -> impl Strategy<Value = Reply> {
    let header = (bytes(200), sig()).prop_map(|(header, sig)| TravellingHeader { header, sig });
    prop_oneof![
        (hello(), select(vec![You::Member, You::Guest, You::Seated]))
            .prop_map(|(hello, you)| Reply::Hello { hello, you }),
        list(hash(), 20).prop_map(|hashes| Reply::Digest { hashes }),
        (list(docs_item(), 10), any::<bool>()).prop_map(|(items, more)| Reply::DocsItems { items, more }),
        (list(frontier_item(), 10), any::<bool>()).prop_map(|(items, more)| Reply::FrontierItems { items, more }),
        (list(travelling_document(), 4), any::<bool>()).prop_map(|(documents, more)| Reply::Docs { documents, more }),
        list(travelling_entry(), 4).prop_map(|entries| Reply::Entries { entries }),
        list(header, 4).prop_map(|headers| Reply::Headers { headers }),
        list(travelling_payload(), 4).prop_map(|payloads| Reply::Payloads { payloads }),
        receipt().prop_map(|receipt| Reply::Receipt { receipt }),
        list(fork_proof(), 3).prop_map(|proofs| Reply::Proofs { proofs }),
        Just(Reply::Changed),
    ]
}

pub(crate) fn answer() -> impl Strategy<Value = Answer> {
    use RefusalCode::{
        BadRequest, Busy, MembersOnly, NoCommonVersion, NotAMember, NotHeld, OtherNetwork, Removed, Unavailable,
    };
    let codes =
        vec![OtherNetwork, NoCommonVersion, Removed, NotAMember, MembersOnly, Busy, NotHeld, BadRequest, Unavailable];
    prop_oneof![
        9 => reply().prop_map(Answer::Ok),
        1 => (select(codes), text()).prop_map(|(code, detail)| Answer::Refused { code, detail }),
    ]
}

pub(crate) fn gossip() -> impl Strategy<Value = Gossip> {
    prop_oneof![
        travelling_entry().prop_map(Gossip::Entry),
        list(travelling_document(), 8).prop_map(Gossip::Documents),
        id(ObjectId).prop_map(Gossip::DocumentId),
        fork_proof().prop_map(Gossip::Proof),
    ]
}
