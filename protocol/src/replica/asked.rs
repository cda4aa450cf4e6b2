//! Answering peers. Members get what they ask for, guests a greeting.

use std::collections::BTreeMap;

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

/// Bytes of an answer around its payloads: two tags and their number.
const AROUND_PAYLOADS: usize = 4 + 4 + 8;
/// Bytes of a payload that is not there; before one that is come those of its length, too.
const TAG: usize = 4;

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

    /// Loads no more than fits a page, but always one; the asker goes on behind what it gets.
    fn load_payloads(&mut self, call: CallId, ids: &[EntryId], out: &mut Outbox) -> Option<Answer> {
        let mut room = limits::PAGE_MAX.saturating_sub(AROUND_PAYLOADS);
        let (mut answered, mut places) = (Vec::new(), Vec::new());
        for id in ids {
            let held = self.held_payload(id);
            let size = held.map_or(TAG, |(_, len)| len.saturating_add(TAG + 8));
            if size > room && !answered.is_empty() {
                break;
            }
            room = room.saturating_sub(size);
            answered.push(*id);
            places.extend(held.map(|(place, _)| place));
        }
        if places.is_empty() {
            return Some(self.payloads(&answered, Ok(LoadedEntries::Entries(Vec::new()))));
        }
        self.load(Loaded::Payloads { call, ids: answered }, Load::Some { places }, out)
    }

    /// The place of a good entry whose payload is here to be served, and the length of that.
    fn held_payload(&self, id: &EntryId) -> Option<((LogId, u64), usize)> {
        let (log, seq) = self.state.place(id)?;
        let record = self.state.record(log)?;
        let is_here = seq < record.judged().good_len && !record.gaps().contains(&seq);
        let len = usize::try_from(record.fact(seq)?.payload_len).ok()?;
        (is_here && !self.state.erased().contains(id)).then_some(((log, seq), len))
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

    /// Payloads of these entries out of what was loaded, in their order.
    pub(super) fn payloads(&self, ids: &[EntryId], result: Result<LoadedEntries, StoreFault>) -> Answer {
        let Ok(LoadedEntries::Entries(loaded)) = result else { return unavailable() };
        let loaded: BTreeMap<EntryId, &VerifiedEntry> = loaded.iter().map(|entry| (entry.id(), entry)).collect();
        let payload = |id: &EntryId| match loaded.get(id) {
            _ if self.state.erased().contains(id) => TravellingPayload::Erased,
            Some(entry) => entry.payload().into(),
            None => TravellingPayload::NotHeld,
        };
        let payloads = ids.iter().map(payload).collect();
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
    let mut loaded: Vec<&VerifiedEntry> = loaded.iter().collect();
    loaded.sort_by_key(|entry| entry.header().seq);
    let headers = loaded.into_iter().filter_map(header_of).collect();
    BoundedVec::new(headers).map_or_else(|_| unavailable(), |headers| Answer::Ok(Reply::Headers { headers }))
}
