//! Hugging Face `.eval_results`: values of one model for tasks of data sets on the hub, a list in YAML.

use lyceum_protocol::publication::evaluation::names;

use super::found::{Evaluation, Found, Model, Row};
use super::tree::Tree;
use super::{Importer, Material, Options, Refusal, Rest, Shape, number};

/// Reads results in the folder `.eval_results` of a model.
#[derive(Debug)]
pub(super) struct EvalResults;

impl Importer for EvalResults {
    fn name(&self) -> &'static str {
        "eval-results"
    }

    fn claims(&self, material: &Material<'_>) -> bool {
        let items = material.first.items();
        let shaped = |item: &Tree| item.has("value") && item.at(&["dataset", "id"]).is_some();
        material.shape == Shape::Yaml && !items.is_empty() && items.iter().all(shaped)
    }

    fn read(&self, material: &Material<'_>, _: &mut Rest<'_, '_>, _: &Options) -> Result<Vec<Found>, Refusal> {
        // The model is named by the folder alone; that is no name of the hub.
        let folder = material.path.canonicalize().ok();
        let model_folder = folder.as_deref().and_then(std::path::Path::parent).and_then(std::path::Path::parent);
        let inside =
            folder.as_deref().and_then(std::path::Path::parent).is_some_and(|at| at.ends_with(".eval_results"));
        let name = model_folder
            .filter(|_| inside)
            .and_then(|at| at.file_name())
            .map(|name| name.to_string_lossy().into_owned());
        let mut model = Model::named(name.as_deref());
        if name.is_some() {
            model.details.push(("name_from".to_owned(), "the folder of the file".to_owned()));
        }
        let mut evaluation = Evaluation {
            model,
            source: "Hugging Face .eval_results".to_owned(),
            from_document: true,
            ..Evaluation::default()
        };
        for item in material.first.items() {
            evaluation.push(row(item));
        }
        Ok(vec![evaluation.into_found(None)])
    }
}

fn row(item: &Tree) -> Row {
    let dataset = item.at(&["dataset", "id"]).and_then(Tree::scalar).unwrap_or_else(|| "unknown".to_owned());
    let task = item.at(&["dataset", "task_id"]).and_then(Tree::scalar).filter(|task| task != "default");
    let name = task.map_or_else(|| dataset.clone(), |task| format!("{dataset}: {task}"));
    // The metric is the one that the data set defines for the task; the file does not name it.
    let mut row = Row::new(name, "value", number::read(item.get("value")));
    row.dataset.hub = Some(dataset.clone());
    row.dataset.name = dataset;
    let revision = item.at(&["dataset", "revision"]).and_then(Tree::scalar);
    row.dataset.details.extend(revision.map(|revision| (names::DATASET_REVISION.to_owned(), revision)));
    row.time = item.scalar_at("date");
    row.details.extend(item.scalar_at("notes").map(|notes| ("notes".to_owned(), notes)));
    for (field, name) in [("url", "source_url"), ("name", "source_name")] {
        row.details.extend(item.at(&["source", field]).and_then(Tree::scalar).map(|said| (name.to_owned(), said)));
    }
    row
}
