//! Answers that the state alone gives: no store, no waiting. Every one costs what the question bounds.

use crate::bounded::BoundedVec;
use crate::frontier::{DocsItem, FrontierItem};
use crate::hash::{EntryId, LogId, ObjectId};
use crate::limits;
use crate::state::State;
use crate::sync::message::{
    Answer, ENTRIES_MAX, ITEMS_MAX, RefusalCode, Reply, Set, TravellingDocument, TravellingEntry,
};

/// Bytes of one item of either set, at most.
const ITEM_BYTES: usize = 80;
/// Bytes of an answer around its entries: two tags and their number.
const AROUND_ENTRIES: usize = 4 + 4 + 8;
const _: () = assert!(ITEMS_MAX * ITEM_BYTES + 64 <= limits::PAGE_MAX, "a page of items fits");

/// Bucket hashes of a set.
pub fn digest(state: &State, set: Set, bits: u8) -> Answer {
    if bits > limits::DIGEST_BITS_MAX {
        return Answer::refused(RefusalCode::BadRequest, "a digest has at most 12 bits");
    }
    let hashes = match set {
        Set::Docs => state.docs().digest(bits),
        Set::Frontier => state.frontier().digest(bits),
    };
    match BoundedVec::new(hashes) {
        Ok(hashes) => Answer::Ok(Reply::Digest { hashes }),
        Err(_) => Answer::refused(RefusalCode::BadRequest, "a digest has at most 12 bits"),
    }
}

/// Items of some buckets, by id.
pub fn items(state: &State, set: Set, bits: u8, buckets: &[u32], after: Option<[u8; 32]>) -> Answer {
    if bits > limits::DIGEST_BITS_MAX || !buckets.windows(2).all(|pair| matches!(pair, [a, b] if a < b)) {
        return Answer::refused(RefusalCode::BadRequest, "buckets are ascending, of at most 12 bits");
    }
    match set {
        Set::Docs => {
            let found = buckets.iter().flat_map(|bucket| state.docs().bucket_after(bits, *bucket, after));
            let mut items: Vec<DocsItem> = found.take(ITEMS_MAX.saturating_add(1)).copied().collect();
            let more = items.len() > ITEMS_MAX;
            items.truncate(ITEMS_MAX);
            Answer::Ok(Reply::DocsItems { items: BoundedVec::new(items).unwrap_or_default(), more })
        }
        Set::Frontier => {
            let found = buckets.iter().flat_map(|bucket| state.frontier().bucket_after(bits, *bucket, after));
            let mut items: Vec<FrontierItem> = found.take(ITEMS_MAX.saturating_add(1)).copied().collect();
            let more = items.len() > ITEMS_MAX;
            items.truncate(ITEMS_MAX);
            Answer::Ok(Reply::FrontierItems { items: BoundedVec::new(items).unwrap_or_default(), more })
        }
    }
}

/// Documents with their signatures, as many as fit a page, but always one.
pub fn documents(state: &State, ids: &[ObjectId]) -> Answer {
    let mut documents: Vec<TravellingDocument> = Vec::new();
    let (mut bytes, mut more) = (0_usize, false);
    for id in ids {
        let Some(document) = TravellingDocument::of(state.documents(), *id) else { continue };
        let size = document.size();
        if !documents.is_empty() && bytes.saturating_add(size) > limits::PAGE_MAX {
            more = true;
            break;
        }
        bytes = bytes.saturating_add(size);
        documents.push(document);
    }
    Answer::Ok(Reply::Docs { documents: BoundedVec::new(documents).unwrap_or_default(), more })
}

/// As many consecutive entries as fit a page by bytes and by number, but always one.
pub fn page(entries: impl IntoIterator<Item = TravellingEntry>) -> BoundedVec<TravellingEntry, ENTRIES_MAX> {
    let mut bytes = AROUND_ENTRIES;
    let mut page: Vec<TravellingEntry> = Vec::new();
    for entry in entries {
        bytes = bytes.saturating_add(entry.size());
        if !page.is_empty() && (bytes > limits::PAGE_MAX || page.len() >= ENTRIES_MAX) {
            break;
        }
        page.push(entry);
    }
    BoundedVec::new(page).unwrap_or_default()
}

/// Fork proofs of the logs of which one is held.
pub fn proofs(state: &State, logs: &[LogId]) -> Answer {
    let held = logs.iter().filter_map(|log| state.record(*log)?.proof());
    let proofs = held.map(|proof| proof.proof().clone()).collect();
    Answer::Ok(Reply::Proofs { proofs: BoundedVec::new(proofs).unwrap_or_default() })
}

/// Up to which number the chain of `len` entries that ends in `head` is served here; `None` if it is not that chain,
/// or if none of it is good.
pub fn served_until(state: &State, log: LogId, len: u64, head: EntryId) -> Option<u64> {
    let record = state.record(log)?;
    let good = record.judged().good_len;
    let last = len.checked_sub(1)?;
    match record.log().id_at(last) {
        Some(id) if id == head => Some(len.min(good)),
        Some(_) => None,
        // It goes further elsewhere: what is here may be of that chain, and the asker can tell.
        None => Some(good),
    }
    .filter(|until| *until > 0)
}
