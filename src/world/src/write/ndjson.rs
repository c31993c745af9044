//! NDJSON: one object per line, keys in the order of the columns.

use std::io::{self, Write};

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::{RowFile, Sink};
use crate::record::{Cell, Column};
use crate::write::csv::decimal;

/// An NDJSON file.
pub(crate) struct NdjsonFile {
    sink: Sink,
    columns: &'static [Column],
}

impl NdjsonFile {
    /// Begins a file.
    pub(crate) fn begin(sink: Sink, columns: &'static [Column]) -> Self {
        Self { sink, columns }
    }
}

impl RowFile for NdjsonFile {
    fn write(&mut self, cells: &[Cell<'_>]) -> io::Result<()> {
        let line = Line { columns: self.columns, cells };
        serde_json::to_writer(&mut self.sink, &line)?;
        self.sink.write_all(b"\n")
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        self.sink.finish()
    }
}

/// One row as an object.
struct Line<'a> {
    columns: &'static [Column],
    cells: &'a [Cell<'a>],
}

impl Serialize for Line<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(Some(self.cells.len()))?;
        for ((name, _), cell) in self.columns.iter().zip(self.cells) {
            object.serialize_entry(name, cell)?;
        }
        object.end()
    }
}

impl Serialize for Cell<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Cell::Null => serializer.serialize_none(),
            Cell::Text(text) => serializer.serialize_str(text),
            Cell::Integer(number) => serializer.serialize_i64(*number),
            Cell::Boolean(fact) => serializer.serialize_bool(*fact),
            // As text: a JSON number would pass through binary fractions on its way.
            Cell::Decimal(amount) => serializer.serialize_str(&decimal(*amount)),
            Cell::Number(number) => serializer.serialize_f64(number.as_f64()),
            Cell::Date(day) => serializer.collect_str(day),
            Cell::Moment(moment) => serializer.collect_str(moment),
            Cell::Texts(texts) => texts.serialize(serializer),
        }
    }
}
