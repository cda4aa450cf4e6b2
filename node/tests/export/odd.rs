//! Whatever is published, no exporter panics, and what it writes is read.

use lyceum_node::export::hub::{eval_results, model_index};
use lyceum_node::export::parquet::Table;
use lyceum_node::export::table::{COLUMNS, rows};
use lyceum_node::export::{avid, bibtex, cff, csv, every_eval_ever, jsonl};
use lyceum_node::import::tree::Tree;
use lyceum_node::import::yaml;
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use proptest::prelude::*;
use serde_json::Value;

use crate::any::any_item;
use crate::fixture::imported;
use crate::tables::parse;

/// Braces as BibTeX counts them: a stroke before one does not help.
fn is_balanced(text: &str) -> bool {
    let depth = text.chars().try_fold(0_i64, |depth, c| match c {
        '{' => Some(depth + 1),
        '}' if depth > 0 => Some(depth - 1),
        '}' => None,
        _ => Some(depth),
    });
    depth == Some(0)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn tables_hold_any_publication(item in any_item()) {
        let rows = rows(&item);
        let parsed = parse(&rows.iter().map(csv::line).collect::<String>());
        prop_assert_eq!(parsed.len(), rows.len());
        for row in &parsed {
            prop_assert_eq!(row.len(), COLUMNS.len());
            for (cell, (name, kind)) in row.iter().zip(&COLUMNS) {
                let runs = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
                let number = cell.parse::<f64>().is_ok();
                prop_assert!(!runs || number, "{name} {kind:?} {cell:?}");
            }
        }
        let mut table = Table::new().unwrap();
        let count = rows.len();
        rows.into_iter().for_each(|row| table.push(row).unwrap());
        let reader = SerializedFileReader::new(hyper::body::Bytes::from(table.finish().unwrap())).unwrap();
        prop_assert_eq!(reader.get_row_iter(None).unwrap().map(Result::unwrap).count(), count);
        let line = jsonl::line(&item).unwrap();
        prop_assert_eq!(line.lines().count(), 1);
        let value: Value = serde_json::from_str(&line).unwrap();
        prop_assert_eq!(&value["id"], &item.line.id.as_str());
    }

    #[test]
    fn records_and_reports_hold_any_publication(item in any_item()) {
        if let Some(path) = every_eval_ever::path(&item) {
            let parts: Vec<&str> = path.split('/').collect();
            prop_assert_eq!(parts.len(), 5);
            for part in parts {
                prop_assert!(!part.is_empty() && !part.starts_with('.') && part.len() <= 85, "{}", path);
                prop_assert!(part.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b)), "{}", path);
            }
            let text = every_eval_ever::pretty(&item).unwrap().unwrap();
            let record: Value = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(&record["source_metadata"]["additional_details"]["lyceum_marking"], &item.line.marking.as_str());
        }
        for line in avid::lines(&item).lines() {
            let report: Value = serde_json::from_str(line).unwrap();
            prop_assert_eq!(&report["data_type"], "AVID");
            prop_assert!(!report["description"]["value"].as_str().unwrap().is_empty());
            if item.outcome.retracted.is_some() {
                prop_assert!(report["description"]["value"].as_str().unwrap().starts_with("RETRACTED"));
            }
        }
    }

    #[test]
    fn lists_for_the_hub_hold_any_publication(item in any_item(), name in crate::any::text()) {
        let items = [item];
        let written = eval_results::write(&items);
        if written.values > 0 {
            let tree = yaml::read(&written.text).unwrap();
            prop_assert_eq!(tree.items().len(), written.values);
            for result in tree.items() {
                prop_assert!(result.at(&["dataset", "id"]).is_some() && result.text_at("notes").is_some());
                let value: f64 = result.scalar_at("value").unwrap().parse().unwrap();
                prop_assert!(value.is_finite());
            }
        }
        let written = model_index::write(&name, &items);
        let front = written.text.strip_prefix("---\n").and_then(|text| text.strip_suffix("---\n")).unwrap();
        let tree = yaml::read(front).unwrap();
        let model = &tree.get("model-index").unwrap().items()[0];
        prop_assert_eq!(model.get("name"), Some(&Tree::Text(name)));
        prop_assert_eq!(model.get("results").unwrap().items().len(), written.values);
        if items[0].outcome.retracted.is_some() {
            let named = |result: &Tree| {
                result.get("metrics").unwrap().items()[0].text_at("name").unwrap().ends_with("[RETRACTED]")
            };
            prop_assert!(model.get("results").unwrap().items().iter().all(named));
        }
    }

    #[test]
    fn citations_hold_any_publication(item in any_item()) {
        let record = bibtex::record(&item);
        prop_assert!(is_balanced(&record), "{}", record);
        prop_assert!(!record.chars().any(|c| c.is_control() && c != '\n'), "{}", record);
        prop_assert_eq!(record.lines().filter(|line| line.starts_with('@')).count(), 1);
        let tree = yaml::read(&cff::file(&item)).unwrap();
        for field in ["cff-version", "message", "title", "date-released"] {
            prop_assert!(tree.text_at(field).or(tree.scalar_at(field).as_deref()).is_some_and(|text| !text.is_empty()), "{}", field);
        }
        prop_assert!(!tree.get("authors").unwrap().items().is_empty());
        prop_assert_eq!(imported("CITATION.cff", &cff::file(&item)).len(), 1);
    }
}
