//! Lists that are sets travel strictly ascending (S2, S3): one set has one encoding, and nobody has to sort what another
//! sent.
//!
//! Payloads and fork proofs are answered in the order of what was asked for, which does not show in them; entries
//! are consecutive, which the asker holds them to.

use crate::codec::CodecError;
use crate::entry::Header;
use crate::sync::message::{Answer, Gossip, Hello, Reply, Request, TravellingDocument, TravellingHeader};

type Ordered = Result<(), CodecError>;

/// Holds the list of a request to its order.
///
/// # Errors
/// [`CodecError::Unordered`].
pub fn request(request: &Request) -> Ordered {
    match request {
        Request::Hello(hello) => versions(hello),
        Request::Items { buckets, .. } => ascending("buckets", buckets, |bucket| *bucket),
        Request::Docs { ids } => ascending("ids", ids, |id| *id),
        Request::Headers { seqs, .. } => ascending("numbers", seqs, |seq| *seq),
        Request::Payloads { ids } => ascending("ids", ids, |id| *id),
        Request::Proofs { logs } => ascending("logs", logs, |log| *log),
        Request::Changed { items, .. } => ascending("items", items, |item| item.log),
        Request::Digest { .. } | Request::Entries { .. } | Request::Receipt { .. } => Ok(()),
    }
}

/// Holds the list of an answer to its order.
///
/// # Errors
/// [`CodecError::Unordered`].
pub fn answer(answer: &Answer) -> Ordered {
    let Answer::Ok(reply) = answer else { return Ok(()) };
    match reply {
        Reply::Hello { hello, .. } => versions(hello),
        Reply::DocsItems { items, .. } => ascending("items", items, |item| item.id),
        Reply::FrontierItems { items, .. } => ascending("items", items, |item| item.log),
        Reply::Docs { documents, .. } => all_documents(documents),
        Reply::Headers { headers } => numbers(headers),
        Reply::Digest { .. }
        | Reply::Entries { .. }
        | Reply::Payloads { .. }
        | Reply::Receipt { .. }
        | Reply::Proofs { .. }
        | Reply::Changed => Ok(()),
    }
}

/// Holds the list of a gossip message to its order.
///
/// # Errors
/// [`CodecError::Unordered`].
pub fn gossip(message: &Gossip) -> Ordered {
    match message {
        Gossip::Documents(documents) => all_documents(documents),
        Gossip::Entry(_) | Gossip::DocumentId(_) | Gossip::Proof(_) => Ok(()),
    }
}

fn ascending<T, K: Ord>(what: &'static str, items: &[T], key: impl Fn(&T) -> K) -> Ordered {
    if crate::document::ascending(items, key) { Ok(()) } else { Err(CodecError::Unordered(what)) }
}

fn versions(hello: &Hello) -> Ordered {
    ascending("versions", &hello.versions, |version| *version)
}

fn all_documents(documents: &[TravellingDocument]) -> Ordered {
    for document in documents {
        ascending("signatures", &document.signatures, |signature| *signature)?;
    }
    let ids: Vec<_> = documents.iter().map(TravellingDocument::id).collect();
    ascending("documents", &ids, |id| *id)
}

/// Of those headers that are any: what is wrong with the others shows where they are read.
fn numbers(headers: &[TravellingHeader]) -> Ordered {
    let seqs: Vec<u64> = headers
        .iter()
        .filter_map(|travelling| Header::read(&travelling.header).ok())
        .map(|header| header.seq)
        .collect();
    ascending("headers", &seqs, |seq| *seq)
}
