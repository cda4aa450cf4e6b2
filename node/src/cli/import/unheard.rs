//! Fields that `--keep` names and that no file has: most are misspelt.

use std::collections::BTreeMap;

use super::super::output::Output;
use super::safe_text;
use crate::import::Report;
use crate::import::private::{self, Keep, Kind};

/// Characters of a name that are shown.
const NAME_CHARS: usize = 80;

/// The fields that `--keep` names and that have kept nothing so far, each with why it is left out all the same.
#[derive(Debug)]
pub(super) struct Unheard(BTreeMap<String, Option<String>>);

impl Unheard {
    /// Of what `--keep` names, the fields: kinds are known, and a file without any is none that is misspelt.
    pub(super) fn new(keep: &[String]) -> Self {
        let is_kind = |name: &&String| Kind::PRIVATE.iter().any(|kind| kind.name() == name.as_str());
        Self(keep.iter().filter(|name| !is_kind(name)).map(|name| (name.clone(), None)).collect())
    }

    /// Looks for what was kept in the findings of a file.
    pub(super) fn hears(&mut self, report: &Report) {
        for (ready, _) in &report.ready {
            if self.0.is_empty() {
                return;
            }
            // What would be taken out of it without `--keep` was kept.
            let kept = private::clean(&mut ready.publication.json().clone(), &Keep::default());
            self.0.retain(|name, _| kept.iter().all(|kept| kept.field != *name));
            for left in &ready.left_out {
                if let Some(why) = self.0.get_mut(&left.field) {
                    *why = Some(left.reason.clone());
                }
            }
        }
    }

    /// Says which fields kept nothing.
    pub(super) fn tell(&self, out: &Output) {
        for (name, why) in &self.0 {
            let name = safe_text::short_line(name, NAME_CHARS);
            out.note(&match why {
                Some(why) => format!("--keep {name}: is left out all the same: {}", safe_text::line(why)),
                None => format!("--keep {name}: no file has something left out of such a field: see --dry-run"),
            });
        }
    }
}
