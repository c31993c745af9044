//! Laying out: from sorted rows to Parquet files that later queries read fast.
//!
//! One file for each period, or several where there are many rows; a state is one period without
//! a name. Columns are encoded on several threads, each with columns of its own.
//!
//! # Invariant
//! The same rows give the same bytes: rows are cut into batches, row groups and files by counting
//! alone, and nothing in a file tells when, where or by how many threads it was written.
//!
//! # Rooms
//! - [`properties`]: how columns are encoded, and why so.
//! - [`lanes`]: the threads that encode.
//! - [`file`]: one file.
//! - [`summary`]: what a file says about its columns beside Parquet's own statistics.

pub(crate) mod file;
pub(crate) mod lanes;
pub(crate) mod properties;
pub(crate) mod summary;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::Sender;

use arrow::array::{AsArray as _, BooleanArray, Int32Array, UInt64Array};
use arrow::compute::{BatchCoalescer, filter_record_batch};
use arrow::datatypes::{Int32Type, SchemaRef, UInt64Type};
use arrow::record_batch::RecordBatch;
use datafusion::execution::SendableRecordBatchStream;
use futures::StreamExt as _;

use crate::columns::Columns;
use crate::failure::Fault;
use file::{OpenFile, WrittenFile};
use lanes::Lanes;
use properties::FILE_ROWS_MAX;

/// What was found out while rows were being sorted.
#[derive(Debug, Default)]
pub(crate) struct Go {
    /// Locations of rows to leave out, sorted.
    pub(crate) dropped: Vec<u64>,
    /// Periods that have a file even if they have no rows, as the days they begin.
    pub(crate) periods: BTreeSet<i32>,
}

/// Files being written from sorted rows.
pub(crate) struct Layout<'a> {
    columns: &'a Columns,
    folder: &'a Path,
    lanes: Lanes,
    open: Option<OpenFile>,
    written: Vec<WrittenFile>,
    /// The files' columns of rows on their way, without period and location.
    rows_schema: SchemaRef,
    /// Cuts rows into batches of one size.
    coalescer: BatchCoalescer,
    /// The period that rows are coming of.
    period: Option<i32>,
    progress: Sender<u64>,
}

impl<'a> Layout<'a> {
    /// A layout without files yet.
    pub(crate) fn new(
        columns: &'a Columns,
        folder: &'a Path,
        threads: usize,
        progress: Sender<u64>,
    ) -> Result<Self, Fault> {
        let places: Vec<usize> = (0..columns.all.len()).collect();
        let rows_schema = Arc::new(columns.row_schema.project(&places)?);
        Ok(Self {
            columns,
            folder,
            lanes: Lanes::new(columns, threads),
            open: None,
            written: Vec::new(),
            coalescer: BatchCoalescer::new(Arc::clone(&rows_schema), crate::sort::BATCH_ROWS),
            rows_schema,
            period: None,
            progress,
        })
    }

    /// Writes all rows of a sorted stream.
    ///
    /// # Errors
    /// When sorting or writing fails.
    pub(crate) async fn write(
        mut self,
        mut first: Option<Result<RecordBatch, datafusion::error::DataFusionError>>,
        mut rows: SendableRecordBatchStream,
        go: &Go,
    ) -> Result<Vec<WrittenFile>, Fault> {
        while let Some(batch) = first {
            let batch = batch.map_err(Fault::Sort)?;
            self.take(&batch, &go.dropped)?;
            first = rows.next().await;
        }
        self.end_period()?;
        let present: BTreeSet<i32> = self.written.iter().map(|file| file.period).collect();
        for period in go.periods.difference(&present) {
            self.period = Some(*period);
            self.open_file()?;
            self.end_period()?;
        }
        self.written.sort_by_key(|file| (file.period, file.number));
        Ok(self.written)
    }

    /// Takes sorted rows, leaving out those that are dropped.
    fn take(&mut self, batch: &RecordBatch, dropped: &[u64]) -> Result<(), Fault> {
        let count = self.columns.all.len();
        let kept;
        let batch = match keep(batch.column(count + 1).as_primitive::<UInt64Type>(), dropped) {
            Some(mask) => {
                kept = filter_record_batch(batch, &mask)?;
                &kept
            }
            None => batch,
        };
        let periods = batch.column(count).as_primitive::<Int32Type>().clone();
        let rows =
            RecordBatch::try_new(Arc::clone(&self.rows_schema), batch.columns()[..count].to_vec())?;
        for (period, start, length) in runs(&periods) {
            if self.period != Some(period) {
                self.end_period()?;
                self.period = Some(period);
            }
            // Most batches are of the right size as they come, and need not be copied.
            if length == crate::sort::BATCH_ROWS && self.coalescer.is_empty() {
                self.append(rows.slice(start, length))?;
                continue;
            }
            self.coalescer.push_batch(rows.slice(start, length))?;
            while let Some(batch) = self.coalescer.next_completed_batch() {
                self.append(batch)?;
            }
        }
        // Nobody listening means that the run is over, which ends this thread by other means.
        let _ = self.progress.send(rows.num_rows() as u64);
        Ok(())
    }

    /// Appends rows to the open file, or to a new one.
    fn append(&mut self, batch: RecordBatch) -> Result<(), Fault> {
        if self.open.as_ref().is_some_and(|file| FILE_ROWS_MAX <= file.rows()) {
            self.close_file()?;
        }
        self.open_file()?;
        if let Some(file) = &mut self.open {
            file.append(batch, &mut self.lanes)?;
        }
        Ok(())
    }

    /// Makes sure that a file is open.
    fn open_file(&mut self) -> Result<(), Fault> {
        if self.open.is_none() {
            let number = self.written.len();
            let period = self.period.unwrap_or_default();
            self.open = Some(OpenFile::create(self.columns, self.folder, number, period)?);
        }
        Ok(())
    }

    fn close_file(&mut self) -> Result<(), Fault> {
        if let Some(file) = self.open.take() {
            self.written.push(file.close(&mut self.lanes)?);
        }
        Ok(())
    }

    /// Ends the period that rows were coming of.
    fn end_period(&mut self) -> Result<(), Fault> {
        self.coalescer.finish_buffered_batch()?;
        while let Some(batch) = self.coalescer.next_completed_batch() {
            self.append(batch)?;
        }
        self.close_file()
    }
}

/// Which rows stay, if some do not.
fn keep(locations: &UInt64Array, dropped: &[u64]) -> Option<BooleanArray> {
    if dropped.is_empty() {
        return None;
    }
    let stays = |location: &u64| dropped.binary_search(location).is_err();
    let mask: Vec<bool> = locations.values().iter().map(stays).collect();
    (!mask.iter().all(|stays| *stays)).then(|| mask.into())
}

/// The runs of equal periods: the period, where it starts, how long it is.
fn runs(periods: &Int32Array) -> Vec<(i32, usize, usize)> {
    let mut runs: Vec<(i32, usize, usize)> = Vec::new();
    for (row, period) in periods.values().iter().enumerate() {
        match runs.last_mut() {
            Some((known, _, length)) if known == period => *length += 1,
            _ => runs.push((*period, row, 1)),
        }
    }
    debug_assert_eq!(runs.iter().map(|run| run.2).sum::<usize>(), periods.len());
    runs
}
