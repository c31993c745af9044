//! Reads a delivery back, whatever its formats, as rows of JSON values.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use arrow::json::LineDelimitedWriter;
use domain::Timestamp;
use flate2::read::GzDecoder;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Map, Value};
use tempfile::TempDir;

use super::village;
use crate::EditionReport;
use crate::deliver::deliver;

/// One row; what is missing is not in it.
pub(super) type Row = Map<String, Value>;

/// A village as it was written, dataset by dataset.
pub(super) struct Delivered(BTreeMap<String, Vec<Row>>);

impl Delivered {
    /// The village that a seed gives, as its newest edition shows it.
    pub(super) fn village(seed: u64) -> Self {
        let [_, newest] = Self::editions(seed);
        newest
    }

    /// Both editions of the village that a seed gives, the older first.
    pub(super) fn editions(seed: u64) -> [Self; 2] {
        Self::with_truths(seed).0
    }

    /// The same, and what is true of it.
    pub(super) fn with_truths(seed: u64) -> ([Self; 2], Value) {
        let folder = TempDir::new().unwrap();
        let report = deliver(&village(seed), folder.path(), &mut |_| ()).unwrap();
        let truths = serde_json::from_slice(&std::fs::read(&report.truths).unwrap()).unwrap();
        let editions: Vec<_> = report.editions.into_iter().map(Self::read).collect();
        (editions.try_into().unwrap_or_else(|_| panic!("a world has two editions")), truths)
    }

    fn read(edition: EditionReport) -> Self {
        let mut datasets = BTreeMap::new();
        for delivery in edition.deliveries {
            let rows: Vec<_> = delivery.files.iter().flat_map(|file| rows(file)).collect();
            assert_eq!(rows.len() as u64, delivery.rows, "{}", delivery.dataset);
            datasets.insert(delivery.dataset.to_string(), rows);
        }
        Self(datasets)
    }

    /// The rows of a dataset.
    pub(super) fn rows(&self, dataset: &str) -> &[Row] {
        &self.0[dataset]
    }

    /// How often each combination of values of some columns occurs; rows that lack one are left out.
    pub(super) fn keys(&self, dataset: &str, columns: &[String]) -> BTreeMap<Vec<String>, usize> {
        let mut keys = BTreeMap::new();
        for row in self.rows(dataset) {
            if let Some(key) = key(row, columns) {
                *keys.entry(key).or_default() += 1;
            }
        }
        keys
    }

    /// The rows of a dataset by a column that tells them apart.
    pub(super) fn by<'a>(&'a self, dataset: &str, column: &str) -> BTreeMap<&'a str, &'a Row> {
        let rows = self.rows(dataset);
        let by: BTreeMap<_, _> =
            rows.iter().filter_map(|row| Some((text(row, column)?, row))).collect();
        assert_eq!(by.len(), rows.iter().filter(|row| row.contains_key(column)).count());
        by
    }
}

/// The values of some columns as text, if none is missing.
pub(super) fn key(row: &Row, columns: &[String]) -> Option<Vec<String>> {
    let value = |column: &String| match row.get(column)? {
        Value::String(text) => Some(text.clone()),
        other @ (Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::Array(_)
        | Value::Object(_)) => Some(other.to_string()),
    };
    columns.iter().map(value).collect()
}

/// A cell's text, if there is one.
pub(super) fn text<'a>(row: &'a Row, column: &str) -> Option<&'a str> {
    row.get(column).and_then(Value::as_str)
}

/// A cell's whole number; zero where there is none.
pub(super) fn number(row: &Row, column: &str) -> i64 {
    match row.get(column) {
        Some(Value::String(text)) => text.parse().unwrap(),
        Some(value) => value.as_i64().unwrap(),
        None => 0,
    }
}

/// A cell's moment, if there is one; a day is its first.
pub(super) fn moment(row: &Row, column: &str) -> Option<Timestamp> {
    let text = text(row, column)?;
    let text = match text.len() {
        10 => format!("{text}T00:00:00Z"),
        19 => format!("{}Z", text.replace(' ', "T")),
        _ => text.to_owned(),
    };
    Some(Timestamp::parse(&text).unwrap_or_else(|_| panic!("{column}: {text}")))
}

/// The rows of one file.
fn rows(path: &Path) -> Vec<Row> {
    let name = path.file_name().unwrap().to_str().unwrap().to_owned();
    let file = File::open(path).unwrap();
    if name.ends_with(".parquet") {
        return parquet_rows(file);
    }
    let reader: Box<dyn Read> =
        if name.ends_with(".gz") { Box::new(GzDecoder::new(file)) } else { Box::new(file) };
    if name.contains(".csv") { csv_rows(reader) } else { ndjson_rows(BufReader::new(reader)) }
}

fn csv_rows(reader: Box<dyn Read>) -> Vec<Row> {
    let mut reader = csv::Reader::from_reader(reader);
    let header = reader.headers().unwrap().clone();
    let row = |record: csv::StringRecord| {
        let cells = header.iter().zip(&record).filter(|(_, cell)| !cell.is_empty());
        cells.map(|(name, cell)| (name.to_owned(), cell.into())).collect()
    };
    reader.records().map(|record| row(record.unwrap())).collect()
}

fn ndjson_rows(reader: impl BufRead) -> Vec<Row> {
    let row = |line: String| {
        let row: Row = serde_json::from_str(&line).unwrap();
        row.into_iter().filter(|(_, value)| !value.is_null()).collect()
    };
    reader.lines().map(|line| row(line.unwrap())).collect()
}

fn parquet_rows(file: File) -> Vec<Row> {
    let batches = ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap();
    let mut json = LineDelimitedWriter::new(Vec::new());
    for batch in batches {
        json.write(&batch.unwrap()).unwrap();
    }
    json.finish().unwrap();
    ndjson_rows(json.into_inner().as_slice())
}
