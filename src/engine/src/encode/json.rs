//! JSON: one object with the columns and the rows.
//!
//! # Shape
//! `{"columns":[{"name":…,"type":…}],"rows":[[…]],"row_count":n,"truncated":false,"notices":[…]}`

use arrow::record_batch::RecordBatch;
use domain::Notice;
use domain::verdict::AnswerColumn;

use super::column::Column;
use super::{EncodeError, Encoder, End, Shape, text};

/// What stands behind the rows, with the largest count, but for the notices.
const END_BYTES_MAX: usize =
    "],\"row_count\":18446744073709551615,\"truncated\":false,\"notices\":}".len();

/// The encoder.
pub(super) struct Json {
    columns: Vec<AnswerColumn>,
    /// What stands behind the rows, as JSON.
    notices: Vec<u8>,
    is_first: bool,
}

impl Json {
    /// An encoder of an answer.
    ///
    /// # Errors
    /// Never for notices, which are plain data.
    pub(super) fn new(shape: &Shape, notices: &[Notice]) -> Result<Self, EncodeError> {
        let mut told = Vec::new();
        text::json(notices, &mut told)?;
        Ok(Self { columns: shape.columns().to_vec(), notices: told, is_first: true })
    }
}

impl Encoder for Json {
    fn begin(&mut self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        out.extend_from_slice(b"{\"columns\":");
        text::json(&self.columns, out)?;
        out.extend_from_slice(b",\"rows\":[");
        Ok(())
    }

    fn rows(&mut self, batch: &RecordBatch, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let columns = Column::all(batch)?;
        for row in 0..batch.num_rows() {
            if !self.is_first {
                out.push(b',');
            }
            self.is_first = false;
            out.push(b'[');
            for (index, column) in columns.iter().enumerate() {
                if 0 < index {
                    out.push(b',');
                }
                column.json(row, out)?;
            }
            out.push(b']');
        }
        Ok(())
    }

    fn end(&mut self, end: End, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        out.extend_from_slice(b"],\"row_count\":");
        text::json(&end.rows, out)?;
        out.extend_from_slice(b",\"truncated\":");
        text::json(&end.is_truncated, out)?;
        out.extend_from_slice(b",\"notices\":");
        out.extend_from_slice(&self.notices);
        out.push(b'}');
        Ok(())
    }

    fn measure(&mut self, batch: &RecordBatch) -> Result<usize, EncodeError> {
        let is_first = self.is_first;
        let mut out = Vec::new();
        let measured = self.rows(batch, &mut out);
        self.is_first = is_first;
        measured.map(|()| out.len())
    }

    fn end_bytes_max(&self) -> usize {
        END_BYTES_MAX + self.notices.len()
    }
}
