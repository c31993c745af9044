//! Several files of sorted rows as one.

use std::cmp::Ordering;
use std::sync::Arc;

use arrow::record_batch::RecordBatch;
use arrow::row::Rows;
use datafusion::error::DataFusionError;

use super::keys::Keys;
use super::scattered::Scattered;
use super::spill::{Reading, Spilled};

/// Where one file is being read.
struct Cursor {
    rest: Reading,
    keys: Rows,
    /// Which of the batches in memory it reads.
    batch: usize,
    row: usize,
}

/// Files being merged.
pub(crate) struct Merge {
    keys: Arc<Keys>,
    /// One for each file that has rows left, as a heap: each comes before the two that stand at
    /// twice its place and one or two behind.
    heap: Vec<Cursor>,
    /// What cursors stand in, and what they have left whose rows have not left yet.
    batches: Vec<RecordBatch>,
    /// Rows that leave at once: as many as files have at once, so that rows which are written
    /// again take no more memory when they are read again.
    rows_max: usize,
}

impl Merge {
    /// Begins to read files.
    pub(super) fn new(files: Vec<Spilled>, keys: Arc<Keys>) -> Result<Self, DataFusionError> {
        let mut merge = Self { keys, heap: Vec::new(), batches: Vec::new(), rows_max: 0 };
        for file in files {
            let mut rest = file.read()?;
            if let Some(batch) = next_rows(&mut rest)? {
                merge.rows_max = merge.rows_max.max(batch.num_rows());
                let (keys, batch) = (merge.keys.of(&batch)?, merge.hold(batch));
                merge.heap.push(Cursor { rest, keys, batch, row: 0 });
            }
        }
        for place in (0..merge.heap.len() / 2).rev() {
            merge.sink(place);
        }
        Ok(merge)
    }

    /// Keeps a batch until its rows have left; gives its place.
    fn hold(&mut self, batch: RecordBatch) -> usize {
        self.batches.push(batch);
        self.batches.len() - 1
    }

    /// Moves a cursor down to where it belongs.
    fn sink(&mut self, mut place: usize) {
        loop {
            let mut first = place;
            for below in [2 * place + 1, 2 * place + 2] {
                if below < self.heap.len() && self.order(below, first) == Ordering::Less {
                    first = below;
                }
            }
            if first == place {
                return;
            }
            self.heap.swap(place, first);
            place = first;
        }
    }

    fn order(&self, one: usize, other: usize) -> Ordering {
        let (one, other) = (&self.heap[one], &self.heap[other]);
        one.keys.row(one.row).cmp(&other.keys.row(other.row))
    }

    /// Moves the foremost cursor to its next row; says whether it had to read a batch.
    fn step(&mut self) -> Result<bool, DataFusionError> {
        let cursor = &mut self.heap[0];
        cursor.row += 1;
        let is_read = cursor.row == cursor.keys.num_rows();
        if is_read {
            match next_rows(&mut cursor.rest)? {
                Some(batch) => {
                    cursor.keys = self.keys.of(&batch)?;
                    (cursor.row, cursor.batch) = (0, self.batches.len());
                    self.batches.push(batch);
                }
                None => {
                    self.heap.swap_remove(0);
                }
            }
        }
        self.sink(0);
        Ok(is_read)
    }

    /// The next rows in order. They end where as many batches are left behind as there are files,
    /// so that no more than twice as many are ever held.
    fn rows(&mut self) -> Result<Option<Scattered>, DataFusionError> {
        let (mut places, mut left, files) = (Vec::new(), 0, self.heap.len());
        while let Some(cursor) = self.heap.first() {
            places.push((cursor.batch, cursor.row));
            left += usize::from(self.step()?);
            if self.rows_max <= places.len() || files <= left {
                break;
            }
        }
        if places.is_empty() {
            return Ok(None);
        }
        // Gathered here: what waits must not hold on to all the batches that it came in.
        let rows = Scattered::new(self.batches.iter().cloned().collect(), places).batch()?.into();
        if 0 < left {
            self.let_go();
        }
        Ok(Some(rows))
    }

    /// Lets batches go that no cursor stands in.
    fn let_go(&mut self) {
        let batches = std::mem::take(&mut self.batches);
        let stood_in: Vec<RecordBatch> =
            self.heap.iter().map(|cursor| batches[cursor.batch].clone()).collect();
        for (place, cursor) in self.heap.iter_mut().enumerate() {
            cursor.batch = place;
        }
        self.batches = stood_in;
    }
}

/// The next batch of a file that has rows.
fn next_rows(rest: &mut Reading) -> Result<Option<RecordBatch>, DataFusionError> {
    rest.find(|batch| batch.as_ref().map_or(true, |batch| 0 < batch.num_rows())).transpose()
}

impl Iterator for Merge {
    type Item = Result<Scattered, DataFusionError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.rows().transpose()
    }
}
