//! What a file says about its columns beside Parquet's own statistics.
//!
//! Null counts of lists and sketches of distinct values have no place in a Parquet footer that
//! every query reads; they lie between the last row group and the footer, which names where.
//!
//! # Shape
//! The footer's key `reading_room.summary` holds `<offset>+<length>`. There lies zstd-compressed
//! JSON: `{"columns": [{"null_count": 0, "sketch": "<base64>"}]}`, in the file's column order.

use std::io::{Read as _, Write};

use data_encoding::BASE64;
use parquet::errors::ParquetError;
use parquet::file::metadata::{KeyValue, ParquetMetaData};
use parquet::file::reader::ChunkReader as _;
use parquet::file::writer::SerializedFileWriter;
use serde::{Deserialize, Serialize};

use crate::failure::Fault;
use crate::sketch::Sketch;
use crate::source::section::Section;

/// The footer's key that says where a summary lies.
const KEY: &str = "reading_room.summary";

/// The most that a summary may be: 4096 columns with full registers, in base64.
const BYTES_MAX: u64 = 16 * 1024 * 1024;

/// What is known of one column of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ColumnFacts {
    /// Rows that lack it.
    pub(crate) null_count: u64,
    /// Its different values.
    pub(crate) sketch: Sketch,
}

/// A summary as it is written.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Summary {
    columns: Vec<WrittenFacts>,
}

/// What is known of one column, as it is written.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct WrittenFacts {
    null_count: u64,
    sketch: String,
}

impl WrittenFacts {
    /// Writes what is known.
    pub(crate) fn of(facts: &ColumnFacts) -> Self {
        let sketch = BASE64.encode(&facts.sketch.to_bytes());
        Self { null_count: facts.null_count, sketch }
    }

    /// Reads what is known, if it is sound.
    pub(crate) fn read(&self) -> Option<ColumnFacts> {
        let bytes = BASE64.decode(self.sketch.as_bytes()).ok()?;
        Some(ColumnFacts { null_count: self.null_count, sketch: Sketch::from_bytes(&bytes)? })
    }
}

impl Summary {
    /// Writes a file's summary behind its last row group.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn write<W: Write + Send>(
        facts: &[ColumnFacts],
        writer: &mut SerializedFileWriter<W>,
    ) -> Result<(), Fault> {
        let summary = Self { columns: facts.iter().map(WrittenFacts::of).collect() };
        let json = serde_json::to_vec(&summary).expect("invariant: numbers and texts are JSON");
        let bytes = zstd::bulk::compress(&json, 0).map_err(Fault::Scratch)?;
        let place = format!("{}+{}", writer.bytes_written(), bytes.len());
        writer.write_all(&bytes).map_err(Fault::Scratch)?;
        writer.append_key_value_metadata(KeyValue::new(KEY.to_owned(), place));
        Ok(())
    }

    /// Reads the summary of a published file.
    ///
    /// # Errors
    /// When the file has none that can be read.
    pub(crate) fn read(
        metadata: &ParquetMetaData,
        file: &Section,
    ) -> Result<Vec<ColumnFacts>, Fault> {
        let unsound =
            || Fault::Published(ParquetError::General("the file has no sound summary".to_owned()));
        let entries = metadata.file_metadata().key_value_metadata();
        let entry = entries.and_then(|entries| entries.iter().find(|entry| entry.key == KEY));
        let place = entry.and_then(|entry| entry.value.as_deref()).ok_or_else(unsound)?;
        let (offset, length) = place.split_once('+').ok_or_else(unsound)?;
        let offset = offset.parse().map_err(|_| unsound())?;
        let length = length.parse().map_err(|_| unsound())?;
        let bytes = file.get_bytes(offset, length).map_err(Fault::Published)?;
        let mut json = Vec::new();
        let decoder = zstd::Decoder::new(bytes.as_ref()).map_err(Fault::Scratch)?;
        decoder.take(BYTES_MAX).read_to_end(&mut json).map_err(|_| unsound())?;
        let summary: Self = serde_json::from_slice(&json).map_err(|_| unsound())?;
        let facts = summary.columns.iter().map(WrittenFacts::read);
        facts.collect::<Option<Vec<_>>>().ok_or_else(unsound)
    }
}
