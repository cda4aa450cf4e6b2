//! The table as CSV (RFC 4180): UTF-8, CRLF, a header, cells quoted where they have to be.
//!
//! A spreadsheet runs a cell that begins like a formula. Such texts get an apostrophe before them; numbers are written as
//! numbers, also negative ones. Control characters other than line ends and tabs are dropped: readers stop at some.

use super::table::{COLUMNS, Cell, Row};
use crate::import::json::is_number;
use crate::time::rfc3339;

/// With what a cell begins that a spreadsheet may run, the wide forms of East Asian keyboards included.
const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// The line of names.
pub fn header() -> String {
    let names: Vec<&str> = COLUMNS.iter().map(|(name, _)| *name).collect();
    names.join(",") + "\r\n"
}

/// One line.
pub fn line(row: &Row) -> String {
    let cells: Vec<String> = row.iter().map(cell).collect();
    cells.join(",") + "\r\n"
}

fn cell(cell: &Cell) -> String {
    match cell {
        Cell::Empty => String::new(),
        Cell::Text(text) => quoted(text),
        Cell::Number(number) => double(*number),
        Cell::Count(count) => count.to_string(),
        Cell::Flag(flag) => flag.to_string(),
        Cell::Time(time) => u64::try_from(*time).map(rfc3339).unwrap_or_default(),
    }
}

/// The shortest text that is read as the same double.
pub fn double(number: f64) -> String {
    if number.is_nan() {
        String::new()
    } else if number.is_infinite() {
        if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned()
    } else {
        serde_json::Number::from_f64(number).map(|number| number.to_string()).unwrap_or_default()
    }
}

fn quoted(text: &str) -> String {
    let clean = |c: &char| !c.is_control() || matches!(c, '\n' | '\r' | '\t');
    let mut text: String = text.chars().filter(clean).collect();
    // Spaces before it do not keep a formula from being one.
    let runs = text.trim_start_matches(' ').starts_with(FORMULA) || text.starts_with(FORMULA);
    if runs && !is_number(&text) {
        text.insert(0, '\'');
    }
    // An empty text is not the same as nothing.
    let plain = !text.is_empty() && !text.contains([',', '"', '\n', '\r']) && text.trim() == text;
    if plain { text } else { format!("\"{}\"", text.replace('"', "\"\"")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_spreadsheet_would_run_is_a_text_and_numbers_stay_numbers() {
        let shown = |text: &str| quoted(text);
        assert_eq!(shown("=1+1"), "'=1+1");
        assert_eq!(shown("@SUM(A1)"), "'@SUM(A1)");
        assert_eq!(shown("  =HYPERLINK(\"x\")"), "\"'  =HYPERLINK(\"\"x\"\")\"");
        assert_eq!(shown("＝1"), "'＝1");
        assert_eq!(shown("-0.5"), "-0.5");
        assert_eq!(shown("-0.5%"), "'-0.5%");
        assert_eq!(shown("- a list"), "'- a list");
        assert_eq!(shown("a,b"), "\"a,b\"");
        assert_eq!(shown("a\0b\u{1b}[31m\u{9b}c"), "ab[31mc");
        assert_eq!(shown("two\nlines"), "\"two\nlines\"");
        assert_eq!(shown(""), "\"\"");
        assert_eq!(double(-1e-7), "-1e-7");
        assert_eq!(double(f64::NEG_INFINITY), "-Infinity");
    }
}
