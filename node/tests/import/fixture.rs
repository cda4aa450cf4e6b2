//! Files of this folder, and what an import makes of them.

use std::path::{Path, PathBuf};

use lyceum_node::import::{Options, Report, import};
use serde_json::Value;

/// A file written for these tests.
pub(crate) fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/import/fixtures").join(name)
}

/// What importing it gives.
pub(crate) fn read(path: &Path) -> Report {
    import(path, &Options::default(), &|_| {})
}

/// The publications of a report, as JSON.
pub(crate) fn publications(report: &Report) -> Vec<Value> {
    report.ready.iter().map(|(ready, _)| serde_json::from_slice(&ready.publication.to_bytes()).unwrap()).collect()
}

/// The only publication of a file of this folder.
pub(crate) fn only(name: &str) -> Value {
    let report = read(&file(name));
    assert_eq!(report.reason, None, "{name}");
    let mut all = publications(&report);
    assert_eq!(all.len(), 1, "{name}");
    all.remove(0)
}

/// The result of a task and a metric, by its filter where it has one.
pub(crate) fn result<'a>(publication: &'a Value, task: &str, metric: &str, filter: &str) -> &'a Value {
    let results = publication["evaluation"]["evaluation_results"].as_array().unwrap();
    let found = results.iter().find(|result| {
        let config = &result["metric_config"];
        result["evaluation_name"] == task
            && config["metric_name"] == metric
            && (filter.is_empty() || config["additional_details"]["filter"] == filter)
    });
    found.unwrap_or_else(|| panic!("no {metric} {filter} of {task} in {publication:#}"))
}

/// The values beside the record: task, metric, raw text, reason.
pub(crate) fn unscored(publication: &Value) -> Vec<(String, String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let all = publication["unscored"].as_array().map(Vec::as_slice).unwrap_or_default();
    all.iter().map(|one| (text(&one["task"]), text(&one["metric"]), text(&one["raw"]), text(&one["reason"]))).collect()
}
