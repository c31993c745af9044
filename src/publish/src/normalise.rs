//! One block of rows, from what the source says to rows that the codebook accepts.
//!
//! # Order
//! The row's time first, since it tells which schema version the other values are of; then every
//! column; then what is filled here; then what one value must satisfy, then what two columns must
//! satisfy together, and last the period.
//!
//! # Invariant
//! Every row of the source is either in [`Block::batch`] or counted as rejected.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{
    Array as _, ArrayRef, AsArray as _, BooleanArray, Int32Array, Int64Array, StringViewArray,
    UInt64Array, new_null_array,
};
use arrow::buffer::BooleanBuffer;
use arrow::compute::{filter, is_not_null, kernels::zip::zip};
use arrow::datatypes::{Date32Type, TimestampMicrosecondType};
use arrow::record_batch::RecordBatch;

use crate::check;
use crate::columns::{Columns, Derived, row_type};
use crate::convert::column::{Conversion, Converted};
use crate::convert::values::{DAY_US, days_of};
use crate::failure::Fault;
use crate::leaf::Leaf;
use crate::period::Periods;
use crate::rejects::{FlawKind, Flaws};
use crate::rule::Rule;
use crate::transparency;

/// A block of rows as a source has them.
pub(crate) trait SourceRows {
    /// How many there are.
    fn rows(&self) -> usize;

    /// The line or row number of a row.
    fn line(&self, row: usize) -> u64;

    /// Converts the source's column at a place of the codebook, if the source has it.
    fn convert(
        &self,
        place: usize,
        conversion: &Conversion<'_>,
        flaws: &mut Flaws,
    ) -> Result<Option<Converted>, Fault>;
}

/// A block of rows that the codebook accepts, and what was found on the way.
#[derive(Debug)]
pub(crate) struct Block {
    /// The rows accepted, in `Columns::row_schema`.
    pub(crate) batch: RecordBatch,
    /// Rows that the source had.
    pub(crate) rows_read: u64,
    /// Rows that were rejected.
    pub(crate) rows_rejected: u64,
    /// Why.
    pub(crate) flaws: Vec<FlawKind>,
    /// For each column, accepted rows whose value was renamed.
    pub(crate) renamed: Vec<u64>,
    /// For each column, accepted rows with a value that has no successor.
    pub(crate) successor_missing: Vec<u64>,
    /// The periods that accepted rows lie in, as the days they begin.
    pub(crate) periods: BTreeSet<i32>,
}

/// Normalises a block.
///
/// # Errors
/// A fault of ours only.
pub(crate) fn normalise(
    source: &impl SourceRows,
    columns: &Columns,
    leaf: &Leaf,
    mut flaws: Flaws,
) -> Result<Block, Fault> {
    let first_version = first_version(source, columns)?;
    let mut converted = Vec::with_capacity(columns.all.len());
    for (place, column) in columns.all.iter().enumerate() {
        let conversion = Conversion { place, column, first_version: first_version.as_ref() };
        let values = source.convert(place, &conversion, &mut flaws)?;
        converted.push(values.unwrap_or_else(|| {
            new_null_array(&row_type(column.field.field_type), source.rows()).into()
        }));
    }
    fill(source, columns, leaf, first_version.as_ref(), &mut converted, &mut flaws)?;
    for (place, column) in columns.all.iter().enumerate() {
        check::bounds(place, column, &converted[place].values, &mut flaws);
    }
    for (place, column) in columns.all.iter().enumerate() {
        if let Some((of, allowed)) = &column.null_unless {
            let condition = check::Condition {
                field: &columns.all[*of].field,
                values: &converted[*of].values,
                allowed,
            };
            check::null_unless(place, &converted[place].values, &condition, &mut flaws);
        }
    }
    let periods = periods(columns, leaf, &converted, &mut flaws);
    finish(source, columns, leaf, &converted, periods, flaws)
}

/// The rows of schema version 1, if the dataset knows of versions.
fn first_version(
    source: &impl SourceRows,
    columns: &Columns,
) -> Result<Option<BooleanBuffer>, Fault> {
    let knows_versions = columns
        .all
        .iter()
        .any(|column| column.is_mapped || column.derived == Some(Derived::SourceSchemaVersion));
    let Some(place) = columns.time.filter(|_| knows_versions) else { return Ok(None) };
    let column = &columns.all[place];
    let conversion = Conversion { place, column, first_version: None };
    // What is wrong with the column is noted when it is converted in its turn.
    let mut ignored = Flaws::none(source.rows());
    let Some(time) = source.convert(place, &conversion, &mut ignored)? else { return Ok(None) };
    let since = days_of(transparency::second_version_since());
    let is_first = |row| day_of(&time.values, row).is_some_and(|day| day < since);
    Ok(Some(BooleanBuffer::collect_bool(source.rows(), is_first)))
}

/// The day that a row's time lies in, in days since 1970.
fn day_of(time: &ArrayRef, row: usize) -> Option<i32> {
    if time.is_null(row) {
        return None;
    }
    if let Some(days) = time.as_primitive_opt::<Date32Type>() {
        return Some(days.value(row));
    }
    let moments = time.as_primitive_opt::<TimestampMicrosecondType>()?;
    i32::try_from(moments.value(row).div_euclid(DAY_US)).ok()
}

/// Fills the columns that are filled here, where the source has nothing in them.
fn fill(
    source: &impl SourceRows,
    columns: &Columns,
    leaf: &Leaf,
    first_version: Option<&BooleanBuffer>,
    converted: &mut [Converted],
    flaws: &mut Flaws,
) -> Result<(), Fault> {
    for (place, column) in columns.all.iter().enumerate() {
        let Some(derived) = column.derived else { continue };
        let filling: ArrayRef = match derived {
            Derived::RawOf(of) => {
                let conversion = Conversion { place, column, first_version: None };
                // The column it is the raw form of has been converted, its flaws noted.
                let mut ignored = Flaws::none(source.rows());
                match source.convert(of, &conversion, &mut ignored)? {
                    Some(raw) => raw.values,
                    None => continue,
                }
            }
            Derived::SuccessorMissing(of) => {
                let missing = converted[of].successor_missing.clone();
                let none = || BooleanBuffer::new_unset(source.rows());
                Arc::new(BooleanArray::new(missing.unwrap_or_else(none), None))
            }
            Derived::SourceSchemaVersion => {
                let is_first = |row| first_version.is_some_and(|first| first.value(row));
                let versions = (0..source.rows()).map(|row| if is_first(row) { 1 } else { 2 });
                Arc::new(Int64Array::from_iter_values(versions))
            }
            Derived::SourceVersion => {
                let version = leaf.version.map(|version| version.as_str());
                Arc::new(StringViewArray::from_iter(vec![version; source.rows()]))
            }
        };
        let given = &converted[place].values;
        let values = if given.null_count() == given.len() {
            filling
        } else {
            zip(&is_not_null(given)?, given, &filling)?
        };
        if !column.field.nullable {
            for row in (0..values.len()).filter(|row| values.is_null(*row)) {
                if !flaws.is_unreadable(row) {
                    let detail = || "it cannot be told from the source".to_owned();
                    flaws.reject(row, Some(place), Rule::NotNull, detail);
                }
            }
        }
        converted[place].values = values;
    }
    Ok(())
}

/// The period of each row, as the day it begins; zero where the dataset has none.
fn periods(
    columns: &Columns,
    leaf: &Leaf,
    converted: &[Converted],
    flaws: &mut Flaws,
) -> Option<Vec<i32>> {
    let (unit, place) = (columns.period_unit?, columns.time?);
    let time = &converted[place].values;
    let mut periods = Periods::new(unit);
    let mut begins = Vec::with_capacity(time.len());
    for row in 0..time.len() {
        let begin = day_of(time, row).and_then(|day| periods.begin(day));
        if !flaws.is_rejected(row) {
            match (begin, leaf.period) {
                (None, _) => flaws.reject(row, Some(place), Rule::Period, || {
                    "it has no time that lies in a period".to_owned()
                }),
                (Some(begin), Some(wanted)) if begin != wanted => {
                    let (begin, wanted) = (periods.name(begin), periods.name(wanted));
                    flaws.reject(row, Some(place), Rule::Period, || {
                        format!("it lies in {begin}, but is published for {wanted}")
                    });
                }
                _ => {}
            }
        }
        begins.push(begin.unwrap_or_default());
    }
    Some(begins)
}

/// Leaves out the rejected rows and puts the others together.
fn finish(
    source: &impl SourceRows,
    columns: &Columns,
    leaf: &Leaf,
    converted: &[Converted],
    periods: Option<Vec<i32>>,
    flaws: Flaws,
) -> Result<Block, Fault> {
    let rows = source.rows();
    let periods: ArrayRef = Arc::new(Int32Array::from(periods.unwrap_or_else(|| vec![0; rows])));
    let locations: ArrayRef = Arc::new(
        (0..rows).map(|row| Some(leaf.location(source.line(row)))).collect::<UInt64Array>(),
    );
    let kept = flaws.kept();
    let all = converted.iter().map(|column| &column.values).chain([&periods, &locations]);
    let mut values = Vec::with_capacity(columns.all.len() + 2);
    for column in all {
        values.push(if flaws.count() == 0 { Arc::clone(column) } else { filter(column, &kept)? });
    }
    let batch = RecordBatch::try_new(Arc::clone(&columns.row_schema), values)?;
    let missing = converted.iter().map(|column| {
        let missing = column.successor_missing.as_ref();
        missing.map_or(0, |missing| (missing & kept.values()).count_set_bits() as u64)
    });
    let begins = batch.column(columns.all.len()).as_primitive::<arrow::datatypes::Int32Type>();
    Ok(Block {
        rows_read: rows as u64,
        rows_rejected: flaws.count(),
        renamed: converted.iter().map(|column| column.renamed).collect(),
        successor_missing: missing.collect(),
        periods: begins.values().iter().copied().collect(),
        flaws: flaws.into_found(|row| source.line(row)),
        batch,
    })
}
