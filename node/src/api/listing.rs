//! From what is held of an entry to the line that people and scripts read.

use lyceum_protocol::entry::header::{MARKING_CLEAR, MARKING_GREEN};
use lyceum_protocol::entry::{Kind, Payload, VerifiedEntry};
use lyceum_protocol::hash::{LogId, OrgId};
use lyceum_protocol::key::PublicKey;
use lyceum_protocol::publication::Publication;
use lyceum_protocol::standing::{Line, Standing};
use lyceum_protocol::state::State;
use serde_json::Value;

use super::shapes::EntryLine;
use crate::network::identity::peer_id_of;
use crate::time::rfc3339;

/// Where an entry stands and who wrote it, looked up in the state; its content is read apart.
#[derive(Debug, Clone)]
pub(super) struct Placed {
    /// The log.
    pub(super) log: LogId,
    /// The number.
    pub(super) seq: u64,
    /// The organisation, where it is known.
    pub(super) org: Option<OrgId>,
    /// What it calls itself.
    pub(super) org_name: String,
    /// How it stands, in words.
    pub(super) standing: String,
}

impl Placed {
    /// Looks up who wrote an entry and how it stands.
    pub(super) fn find(state: &State, log: LogId, seq: u64) -> Self {
        let org = state.org_of_log(log);
        let judged = state.judged(log);
        let standing = judged.map_or("waiting".to_owned(), |judged| standing_words(&judged.line, judged.standing(seq)));
        Self { log, seq, org, org_name: org.map_or_else(String::new, |org| name_of(state, org)), standing }
    }
}

/// What an organisation calls itself in the version that counts, or in the oldest.
pub(crate) fn name_of(state: &State, org: OrgId) -> String {
    let effective = state.governance().organisation(org).and_then(|organisation| organisation.effective());
    let certificate = effective.or_else(|| state.documents().certificate(org.into()));
    certificate.map_or_else(String::new, |certificate| certificate.name.as_str().to_owned())
}

/// How an entry stands, with the cause where it does not stand well.
pub fn standing_words(line: &Line, standing: Standing) -> String {
    let cause = match line {
        Line::Waiting(_) => "a certificate or signature is missing",
        Line::RemovedPinned(..) | Line::RemovedVoid => "its organisation was removed",
        Line::Suspended => "two organisations redeemed one invitation",
        Line::NoSeat => "its organisation has no seat",
        Line::LosingBranch => "its certificate is on a branch that lost",
        Line::Contested => "its certificate is contested",
        Line::Closed(..) => "beyond the pin of its organisation",
        Line::Unpinned => "its key was dropped without a pin",
        Line::Forked(_) => "forked",
        Line::Good => "",
    };
    match standing {
        Standing::Good => "good".to_owned(),
        Standing::Unsettled => format!("unsettled: {cause}"),
        Standing::Void => format!("void: {cause}"),
        Standing::Waiting => format!("waiting: {cause}"),
    }
}

/// The name of a marking.
pub(super) fn marking_name(marking: u8) -> String {
    match marking {
        MARKING_CLEAR => "CLEAR",
        MARKING_GREEN => "GREEN",
        2 => "AMBER",
        3 => "AMBER+STRICT",
        _ => "unknown",
    }
    .to_owned()
}

/// The publication of an entry, or why there is none to read.
pub(super) fn publication_of(entry: &VerifiedEntry) -> Result<Publication, String> {
    let header = entry.header();
    if header.kind != Kind::PUBLICATION {
        return Err(format!("not a publication (kind {})", header.kind.0));
    }
    if header.is_sealed() {
        return Err("sealed: this version cannot open it".to_owned());
    }
    match entry.payload() {
        Payload::Erased => Err("erased".to_owned()),
        Payload::NotHeld => Err("not held yet".to_owned()),
        Payload::Present(_) => {
            let content = entry.payload().content().unwrap_or_default();
            Publication::read(content).map_err(|fault| format!("not readable: {fault}"))
        }
    }
}

/// One line of the list.
pub(super) fn line_of(placed: &Placed, entry: &VerifiedEntry, publication: &Result<Publication, String>) -> EntryLine {
    let header = entry.header();
    let author = PublicKey::admit(&header.key).map(|key| peer_id_of(&key).to_string()).unwrap_or_default();
    let readable = publication.as_ref().ok();
    let link = |link: &lyceum_protocol::publication::Link| serde_json::json!({ "rel": link.rel.name(), "target": link.target });
    EntryLine {
        id: entry.id().to_string(),
        org: placed.org.map_or_else(String::new, |org| org.to_string()),
        org_name: placed.org_name.clone(),
        author,
        seq: header.seq,
        time: rfc3339(header.time),
        kind: readable.map(|publication| publication.kind.name().to_owned()),
        title: readable.map(|publication| publication.title.clone()),
        marking: marking_name(header.marking),
        language: readable.and_then(|publication| publication.language.as_ref()).map(|tag| tag.as_str().to_owned()),
        links: readable.map_or_else(Vec::new, |publication| publication.links.iter().map(link).collect()),
        standing: placed.standing.clone(),
        unreadable: publication.as_ref().err().cloned(),
        left_out: None,
    }
}

/// The publication as JSON, as it was written.
pub(super) fn value_of(publication: &Publication) -> Option<Value> {
    serde_json::from_slice(&publication.to_bytes()).ok()
}
