//! The threads that take blocks apart, convert and check them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{Array as _, ArrayRef, AsArray as _};
use arrow::datatypes::UInt64Type;
use arrow::record_batch::RecordBatch;

use super::header::Header;
use super::{Event, ParsedBlock, Work};
use crate::columns::Columns;
use crate::convert::column::{Conversion, Converted};
use crate::convert::parquet;
use crate::failure::Fault;
use crate::fingerprint::{Encoder, key_entry, reference_entry};
use crate::leaf::Leaf;
use crate::normalise::{Block, SourceRows, normalise};
use crate::orphans::{Wanted, target_entries};
use crate::rejects::Flaws;
use crate::sort::keys::{Keyed, Keys};
use crate::text::cells::{Cells, Column as _};
use crate::text::{csv, encoding, ndjson};

/// What a parsing thread needs.
pub(crate) struct Parser<'a> {
    /// The codebook.
    pub(crate) columns: &'a Columns,
    /// What is wanted of each foreign key.
    pub(crate) references: Vec<Wanted>,
    /// Where work comes from, one thread at a time.
    pub(crate) work: Arc<Mutex<Receiver<Work>>>,
    /// Where accepted rows go; nowhere in a dry run.
    pub(crate) rows: Option<SyncSender<Keyed>>,
    /// What they will be sorted by.
    pub(crate) keys: &'a Keys,
    /// Where everything else goes.
    pub(crate) events: SyncSender<Event>,
    /// Whether so much is rejected already that accepted rows are of no use.
    pub(crate) is_doomed: Arc<AtomicBool>,
}

impl Parser<'_> {
    /// Parses until there is nothing left, or nobody wants it.
    ///
    /// # Errors
    /// A fault of ours only.
    pub(crate) fn run(self) -> Result<(), Fault> {
        loop {
            let work = self.work.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let Ok(work) = work else { return Ok(()) };
            let (leaf, block) = self.parse(work)?;
            let is_doomed = self.is_doomed.load(Ordering::Relaxed);
            let rows = if is_doomed { block.batch.slice(0, 0) } else { block.batch.clone() };
            let parsed = self.parsed(leaf, block, &rows);
            if let Some(sink) = self.rows.as_ref().filter(|_| 0 < rows.num_rows()) {
                let rows = self.keys.beside(&rows).map_err(Fault::Sort)?;
                if sink.send(rows).is_err() {
                    return Ok(());
                }
            }
            if self.events.send(Event::Block(Box::new(parsed))).is_err() {
                return Ok(());
            }
        }
    }

    fn parse(&self, work: Work) -> Result<(Arc<Leaf>, Block), Fault> {
        match work {
            Work::Csv(leaf, header, dialect, block) => {
                let (text, not_text) = encoding::decode(block.bytes);
                let (cells, flaws) =
                    csv::take_apart(text, &not_text, block.first_line, header.width, dialect);
                let rows = TextRows { cells, header: Some(&header) };
                let block = normalise(&rows, self.columns, &leaf, flaws)?;
                Ok((leaf, block))
            }
            Work::Ndjson(leaf, block) => {
                let (text, not_text) = encoding::decode(block.bytes);
                let (cells, flaws) =
                    ndjson::take_apart(text, &not_text, block.first_line, &self.columns.places);
                let rows = TextRows { cells, header: None };
                let block = normalise(&rows, self.columns, &leaf, flaws)?;
                Ok((leaf, block))
            }
            Work::Parquet(leaf, header, batch, first_row) => {
                let flaws = Flaws::none(batch.num_rows());
                let rows = ParquetRows { batch, header: &header, first_row };
                let block = normalise(&rows, self.columns, &leaf, flaws)?;
                Ok((leaf, block))
            }
        }
    }

    /// What is kept of a block to find duplicates and orphans, and to tell of it.
    fn parsed(&self, leaf: Arc<Leaf>, block: Block, rows: &RecordBatch) -> ParsedBlock {
        let count = self.columns.all.len();
        let columns = &rows.columns()[..count];
        let locations = rows.column(count + 1).as_primitive::<UInt64Type>();
        let pick = |places: &[usize]| -> Vec<&ArrayRef> {
            places.iter().map(|place| &columns[*place]).collect()
        };
        let mut scratch = Vec::new();
        let key = Encoder::new(pick(&self.columns.primary_key));
        let all = Encoder::new(columns);
        let keys = locations.values().iter().enumerate().map(|(row, location)| {
            let key = key.fingerprint(row, &mut scratch);
            key_entry(key, *location, all.fingerprint(row, &mut scratch))
        });
        let keys = keys.collect();
        let pointers = self.references.iter().map(|wanted| {
            if wanted.from.is_empty() {
                return Vec::new();
            }
            let encoder = Encoder::new(pick(&wanted.from));
            let rows = locations.values().iter().enumerate();
            let entries = rows.filter_map(|(row, location)| {
                Some(reference_entry(encoder.reference(row, &mut scratch)?, *location))
            });
            entries.collect()
        });
        let pointers = pointers.collect();
        let targets =
            self.references.iter().map(|wanted| target_entries(pick(&wanted.to))).collect();
        ParsedBlock {
            leaf,
            rows_read: block.rows_read,
            rows_rejected: block.rows_rejected,
            flaws: block.flaws,
            nulls: block.batch.columns()[..count]
                .iter()
                .map(|column| column.null_count() as u64)
                .collect(),
            renamed: block.renamed,
            successor_missing: block.successor_missing,
            disorder: disorder(self.columns, &block.batch),
            periods: block.periods,
            keys,
            pointers,
            targets,
        }
    }
}

/// For each pair of `quality.order`, the rows in which the later is before the earlier.
fn disorder(columns: &Columns, rows: &RecordBatch) -> Vec<u64> {
    let pairs = columns.order.iter().map(|(earlier, later)| {
        let (earlier, later) = (rows.column(*earlier), rows.column(*later));
        let is_wrong = arrow::compute::kernels::cmp::lt(later, earlier);
        is_wrong.map_or(0, |is_wrong| is_wrong.true_count() as u64)
    });
    pairs.collect()
}

/// Rows of a text source.
struct TextRows<'a> {
    cells: Cells,
    /// Where the columns are; nothing where they are in the codebook's order.
    header: Option<&'a Header>,
}

impl SourceRows for TextRows<'_> {
    fn rows(&self) -> usize {
        self.cells.rows()
    }

    fn line(&self, row: usize) -> u64 {
        self.cells.lines()[row]
    }

    fn convert(
        &self,
        place: usize,
        conversion: &Conversion<'_>,
        flaws: &mut Flaws,
    ) -> Result<Option<Converted>, Fault> {
        let place = match self.header {
            Some(header) => header.places[place],
            None => Some(place),
        };
        let Some(place) = place else { return Ok(None) };
        let column = self.cells.column(place);
        debug_assert_eq!(column.rows(), self.rows());
        conversion.cells(&column, flaws).map(Some)
    }
}

/// Rows of a Parquet source.
struct ParquetRows<'a> {
    batch: RecordBatch,
    header: &'a Header,
    first_row: u64,
}

impl SourceRows for ParquetRows<'_> {
    fn rows(&self) -> usize {
        self.batch.num_rows()
    }

    fn line(&self, row: usize) -> u64 {
        self.first_row + row as u64
    }

    fn convert(
        &self,
        place: usize,
        conversion: &Conversion<'_>,
        flaws: &mut Flaws,
    ) -> Result<Option<Converted>, Fault> {
        let Some(place) = self.header.places[place] else { return Ok(None) };
        parquet::convert(conversion, self.batch.column(place), flaws).map(Some)
    }
}
