//! CSV, Parquet and JSON Lines.

use lyceum_node::export::parquet::Table;
use lyceum_node::export::table::{COLUMNS, Cell, rows};
use lyceum_node::export::{csv, jsonl};
use lyceum_protocol::publication::Publication;
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::record::Field;
use serde_json::Value;

use crate::fixture::{ID, evaluation, fallen, item};

/// RFC 4180, read as simply as possible.
pub(crate) fn parse(text: &str) -> Vec<Vec<String>> {
    let (mut all, mut row, mut cell, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, quoted) {
            ('"', true) if chars.peek() == Some(&'"') => {
                chars.next();
                cell.push('"');
            }
            ('"', _) => quoted = !quoted,
            (',', false) => row.push(std::mem::take(&mut cell)),
            ('\r', false) => {
                assert_eq!(chars.next(), Some('\n'));
                row.push(std::mem::take(&mut cell));
                all.push(std::mem::take(&mut row));
            }
            (c, _) => cell.push(c),
        }
    }
    assert!(!quoted && row.is_empty() && cell.is_empty(), "the text ends in the middle of a row");
    all
}

fn at<'a>(row: &'a [String], name: &str) -> &'a str {
    &row[COLUMNS.iter().position(|(column, _)| *column == name).unwrap()]
}

#[test]
fn every_value_is_a_row_with_what_is_known_of_it() {
    let item = fallen(item(&evaluation()));
    let lines: String = rows(&item).iter().map(csv::line).collect();
    let parsed = parse(&(csv::header() + &lines));
    let (names, parsed) = parsed.split_first().unwrap();
    assert!(names.iter().map(String::as_str).eq(COLUMNS.iter().map(|(name, _)| *name)));
    assert_eq!(parsed.len(), 4);
    for (name, value) in [
        ("id", ID),
        ("org_name", "Example Lab & Söhne"),
        ("time", "2026-11-20T08:00:00.123Z"),
        ("marking", "GREEN"),
        ("title", "'=pythia on hellaswag, and \"more\""),
        ("version", "2"),
        ("status", "retracted"),
        ("retracted", "2026-11-22T10:00:00.000Z"),
        ("retracted_reason", "The scorer\nwas wrong"),
        ("disputes", "2"),
        ("replications", "1"),
        ("model", "EleutherAI/pythia-1.4b"),
        ("model_revision", "step1000"),
        ("model_precision", "float16"),
        ("task", "hellaswag"),
        ("task_version", "1"),
        ("dataset_repo", "Rowan/hellaswag"),
        ("dataset_split", "test"),
        ("metric", "acc_norm"),
        ("filter", "none"),
        ("lower_is_better", "false"),
        ("max_score", "1.0"),
        ("score", "0.45"),
        ("score_raw", "0.4500"),
        ("not_scored", ""),
        ("standard_error", "0.005"),
        ("n", "10042"),
        ("shots", "5"),
        ("harness_version", "0.4.8"),
        ("evaluator", ""),
        ("evaluated", "1764000000"),
        ("dry_run", "false"),
    ] {
        assert_eq!(at(&parsed[0], name), value, "{name}");
    }
    assert_eq!((at(&parsed[1], "score"), at(&parsed[1], "max_score")), ("1.5e-7", "Infinity"));
    assert_eq!((at(&parsed[1], "unit"), at(&parsed[1], "dataset_repo")), ("", ""));
    assert_eq!((at(&parsed[2], "score"), at(&parsed[2], "score_raw")), ("", "-0.1"));
    assert!(at(&parsed[2], "not_scored").starts_with("neither a high"));
    assert_eq!((at(&parsed[3], "task"), at(&parsed[3], "lower_is_better")), ("arc", ""));
}

/// What the table holds, and what its reader should say.
fn same(cell: &Cell, field: &Field) -> bool {
    match (cell, field) {
        (Cell::Empty, Field::Null) => true,
        (Cell::Text(text), Field::Str(read)) => text == read,
        (Cell::Number(number), Field::Double(read)) => number == read,
        (Cell::Count(count), Field::Long(read)) => i64::try_from(*count) == Ok(*read),
        (Cell::Flag(flag), Field::Bool(read)) => flag == read,
        (Cell::Time(time), Field::TimestampMillis(read)) => time == read,
        _ => false,
    }
}

#[test]
fn parquet_is_read_back_cell_by_cell_also_over_several_groups() {
    let items = [item(&evaluation()), fallen(item(&evaluation()))];
    let (mut table, mut bytes, mut written) = (Table::new().unwrap(), Vec::new(), Vec::new());
    for n in 0..5_000_usize {
        for row in rows(&items[n % 2]) {
            table.push(row.clone()).unwrap();
            written.push(row);
        }
        bytes.extend(table.take());
    }
    assert!(!bytes.is_empty(), "bytes come before the end");
    bytes.extend(table.finish().unwrap());
    let reader = SerializedFileReader::new(hyper::body::Bytes::from(bytes)).unwrap();
    assert_eq!(reader.metadata().num_row_groups(), 3);
    let mut read = 0;
    for (row, written) in reader.get_row_iter(None).unwrap().zip(&written) {
        let row = row.unwrap();
        for (((name, field), cell), (column, _)) in row.get_column_iter().zip(written).zip(&COLUMNS) {
            assert_eq!(name, column);
            assert!(same(cell, field), "{name}: {cell:?} {field:?}");
        }
        read += 1;
    }
    assert_eq!(read, written.len());
}

#[test]
fn an_empty_table_is_a_table() {
    let bytes = Table::new().unwrap().finish().unwrap();
    let reader = SerializedFileReader::new(hyper::body::Bytes::from(bytes)).unwrap();
    assert_eq!(reader.metadata().file_metadata().num_rows(), 0);
}

#[test]
fn a_line_of_json_holds_the_publication_byte_for_byte() {
    let item = fallen(item(&evaluation()));
    let line = jsonl::line(&item).unwrap();
    assert!(line.ends_with("}\n") && line.trim_end().lines().count() == 1);
    let signed = String::from_utf8(item.publication.to_bytes()).unwrap();
    assert!(line.contains(&signed), "{line}");
    let value: Value = serde_json::from_str(&line).unwrap();
    assert_eq!((&value["left_out"], &value["marking"]), (&"retracted".into(), &"GREEN".into()));
    assert_eq!(value["outcome"]["retracted"]["reason"], "The scorer\nwas wrong");
    let again = Publication::read(value["publication"].to_string().as_bytes()).unwrap();
    assert_eq!(again, item.publication);
}
