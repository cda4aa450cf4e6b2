//! The public JSON schema, read where LYCEUM_SCHEMAS says: it and the tables here agree.

use std::cell::Cell;
use std::path::PathBuf;

use lyceum_protocol::publication::Json;
use lyceum_protocol::publication::evaluation::{Record, lift};
use proptest::test_runner::TestRunner;
use serde_json::Value;

use crate::any::any_record;
use crate::{lifting, smallest};

#[expect(clippy::disallowed_methods, reason = "the folders of the real files are named by the environment")]
fn folder(variable: &str) -> PathBuf {
    PathBuf::from(std::env::var(variable).unwrap_or_else(|_| panic!("{variable} names no folder")))
}

fn schema() -> jsonschema::Validator {
    let file = folder("LYCEUM_SCHEMAS").join("every-eval-ever-eval.schema.json");
    let text = std::fs::read_to_string(&file).unwrap_or_else(|fault| panic!("{}: {fault}", file.display()));
    jsonschema::validator_for(&serde_json::from_str(&text).unwrap()).unwrap()
}

fn value(json: &Json) -> Value {
    serde_json::from_slice(&json.to_bytes()).unwrap()
}

#[track_caller]
fn passes(schema: &jsonschema::Validator, json: &Json) {
    let value = value(json);
    let faults: Vec<String> =
        schema.iter_errors(&value).map(|fault| format!("{}: {fault}", fault.instance_path())).collect();
    assert!(faults.is_empty(), "{faults:#?}\n{value:#}");
}

#[test]
#[ignore = "needs the folder that LYCEUM_SCHEMAS names"]
fn every_record_that_is_written_passes_the_public_schema() {
    let schema = schema();
    passes(&schema, &smallest());
    passes(&schema, lift("", &lifting::old()).unwrap().0.json());
    let mut runner = TestRunner::deterministic();
    runner
        .run(&any_record(), |fields| {
            passes(&schema, Record::write(&fields).unwrap().json());
            Ok(())
        })
        .unwrap();
}

#[test]
#[ignore = "needs the folders that LYCEUM_SCHEMAS and LYCEUM_SAMPLES name"]
fn the_real_records_of_0_2_are_lifted_whole_and_pass_the_public_schema() {
    let schema = schema();
    let files = std::fs::read_dir(folder("LYCEUM_SAMPLES").join("every-eval-ever")).unwrap();
    let mut seen = 0;
    for file in files {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        let given = Json::read(&bytes).unwrap();
        let (record, unscored) = lift("", &given).unwrap();
        assert!(unscored.is_empty(), "{unscored:?}");
        assert_eq!(Some(record.results.len()), value(&given)["evaluation_results"].as_array().map(Vec::len));
        passes(&schema, record.json());
        seen += 1;
    }
    assert_eq!(seen, 2);
}

/// Takes away and replaces every field of a full record in turn: what the tables let pass, the schema lets pass too.
#[test]
#[ignore = "needs the folder that LYCEUM_SCHEMAS names"]
fn what_is_read_passes_the_public_schema() {
    let schema = schema();
    let mut runner = TestRunner::deterministic();
    let (read, refused) = (Cell::new(0), Cell::new(0));
    runner
        .run(&any_record(), |fields| {
            let record = Record::write(&fields).unwrap();
            for changed in changes(&value(record.json())) {
                let json = Json::read(changed.to_string().as_bytes()).unwrap();
                let ours = Record::read("", &json);
                assert_eq!(ours.is_ok(), schema.is_valid(&changed), "{:?}\n{changed:#}", ours.err());
                let counted = if schema.is_valid(&changed) { &read } else { &refused };
                counted.set(counted.get() + 1);
            }
            Ok(())
        })
        .unwrap();
    let (read, refused) = (read.get(), refused.get());
    assert!(read > 1_000 && refused > 1_000, "{read} were read and {refused} refused");
}

/// One value with every field in turn taken away, made null, a text, a number, a list.
fn changes(value: &Value) -> Vec<Value> {
    let mut changed = Vec::new();
    match value {
        Value::Object(fields) => {
            for (name, inner) in fields {
                // Another version is no matter of the schema.
                if name == "schema_version" {
                    continue;
                }
                let mut put = |new: Option<Value>| {
                    let mut fields = fields.clone();
                    match new {
                        Some(new) => fields.insert(name.clone(), new),
                        None => fields.remove(name),
                    };
                    changed.push(Value::Object(fields));
                };
                put(None);
                for new in [Value::Null, "text".into(), 7.into(), 0.5.into(), true.into(), Value::Array(Vec::new())] {
                    put(Some(new));
                }
                changes(inner).into_iter().for_each(|inner| put(Some(inner)));
            }
        }
        Value::Array(items) => {
            for (n, item) in items.iter().enumerate() {
                for inner in changes(item) {
                    let mut items = items.clone();
                    items[n] = inner;
                    changed.push(Value::Array(items));
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    changed
}
