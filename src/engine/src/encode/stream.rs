//! An Arrow stream.

use arrow::ipc::writer::StreamWriter;
use arrow::record_batch::RecordBatch;

use super::{EncodeError, Encoder, End, Shape};

/// What ends a stream: the continuation marker and a length of zero.
const END_BYTES_MAX: usize = 8;

/// The encoder.
pub(super) struct Stream {
    writer: StreamWriter<Vec<u8>>,
}

impl Stream {
    /// An encoder of an answer.
    ///
    /// # Errors
    /// A schema that Arrow cannot write.
    pub(super) fn new(shape: &Shape) -> Result<Self, EncodeError> {
        // The schema is written at once, and taken by `begin`.
        Ok(Self { writer: StreamWriter::try_new(Vec::new(), shape.schema())? })
    }

    fn take(&mut self, out: &mut Vec<u8>) {
        out.append(self.writer.get_mut());
    }
}

impl Encoder for Stream {
    fn begin(&mut self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.take(out);
        Ok(())
    }

    fn rows(&mut self, batch: &RecordBatch, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.writer.write(batch)?;
        self.take(out);
        Ok(())
    }

    fn end(&mut self, _end: End, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.writer.finish()?;
        self.take(out);
        Ok(())
    }

    fn measure(&mut self, batch: &RecordBatch) -> Result<usize, EncodeError> {
        // A message holds nothing of those before it, so it can be written and thrown away.
        self.writer.write(batch)?;
        Ok(std::mem::take(self.writer.get_mut()).len())
    }

    fn end_bytes_max(&self) -> usize {
        END_BYTES_MAX
    }
}
