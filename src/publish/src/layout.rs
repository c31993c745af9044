//! Laying out: from sorted rows to Parquet files that later queries read fast.
//!
//! One file for each period, or several where there are many rows; a state is one period without
//! a name. Columns are encoded on several threads.
//!
//! # Invariant
//! The same rows give the same bytes: rows are cut into batches, row groups and files by counting
//! alone, and nothing in a file tells when, where or by how many threads it was written.
//!
//! # Rooms
//! - [`properties`]: how columns are encoded, and why so.
//! - [`lanes`]: the columns being encoded, each in a [`lane`].
//! - [`file`]: one file.
//! - [`summary`]: what a file says about its columns beside Parquet's own statistics.

pub(crate) mod file;
mod lane;
pub(crate) mod lanes;
pub(crate) mod properties;
pub(crate) mod summary;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::mpsc::Sender;

use arrow::datatypes::{Int32Type, UInt64Type};
use datafusion::error::DataFusionError;

use crate::columns::Columns;
use crate::failure::Fault;
use crate::sort::BATCH_ROWS;
use crate::sort::scattered::Scattered;
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
    /// Rows that are fewer than a batch.
    waiting: Scattered,
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
    ) -> Self {
        Self {
            columns,
            folder,
            lanes: Lanes::new(columns, threads),
            open: None,
            written: Vec::new(),
            waiting: Scattered::default(),
            period: None,
            progress,
        }
    }

    /// Writes all rows, which come in order.
    ///
    /// # Errors
    /// When sorting or writing fails.
    pub(crate) fn write(
        mut self,
        rows: impl Iterator<Item = Result<Scattered, DataFusionError>>,
        go: &Go,
    ) -> Result<Vec<WrittenFile>, Fault> {
        for some in rows {
            self.take(some.map_err(Fault::Sort)?, &go.dropped)?;
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
    fn take(&mut self, mut rows: Scattered, dropped: &[u64]) -> Result<(), Fault> {
        let count = self.columns.all.len();
        if !dropped.is_empty() {
            let locations = rows.numbers::<UInt64Type>(count + 1).into_iter();
            rows.keep(locations.map(|location| dropped.binary_search(&location).is_err()));
        }
        let progress = rows.rows() as u64;
        for (period, rows) in self.by_period(rows) {
            if self.period != Some(period) {
                self.end_period()?;
                self.period = Some(period);
            }
            self.waiting.append(rows);
            while BATCH_ROWS <= self.waiting.rows() {
                let batch = self.waiting.take_first(BATCH_ROWS);
                self.append(batch)?;
            }
        }
        // Nobody listening means that the run is over, which ends this thread by other means.
        let _ = self.progress.send(progress);
        Ok(())
    }

    /// The rows of each period, as the day it begins; a state has one period.
    fn by_period(&self, rows: Scattered) -> Vec<(i32, Scattered)> {
        if !self.columns.has_periods() {
            return vec![(0, rows)];
        }
        let periods = rows.numbers::<Int32Type>(self.columns.all.len());
        let mut start = 0;
        let runs = periods.chunk_by(|one, other| one == other).map(|run| {
            let of_run = rows.slice(start, run.len());
            start += run.len();
            (run[0], of_run)
        });
        runs.collect()
    }

    /// Appends rows to the open file, or to a new one.
    fn append(&mut self, rows: Scattered) -> Result<(), Fault> {
        if self.open.as_ref().is_some_and(|file| FILE_ROWS_MAX <= file.rows()) {
            self.close_file()?;
        }
        self.open_file()?;
        if let Some(file) = &mut self.open {
            file.append(rows, &mut self.lanes)?;
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
        let rest = std::mem::take(&mut self.waiting);
        if 0 < rest.rows() {
            self.append(rest)?;
        }
        self.close_file()
    }
}
