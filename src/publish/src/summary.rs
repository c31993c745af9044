//! What a snapshot says of its columns, over its new and its kept files.
//!
//! # Invariant
//! No row is read for it: footers and the files' own summaries are enough.
#![expect(clippy::wildcard_enum_match_arm, reason = "Parquet has more types than our files have")]

use domain::Timestamp;
use domain::codebook::{Codebook, Field, FieldType};
use domain::manifest::ColumnSummary;
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};
use parquet::file::statistics::Statistics;
use serde_json::Value;

use crate::columns::Columns;
use crate::convert::values::day;
use crate::failure::Fault;
use crate::layout::file::WrittenFile;
use crate::layout::properties::leaf_path;
use crate::layout::summary::{ColumnFacts, Summary};
use crate::published::Published;

/// One file's part: what Parquet says of it, and what its summary does, by column name.
struct Part<'a> {
    metadata: &'a ParquetMetaData,
    facts: Vec<(String, ColumnFacts)>,
}

/// The columns over all files.
///
/// # Errors
/// When a kept file has no sound summary.
pub(crate) fn columns(
    columns: &Columns,
    written: &[WrittenFile],
    kept: &[Published],
) -> Result<Vec<ColumnSummary>, Fault> {
    let names = || columns.all.iter().map(|column| column.field.name.as_str().to_owned());
    let mut parts = Vec::new();
    for file in written {
        let facts = names().zip(file.facts.iter().cloned()).collect();
        parts.push(Part { metadata: &file.metadata, facts });
    }
    for file in kept {
        let schema = file.metadata().file_metadata().schema();
        let names = schema.get_fields().iter().map(|field| field.name().to_owned());
        let facts = Summary::read(file.metadata(), file.section())?;
        parts.push(Part { metadata: file.metadata(), facts: names.zip(facts).collect() });
    }
    let fields = columns.all.iter().map(|column| &column.field);
    Ok(fields.map(|field| column(&columns.codebook, field, &parts)).collect())
}

/// One column over all files.
fn column(codebook: &Codebook, field: &Field, parts: &[Part<'_>]) -> ColumnSummary {
    let mut facts = ColumnFacts::default();
    let (mut bytes, mut bounds) = (0, Bounds::default());
    for part in parts {
        let name = field.name.as_str();
        let own = part.facts.iter().find(|(own, _)| own == name);
        match own {
            Some((_, own)) => {
                facts.null_count += own.null_count;
                facts.sketch.merge(&own.sketch);
            }
            // A file of an earlier schema version: every row of it lacks the column.
            None => {
                let rows = part.metadata.file_metadata().num_rows();
                facts.null_count += u64::try_from(rows).unwrap_or_default();
            }
        }
        for group in part.metadata.row_groups() {
            bytes += chunk_bytes(group, field);
            bounds.add(group, field);
        }
    }
    let bounds = if codebook.shows_bounds(field) { bounds } else { Bounds::default() };
    ColumnSummary {
        name: field.name.clone(),
        field_type: field.field_type,
        bytes,
        null_count: facts.null_count,
        distinct_estimate: facts.sketch.estimate(),
        min: bounds.min.filter(|_| !bounds.is_unknown).map(|bound| bound.shown),
        max: bounds.max.filter(|_| !bounds.is_unknown).map(|bound| bound.shown),
    }
}

/// The compressed bytes of a column in a row group.
fn chunk_bytes(group: &RowGroupMetaData, field: &Field) -> u64 {
    let path = leaf_path(field);
    let chunks = group.columns().iter().filter(|chunk| chunk.column_path() == &path);
    chunks.map(|chunk| u64::try_from(chunk.compressed_size()).unwrap_or_default()).sum()
}

/// The smallest and largest value of a column.
#[derive(Default)]
struct Bounds {
    min: Option<Bound>,
    max: Option<Bound>,
    /// Whether some row group does not tell them exactly.
    is_unknown: bool,
}

/// A value that can be compared and shown.
struct Bound {
    key: Key,
    shown: Value,
}

/// What a bound is compared by.
#[derive(PartialEq, PartialOrd)]
enum Key {
    Whole(i128),
    Number(f64),
    Text(String),
}

impl Bounds {
    /// Adds what a row group says.
    fn add(&mut self, group: &RowGroupMetaData, field: &Field) {
        let path = leaf_path(field);
        let chunk = group.columns().iter().find(|chunk| chunk.column_path() == &path);
        let Some(statistics) = chunk.and_then(|chunk| chunk.statistics()) else { return };
        let rows = u64::try_from(group.num_rows()).unwrap_or_default();
        if statistics.null_count_opt() == Some(rows) {
            return;
        }
        let is_exact = statistics.min_is_exact() && statistics.max_is_exact();
        match (is_exact, ends(statistics, field.field_type)) {
            (true, Some((min, max))) => {
                if self.min.as_ref().is_none_or(|known| min.key < known.key) {
                    self.min = Some(min);
                }
                if self.max.as_ref().is_none_or(|known| known.key < max.key) {
                    self.max = Some(max);
                }
            }
            _ => self.is_unknown = true,
        }
    }
}

/// The bounds of a column chunk, where its type has any to show.
fn ends(statistics: &Statistics, field_type: FieldType) -> Option<(Bound, Bound)> {
    let of = |min: Option<Bound>, max: Option<Bound>| Some((min?, max?));
    match statistics {
        Statistics::Int32(ends) => of(
            whole((*ends.min_opt()?).into(), field_type),
            whole((*ends.max_opt()?).into(), field_type),
        ),
        Statistics::Int64(ends) => of(
            whole((*ends.min_opt()?).into(), field_type),
            whole((*ends.max_opt()?).into(), field_type),
        ),
        Statistics::Double(ends) => of(number(*ends.min_opt()?), number(*ends.max_opt()?)),
        Statistics::ByteArray(ends) if field_type == FieldType::String => {
            of(text(ends.min_opt()?.data()), text(ends.max_opt()?.data()))
        }
        _ => None,
    }
}

/// A bound of a column that Parquet keeps as a whole number.
fn whole(value: i128, field_type: FieldType) -> Option<Bound> {
    let narrow = i64::try_from(value).ok()?;
    let shown = match field_type {
        FieldType::Integer => Value::from(narrow),
        FieldType::Decimal => {
            let (sign, cents) = (if value < 0 { "-" } else { "" }, value.unsigned_abs());
            Value::from(format!("{sign}{}.{:02}", cents / 100, cents % 100))
        }
        FieldType::Date => Value::from(day(i32::try_from(narrow).ok()?)?.to_string()),
        FieldType::Datetime => Value::from(Timestamp::from_unix_us(narrow)?.to_string()),
        FieldType::String | FieldType::Number | FieldType::Boolean | FieldType::List => {
            return None;
        }
    };
    Some(Bound { key: Key::Whole(value), shown })
}

/// A bound of a column of numbers.
fn number(value: f64) -> Option<Bound> {
    let shown = serde_json::Number::from_f64(value)?;
    Some(Bound { key: Key::Number(value), shown: Value::Number(shown) })
}

/// A bound of a column of text.
fn text(bytes: &[u8]) -> Option<Bound> {
    let text = std::str::from_utf8(bytes).ok()?.to_owned();
    Some(Bound { shown: Value::from(text.clone()), key: Key::Text(text) })
}
