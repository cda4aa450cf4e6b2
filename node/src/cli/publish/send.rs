//! Sending what is published, some at once, and telling each id as soon as it is durable.

use std::path::Path;

use indicatif::ProgressBar;

use super::{Context, progress, safe_text, short_id};
use crate::api::shapes::{EntryLine, PublishItem, PublishRequest};
use crate::client::Client;
use crate::failure::Failure;
use crate::publish::Prepared;

/// Publications that are sent at once.
pub(super) const AT_ONCE: usize = 24;
/// Bytes that are sent at once.
const BYTES_AT_ONCE: usize = 4 * 1024 * 1024;

/// The bar over so many publications.
pub(super) fn bar(total: usize) -> ProgressBar {
    let bar = progress::bar("publishing: {pos} of {len}, about {eta} left [{wide_bar}]");
    bar.set_length(count(total));
    bar.set_draw_target(indicatif::ProgressDrawTarget::stderr());
    bar
}

fn count(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

/// What was not sent yet, and how far it is.
pub(super) struct Sending<'a> {
    pub(super) client: Client,
    pub(super) context: &'a mut Context,
    pub(super) bar: ProgressBar,
    pub(super) total: usize,
    pub(super) done: usize,
    pub(super) items: Vec<PublishItem>,
    pub(super) bytes: usize,
}

impl Sending<'_> {
    /// Adds one, and sends those before it if together they would be too many.
    pub(super) async fn add(&mut self, prepared: &Prepared) -> Result<(), Failure> {
        let bytes = prepared.publication.to_bytes();
        if self.items.len() >= AT_ONCE || self.bytes.saturating_add(bytes.len()) > BYTES_AT_ONCE {
            self.send().await?;
        }
        let publication = serde_json::from_slice(&bytes)
            .map_err(|fault| Failure::new("the publication cannot be sent").because(&fault))?;
        self.items.push(PublishItem { publication, marking: Some(prepared.marking.name().to_owned()) });
        self.bytes = self.bytes.saturating_add(bytes.len());
        Ok(())
    }

    /// Sends what was added.
    pub(super) async fn send(&mut self) -> Result<(), Failure> {
        let items = std::mem::take(&mut self.items);
        self.bytes = 0;
        if items.is_empty() {
            return Ok(());
        }
        let sent = items.len();
        let answer = self.client.publish(&PublishRequest { items }).await.map_err(|failure| {
            self.bar.finish_and_clear();
            let told = format!("{} of {} were published before that", self.done, self.total);
            if self.done > 0 { failure.cause(told) } else { failure }
        })?;
        self.done = self.done.saturating_add(sent);
        self.bar.set_position(count(self.done));
        // Ids are told as soon as they are durable: whoever reads along may rely on them. The bar makes room for them.
        let (bar, context) = (self.bar.clone(), &mut *self.context);
        bar.suspend(|| {
            answer.entries.iter().try_for_each(|entry| say_published(context, entry))?;
            context.out.flush()
        })
    }

    /// Says that a file was published before.
    pub(super) fn unchanged(&mut self, file: &Path, prepared: &Prepared, id: &str) -> Result<(), Failure> {
        let publication = &prepared.publication;
        if self.context.out.is_json() {
            let value = serde_json::json!({
                "id": id, "type": publication.kind.name(), "title": publication.title, "unchanged": true,
                "file": file.display().to_string(),
            });
            return self.context.out.object(&value);
        }
        let title = safe_text::short_line(&publication.title, TITLE_CHARS);
        let line = format!("{}  unchanged, published before  {title}", short_id(id));
        self.bar.suspend(|| self.context.out.line(&line))
    }
}

/// Characters of a title that are shown.
const TITLE_CHARS: usize = 60;

fn say_published(context: &mut Context, entry: &EntryLine) -> Result<(), Failure> {
    if context.out.is_json() {
        return context.out.object(entry);
    }
    let title = safe_text::short_line(entry.title.as_deref().unwrap_or_default(), TITLE_CHARS);
    context.out.line(&format!("{}  {}  {title}", short_id(&entry.id), entry.marking))
}
