//! CSV with a header line.
//!
//! # Source
//! RFC 4180: lines end in CR LF, quotes are doubled.

use arrow::record_batch::RecordBatch;

use super::column::{Column, csv_text};
use super::{EncodeError, Encoder, End, Shape};

/// The encoder.
pub(super) struct Table {
    header: Vec<u8>,
}

impl Table {
    /// An encoder of an answer.
    pub(super) fn new(shape: &Shape) -> Self {
        let mut header = Vec::new();
        for (index, column) in shape.columns().iter().enumerate() {
            if 0 < index {
                header.push(b',');
            }
            csv_text(column.name.as_bytes(), &mut header);
        }
        header.extend_from_slice(b"\r\n");
        Self { header }
    }
}

impl Encoder for Table {
    fn begin(&mut self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        out.extend_from_slice(&self.header);
        Ok(())
    }

    fn rows(&mut self, batch: &RecordBatch, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let columns = Column::all(batch)?;
        for row in 0..batch.num_rows() {
            for (index, column) in columns.iter().enumerate() {
                if 0 < index {
                    out.push(b',');
                }
                column.csv(row, out)?;
            }
            out.extend_from_slice(b"\r\n");
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
