//! Redactions applied to rows: rows vanish, cells become null, and what was hit is counted.
//!
//! Knows columns and keys; no files, no plans. Queries use it under every scan, and compaction
//! when it writes files anew, so that both take out the same.
//!
//! # Invariant
//! What [`Redactor::apply`] gives holds no value that was taken out, and says nothing of it but
//! the counts.
//!
//! # Rooms
//! - [`index`]: keys, hashed as the rows of a file have them.

mod index;

use std::sync::Arc;

use arrow::array::{Array, BooleanArray, Date32Array, Scalar, TimestampMicrosecondArray};
use arrow::buffer::BooleanBuffer;
use arrow::compute::{filter_record_batch, nullif};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use domain::Timestamp;
use domain::redaction::{Cutoff, Ground, Key, MountedRedactions, RedactionCounts, RedactionTarget};

use index::KeyIndex;

/// Redactions made ready for rows of one schema.
#[derive(Debug)]
pub struct Redactor {
    schema: SchemaRef,
    targets: Vec<Target>,
    indexes: Vec<KeyIndex>,
    cutoffs: Vec<ReadyCutoff>,
}

/// What becomes of a row that a key names, by the places of the schema's columns.
#[derive(Debug)]
struct Target {
    row: Option<Ground>,
    cells: Vec<(usize, Ground)>,
}

/// Rows that vanish because of their age.
#[derive(Debug)]
struct ReadyCutoff {
    column: usize,
    before: Arc<dyn Array>,
    ground: Ground,
}

/// Redactions that cannot be applied to rows of a schema.
#[derive(Debug, thiserror::Error)]
pub enum RedactError {
    /// The lists of keys are not those of the targets.
    #[error("the lists of keys do not fit the redactions")]
    Lists,
    /// Rows are named by a column that is not there.
    #[error("rows are named by a column that is not there")]
    ColumnMissing,
    /// A key, or a row, cannot be read as its columns' types ask.
    #[error("a key cannot be read as its columns' types ask")]
    Key(#[from] ArrowError),
}

/// Reads the lists of keys that come as a file.
///
/// # Errors
/// When they are not lists of keys.
pub fn read_lists(bytes: &[u8]) -> Result<Vec<Vec<Key>>, RedactError> {
    serde_json::from_slice(bytes).map_err(|_| RedactError::Lists)
}

impl Redactor {
    /// Makes redactions ready; of cells, those whose column the schema lacks are passed over.
    ///
    /// # Errors
    /// When the schema lacks a column that rows are named by, or the keys do not fit.
    pub fn new(
        redactions: &MountedRedactions,
        lists: &[Vec<Key>],
        schema: &Schema,
    ) -> Result<Self, RedactError> {
        if lists.len() != redactions.targets.len() {
            return Err(RedactError::Lists);
        }
        let targets: Vec<Target> =
            redactions.targets.iter().map(|target| Target::new(target, schema)).collect();
        let indexes = index::build(&redactions.targets, lists, schema)?;
        let cutoffs = redactions.cutoffs.iter().map(|cutoff| ReadyCutoff::new(cutoff, schema));
        let fields = schema.fields().iter().map(|field| {
            let nulls = redactions
                .targets
                .iter()
                .any(|target| target.cells.keys().any(|name| name.as_str() == field.name()));
            let nullable = field.is_nullable() || nulls;
            Field::clone(field).with_nullable(nullable)
        });
        Ok(Self {
            schema: Arc::new(Schema::new(fields.collect::<Vec<_>>())),
            targets,
            indexes,
            cutoffs: cutoffs.collect::<Result<_, _>>()?,
        })
    }

    /// The schema of rows that it was applied to: as theirs, but cells may be null.
    #[must_use]
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The places of the columns whose cells may become null.
    #[must_use]
    pub fn nulled(&self) -> Vec<usize> {
        let mut places: Vec<usize> =
            self.targets.iter().flat_map(|target| target.cells.iter().map(|(at, _)| *at)).collect();
        places.sort_unstable();
        places.dedup();
        places
    }

    /// Takes out of rows what is to be taken out.
    ///
    /// # Errors
    /// When the rows are not of the schema.
    pub fn apply(
        &self,
        batch: &RecordBatch,
        counts: &mut RedactionCounts,
    ) -> Result<RecordBatch, ArrowError> {
        let mut gone = vec![false; batch.num_rows()];
        let mut hits: Vec<(usize, usize)> = Vec::new();
        for index in &self.indexes {
            index.find(batch, |row, target| hits.push((row, target)))?;
        }
        for &(row, target) in &hits {
            if let Some(ground) = self.targets[target].row
                && !std::mem::replace(&mut gone[row], true)
            {
                counts.entry(ground).or_default().rows += 1;
            }
        }
        for cutoff in &self.cutoffs {
            cutoff.mark(batch, &mut gone, counts)?;
        }
        let mut columns = batch.columns().to_vec();
        for place in self.nulled() {
            let mut mask = vec![false; batch.num_rows()];
            for &(row, target) in hits.iter().filter(|(row, _)| !gone[*row]) {
                let mut cells = self.targets[target].cells.iter();
                let Some((_, ground)) = cells.find(|(at, _)| *at == place) else { continue };
                if columns[place].is_valid(row) && !std::mem::replace(&mut mask[row], true) {
                    counts.entry(*ground).or_default().cells += 1;
                }
            }
            if mask.contains(&true) {
                let mask = BooleanArray::new(BooleanBuffer::from(mask), None);
                columns[place] = nullif(&columns[place], &mask)?;
            }
        }
        let rows = arrow::array::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let batch = RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &rows)?;
        if !gone.contains(&true) {
            return Ok(batch);
        }
        let stays: Vec<bool> = gone.into_iter().map(|gone| !gone).collect();
        filter_record_batch(&batch, &BooleanArray::new(BooleanBuffer::from(stays), None))
    }
}

impl Target {
    fn new(target: &RedactionTarget, schema: &Schema) -> Self {
        let cells = target
            .cells
            .iter()
            .filter_map(|(name, ground)| Some((schema.index_of(name.as_str()).ok()?, *ground)));
        Self { row: target.row, cells: cells.collect() }
    }
}

impl ReadyCutoff {
    fn new(cutoff: &Cutoff, schema: &Schema) -> Result<Self, RedactError> {
        let column =
            schema.index_of(cutoff.clock.as_str()).map_err(|_| RedactError::ColumnMissing)?;
        let before: Arc<dyn Array> = if schema.field(column).data_type() == &DataType::Date32 {
            Arc::new(Date32Array::from(vec![cutoff.before.to_epoch_days()]))
        } else {
            let moment = Timestamp::start_of(cutoff.before).unix_us();
            Arc::new(TimestampMicrosecondArray::from(vec![moment]).with_timezone("UTC"))
        };
        Ok(Self { column, before, ground: cutoff.ground })
    }

    /// Marks the rows whose clock stands before the day; a null stays.
    fn mark(
        &self,
        batch: &RecordBatch,
        gone: &mut [bool],
        counts: &mut RedactionCounts,
    ) -> Result<(), ArrowError> {
        let clock = batch.column(self.column);
        let before = Scalar::new(Arc::clone(&self.before));
        let is_before = arrow::compute::kernels::cmp::lt(clock, &before)?;
        for (row, is_gone) in gone.iter_mut().enumerate() {
            let falls = is_before.is_valid(row) && is_before.value(row);
            if falls && !std::mem::replace(is_gone, true) {
                counts.entry(self.ground).or_default().rows += 1;
            }
        }
        Ok(())
    }
}
