//! Hugging Face model cards: the results in `model-index`. A card without results is read as the note that it is.

use lyceum_protocol::publication::evaluation::names;

use super::found::{Evaluation, Found, Model, Row};
use super::note;
use super::private;
use super::tree::Tree;
use super::{Importer, Material, Options, Refusal, Rest, Shape, number};

/// Reads model cards.
#[derive(Debug)]
pub(super) struct ModelCard;

/// Results that are taken unless all are asked for.
pub(super) const RESULTS_MAX: usize = 200;
/// Keys that only cards have.
const CARD_KEYS: [&str; 8] =
    ["model-index", "base_model", "pipeline_tag", "library_name", "license", "datasets", "model_name", "widget"];

impl Importer for ModelCard {
    fn name(&self) -> &'static str {
        "model-card"
    }

    fn claims(&self, material: &Material<'_>) -> bool {
        let card = CARD_KEYS.iter().filter(|key| material.first.has(key)).count();
        material.shape == Shape::FrontMatter && (material.first.has("model-index") || card >= 2)
    }

    fn read(&self, material: &Material<'_>, _: &mut Rest<'_, '_>, options: &Options) -> Result<Vec<Found>, Refusal> {
        let (mut found, mut more) = (Vec::new(), Vec::new());
        let mut seen = 0_usize;
        for model in material.first.get("model-index").map(Tree::one_or_many).unwrap_or_default() {
            match model_of(model, &material.first, &mut seen, options) {
                Ok(made) => found.push(made),
                // It has results, and there is no room for them.
                Err(0) => {}
                Err(results) => {
                    let name = Model::named(model.text_at("name")).name;
                    more.push(format!("model {}: {results} results: --all takes them", private::quoted(&name)));
                }
            }
        }
        if let Some(last) = found.last_mut() {
            more.into_iter().for_each(|why| last.leave_out("model-index", why));
        }
        if found.is_empty() {
            let mut note = note::of_text(material)?;
            note.leave_out("front matter", "a model card without results: its text is imported as a note");
            return Ok(vec![note]);
        }
        Ok(found)
    }
}

/// The finding of one model, or how many results it has where there is no room for any.
fn model_of(given: &Tree, card: &Tree, seen: &mut usize, options: &Options) -> Result<Found, usize> {
    let mut model = Model::named(given.text_at("name"));
    let bases = card.get("base_model").map(Tree::one_or_many).unwrap_or_default();
    let bases: Vec<String> = bases.iter().filter_map(Tree::scalar).map(|base| Model::named(Some(&base)).name).collect();
    if !bases.is_empty() {
        model.details.push(("base_model".to_owned(), bases.join(", ")));
    }
    let results = given.get("results").map(Tree::items).unwrap_or_default();
    // `verified` was a service of the hub; without its token checked, a value is the author's own unless it names another
    // source.
    let sourced = results.iter().any(|result| result.get("source").is_some());
    let mut evaluation = Evaluation {
        model,
        source: "model card".to_owned(),
        from_document: true,
        relationship: (!sourced).then(|| "first_party".to_owned()),
        ..Evaluation::default()
    };
    let rows: Vec<Row> = results.iter().flat_map(rows).collect();
    let total = rows.len();
    let room = if options.all { usize::MAX } else { RESULTS_MAX.saturating_sub(*seen) };
    rows.into_iter().take(room).for_each(|row| evaluation.push(row));
    let taken = evaluation.items.len();
    *seen = seen.saturating_add(taken);
    if evaluation.items.is_empty() {
        return Err(total);
    }
    let mut found = evaluation.into_found(None);
    found.leave_out("body", "the text of the card is no result: publish it as a note, if it is wanted");
    if taken < total {
        let said = format!("The first {taken} of {total} results. {}", found.text("summary"));
        found.set("summary", said);
        found.leave_out(
            "model-index",
            format!("{} more results of {total}: --all takes them", total.saturating_sub(taken)),
        );
    }
    if results.iter().flat_map(metrics).any(|metric| metric.has("verifyToken")) {
        found.leave_out("model-index[].results[].metrics[].verifyToken", "a token of the hub");
    }
    let licence = card.get("license").map(Tree::one_or_many).unwrap_or_default();
    let licence: Vec<String> = licence.iter().filter_map(Tree::scalar).collect();
    found.leave_out(
        "license",
        format!("{}: the licence of the model, not of these results", private::quoted(&licence.join(", "))),
    );
    found.left_out.retain(|left| left.field != "license" || !licence.is_empty());
    Ok(found)
}

fn metrics(result: &Tree) -> &[Tree] {
    result.get("metrics").or_else(|| result.get("metric")).map(Tree::one_or_many).unwrap_or_default()
}

fn rows(result: &Tree) -> Vec<Row> {
    let dataset = result.get("dataset").unwrap_or(&Tree::Null);
    let task_name = result.at(&["task", "name"]).or_else(|| result.at(&["task", "type"])).and_then(Tree::scalar);
    let name = dataset.scalar_at("name").or_else(|| dataset.scalar_at("type"));
    let task = name.or_else(|| task_name.clone()).unwrap_or_else(|| "unknown".to_owned());
    let mut rows = Vec::new();
    for metric in metrics(result) {
        let kind = metric.scalar_at("type").filter(|kind| kind != "unknown");
        let kind = kind.or_else(|| metric.scalar_at("name")).unwrap_or_else(|| "unknown".to_owned());
        let value = metric.get("value");
        // Several values under names are several metrics; none of them is the one that is named.
        let mut row = Row::new(task.as_str(), kind.clone(), number::read(value));
        row.metric_details
            .extend(metric.scalar_at("name").filter(|name| *name != kind).map(|name| ("name".to_owned(), name)));
        row.metric_details.extend(metric.get("args").map(|args| ("args".to_owned(), args.raw(200))));
        let verified = metric.scalar_at("verified").or_else(|| metric.scalar_at("veriefied"));
        row.details.extend(verified.map(|verified| ("said_to_be_verified".to_owned(), verified)));
        about(dataset, &mut row);
        row.settings
            .extend(result.at(&["task", "type"]).and_then(Tree::scalar).map(|kind| ("task_type".to_owned(), kind)));
        row.settings.extend(task_name.clone().map(|name| ("task_name".to_owned(), name)));
        for (field, name) in [("name", "source_name"), ("url", "source_url")] {
            row.details
                .extend(result.at(&["source", field]).and_then(Tree::scalar).map(|said| (name.to_owned(), said)));
        }
        rows.push(row);
    }
    rows
}

fn about(dataset: &Tree, row: &mut Row) {
    row.dataset.hub = dataset.scalar_at("type").filter(|kind| kind.contains('/'));
    row.dataset.split = dataset.scalar_at("split");
    for (field, name) in [("type", "type"), ("config", names::DATASET_CONFIG), ("revision", names::DATASET_REVISION)] {
        row.dataset.details.extend(dataset.scalar_at(field).map(|said| (name.to_owned(), said)));
    }
    match dataset.get("args") {
        Some(args @ Tree::Map(_)) => {
            row.settings.extend(args.scalar_at("num_few_shot").map(|shots| (names::SHOTS.to_owned(), shots)));
            let others: Vec<String> = args
                .entries()
                .iter()
                .filter(|(key, _)| key != "num_few_shot")
                .map(|(key, value)| format!("{key}: {}", value.raw(60)))
                .collect();
            if !others.is_empty() {
                row.dataset.details.push(("args".to_owned(), others.join(", ")));
            }
        }
        Some(args) => row.dataset.details.push(("args".to_owned(), args.raw(200))),
        None => {}
    }
}
