//! A Parquet file.

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};

use super::{EncodeError, Encoder, End, Shape};

/// Rows of a row group: they wait in memory, compressed, until the group is whole.
const ROW_GROUP_ROWS: usize = 128 * 1024;

/// The encoder.
pub(super) struct File {
    schema: SchemaRef,
    writer: Option<ArrowWriter<Vec<u8>>>,
}

impl File {
    /// An encoder of an answer.
    ///
    /// # Errors
    /// A schema that Parquet cannot write.
    pub(super) fn new(shape: &Shape) -> Result<Self, EncodeError> {
        let schema = SchemaRef::clone(shape.schema());
        let writer = Some(Self::writer(&schema)?);
        Ok(Self { schema, writer })
    }

    fn writer(schema: &SchemaRef) -> Result<ArrowWriter<Vec<u8>>, EncodeError> {
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_created_by("readingroom".to_owned())
            .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .build();
        Ok(ArrowWriter::try_new(Vec::new(), SchemaRef::clone(schema), Some(properties))?)
    }
}

impl Encoder for File {
    fn begin(&mut self, _out: &mut Vec<u8>) -> Result<(), EncodeError> {
        Ok(())
    }

    fn rows(&mut self, batch: &RecordBatch, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        if let Some(writer) = &mut self.writer {
            writer.write(batch)?;
            out.append(writer.inner_mut());
        }
        Ok(())
    }

    fn end(&mut self, _end: End, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        if let Some(writer) = self.writer.take() {
            out.append(&mut writer.into_inner()?);
        }
        Ok(())
    }

    /// A file of these rows alone, which is more than they add to this one.
    fn measure(&mut self, batch: &RecordBatch) -> Result<usize, EncodeError> {
        let mut writer = Self::writer(&self.schema)?;
        writer.write(batch)?;
        Ok(writer.into_inner()?.len())
    }

    /// The footer: a little, and a description of the columns.
    fn end_bytes_max(&self) -> usize {
        4 * 1024 + 1024 * self.schema.fields().len()
    }

    /// The estimate of the row group that is not whole, and an eighth for what it leaves out.
    fn waiting_bytes(&self) -> usize {
        let waiting = self.writer.as_ref().map_or(0, ArrowWriter::in_progress_size);
        waiting + waiting / 8
    }
}
