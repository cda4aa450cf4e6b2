//! The only printer to standard output: lines, JSON, tables; and notes beside it on standard error.

use std::io::{self, BufWriter, IsTerminal as _, Stdout, Write as _};

use comfy_table::presets::NOTHING;
use comfy_table::{Attribute, Cell, ColumnConstraint, ContentArrangement, Table, Width};
use serde::Serialize;

use super::safe_text;
use crate::failure::{Ending, Failure};

/// Characters that a column of text has at least, with the space beside it: a longer heading would be broken.
const TEXT_COLUMN_MIN: u16 = 14;

/// A column of a table, by its heading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// What is copied or compared and so never broken: ids, numbers, times.
    Whole(&'static str),
    /// What may go over several lines.
    Text(&'static str),
}

impl Column {
    const fn name(self) -> &'static str {
        match self {
            Self::Whole(name) | Self::Text(name) => name,
        }
    }
}

/// Where a command prints.
#[derive(Debug)]
pub struct Output {
    json: bool,
    terminal: bool,
    colour: bool,
    out: BufWriter<Stdout>,
}

impl Output {
    /// For people, or for scripts.
    pub fn new(json: bool) -> Self {
        let terminal = io::stdout().is_terminal();
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { json, terminal, colour: terminal && !plain && !json, out: BufWriter::new(io::stdout()) }
    }

    /// Whether scripts read it.
    pub const fn is_json(&self) -> bool {
        self.json
    }

    /// Whether a person reads it on a terminal.
    pub const fn is_terminal(&self) -> bool {
        self.terminal
    }

    /// One line. Whoever passes others' text makes it safe before.
    ///
    /// # Errors
    /// [`Failure`], of ending [`Ending::Unread`] where nobody reads any more.
    pub fn line(&mut self, text: &str) -> Result<(), Failure> {
        let written = writeln!(self.out, "{text}");
        written.map_err(|fault| unwritten(&fault))
    }

    /// Text behind a label; on a terminal broken between words, and indented below its beginning.
    ///
    /// # Errors
    /// As [`Output::line`].
    pub fn paragraph(&mut self, label: &str, text: &str) -> Result<(), Failure> {
        // Of what is no terminal no width is known.
        let width = if self.terminal { Table::new().width().map(usize::from) } else { None };
        let indent = label.chars().count();
        let room = width.map_or(usize::MAX, |width| width.saturating_sub(indent).max(20));
        for (at, line) in broken(text, room).into_iter().enumerate() {
            if at == 0 {
                self.line(&format!("{label}{line}"))?;
            } else {
                self.line(&format!("{}{line}", " ".repeat(indent)))?;
            }
        }
        Ok(())
    }

    /// Bytes as they are.
    ///
    /// # Errors
    /// As [`Output::line`].
    pub fn bytes(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.out.write_all(bytes).map_err(|fault| unwritten(&fault))
    }

    /// One JSON object on a line.
    ///
    /// # Errors
    /// As [`Output::line`].
    pub fn object<T: Serialize>(&mut self, value: &T) -> Result<(), Failure> {
        let text = serde_json::to_string(value).map_err(|fault| Failure::new("cannot write JSON").because(&fault))?;
        self.line(&text)
    }

    /// A table; its cells are made safe here. On a narrow terminal text is broken, and what is whole is not.
    ///
    /// # Errors
    /// As [`Output::line`].
    pub fn table(&mut self, columns: &[Column], rows: impl IntoIterator<Item = Vec<String>>) -> Result<(), Failure> {
        let mut table = Table::new();
        table.load_style(NOTHING);
        let wide = if self.terminal { ContentArrangement::Dynamic } else { ContentArrangement::Disabled };
        table.set_content_arrangement(wide);
        let heading = |column: &Column| {
            let cell = Cell::new(column.name());
            if self.colour { cell.add_attribute(Attribute::Bold) } else { cell }
        };
        table.set_header(columns.iter().map(heading).collect::<Vec<_>>());
        table.set_constraints(columns.iter().map(|column| match column {
            Column::Whole(_) => ColumnConstraint::ContentWidth,
            Column::Text(_) => ColumnConstraint::LowerBoundary(Width::Fixed(TEXT_COLUMN_MIN)),
        }));
        for row in rows {
            table.add_row(row.iter().map(|cell| safe_text::line(cell)).collect::<Vec<_>>());
        }
        for line in table.lines() {
            self.line(line.trim_end())?;
        }
        Ok(())
    }

    /// What was printed reaches whoever reads it.
    ///
    /// # Errors
    /// As [`Output::line`].
    pub fn flush(&mut self) -> Result<(), Failure> {
        self.out.flush().map_err(|fault| unwritten(&fault))
    }

    /// A note for the person, on standard error; scripts get none.
    pub fn note(&self, text: &str) {
        if !self.json {
            // Without standard error there is nobody to tell.
            let _ = writeln!(io::stderr(), "{text}");
        }
    }
}

/// A text in lines of at most `room` characters, broken between words; a word that is longer stands alone.
fn broken(text: &str, room: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0_usize;
    for word in text.split(' ') {
        let len = word.chars().count();
        let Some(line) = lines.last_mut().filter(|_| used == 0 || used.saturating_add(len) < room) else {
            lines.push(word.to_owned());
            used = len;
            continue;
        };
        if used > 0 {
            line.push(' ');
        }
        line.push_str(word);
        used = line.chars().count();
    }
    lines
}

fn unwritten(fault: &io::Error) -> Failure {
    if fault.kind() == io::ErrorKind::BrokenPipe {
        return Failure::new("nobody reads the output").ending(Ending::Unread);
    }
    Failure::new("cannot write to standard output").because(fault)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_broken_between_words_and_long_words_stay_whole() {
        assert_eq!(broken("one two three", usize::MAX), ["one two three"]);
        assert_eq!(broken("one two three", 7), ["one two", "three"]);
        assert_eq!(broken("a /ip4/203.0.113.5/tcp/4820 b", 8), ["a", "/ip4/203.0.113.5/tcp/4820", "b"]);
        assert_eq!(broken("", 8), [""]);
    }
}
