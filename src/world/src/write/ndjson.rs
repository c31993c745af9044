//! NDJSON: one object per line, keys in the order of the columns.

use std::io::{self, Write};
use std::path::Path;

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::{Sink, Table};
use crate::record::{Cell, Column};
use crate::write::csv::decimal;

/// An NDJSON file.
pub(crate) struct NdjsonTable {
    sink: Sink,
    columns: &'static [Column],
}

impl Table for NdjsonTable {
    fn create(path: &Path, columns: &'static [Column]) -> io::Result<Self> {
        Ok(Self { sink: Sink::create(path)?, columns })
    }

    fn write(&mut self, cells: &[Cell<'_>]) -> io::Result<()> {
        let line = Line { columns: self.columns, cells };
        serde_json::to_writer(&mut self.sink, &line)?;
        self.sink.write_all(b"\n")
    }

    fn finish(self) -> io::Result<()> {
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
            Cell::Date(day) => serializer.collect_str(day),
            Cell::Moment(moment) => serializer.collect_str(moment),
            Cell::Texts(texts) => texts.serialize(serializer),
        }
    }
}
