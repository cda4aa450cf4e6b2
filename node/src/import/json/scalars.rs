//! Texts, numbers and words out of a stream of JSON.

use super::{JsonFault, Values};
use crate::import::tree::Tree;

/// Longest number, in bytes.
const NUMBER_MAX: usize = 400;

impl Values<'_> {
    /// How many bytes up to the next quote or backslash are in the buffer.
    fn plain_run(&mut self) -> Result<usize, JsonFault> {
        self.fill()?;
        let rest = self.buffer.get(self.at..).unwrap_or_default();
        if rest.is_empty() {
            return Err(JsonFault::CutOff(self.consumed));
        }
        Ok(rest.iter().position(|byte| matches!(byte, b'"' | b'\\')).unwrap_or(rest.len()))
    }

    pub(super) fn skip_string(&mut self) -> Result<(), JsonFault> {
        self.take(1);
        loop {
            let run = self.plain_run()?;
            self.take(run);
            if self.at >= self.buffer.len() {
                continue;
            }
            if self.bump()? == b'"' {
                return Ok(());
            }
            self.bump()?;
        }
    }

    pub(super) fn string(&mut self) -> Result<String, JsonFault> {
        self.take(1);
        let mut bytes = Vec::new();
        loop {
            let run = self.plain_run()?;
            self.hold(run)?;
            bytes.extend_from_slice(self.buffer.get(self.at..self.at.saturating_add(run)).unwrap_or_default());
            self.take(run);
            if self.at >= self.buffer.len() {
                continue;
            }
            if self.bump()? == b'"' {
                break;
            }
            let escaped = match self.bump()? {
                b'n' => '\n',
                b't' => '\t',
                b'r' => '\r',
                b'b' => '\u{8}',
                b'f' => '\u{c}',
                byte @ (b'"' | b'\\' | b'/') => char::from(byte),
                b'u' => self.unicode()?,
                _ => return self.broken("an unknown escape in a text"),
            };
            let mut utf8 = [0; 4];
            bytes.extend_from_slice(escaped.encode_utf8(&mut utf8).as_bytes());
            self.hold(4)?;
        }
        String::from_utf8(bytes).or_else(|_| self.broken("a text that is not UTF-8"))
    }

    fn unicode(&mut self) -> Result<char, JsonFault> {
        let high = self.four_digits()?;
        if let Some(c) = char::from_u32(high) {
            return Ok(c);
        }
        // Half of a pair; alone it stands for nothing.
        if (0xd800..0xdc00).contains(&high) && self.peek()? == Some(b'\\') {
            self.take(1);
            if self.bump()? != b'u' {
                return self.broken("half of a pair of escapes");
            }
            let low = self.four_digits()?;
            let code = low.checked_sub(0xdc00).filter(|low| *low < 0x400);
            let code = code.map(|low| ((high & 0x3ff) << 10 | low).saturating_add(0x10000));
            return Ok(code.and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        Ok(char::REPLACEMENT_CHARACTER)
    }

    fn four_digits(&mut self) -> Result<u32, JsonFault> {
        let mut code = 0_u32;
        for _ in 0..4 {
            let byte = self.bump()?;
            let Some(digit) = char::from(byte).to_digit(16) else {
                return self.broken("an escape without four hexadecimal digits");
            };
            code = code << 4 | digit;
        }
        Ok(code)
    }

    /// A number or one of the words that JSON has, and those that Python writes beside them.
    pub(super) fn word(&mut self) -> Result<Tree, JsonFault> {
        let mut word = String::new();
        while let Some(byte) = self.peek()? {
            if !(byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.')) {
                break;
            }
            if word.len() >= NUMBER_MAX {
                return self.broken("a number that is too long");
            }
            word.push(char::from(byte));
            self.take(1);
        }
        match word.as_str() {
            "null" => Ok(Tree::Null),
            "true" => Ok(Tree::Bool(true)),
            "false" => Ok(Tree::Bool(false)),
            "NaN" | "Infinity" | "-Infinity" => Ok(Tree::Number(word)),
            number if is_number(number) => Ok(Tree::Number(word)),
            _ if self.peek()?.is_none() => Err(JsonFault::CutOff(self.consumed)),
            _ => self.broken("a value is expected"),
        }
    }
}

/// Whether a text is a number as JSON writes it.
pub fn is_number(text: &str) -> bool {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits(whole)
        && (whole.len() == 1 || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(|exponent| digits(exponent.strip_prefix(['-', '+']).unwrap_or(exponent)))
}
