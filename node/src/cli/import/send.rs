//! Publishing what was imported: what is known is left alone, what has room goes, and of the rest it is said when.

use lyceum_protocol::limits::SALT_LEN;
use lyceum_protocol::publication::{Attachment, Publication};

use super::attaching::{self, Chosen};
use super::publish::turn;
use super::{Context, show};
use crate::api::shapes::{PlanRequest, PublishItem, PublishRequest, Source};
use crate::client::Client;
use crate::failure::Failure;
use crate::import::Report;
use crate::import::record::Ready;
use crate::publish::Marking;
use crate::publish::attached::with_attachments;

/// Publications that are sent at once.
const AT_ONCE: usize = 24;
/// Bytes that are sent at once.
const BYTES_AT_ONCE: usize = 4 * 1024 * 1024;
/// Findings that are asked about at once.
const ASKED_AT_ONCE: usize = 1_000;
/// What the link to a first part adds, at most, in bytes.
const LINK_LEN: usize = 320;
/// What an attached source adds, at most, in bytes.
const ATTACHED_LEN: u64 = 640;

/// What had no room.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    /// Lengths of the payloads.
    payloads: Vec<u64>,
    /// What waits of which file, in words.
    files: Vec<String>,
}

/// An import under way.
pub(super) struct Importing {
    client: Client,
    again: bool,
    /// Published in this run, by content.
    done: std::collections::BTreeMap<String, String>,
    published: usize,
}

/// One finding on its way.
struct Sent<'a> {
    ready: &'a Ready,
    item: PublishItem,
    bytes: usize,
}

impl Importing {
    pub(super) fn new(client: Client, again: bool) -> Self {
        Self { client, again, done: std::collections::BTreeMap::new(), published: 0 }
    }

    /// Publishes the findings of one file that are new and have room.
    pub(super) async fn file(
        &mut self,
        context: &mut Context,
        report: &Report,
        source: Option<&Chosen>,
        waiting: &mut Waiting,
    ) -> Result<(), Failure> {
        let _turn = turn(&context.home()?).await?;
        let known = self.known(report).await?;
        let new: Vec<usize> = (0..report.ready.len()).filter(|n| known.get(*n).is_none_or(Option::is_none)).collect();
        let beside = if source.is_some() { ATTACHED_LEN } else { 0 };
        let payloads: Vec<u64> = new
            .iter()
            .filter_map(|n| report.ready.get(*n))
            .map(|(ready, _)| payload_len(ready).saturating_add(beside))
            .collect();
        // Order is kept: once something waits, everything after it waits too.
        let fits = if !waiting.payloads.is_empty() || payloads.is_empty() {
            0
        } else {
            let plan = self.client.plan(&PlanRequest { payloads: payloads.clone() }).await?;
            usize::try_from(plan.fits).unwrap_or(usize::MAX)
        };
        let attached = match source.filter(|_| fits > 0) {
            Some(source) => attaching::attachments(&self.client, std::slice::from_ref(source)).await?,
            None => Vec::new(),
        };
        let mut first = None;
        let mut batch: Vec<Sent<'_>> = Vec::new();
        let mut gone = 0_usize;
        let mut told_source = false;
        for (n, (ready, marking)) in report.ready.iter().enumerate() {
            let opens = ready.part.is_some_and(|(number, _)| number == 1);
            if let Some(Some(id)) = known.get(n) {
                show::known(context, report, ready, id)?;
                if let (Some(source), false) = (source, told_source) {
                    told_source = true;
                    let (file, id) = (source.path.display(), id.get(..12).unwrap_or(id));
                    context.out.note(&format!(
                        "{file} was published before and was not attached now: `lyceum attach {id} {file}` does that"
                    ));
                }
                first = if opens { Some(id.clone()) } else { first };
                continue;
            }
            if gone >= fits {
                continue;
            }
            gone = gone.saturating_add(1);
            let sent = sent(ready, *marking, first.as_deref(), &attached)?;
            let bytes: usize = batch.iter().map(|sent| sent.bytes).sum();
            if batch.len() >= AT_ONCE || bytes.saturating_add(sent.bytes) > BYTES_AT_ONCE {
                self.send(context, report, &mut batch).await?;
            }
            batch.push(sent);
            if opens {
                // The parts after it name it.
                self.send(context, report, &mut batch).await?;
                first = self.done.get(&ready.content).cloned();
            }
        }
        self.send(context, report, &mut batch).await?;
        let rest = payloads.get(gone.min(payloads.len())..).unwrap_or_default();
        if !rest.is_empty() {
            let words = format!("{}: {} of {} findings wait", report.file.display(), rest.len(), report.ready.len());
            show::waits(context, report, rest.len())?;
            waiting.files.push(words);
            waiting.payloads.extend_from_slice(rest);
        }
        Ok(())
    }

    /// The ids of the findings that were published before, in order.
    async fn known(&self, report: &Report) -> Result<Vec<Option<String>>, Failure> {
        if self.again {
            return Ok(vec![None; report.ready.len()]);
        }
        let sources: Vec<Source> = report
            .ready
            .iter()
            .map(|(ready, _)| Source {
                content: ready.content.clone(),
                kind: String::new(),
                language: None,
                title: String::new(),
            })
            .collect();
        let mut known = Vec::with_capacity(sources.len());
        for sources in sources.chunks(ASKED_AT_ONCE) {
            let matches = self.client.published(sources.to_vec()).await?;
            known.extend(matches.into_iter().map(|found| found.unchanged));
        }
        Ok(known)
    }

    async fn send(&mut self, context: &mut Context, report: &Report, batch: &mut Vec<Sent<'_>>) -> Result<(), Failure> {
        if batch.is_empty() {
            return Ok(());
        }
        let sent = std::mem::take(batch);
        let items = sent.iter().map(|sent| sent.item.clone()).collect();
        let answer = self.client.publish(&PublishRequest { items }).await.map_err(|failure| match self.published {
            0 => failure,
            done => failure.cause(format!("{done} findings were published before that; they are not published twice")),
        })?;
        for (sent, entry) in sent.iter().zip(&answer.entries) {
            self.published = self.published.saturating_add(1);
            self.done.insert(sent.ready.content.clone(), entry.id.clone());
            show::published(context, report, sent.ready, entry)?;
        }
        // Ids are told as soon as they are durable.
        context.out.flush()
    }

    /// What is said of what had no room.
    pub(super) async fn waits(&self, waiting: &Waiting) -> Result<Option<Failure>, Failure> {
        if waiting.payloads.is_empty() {
            return Ok(None);
        }
        let plan = self.client.plan(&PlanRequest { payloads: waiting.payloads.clone() }).await?;
        let count = waiting.payloads.len();
        let failure =
            Failure::refused(format!("{} findings were published, {count} wait for room in the quota", self.published));
        let failure = waiting.files.iter().cloned().fold(failure.cause(plan.rule), Failure::cause);
        Ok(Some(match (plan.next, plan.last) {
            (Some(next), Some(last)) => failure
                .until(next.clone())
                .next(format!("import the same files again: the next may go at {next}, the last of them at {last}")),
            _ => failure.next("import the same files again: there is room now"),
        }))
    }
}

fn payload_len(ready: &Ready) -> u64 {
    let link = if ready.part.is_some_and(|(number, _)| number > 1) { LINK_LEN } else { 0 };
    let len = ready.publication.to_bytes().len().saturating_add(SALT_LEN).saturating_add(link);
    u64::try_from(len).unwrap_or(u64::MAX)
}

fn sent<'a>(
    ready: &'a Ready,
    marking: Marking,
    first: Option<&str>,
    attached: &[Attachment],
) -> Result<Sent<'a>, Failure> {
    let later = ready.part.is_some_and(|(number, _)| number > 1);
    let publication: Publication = match first.filter(|_| later) {
        Some(first) => ready
            .linked_to(first)
            .map_err(|fault| Failure::new("a part cannot be linked to the first one").because(&fault))?,
        None => ready.publication.clone(),
    };
    let publication = with_attachments(&publication, attached)
        .map_err(|fault| Failure::new("the source cannot stand beside a finding").because(&fault))?;
    let bytes = publication.to_bytes();
    let value = serde_json::from_slice(&bytes)
        .map_err(|fault| Failure::new("the publication cannot be sent").because(&fault))?;
    Ok(Sent {
        ready,
        bytes: bytes.len(),
        item: PublishItem { publication: value, marking: Some(marking.name().to_owned()) },
    })
}
