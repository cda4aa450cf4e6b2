//! One reader of numbers for all formats: a finite value with the text that it came from, or the reason why there is none.
//!
//! Nothing is rescaled and nothing is guessed: `0,857` may be 0.857 or 857, and so it is neither.

use std::fmt;

use super::json;
use super::tree::Tree;

/// Characters of a raw text that are kept.
pub const RAW_CHARS_MAX: usize = 120;

/// A finite number.
#[derive(Debug, Clone, PartialEq)]
pub struct Number {
    /// Its value, as written: 85 for `85%`.
    pub value: f64,
    /// The text that it came from.
    pub raw: String,
    /// Whether a percent sign stands behind it.
    pub percent: bool,
}

/// Why there is no number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// There is no value at all.
    Missing,
    /// An empty text.
    Empty,
    /// A word for "no value", such as `N/A`.
    NotAvailable,
    /// `NaN`.
    Nan,
    /// `Infinity`, or a number beyond what a double holds.
    Infinite,
    /// A comma that may be a decimal or a thousands mark.
    Comma,
    /// A map.
    Map,
    /// A list that has not one element.
    List,
    /// Anything else.
    NotANumber,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "no value",
            Self::Empty => "an empty value",
            Self::NotAvailable => "a value that is not available",
            Self::Nan => "not a number (NaN)",
            Self::Infinite => "infinite",
            Self::Comma => "a comma that may be a decimal or a thousands mark",
            Self::Map => "several values under names, none of them the value",
            Self::List => "a list of values",
            Self::NotANumber => "not a number",
        })
    }
}

/// No number, with the text that stood there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoNumber {
    /// The text, empty where there is none.
    pub raw: String,
    /// Why.
    pub reason: Reason,
}

/// Reads a number.
///
/// # Errors
/// [`NoNumber`] with the reason.
pub fn read(value: Option<&Tree>) -> Result<Number, NoNumber> {
    let Some(tree) = value else { return Err(NoNumber { raw: String::new(), reason: Reason::Missing }) };
    let raw = tree.raw(RAW_CHARS_MAX);
    let found = match tree {
        Tree::Number(text) | Tree::Text(text) => of_text(text),
        Tree::List(items) => match items.as_slice() {
            [Tree::Number(text) | Tree::Text(text)] => of_text(text),
            _ => Err(Reason::List),
        },
        Tree::Map(_) => Err(Reason::Map),
        Tree::Null => Err(Reason::Missing),
        Tree::Bool(_) | Tree::Aside(_) => Err(Reason::NotANumber),
    };
    match found {
        Ok((value, percent)) => Ok(Number { value, raw, percent }),
        Err(reason) => Err(NoNumber { raw, reason }),
    }
}

/// The value of a text, and whether it is a percentage.
fn of_text(text: &str) -> Result<(f64, bool), Reason> {
    let text = text.trim();
    let lower = text.to_ascii_lowercase();
    let bare = lower.trim_start_matches(['+', '-']).trim_start_matches('.');
    match bare {
        "" if lower.is_empty() => return Err(Reason::Empty),
        "nan" => return Err(Reason::Nan),
        "inf" | "infinity" => return Err(Reason::Infinite),
        "n/a" | "na" | "none" | "null" | "" | "unknown" | "tbd" => return Err(Reason::NotAvailable),
        _ => {}
    }
    let (digits, percent) = match text.strip_suffix('%') {
        Some(digits) => (digits.trim_end(), true),
        None => (text, false),
    };
    let digits = digits.strip_prefix('+').unwrap_or(digits);
    // As people write numbers: `.5` and `5.` too.
    let shaped = match digits.strip_prefix('-') {
        Some(rest) if rest.starts_with('.') => format!("-0{rest}"),
        _ if digits.starts_with('.') => format!("0{digits}"),
        _ => digits.to_owned(),
    };
    let shaped = shaped.strip_suffix('.').map_or(shaped.clone(), str::to_owned);
    if !json::is_number(&shaped) && !is_padded(&shaped) {
        let comma = digits.contains(',') && digits.bytes().all(|byte| byte.is_ascii_digit() || b",.-".contains(&byte));
        return Err(if comma { Reason::Comma } else { Reason::NotANumber });
    }
    match shaped.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok((value, percent)),
        Ok(_) => Err(Reason::Infinite),
        Err(_) => Err(Reason::NotANumber),
    }
}

/// A number with leading zeros, such as `007.5`.
fn is_padded(text: &str) -> bool {
    let unsigned = text.strip_prefix('-').unwrap_or(text).trim_start_matches('0');
    let unsigned =
        if unsigned.is_empty() || unsigned.starts_with('.') { format!("0{unsigned}") } else { unsigned.to_owned() };
    text.contains('0') && json::is_number(&unsigned)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(text: &str) -> Result<(f64, bool), Reason> {
        read(Some(&Tree::Text(text.to_owned()))).map(|n| (n.value, n.percent)).map_err(|none| none.reason)
    }

    #[test]
    fn what_people_write_is_a_value_or_a_reason() {
        assert_eq!(text("86.0"), Ok((86.0, false)));
        assert_eq!(text("85%"), Ok((85.0, true)));
        assert_eq!(text(" +.5 % "), Ok((0.5, true)));
        assert_eq!(text("-5."), Ok((-5.0, false)));
        assert_eq!(text("007"), Ok((7.0, false)));
        assert_eq!(text("1.1e-308"), Ok((1.1e-308, false)));
        assert_eq!(text("0,857"), Err(Reason::Comma));
        assert_eq!(text("1,234.5"), Err(Reason::Comma));
        assert_eq!(text(""), Err(Reason::Empty));
        assert_eq!(text("N/A"), Err(Reason::NotAvailable));
        assert_eq!(text("-"), Err(Reason::NotAvailable));
        assert_eq!(text(".nan"), Err(Reason::Nan));
        assert_eq!(text("-.inf"), Err(Reason::Infinite));
        assert_eq!(text("1e999"), Err(Reason::Infinite));
        assert_eq!(text("0x10"), Err(Reason::NotANumber));
        assert_eq!(text("1 2"), Err(Reason::NotANumber));
        assert_eq!(text("12 ms"), Err(Reason::NotANumber));
    }

    #[test]
    fn a_list_of_one_is_its_element_and_a_map_is_no_value() {
        let one = read(Some(&Tree::List(vec![Tree::Text("18.55%".into())]))).unwrap();
        assert_eq!((one.value, one.percent, one.raw.as_str()), (18.55, true, "[18.55%]"));
        let two = Tree::List(vec![Tree::Number("1".into()), Tree::Number("2".into())]);
        assert_eq!(read(Some(&two)).unwrap_err().reason, Reason::List);
        let map = Tree::Map(vec![("f1".into(), Tree::Number("0.82".into()))]);
        assert_eq!(read(Some(&map)).unwrap_err(), NoNumber { raw: "{f1: 0.82}".into(), reason: Reason::Map });
        assert_eq!(read(None).unwrap_err().reason, Reason::Missing);
        assert_eq!(read(Some(&Tree::Bool(true))).unwrap_err().reason, Reason::NotANumber);
    }

    proptest! {
        #[test]
        fn every_finite_double_is_read_as_itself(value: f64) {
            prop_assume!(value.is_finite());
            prop_assert_eq!(text(&value.to_string()), Ok((value, false)));
            prop_assert_eq!(text(&format!("{value:e}%")), Ok((value, true)));
        }

        #[test]
        fn any_text_is_a_finite_value_or_a_reason(any: String) {
            if let Ok((value, _)) = text(&any) {
                prop_assert!(value.is_finite());
            }
        }

        #[test]
        fn the_raw_text_is_kept(any in "[0-9]{1,10}(\\.[0-9]{1,10})?%?") {
            prop_assert_eq!(read(Some(&Tree::Text(any.clone()))).unwrap().raw, any);
        }
    }
}
