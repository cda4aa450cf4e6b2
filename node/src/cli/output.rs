//! The only printer to standard output: lines, JSON, tables; and notes beside it on standard error.

use std::io::{self, BufWriter, IsTerminal as _, Stdout, Write as _};

use comfy_table::presets::NOTHING;
use comfy_table::{Attribute, Cell, ContentArrangement, Table};
use serde::Serialize;

use super::safe_text;
use crate::failure::{Ending, Failure};

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

    /// A table; its cells are made safe here.
    ///
    /// # Errors
    /// As [`Output::line`].
    pub fn table(&mut self, headings: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> Result<(), Failure> {
        let mut table = Table::new();
        table.load_style(NOTHING);
        let wide = if self.terminal { ContentArrangement::Dynamic } else { ContentArrangement::Disabled };
        table.set_content_arrangement(wide);
        let heading = |text: &&str| {
            let cell = Cell::new(text);
            if self.colour { cell.add_attribute(Attribute::Bold) } else { cell }
        };
        table.set_header(headings.iter().map(heading).collect::<Vec<_>>());
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

fn unwritten(fault: &io::Error) -> Failure {
    if fault.kind() == io::ErrorKind::BrokenPipe {
        return Failure::new("nobody reads the output").ending(Ending::Unread);
    }
    Failure::new("cannot write to standard output").because(fault)
}
