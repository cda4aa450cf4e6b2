//! `model-index`: the front matter of a model card, or the part of it that holds results.

use lyceum_protocol::publication::evaluation::{DatasetSource, UNKNOWN, names};

use super::{Value, Written, fate, values};
use crate::export::Item;
use crate::export::yaml::{comment, number, quoted};

/// The front matter with the results of a model of this name.
pub fn write(model: &str, items: &[Item]) -> Written {
    let mut written = Written::default();
    let values = values(items, &mut written);
    let mut text = "---\n".to_owned();
    for item in items {
        let words = fate::words(item);
        if !words.is_empty() {
            text.push_str(&comment(&format!("Lyceum entry {}: {}", item.line.id, words.join("; "))));
        }
    }
    text.push_str(&format!("model-index:\n- name: {}\n", quoted(model)));
    // A key without a value is null, and the hub wants a list.
    text.push_str(if values.is_empty() { "  results: []\n" } else { "  results:\n" });
    for value in &values {
        text.push_str(&result(value));
    }
    text.push_str("---\n");
    written.values = values.len();
    written.text = text;
    written
}

fn result(value: &Value<'_>) -> String {
    let result = value.result;
    // The hub knows `other` for what is none of its tasks.
    let task = result.setting.get("task_type").filter(|task| !task.trim().is_empty() && *task != UNKNOWN);
    let mut text = format!("  - task:\n      type: {}\n", quoted(task.unwrap_or("other")));
    if let Some(name) = result.setting.get("task_name").filter(|name| Some(*name) != task) {
        text.push_str(&format!("      name: {}\n", quoted(name)));
    }
    let kind = value.repository().or_else(|| value.of_dataset("type")).unwrap_or(&result.dataset.name);
    let kind = if kind.trim().is_empty() { UNKNOWN } else { kind };
    let name = if result.task.trim().is_empty() { UNKNOWN } else { result.task.as_str() };
    text.push_str(&format!("    dataset:\n      type: {}\n      name: {}\n", quoted(kind), quoted(name)));
    let split = match &result.dataset.source {
        DatasetSource::Hub { split, .. } => split.as_deref(),
        DatasetSource::Url(_) | DatasetSource::Other => value.of_dataset("split"),
    };
    let fields = [
        ("config", value.of_dataset(names::DATASET_CONFIG)),
        ("split", split.filter(|split| !split.trim().is_empty())),
        ("revision", value.of_dataset(names::DATASET_REVISION)),
    ];
    for (field, said) in fields {
        if let Some(said) = said {
            text.push_str(&format!("      {field}: {}\n", quoted(said)));
        }
    }
    if let Some(shots) = result.setting.shots() {
        text.push_str(&format!("      args:\n        num_few_shot: {shots}\n"));
    }
    let label = result.metric.label().filter(|label| !label.trim().is_empty()).unwrap_or(UNKNOWN);
    let shown = number(result.score, result.raw.as_deref());
    text.push_str(&format!("    metrics:\n    - type: {}\n      value: {shown}\n", quoted(label)));
    let name = value.metric();
    let name = fate::mark(&value.item.outcome).map_or_else(|| name.clone(), |mark| format!("{name} [{mark}]"));
    text.push_str(&format!("      name: {}\n", quoted(&name)));
    if let Some((url, name)) = value.source() {
        let name = name.map_or_else(|| value.origin(), str::to_owned);
        text.push_str(&format!("    source:\n      url: {}\n      name: {}\n", quoted(url), quoted(&name)));
    }
    text
}
