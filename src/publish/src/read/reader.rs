//! The thread that walks the sources: finds what each file of rows is, and hands out its rows.

use std::io::Read;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use arrow::record_batch::RecordBatch;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};

use super::header::Header;
use super::{Event, Work};
use crate::columns::Columns;
use crate::convert::values::days_of;
use crate::failure::{Halt, Unfit};
use crate::leaf::Leaf;
use crate::period::Periods;
use crate::rejects::shown;
use crate::rule::Rule;
use crate::sort::BATCH_ROWS;
use crate::source::budget::Budget;
use crate::source::name::RowFormat;
use crate::source::section::Section;
use crate::source::{Place, Reception, Rows};
use crate::text::blocks::{Block, Blocks, RecordEnd};
use crate::text::csv::{self, Dialect};
use crate::text::encoding;

/// The byte order mark of UTF-8, which some programs write in front.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Hands out the rows of files.
pub(crate) struct Reader<'a> {
    /// The codebook.
    pub(crate) columns: &'a Columns,
    /// The period that all rows are published for, where the steward said so.
    pub(crate) period: Option<i32>,
    /// What rows may grow to.
    pub(crate) budget: &'a Arc<Budget>,
    /// Where rows go.
    pub(crate) work: SyncSender<Work>,
    /// Where everything else goes.
    pub(crate) events: SyncSender<Event>,
    /// How many files of rows there were.
    pub(crate) leaves: u32,
}

impl Reception for Reader<'_> {
    fn rows(&mut self, place: &Place, rows: Rows<'_>) -> Result<(), Halt> {
        match rows {
            Rows::Text(RowFormat::Ndjson, stream) => self.ndjson(place, stream),
            Rows::Text(_, stream) => self.csv(place, stream),
            Rows::Parquet(section) => self.parquet(place, &section),
        }
    }

    fn unfit(&mut self, place: &Place, unfit: Unfit) {
        // Nobody listening means that the run is over.
        let _ = self.events.send(Event::Unfit(place.path.clone(), unfit));
    }
}

impl Reader<'_> {
    fn csv(&mut self, place: &Place, stream: &mut dyn Read) -> Result<(), Halt> {
        let dialect = if place.dump.is_some() { Dialect::Php } else { Dialect::Standard };
        let mut blocks = Blocks::new(stream, dialect.record_end());
        let Some(mut block) = first_block(&mut blocks)? else {
            let detail = "the file is empty; its first line should name the columns";
            return Err(Unfit::new(Rule::Header, detail).into());
        };
        let header = Arc::new(self.csv_header(&mut block)?);
        let leaf = self.leaf(place, header.missing.clone())?;
        let mut next = Some(block);
        while let Some(block) = next {
            let work = Work::Csv(Arc::clone(&leaf), Arc::clone(&header), dialect, block);
            self.hand_out(work)?;
            next = blocks.next()?;
        }
        Ok(())
    }

    /// Takes the header line off a first block.
    fn csv_header(&self, block: &mut Block) -> Result<Header, Unfit> {
        let end = header_end(&block.bytes);
        let rows = block.bytes.split_off(end);
        let line = std::mem::replace(&mut block.bytes, rows);
        block.first_line += memchr::memchr_iter(b'\n', &line).count() as u64;
        let (line, flaws) = encoding::decode(line);
        if let Some((_, why)) = flaws.first() {
            return Err(Unfit::new(Rule::Encoding, why.detail()).at_line(1));
        }
        let (names, _) = csv::header(&line)?;
        Header::find(&names, self.columns)
    }

    fn ndjson(&mut self, place: &Place, stream: &mut dyn Read) -> Result<(), Halt> {
        let leaf = self.leaf(place, Vec::new())?;
        let mut blocks = Blocks::new(stream, RecordEnd::Line);
        let mut next = first_block(&mut blocks)?;
        while let Some(block) = next {
            self.hand_out(Work::Ndjson(Arc::clone(&leaf), block))?;
            next = blocks.next()?;
        }
        Ok(())
    }

    fn parquet(&mut self, place: &Place, section: &Section) -> Result<(), Halt> {
        let unsound = |_| Unfit::new(Rule::Format, "it is not a sound Parquet file");
        // The Arrow schema that writers leave in the file is hearsay; the columns' own types count.
        let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
        let metadata = ArrowReaderMetadata::load(section, options).map_err(unsound)?;
        let claimed = self.plausible(&metadata)?;
        let header = Arc::new(Header::of_schema(metadata.schema(), self.columns)?);
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(section.clone(), metadata)
            .with_batch_size(BATCH_ROWS);
        let batches = builder.build().map_err(|_| damaged(1))?;
        let leaf = self.leaf(place, header.missing.clone())?;
        let mut first_row = 1;
        for batch in batches {
            let batch = batch.map_err(|_| damaged(first_row))?;
            self.count_memory(&batch)?;
            let rows = batch.num_rows() as u64;
            let work = Work::Parquet(Arc::clone(&leaf), Arc::clone(&header), batch, first_row);
            self.hand_out(work)?;
            first_row += rows;
        }
        if first_row - 1 == claimed { Ok(()) } else { Err(damaged(first_row).into()) }
    }

    /// How many rows a Parquet file says it has, if it can be believed.
    fn plausible(&self, metadata: &ArrowReaderMetadata) -> Result<u64, Unfit> {
        let metadata = metadata.metadata();
        let rows = u64::try_from(metadata.file_metadata().num_rows()).ok();
        let groups = metadata.row_groups();
        let sizes = groups.iter().flat_map(|group| group.columns()).map(|column| {
            let unpacked = u64::try_from(column.uncompressed_size());
            let packed = u64::try_from(column.compressed_size());
            unpacked.ok().filter(|_| packed.is_ok())
        });
        let unpacked = sizes.sum::<Option<u64>>();
        match (rows, unpacked) {
            (Some(rows), Some(_)) if self.budget.bytes_max / ROW_BYTES_MIN < rows => {
                let detail = format!(
                    "it says of itself that it has {rows} rows, and one publication may unpack to \
                     {} at most",
                    self.budget.bytes_max / ROW_BYTES_MIN
                );
                Err(Unfit::new(Rule::Size, detail))
            }
            (Some(rows), Some(unpacked)) if unpacked <= self.budget.bytes_max => Ok(rows),
            (Some(_), Some(_)) => {
                let detail = "it says of itself that it unpacks to more than one publication may";
                Err(Unfit::new(Rule::Size, detail))
            }
            _ => Err(Unfit::new(Rule::Format, "the sizes it gives in its footer make no sense")),
        }
    }

    /// Takes decoded rows out of the budget, since a few bytes can stand for many of them.
    fn count_memory(&self, batch: &RecordBatch) -> Result<(), Halt> {
        let bytes = batch.get_array_memory_size() as u64;
        let spent = |spent| Halt::unreadable(&std::io::Error::other(spent));
        self.budget.take(bytes).map_err(spent)
    }

    /// Registers a file of rows.
    fn leaf(&mut self, place: &Place, missing: Vec<usize>) -> Result<Arc<Leaf>, Halt> {
        let leaf = Arc::new(Leaf {
            number: self.leaves,
            source: place.source,
            path: place.path.clone(),
            period: self.period_of(place)?,
            version: place.dump.map(|dump| dump.version),
            missing,
        });
        self.leaves += 1;
        self.events.send(Event::Leaf(Arc::clone(&leaf))).map_err(|_| Halt::Stopped)?;
        Ok(leaf)
    }

    /// The period that a file's rows must lie in: what the steward said, and its name says.
    fn period_of(&self, place: &Place) -> Result<Option<i32>, Unfit> {
        let Some(unit) = self.columns.period_unit else { return Ok(None) };
        let mut periods = Periods::new(unit);
        let named = place.dump.and_then(|dump| periods.begin(days_of(dump.day)));
        match (self.period, named) {
            (Some(said), Some(named)) if said != named => {
                let (said, named) = (periods.name(said), periods.name(named));
                let detail =
                    format!("by its name it is of {named}, but it is published for {said}");
                Err(Unfit::new(Rule::Period, detail))
            }
            (said, named) => Ok(said.or(named)),
        }
    }

    fn hand_out(&self, work: Work) -> Result<(), Halt> {
        self.work.send(work).map_err(|_| Halt::Stopped)
    }
}

/// The least that a row takes in memory, in bytes: a run in a Parquet file can stand for many rows
/// at no cost, but each comes out with a key.
const ROW_BYTES_MIN: u64 = 8;

/// A Parquet file that cannot be read on from a row.
fn damaged(row: u64) -> Unfit {
    Unfit::new(Rule::Format, "it is damaged: its rows cannot be read from here on").at_line(row)
}

/// The first block of a text file, without a byte order mark.
fn first_block<R: Read>(blocks: &mut Blocks<R>) -> Result<Option<Block>, Halt> {
    let Some(mut block) = blocks.next()? else { return Ok(None) };
    if block.bytes.starts_with(b"\xff\xfe") || block.bytes.starts_with(b"\xfe\xff") {
        let detail = "it is UTF-16; deliver all text as UTF-8";
        return Err(Unfit::new(Rule::Encoding, detail).into());
    }
    if block.bytes.starts_with(BYTE_ORDER_MARK) {
        block.bytes.drain(..BYTE_ORDER_MARK.len());
    }
    Ok(Some(block))
}

/// Where the first line outside quotes ends.
fn header_end(bytes: &[u8]) -> usize {
    let mut quotes = 0;
    let mut start = 0;
    for end in memchr::memchr_iter(b'\n', bytes) {
        quotes += memchr::memchr_iter(b'"', &bytes[start..end]).count();
        if quotes % 2 == 0 {
            return end + 1;
        }
        start = end;
    }
    bytes.len()
}

/// What is wrong with a period that a steward named.
pub(crate) fn unknown_period(period: &str, form: &str) -> Unfit {
    let detail = format!("{} is no period; one is written {form}", shown(period));
    Unfit::new(Rule::Period, detail)
}
