//! NDJSON: one object a line, with every column in order.

use arrow::record_batch::RecordBatch;

use super::column::Column;
use super::{EncodeError, Encoder, End, Shape, text};

/// The encoder.
pub(super) struct Lines {
    /// What stands before each value: `{"a":`, `,"b":`.
    names: Vec<Vec<u8>>,
}

impl Lines {
    /// An encoder of an answer.
    pub(super) fn new(shape: &Shape) -> Self {
        let names = shape.columns().iter().enumerate().map(|(index, column)| {
            let mut name = vec![if index == 0 { b'{' } else { b',' }];
            // A name is a text, which has a JSON form.
            let _ = text::json(&column.name, &mut name);
            name.push(b':');
            name
        });
        Self { names: names.collect() }
    }
}

impl Encoder for Lines {
    fn begin(&mut self, _out: &mut Vec<u8>) -> Result<(), EncodeError> {
        Ok(())
    }

    fn rows(&mut self, batch: &RecordBatch, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let columns = Column::all(batch)?;
        for row in 0..batch.num_rows() {
            for (name, column) in self.names.iter().zip(&columns) {
                out.extend_from_slice(name);
                column.json(row, out)?;
            }
            out.extend_from_slice(b"}\n");
        }
        Ok(())
    }

    fn end(&mut self, _end: End, _out: &mut Vec<u8>) -> Result<(), EncodeError> {
        Ok(())
    }

    fn measure(&mut self, batch: &RecordBatch) -> Result<usize, EncodeError> {
        let mut out = Vec::new();
        self.rows(batch, &mut out).map(|()| out.len())
    }

    fn end_bytes_max(&self) -> usize {
        0
    }
}
