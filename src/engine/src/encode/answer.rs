//! The limits of an answer, and its way to the sink.
//!
//! # Invariant
//! No more rows than allowed, and no more bytes, ever reach the sink; and an answer that was cut
//! says so, and is whole in its form.

use arrow::record_batch::RecordBatch;
use domain::Limits;
use domain::limits::LimitName;
use domain::question::OnLimit;

use super::{EncodeError, Encoder, End, Shape, Sink};

/// How much is gathered before the sink takes it.
const BUFFER_BYTES: usize = 256 * 1024;

/// How much longer a value may be as text than it is in memory: a control character has six
/// characters in JSON.
const TEXT_GROWTH: usize = 6;

/// How much a value of a fixed width may take as text, its separators included.
const VALUE_BYTES_MAX: usize = 96;

/// Whether more rows are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    /// More rows are wanted.
    More,
    /// The answer is cut here.
    Full,
}

/// An answer on its way out.
pub(crate) struct Answer<'a> {
    encoder: Box<dyn Encoder>,
    sink: &'a mut dyn Sink,
    buffer: Vec<u8>,
    row_bytes_max: usize,
    rows_max: u64,
    bytes_max: u64,
    on_limit: OnLimit,
    rows: u64,
    /// Bytes that left or are in the buffer.
    bytes: u64,
    is_truncated: bool,
}

impl<'a> Answer<'a> {
    /// Begins an answer.
    ///
    /// # Errors
    /// A beginning over the limit, or a sink that takes nothing.
    pub(crate) fn begin(
        shape: &Shape,
        encoder: Box<dyn Encoder>,
        limits: &Limits,
        on_limit: OnLimit,
        sink: &'a mut dyn Sink,
    ) -> Result<Self, EncodeError> {
        let names: usize = shape.columns().iter().map(|column| column.name.len()).sum();
        let mut answer = Self {
            encoder,
            sink,
            buffer: Vec::with_capacity(BUFFER_BYTES),
            row_bytes_max: TEXT_GROWTH * names + VALUE_BYTES_MAX * (1 + shape.columns().len()),
            rows_max: limits.rows,
            bytes_max: limits.bytes,
            on_limit,
            rows: 0,
            bytes: 0,
            is_truncated: false,
        };
        answer.encoder.begin(&mut answer.buffer)?;
        answer.bytes = length(answer.buffer.len());
        answer.check_bytes()?;
        Ok(answer)
    }

    /// Takes rows, as [`Shape::fit`] gives them; gives back those that are in the answer.
    ///
    /// # Errors
    /// A limit, where the answer may not be cut; values without a form; a sink that takes nothing.
    pub(crate) fn push(&mut self, batch: &RecordBatch) -> Result<(RecordBatch, Flow), EncodeError> {
        let left = self.rows_max - self.rows;
        let fits = usize::try_from(left).unwrap_or(usize::MAX);
        let mut taken = batch.clone();
        if fits < batch.num_rows() {
            self.cut(LimitName::Rows)?;
            taken = batch.slice(0, fits);
        }
        if self.on_limit == OnLimit::Truncate {
            taken = self.within_bytes(taken)?;
        }
        if 0 < taken.num_rows() {
            self.encode(&taken)?;
        }
        let flow = if self.is_truncated { Flow::Full } else { Flow::More };
        Ok((taken, flow))
    }

    /// Ends the answer; gives its rows and whether it was cut.
    ///
    /// # Errors
    /// As [`Answer::push`].
    pub(crate) fn finish(mut self) -> Result<(u64, bool), EncodeError> {
        let end = End { rows: self.rows, is_truncated: self.is_truncated };
        let before = self.buffer.len();
        self.encoder.end(end, &mut self.buffer)?;
        self.bytes += length(self.buffer.len() - before);
        self.check_bytes()?;
        self.flush()?;
        Ok((self.rows, self.is_truncated))
    }

    fn encode(&mut self, batch: &RecordBatch) -> Result<(), EncodeError> {
        let before = self.buffer.len();
        self.encoder.rows(batch, &mut self.buffer)?;
        self.rows += length(batch.num_rows());
        self.bytes += length(self.buffer.len() - before);
        self.check_bytes()?;
        if BUFFER_BYTES <= self.buffer.len() {
            self.flush()?;
        }
        Ok(())
    }

    fn check_bytes(&self) -> Result<(), EncodeError> {
        if self.bytes_max < self.bytes {
            return Err(EncodeError::Limit(LimitName::Bytes));
        }
        Ok(())
    }

    /// The first rows that leave room for the answer's end.
    fn within_bytes(&mut self, batch: RecordBatch) -> Result<RecordBatch, EncodeError> {
        let ahead = self.encoder.end_bytes_max() + self.encoder.waiting_bytes();
        let room = self.bytes_max.saturating_sub(self.bytes).saturating_sub(length(ahead));
        let at_most = TEXT_GROWTH * batch.get_array_memory_size()
            + self.row_bytes_max * (1 + batch.num_rows());
        if length(at_most) <= room {
            return Ok(batch);
        }
        if length(self.encoder.measure(&batch)?) <= room {
            return Ok(batch);
        }
        self.cut(LimitName::Bytes)?;
        let (mut fits, mut exceeds) = (0, batch.num_rows());
        while fits + 1 < exceeds {
            let half = fits.midpoint(exceeds);
            if length(self.encoder.measure(&batch.slice(0, half))?) <= room {
                fits = half;
            } else {
                exceeds = half;
            }
        }
        Ok(batch.slice(0, fits))
    }

    fn cut(&mut self, limit: LimitName) -> Result<(), EncodeError> {
        match self.on_limit {
            OnLimit::Stop => Err(EncodeError::Limit(limit)),
            OnLimit::Truncate => {
                self.is_truncated = true;
                Ok(())
            }
        }
    }

    fn flush(&mut self) -> Result<(), EncodeError> {
        if !self.buffer.is_empty() {
            self.sink.write(&self.buffer)?;
            self.buffer.clear();
        }
        Ok(())
    }
}

fn length(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
