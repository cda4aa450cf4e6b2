//! Publications from the daemon, page by page, with progress.

use indicatif::{ProgressBar, ProgressDrawTarget};
use lyceum_protocol::publication::Publication;

use super::super::progress;
use super::summary::Summary;
use crate::api::shapes::{ExportEntry, ExportPage};
use crate::client::{Client, ExportRequest};
use crate::export::Item;
use crate::failure::Failure;

/// Ids of one request.
const IDS_AT_ONCE: usize = 100;
/// An export of fewer entries needs no bar.
const WORTH_A_BAR: u64 = 2_000;

/// What is still to come.
pub(super) struct Pages {
    client: Client,
    request: ExportRequest,
    ids: Vec<String>,
    named: bool,
    begun: bool,
    bar: ProgressBar,
}

impl Pages {
    /// All that fits a request, or these entries.
    pub(super) fn new(client: Client, request: ExportRequest, ids: Vec<String>) -> Self {
        let bar =
            progress::bar("exporting: {human_pos} of {human_len} entries looked at, about {eta} left [{wide_bar}]");
        Self { client, request, named: !ids.is_empty(), ids, begun: false, bar }
    }

    /// Whether there is another page.
    pub(super) fn more(&self) -> bool {
        !self.begun || if self.named { !self.ids.is_empty() } else { self.request.before.is_some() }
    }

    /// The entries of the next page, which may be none; what was left out is counted.
    pub(super) async fn next(&mut self, summary: &mut Summary) -> Result<Vec<ExportEntry>, Failure> {
        if self.named {
            let rest = self.ids.split_off(self.ids.len().min(IDS_AT_ONCE));
            self.request.ids = std::mem::replace(&mut self.ids, rest);
        } else if !self.begun && progress::is_watched() {
            let publications = self.client.status().await?.publications;
            if publications >= WORTH_A_BAR {
                self.bar.set_length(publications);
                self.bar.set_draw_target(ProgressDrawTarget::stderr());
            }
        }
        self.begun = true;
        let page = self.client.export(&self.request).await?;
        self.request.before.clone_from(&page.next);
        self.bar.inc(page.looked_at);
        Ok(self.counted(page, summary))
    }

    fn counted(&self, page: ExportPage, summary: &mut Summary) -> Vec<ExportEntry> {
        summary.left_out.add(page.left_out);
        if self.named {
            let left_out = page.left_out;
            let counted = [left_out.superseded, left_out.retracted, left_out.not_standing, left_out.unreadable];
            let gone: u64 = counted.iter().sum::<u64>().saturating_add(left_out.restricted);
            let there = u64::try_from(page.entries.len()).unwrap_or(u64::MAX);
            summary.unfit = summary.unfit.saturating_add(page.looked_at.saturating_sub(gone).saturating_sub(there));
        }
        page.entries
    }

    /// Takes the bar away.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Reads a publication, one at a time: read, they take many times the room of their text. None if it is of another
/// version than the daemon, which is counted.
pub(super) fn read(entry: ExportEntry, summary: &mut Summary) -> Option<Item> {
    let ExportEntry { entry: line, outcome, publication } = entry;
    let publication = Publication::read(publication.get().as_bytes());
    if publication.is_err() {
        summary.left_out.unreadable = summary.left_out.unreadable.saturating_add(1);
    }
    publication.ok().map(|publication| Item { line, outcome, publication })
}
