//! Formats that are written publication by publication, in bounded memory.

use super::super::Context;
use super::Format;
use super::pages::{self, Pages};
use super::summary::Summary;
use super::target::Target;
use crate::export::parquet::Table;
use crate::export::{Item, avid, bibtex, csv, every_eval_ever, jsonl, table};
use crate::failure::Failure;

/// A format, and what of it is not written yet.
enum Writer {
    Csv,
    Parquet(Box<Table>),
    Jsonl,
    Records,
    Avid,
    Bibtex,
}

fn broken(fault: &(dyn std::error::Error + 'static)) -> Failure {
    Failure::new("the export cannot be written").because(fault)
}

impl Writer {
    fn new(format: Format) -> Result<Self, Failure> {
        Ok(match format {
            Format::Csv => Self::Csv,
            Format::Parquet => Self::Parquet(Box::new(Table::new().map_err(|fault| broken(&fault))?)),
            Format::EveryEvalEver => Self::Records,
            Format::Avid => Self::Avid,
            Format::Bibtex => Self::Bibtex,
            Format::Jsonl | Format::EvalResults | Format::ModelIndex | Format::Citation => Self::Jsonl,
        })
    }

    /// What stands before everything.
    fn begin(&self) -> String {
        match self {
            Self::Csv => csv::header(),
            Self::Parquet(_) | Self::Jsonl | Self::Records | Self::Avid | Self::Bibtex => String::new(),
        }
    }

    /// The bytes that one publication adds, and how many values, records or reports it has; none where the format has no
    /// place for it.
    fn item(&mut self, item: &Item) -> Result<Option<(Vec<u8>, usize)>, Failure> {
        let text = |text: String, count: usize| (count > 0).then(|| (text.into_bytes(), count));
        Ok(match self {
            Self::Csv => {
                let rows = table::rows(item);
                // An evaluation without a value has no row, and is an evaluation all the same.
                let lines: String = rows.iter().map(csv::line).collect();
                item.publication.evaluation().map(|_| (lines.into_bytes(), rows.len()))
            }
            Self::Parquet(table) => {
                let rows = table::rows(item);
                let count = rows.len();
                for row in rows {
                    table.push(row).map_err(|fault| broken(&fault))?;
                }
                item.publication.evaluation().map(|_| (table.take(), count))
            }
            Self::Jsonl => text(jsonl::line(item).map_err(|fault| broken(&fault))?, 1),
            Self::Records => {
                let line = every_eval_ever::line(item).map_err(|fault| broken(&fault))?;
                line.map(|line| (line.into_bytes(), 1))
            }
            Self::Avid => {
                let lines = avid::lines(item);
                let count = lines.lines().count();
                text(lines, count)
            }
            Self::Bibtex => text(bibtex::record(item), 1),
        })
    }

    /// What stands behind everything.
    fn finish(self) -> Result<Vec<u8>, Failure> {
        match self {
            Self::Parquet(table) => table.finish().map_err(|fault| broken(&fault)),
            Self::Csv | Self::Jsonl | Self::Records | Self::Avid | Self::Bibtex => Ok(Vec::new()),
        }
    }
}

pub(super) async fn write(
    format: Format,
    mut target: Target,
    pages: &mut Pages,
    summary: &mut Summary,
    context: &mut Context,
) -> Result<(), Failure> {
    let mut writer = Writer::new(format)?;
    let mut begin = Some(writer.begin());
    while pages.more() {
        let entries = pages.next(summary).await?;
        // Where the first page is refused, nothing was written.
        target.write(begin.take().unwrap_or_default().as_bytes(), context)?;
        for entry in entries {
            let Some(item) = pages::read(entry, summary) else { continue };
            match writer.item(&item)? {
                Some((bytes, values)) => {
                    target.write(&bytes, context)?;
                    summary.count(&item, values);
                }
                None => summary.unfit = summary.unfit.saturating_add(1),
            }
        }
    }
    target.write(&writer.finish()?, context)?;
    target.finish()
}
