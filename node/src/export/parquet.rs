//! The table as Parquet: typed columns, row groups of bounded size, no compression and so no C library.
//!
//! What is not known is null. Times are milliseconds in UTC.

use std::sync::Arc;

use parquet::basic::{LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::{Type, TypePtr};

use super::table::{COLUMNS, Cell, Kind, Row};

/// Rows of one group: so many are held in memory.
const GROUP_ROWS: usize = 8_192;
/// Bytes of the texts of one group, about.
const GROUP_BYTES: usize = 16 * 1024 * 1024;
/// Levels of a column that may be null.
const NULL: i16 = 0;
const THERE: i16 = 1;

/// Why the table is not written.
#[derive(Debug, thiserror::Error)]
#[error("the Parquet writer: {0}")]
pub struct ParquetFault(#[from] ParquetError);

/// A table that is being written.
pub struct Table {
    writer: SerializedFileWriter<Vec<u8>>,
    waiting: Vec<Row>,
    waiting_bytes: usize,
}

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Table").field("waiting", &self.waiting.len()).finish_non_exhaustive()
    }
}

impl Table {
    /// An empty one.
    ///
    /// # Errors
    /// [`ParquetFault`]: never, since the columns are fixed.
    pub fn new() -> Result<Self, ParquetFault> {
        let properties = WriterProperties::builder().set_created_by(format!("lyceum {}", env!("CARGO_PKG_VERSION")));
        let writer = SerializedFileWriter::new(Vec::new(), schema()?, Arc::new(properties.build()))?;
        Ok(Self { writer, waiting: Vec::new(), waiting_bytes: 0 })
    }

    /// Adds a row.
    ///
    /// # Errors
    /// [`ParquetFault`].
    pub fn push(&mut self, row: Row) -> Result<(), ParquetFault> {
        let texts = row.iter().map(|cell| if let Cell::Text(text) = cell { text.len() } else { 8 });
        self.waiting_bytes = self.waiting_bytes.saturating_add(texts.sum());
        self.waiting.push(row);
        if self.waiting.len() >= GROUP_ROWS || self.waiting_bytes >= GROUP_BYTES { self.write_group() } else { Ok(()) }
    }

    /// The bytes that are ready, in order. Those of the last rows come with [`Table::finish`].
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(self.writer.inner_mut())
    }

    /// Writes what is waiting and the end of the file; the last bytes.
    ///
    /// # Errors
    /// [`ParquetFault`].
    pub fn finish(mut self) -> Result<Vec<u8>, ParquetFault> {
        self.write_group()?;
        Ok(self.writer.into_inner()?)
    }

    fn write_group(&mut self) -> Result<(), ParquetFault> {
        let rows = std::mem::take(&mut self.waiting);
        self.waiting_bytes = 0;
        if rows.is_empty() {
            return Ok(());
        }
        let mut group = self.writer.next_row_group()?;
        let mut at = 0_usize;
        while let Some(column) = group.next_column()? {
            write_column(column, &rows, at)?;
            at = at.saturating_add(1);
        }
        group.close()?;
        Ok(())
    }
}

fn schema() -> Result<TypePtr, ParquetError> {
    let column = |(name, kind): &(&str, Kind)| {
        let time = LogicalType::timestamp(true, TimeUnit::MILLIS);
        let (physical, logical) = match kind {
            Kind::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
            Kind::Number => (Physical::DOUBLE, None),
            Kind::Count => (Physical::INT64, None),
            Kind::Flag => (Physical::BOOLEAN, None),
            Kind::Time => (Physical::INT64, Some(time)),
        };
        let builder = Type::primitive_type_builder(name, physical).with_repetition(Repetition::OPTIONAL);
        builder.with_logical_type(logical).build().map(Arc::new)
    };
    let columns = COLUMNS.iter().map(column).collect::<Result<Vec<_>, _>>()?;
    Type::group_type_builder("evaluations").with_fields(columns).build().map(Arc::new)
}

/// The values of a column that are there, and for each row whether one is.
fn column_of<T>(rows: &[Row], at: usize, value: impl Fn(&Cell) -> Option<T>) -> (Vec<T>, Vec<i16>) {
    let mut values = Vec::new();
    let levels = rows.iter().map(|row| {
        let found = row.get(at).and_then(&value);
        let level = if found.is_some() { THERE } else { NULL };
        values.extend(found);
        level
    });
    let levels = levels.collect();
    (values, levels)
}

fn write_column(mut column: SerializedColumnWriter<'_>, rows: &[Row], at: usize) -> Result<(), ParquetError> {
    match COLUMNS.get(at).map_or(Kind::Text, |(_, kind)| *kind) {
        Kind::Text => {
            let (values, levels) = column_of(rows, at, |cell| match cell {
                Cell::Text(text) => Some(ByteArray::from(text.as_str())),
                _ => None,
            });
            column.typed::<ByteArrayType>().write_batch(&values, Some(&levels), None)?;
        }
        Kind::Number => {
            let (values, levels) = column_of(rows, at, |cell| match cell {
                Cell::Number(number) => Some(*number),
                _ => None,
            });
            column.typed::<DoubleType>().write_batch(&values, Some(&levels), None)?;
        }
        Kind::Count | Kind::Time => {
            let (values, levels) = column_of(rows, at, |cell| match cell {
                // Beyond 63 bits nothing is counted.
                Cell::Count(count) => i64::try_from(*count).ok(),
                Cell::Time(time) => Some(*time),
                _ => None,
            });
            column.typed::<Int64Type>().write_batch(&values, Some(&levels), None)?;
        }
        Kind::Flag => {
            let (values, levels) = column_of(rows, at, |cell| match cell {
                Cell::Flag(flag) => Some(*flag),
                _ => None,
            });
            column.typed::<BoolType>().write_batch(&values, Some(&levels), None)?;
        }
    }
    column.close()
}
