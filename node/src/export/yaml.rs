//! YAML as every reader understands it: texts always in double quotes, numbers always with a point.

use std::fmt::Write as _;

use crate::cli::safe_text;
use crate::import::json::is_number;

/// A text in double quotes: what is not printable is escaped.
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len().saturating_add(2));
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            // Line ends and marks that a reader would fold or refuse, and what reorders the text beside it.
            c if c.is_control()
                || matches!(u32::from(c), 0x2028 | 0x2029 | 0xFEFF | 0xFFFE | 0xFFFF | 0x200E | 0x200F)
                || matches!(u32::from(c), 0x202A..=0x202E | 0x2066..=0x2069) =>
            {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A number that is one in YAML 1.1 as well: as its file wrote it where that is plain, else the shortest.
pub fn number(value: f64, raw: Option<&str>) -> String {
    let plain = |raw: &&str| is_number(raw) && !raw.contains(['e', 'E']) && raw.parse() == Ok(value);
    if let Some(raw) = raw.filter(plain) {
        return raw.to_owned();
    }
    let text = super::csv::double(value);
    let Some((mantissa, exponent)) = text.split_once('e') else { return text };
    let point = if mantissa.contains('.') { "" } else { ".0" };
    let sign = if exponent.starts_with(['-', '+']) { "" } else { "+" };
    format!("{mantissa}{point}e{sign}{exponent}")
}

/// A line of comment: nothing in it ends it, and nothing is in it that a reader refuses.
pub fn comment(text: &str) -> String {
    let line: String = safe_text::line(text).chars().filter(|c| !matches!(u32::from(*c), 0xFFFE | 0xFFFF)).collect();
    format!("# {line}\n")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::import::tree::Tree;
    use crate::import::yaml::read;

    #[test]
    fn numbers_are_numbers_for_old_readers_too() {
        assert_eq!(number(20.9, Some("20.90")), "20.90");
        assert_eq!(number(85.0, Some("85%")), "85.0");
        assert_eq!(number(1e-7, Some("1e-7")), "1.0e-7");
        assert_eq!(number(1e300, None), "1.0e+300");
        assert_eq!(number(0.5, Some("0.6")), "0.5");
    }

    proptest! {
        #[test]
        fn any_text_is_read_as_itself(text: String) {
            let tree = read(&format!("a: {}\n", quoted(&text))).unwrap();
            prop_assert_eq!(tree.get("a"), Some(&Tree::Text(text)));
        }

        #[test]
        fn any_number_is_read_as_itself(value: f64) {
            prop_assume!(value.is_finite());
            prop_assert_eq!(number(value, None).parse::<f64>().unwrap(), value);
        }
    }
}
