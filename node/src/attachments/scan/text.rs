//! What the bytes of a file say as text: its encoding, and what JSON escapes hide.

use std::borrow::Cow;

/// Bytes at the beginning of a file that say what it is.
pub(super) const HEAD: usize = 8 << 10;
/// One zero byte among so many is a slip in a text; more are no text. Of random bytes one in 256 is zero.
const ONE_ZERO_IN: usize = 2_048;

/// How the bytes of a text are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    /// UTF-8 and everything like it.
    Bytes,
    /// UTF-16, the lower byte first.
    Utf16Little,
    /// UTF-16, the higher byte first.
    Utf16Big,
}

impl Encoding {
    /// The encoding of a file that begins so; none if it is no text.
    pub(super) fn of(head: &[u8]) -> Option<Self> {
        match head {
            [0xFF, 0xFE, ..] => return Some(Self::Utf16Little),
            [0xFE, 0xFF, ..] => return Some(Self::Utf16Big),
            _ => {}
        }
        let zeros = |from: usize| head.iter().skip(from).step_by(2).filter(|byte| **byte == 0).count();
        let (even, odd, half) = (zeros(0), zeros(1), head.len() / 2);
        // The last character may be cut.
        let is_utf8 = || std::str::from_utf8(head).map_or_else(|fault| fault.error_len().is_none(), |_| true);
        match even.saturating_add(odd) {
            0 => return Some(Self::Bytes),
            few if few.saturating_mul(ONE_ZERO_IN) <= head.len() && is_utf8() => return Some(Self::Bytes),
            _ => {}
        }
        // Latin letters in UTF-16 without a mark: every other byte is zero, and hardly any of the others.
        match (even.saturating_mul(2) > half, odd.saturating_mul(2) > half) {
            (false, true) if even.saturating_mul(16) <= half => Some(Self::Utf16Little),
            (true, false) if odd.saturating_mul(16) <= half => Some(Self::Utf16Big),
            _ => None,
        }
    }

    /// Whether it takes two bytes or more for a character.
    pub(super) const fn is_wide(self) -> bool {
        !matches!(self, Self::Bytes)
    }

    /// The bytes as text; what is none becomes a mark.
    pub(super) fn text(self, bytes: &[u8]) -> Cow<'_, str> {
        let wide = |unit: fn([u8; 2]) -> u16| {
            let units = bytes.chunks_exact(2).filter_map(|pair| pair.first_chunk().copied()).map(unit);
            char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect::<String>()
        };
        match self {
            Self::Bytes => String::from_utf8_lossy(bytes),
            Self::Utf16Little => wide(u16::from_le_bytes).into(),
            Self::Utf16Big => wide(u16::from_be_bytes).into(),
        }
    }
}

/// A text without the escapes of JSON, on the same lines; none where it has no escape.
pub(super) fn unescaped(text: &str) -> Option<String> {
    let mut rest = text.split('\\');
    let mut out = String::with_capacity(text.len());
    out.push_str(rest.next()?);
    let mut any = false;
    let mut after_backslash = false;
    for part in rest {
        any = true;
        if std::mem::take(&mut after_backslash) {
            // The second of two backslashes is what they stand for.
            out.push('\\');
            out.push_str(part);
            continue;
        }
        let mut chars = part.chars();
        match chars.next() {
            None => after_backslash = true,
            Some('n' | 'r' | 't' | 'b' | 'f') => out.push(' '),
            Some(c @ ('"' | '/')) => out.push(c),
            Some('u') => {
                let digits = part.get(1..5).and_then(|digits| u32::from_str_radix(digits, 16).ok());
                match digits.and_then(char::from_u32).filter(|c| !c.is_control()) {
                    Some(c) => {
                        out.push(c);
                        chars = part.get(5..).unwrap_or_default().chars();
                    }
                    None => out.push_str("\\u"),
                }
            }
            Some(c) => {
                out.push('\\');
                out.push(c);
            }
        }
        out.push_str(chars.as_str());
    }
    any.then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(unit).collect()
    }

    #[test]
    fn the_encoding_is_that_of_the_beginning() {
        let text = "a line of a log\nand another one";
        assert_eq!(Encoding::of(text.as_bytes()), Some(Encoding::Bytes));
        assert_eq!(Encoding::of(b""), Some(Encoding::Bytes));
        assert_eq!(Encoding::of("日本語のテキスト".as_bytes()), Some(Encoding::Bytes));
        let slip = [text.repeat(100).as_bytes(), &[0], "é".as_bytes(), &[0xC3]].concat();
        assert_eq!(Encoding::of(&slip), Some(Encoding::Bytes), "one zero");
        for (unit, encoding) in
            [(u16::to_le_bytes as fn(u16) -> [u8; 2], Encoding::Utf16Little), (u16::to_be_bytes, Encoding::Utf16Big)]
        {
            for text in [text.to_owned(), "\u{feff}日本語".to_owned()] {
                let bytes = utf16(&text, unit);
                assert_eq!(Encoding::of(&bytes), Some(encoding), "{text}");
                assert_eq!(encoding.text(&bytes), text);
            }
        }
        let weights: Vec<u8> = (0..2_000_u32).flat_map(|n| [0, 0, n.to_le_bytes()[0], 0x3f]).collect();
        assert_eq!(Encoding::of(&weights), None);
        let mut state = 1_u64;
        let noise: Vec<u8> = std::iter::repeat_with(|| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state.to_be_bytes()[0]
        })
        .take(HEAD)
        .collect();
        assert_eq!(Encoding::of(&noise), None);
    }

    #[test]
    fn escapes_are_taken_off_and_lines_stay() {
        let plain = |text: &str| unescaped(text);
        assert_eq!(plain("nothing"), None);
        assert_eq!(plain(r#""a\nb\t\"c\" \/home\/kim"#).as_deref(), Some(r#""a b "c" /home/kim"#));
        assert_eq!(plain(r"\u0067hp \u00e9 \uZZZZ \u000a").as_deref(), Some(r"ghp é \uZZZZ \u000a"));
        assert_eq!(plain(r"C:\\Users\\name \\\\x \q").as_deref(), Some(r"C:\Users\name \\x \q"));
        assert_eq!(plain("a\\\nb").as_deref(), Some("a\\\nb"));
    }
}
