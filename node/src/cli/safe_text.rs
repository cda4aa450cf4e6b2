//! What others wrote, made safe to print: no escape sequences, no control or bidi characters, a bounded length.
//!
//! A title can move the cursor, recolour the screen, or reorder what stands beside it. None of that gets through.

/// Whether a character is dropped before it reaches a terminal.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            // Bidi marks, embeddings, overrides and isolates.
            '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}'
            // Line and paragraph separators, deprecated format characters.
            | '\u{2028}' | '\u{2029}' | '\u{206A}'..='\u{206F}'
            // Invisible: zero-width space, word joiner and its kin, byte order mark, soft hyphen.
            | '\u{00AD}' | '\u{200B}' | '\u{2060}'..='\u{2064}' | '\u{FEFF}'
            // Interlinear annotation, tags.
            | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

/// One line: breaks become spaces, unsafe characters vanish.
pub fn line(text: &str) -> String {
    let spaced = text.chars().map(|c| if matches!(c, '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}') { ' ' } else { c });
    let safe: String = spaced.filter(|c| !is_unsafe(*c)).collect();
    safe.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// One line of at most `max` characters; a longer one ends in `…`.
pub fn short_line(text: &str, max: usize) -> String {
    let line = line(text);
    if line.chars().count() <= max {
        return line;
    }
    let mut cut: String = line.chars().take(max.saturating_sub(1)).collect();
    cut.push('…');
    cut
}

/// Several lines: line ends and tabs stay, unsafe characters vanish.
pub fn block(text: &str) -> String {
    text.replace("\r\n", "\n").chars().filter(|c| matches!(c, '\n' | '\t') || !is_unsafe(*c)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn escape_sequences_lose_their_force() {
        assert_eq!(line("\u{1b}[2J\u{1b}[31mred\u{1b}]0;title\u{7}"), "[2J[31mred]0;title");
        assert_eq!(line("\u{9b}31mred"), "31mred");
        assert_eq!(block("a\u{1b}[1A\nb\rc"), "a[1A\nbc");
    }

    #[test]
    fn nothing_reorders_what_stands_beside_it() {
        assert_eq!(line("access \u{202e}lave\u{202c} \u{2066}x\u{2069}"), "access lave x");
        assert_eq!(line("pay\u{200b}pal\u{feff}"), "paypal");
    }

    #[test]
    fn a_title_is_one_line_whatever_it_holds() {
        assert_eq!(line("one\ntwo\r\n\tthree\u{2028}four"), "one two three four");
        assert_eq!(short_line("Größenwahn im Modell", 9), "Größenwa…");
        assert_eq!(short_line("kurz", 4), "kurz");
    }

    #[test]
    fn scripts_of_all_directions_stay_readable() {
        for text in ["שלום עולם", "مرحبا بالعالم", "日本語の要約", "Ünïcödé", "👩\u{200d}🔬 lab"]
        {
            assert_eq!(line(text), text);
        }
    }

    proptest! {
        #[test]
        fn no_unsafe_character_survives(text: String, max in 1_usize..50) {
            prop_assert!(!line(&text).chars().any(is_unsafe));
            prop_assert!(!block(&text).chars().any(|c| is_unsafe(c) && c != '\n' && c != '\t'));
            prop_assert!(short_line(&text, max).chars().count() <= max);
        }
    }
}
