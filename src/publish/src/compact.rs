//! Compacting: files of published snapshots, written anew without what the law takes out.
//!
//! # Order
//! A file is first looked through by its keys alone; only one that holds something is read whole,
//! sorted again (a cell that became null has another place) and written.
//!
//! # Invariant
//! What is written holds every row and cell of the old file but those that redactions name.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::thread::scope;

use arrow::array::{ArrayRef, Int32Array, UInt64Array};
use arrow::record_batch::RecordBatch;
use domain::publication::{CompactDraft, CompactJob, CompactedFile, DraftFile};
use domain::redaction::RedactionCounts;

use crate::columns::Columns;
use crate::failure::Fault;
use crate::layout::file::WrittenFile;
use crate::layout::{Go, Layout};
use crate::period::Periods;
use crate::published::{self, Published};
use crate::redacted::Redactions;
use crate::sort::keys::{Keyed, Keys};
use crate::sort::{SortLimits, sorted};
use crate::source::section::Section;

/// Batches that may wait between reading and sorting.
const WAITING: usize = 4;

/// Looks files through, and writes those anew that hold something.
///
/// # Errors
/// A fault of ours; nothing of it concerns whoever asked.
pub(crate) fn run(
    job: &CompactJob,
    sections: Vec<Section>,
    scratch: &Path,
) -> Result<CompactDraft, Fault> {
    let mut codebook = job.codebook.clone();
    for field in &mut codebook.fields {
        field.nullable |= job.redactions.nulls(&field.name);
    }
    let mut files = sections;
    let keys = files.split_off(job.files.len().min(files.len()));
    let columns = Columns::new(codebook)?;
    let compacting = Compacting {
        job,
        keys: Arc::new(Keys::new(&columns).map_err(Fault::Sort)?),
        columns,
        redactions: Redactions::new(&job.redactions, keys.first())?,
        scratch,
    };
    let mut draft = CompactDraft { files: Vec::new() };
    for (of, section) in files.into_iter().enumerate() {
        let file = Published::open(section)?;
        let counts = compacting.look_through(&file)?;
        if !counts.is_empty() {
            let files = if job.dry_run { Vec::new() } else { compacting.write(of, &file)? };
            draft.files.push(CompactedFile { of, counts, files });
        }
    }
    Ok(draft)
}

/// What all files of a job share.
struct Compacting<'a> {
    job: &'a CompactJob,
    columns: Columns,
    keys: Arc<Keys>,
    redactions: Redactions<'a>,
    scratch: &'a Path,
}

impl Compacting<'_> {
    /// Counts what a file holds of what is to be taken out.
    fn look_through(&self, file: &Published) -> Result<RedactionCounts, Fault> {
        let places = self.redactions.looked_at(&self.columns);
        let redactor = self.redactions.redactor(&self.columns, &places)?;
        let mut counts = RedactionCounts::new();
        for batch in published::rows(file, &self.columns, places)? {
            redactor.apply(&batch?, &mut counts)?;
        }
        Ok(counts)
    }

    /// Writes a file anew.
    fn write(&self, place: usize, file: &Published) -> Result<Vec<DraftFile>, Fault> {
        let period = self.period(place)?;
        let (sender, inbox) = sync_channel(WAITING);
        let written = scope(|scope| {
            let feeding = scope.spawn(|| self.feed(file, period, sender));
            let written = self.lay_out(&inbox, period);
            let fed = feeding.join().unwrap_or(Err(Fault::Panicked { thread: "reading" }));
            // Where writing failed, nobody took the rows, which is no more to say.
            let written = written?;
            fed.map(|()| written)
        })?;
        written.iter().enumerate().map(|(n, it)| self.draft_file(place, n, it)).collect()
    }

    /// The period of a file, as the day it begins; of a state there is one without a name.
    fn period(&self, place: usize) -> Result<i32, Fault> {
        let name = self.job.files[place].period.as_deref();
        let Some((unit, name)) = self.columns.period_unit.zip(name) else { return Ok(0) };
        Periods::new(unit).parse(name).map_err(|_| Fault::Keys)
    }

    /// Reads a file whole, takes out what is to be taken out, and hands on the rest.
    fn feed(&self, file: &Published, period: i32, rows: SyncSender<Keyed>) -> Result<(), Fault> {
        let places: Vec<usize> = (0..self.columns.all.len()).collect();
        let redactor = self.redactions.redactor(&self.columns, &places)?;
        let (mut location, mut counts) = (0, RedactionCounts::new());
        for batch in published::rows(file, &self.columns, places)? {
            let batch = redactor.apply(&batch?, &mut counts)?;
            let count = batch.num_rows();
            let end = location + count as u64;
            let mut columns = batch.columns().to_vec();
            columns.push(Arc::new(Int32Array::from(vec![period; count])) as ArrayRef);
            columns.push(Arc::new(UInt64Array::from_iter_values(location..end)) as ArrayRef);
            location = end;
            let batch = RecordBatch::try_new(Arc::clone(&self.columns.row_schema), columns)?;
            if rows.send(self.keys.beside(&batch).map_err(Fault::Sort)?).is_err() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Sorts rows and writes them.
    fn lay_out(&self, rows: &Receiver<Keyed>, period: i32) -> Result<Vec<WrittenFile>, Fault> {
        let limits = SortLimits {
            memory_bytes: self.job.memory_bytes / 2,
            spill_bytes: self.job.spill_bytes,
            scratch: self.scratch,
        };
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let rows = sorted(rows, &self.columns.row_schema, &self.keys, limits);
        let rows = rows.map_err(Fault::Sort)?;
        // Nobody asks how far it is.
        let (progress, _) = channel();
        let go = Go { periods: BTreeSet::from([period]), ..Go::default() };
        Layout::new(&self.columns, self.scratch, threads, progress).write(rows, &go)
    }

    /// Gives a new file a name that no other file of the job has.
    fn draft_file(
        &self,
        place: usize,
        number: usize,
        written: &WrittenFile,
    ) -> Result<DraftFile, Fault> {
        let file = format!("compacted-{place:05}-{number}.parquet");
        std::fs::rename(self.scratch.join(&written.name), self.scratch.join(&file))
            .map_err(Fault::Scratch)?;
        let rows = written.metadata.file_metadata().num_rows();
        Ok(DraftFile {
            file,
            bytes: written.bytes,
            sha256: written.sha256,
            row_count: u64::try_from(rows).unwrap_or_default(),
            period: self.job.files[place].period.clone(),
        })
    }
}
