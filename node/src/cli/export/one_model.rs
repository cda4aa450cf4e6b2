//! Formats that hold the scores of one model.

use std::collections::BTreeSet;

use super::super::{Context, safe_text};
use super::pages::{self, Pages};
use super::summary::Summary;
use super::target::Target;
use super::{Args, Format};
use crate::export::Item;
use crate::export::hub::{eval_results, model_index};
use crate::failure::Failure;

/// Most publications about one model that are held at once.
const ITEMS_MAX: usize = 5_000;
/// Names of models that are listed where there are several.
const NAMES_SHOWN: usize = 5;

/// The name of the model whose scores a publication holds.
fn model_of(item: &Item) -> Option<&str> {
    let record = &item.publication.evaluation()?.record;
    match item.publication.models() {
        [one] => Some(&one.name),
        _ => Some(&record.model.name),
    }
}

pub(super) async fn write(
    args: &Args,
    mut target: Target,
    pages: &mut Pages,
    summary: &mut Summary,
    context: &mut Context,
) -> Result<(), Failure> {
    let mut items = Vec::new();
    while pages.more() {
        for entry in pages.next(summary).await? {
            let Some(item) = pages::read(entry, summary) else { continue };
            // A finding about several models holds the scores of one of them, and perhaps of another one.
            let other = item.publication.models().len() > 1
                && args.model.as_deref().is_some_and(|model| !is_called(&item, model));
            if other {
                summary.unfit = summary.unfit.saturating_add(1);
            } else {
                items.push(item);
            }
        }
        if items.len() > ITEMS_MAX {
            let failure = Failure::new(format!("there are more than {ITEMS_MAX} evaluations of this model"));
            return Err(failure.next("narrow them with --org or --since"));
        }
    }
    let names: BTreeSet<&str> = items.iter().filter_map(model_of).collect();
    let name = match (names.iter().collect::<Vec<_>>().as_slice(), &args.model) {
        ([one], _) => (**one).to_owned(),
        (_, Some(model)) => model.clone(),
        ([], None) => return Err(summary.nothing()),
        (several, None) => {
            let listed: Vec<String> =
                several.iter().take(NAMES_SHOWN).map(|name| safe_text::short_line(name, 80)).collect();
            return Err(Failure::usage(format!("these are scores of {} models", several.len()))
                .cause(listed.join(", "))
                .next("name one of them: --model MODEL"));
        }
    };
    let written = match args.format {
        Format::ModelIndex => model_index::write(&name, &items),
        _ => eval_results::write(&items),
    };
    for (reason, count) in &written.left_out {
        let counted = summary.values_left_out.entry(reason).or_default();
        *counted = counted.saturating_add(*count);
    }
    if written.values == 0 {
        return Err(summary.nothing());
    }
    for item in &items {
        summary.count(item, 0);
    }
    summary.values = written.values;
    summary.doubled = written.doubled;
    target.write(written.text.as_bytes(), context)?;
    target.finish()
}

/// Whether the scores are those of a model of this name, id, revision or digest.
fn is_called(item: &Item, model: &str) -> bool {
    let Some(evaluation) = item.publication.evaluation() else { return false };
    let info = &evaluation.record.model;
    let details = ["revision", "digest"].iter().filter_map(|name| info.details.get(*name));
    [&info.name, &info.id].into_iter().chain(details).any(|name| name.trim().eq_ignore_ascii_case(model.trim()))
}
