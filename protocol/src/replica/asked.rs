//! Answering peers. Members get what they ask for, guests a greeting.

use crate::bounded::{BoundedBytes, BoundedVec};
use crate::entry::VerifiedEntry;
use crate::hash::{EntryId, LogId, ObjectId};
use crate::key::PublicKey;
use crate::limits;
use crate::replica::Replica;
use crate::replica::effect::{Effect, Load, Outbox};
use crate::replica::event::{CallId, Loaded as LoadedEntries, StoreFault};
use crate::replica::session::Standing;
use crate::replica::tickets::{Loaded, Origin};
use crate::sync::message::{Answer, RefusalCode, Reply, Request, TravellingEntry, TravellingHeader, TravellingPayload};
use crate::sync::serve;

impl Replica {
    pub(super) fn asked(&mut self, call: CallId, peer: PublicKey, request: Request, out: &mut Outbox) {
        let is_member = self.sessions.get(&peer).is_some_and(|session| session.standing == Standing::Member);
        let answer = match request {
            Request::Hello(hello) => Some(self.asked_hello(peer, hello)),
            Request::Docs { ids } if !is_member => Some(self.docs_for_guest(&ids)),
            _ if !is_member => {
                Some(Answer::refused(RefusalCode::MembersOnly, "this node does not know your key as a member's"))
            }
            Request::Digest { set, bits } => Some(serve::digest(&self.state, set, bits)),
            Request::Items { set, bits, buckets, after } => Some(serve::items(&self.state, set, bits, &buckets, after)),
            Request::Docs { ids } => Some(serve::documents(&self.state, &ids)),
            Request::Proofs { logs } => Some(serve::proofs(&self.state, &logs)),
            Request::Changed { items, docs_root } => {
                self.heard_news(peer, &items, docs_root, out);
                Some(Answer::Ok(Reply::Changed))
            }
            Request::Receipt { .. } => {
                Some(Answer::refused(RefusalCode::Unavailable, "this node signs no receipts yet"))
            }
            Request::Entries { log, len, head, from, max_bytes } => {
                self.load_page(call, (log, len, head), from, max_bytes, out)
            }
            Request::Headers { log, seqs } => self.load_headers(call, log, &seqs, out),
            Request::Payloads { ids } => self.load_payloads(call, &ids, out),
        };
        if let Some(answer) = answer {
            out.push(Effect::Answer { call, answer });
        }
    }

    /// A removed organisation may read the motion that removed it; a guest reads nothing else.
    fn docs_for_guest(&self, ids: &[ObjectId]) -> Answer {
        let removals = self.state.governance().organisations().keys().filter_map(|org| self.removal_of(*org));
        let removals: Vec<ObjectId> = removals.map(ObjectId::from).collect();
        if ids.iter().all(|id| removals.contains(id)) {
            return serve::documents(&self.state, ids);
        }
        Answer::refused(RefusalCode::MembersOnly, "this node does not know your key as a member's")
    }

    fn load(&mut self, loaded: Loaded, load: Load, out: &mut Outbox) -> Option<Answer> {
        let ticket = self.tickets.open(Origin::Load(loaded));
        out.push(Effect::Load { ticket, load });
        None
    }

    fn load_page(
        &mut self,
        call: CallId,
        (log, len, head): (LogId, u64, EntryId),
        from: u64,
        max_bytes: u32,
        out: &mut Outbox,
    ) -> Option<Answer> {
        let Some(until) = serve::served_until(&self.state, log, len, head).filter(|until| from < *until) else {
            return Some(Answer::refused(RefusalCode::NotHeld, "that chain is not held here, or goes no further"));
        };
        // Room for the frame: each entry takes some bytes more than it says.
        let max_bytes = max_bytes.min(u32::try_from(limits::PAGE_MAX).unwrap_or(u32::MAX));
        self.load(Loaded::Page { call }, Load::Entries { log, from, until, max_bytes }, out)
    }

    fn load_headers(&mut self, call: CallId, log: LogId, seqs: &[u64], out: &mut Outbox) -> Option<Answer> {
        let Some(record) = self.state.record(log) else {
            return Some(Answer::refused(RefusalCode::NotHeld, "that log is not held here"));
        };
        let held = seqs.iter().filter(|seq| **seq < record.log().len());
        let places = held.map(|seq| (log, *seq)).collect();
        self.load(Loaded::Headers { call }, Load::Some { places }, out)
    }

    fn load_payloads(&mut self, call: CallId, ids: &[EntryId], out: &mut Outbox) -> Option<Answer> {
        let good = |id: &EntryId| {
            let (log, seq) = self.state.place(id)?;
            (seq < self.state.judged(log)?.good_len).then_some((log, seq))
        };
        let Some(places) = ids.iter().map(good).collect::<Option<Vec<_>>>() else {
            return Some(Answer::refused(RefusalCode::NotHeld, "one of these entries is not held here"));
        };
        self.load(Loaded::Payloads { call }, Load::Some { places }, out)
    }

    /// A page out of what was loaded. What must go is not served, though its bytes may still be there.
    pub(super) fn page(&self, result: Result<LoadedEntries, StoreFault>) -> Answer {
        let Ok(LoadedEntries::Entries(loaded)) = result else { return unavailable() };
        let travelling = loaded.iter().map(|entry| {
            let mut travelling = TravellingEntry::from(entry);
            if self.state.erased().contains(&entry.id()) {
                travelling.payload = TravellingPayload::Erased;
            }
            travelling
        });
        Answer::Ok(Reply::Entries { entries: serve::page(travelling) })
    }

    pub(super) fn payloads(&self, result: Result<LoadedEntries, StoreFault>) -> Answer {
        let Ok(LoadedEntries::Entries(loaded)) = result else { return unavailable() };
        let mut bytes = 0_usize;
        let mut payloads: Vec<TravellingPayload> = Vec::new();
        for entry in &loaded {
            let payload = match entry.payload() {
                _ if self.state.erased().contains(&entry.id()) => TravellingPayload::Erased,
                payload => payload.into(),
            };
            bytes = bytes.saturating_add(entry.size());
            if !payloads.is_empty() && bytes > limits::PAGE_MAX {
                break;
            }
            payloads.push(payload);
        }
        BoundedVec::new(payloads).map_or_else(|_| unavailable(), |payloads| Answer::Ok(Reply::Payloads { payloads }))
    }
}

fn unavailable() -> Answer {
    Answer::refused(RefusalCode::Unavailable, "the store could not be read")
}

fn header_of(entry: &VerifiedEntry) -> Option<TravellingHeader> {
    let header = BoundedBytes::new(entry.header_bytes().to_vec()).ok()?;
    Some(TravellingHeader { header, sig: *entry.signature() })
}

pub(super) fn headers(result: Result<LoadedEntries, StoreFault>) -> Answer {
    let Ok(LoadedEntries::Entries(loaded)) = result else { return unavailable() };
    let headers = loaded.iter().filter_map(header_of).collect();
    BoundedVec::new(headers).map_or_else(|_| unavailable(), |headers| Answer::Ok(Reply::Headers { headers }))
}
