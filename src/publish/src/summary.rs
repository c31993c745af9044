//! What a snapshot says of its columns, over its new and its kept files.
//!
//! # Invariant
//! No row is read for it: footers and the files' own summaries are enough. Files that come in
//! shares, one worker after the other, give what they give together.
//!
//! # Rooms
//! - [`bounds`]: the smallest and largest value of a column.

mod bounds;

use std::fs::File;

use domain::codebook::Field;
use domain::manifest::ColumnSummary;
use domain::task::{ColumnsTask, ColumnsTold};
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};
use serde::{Deserialize, Serialize};

use crate::columns::Columns;
use crate::failure::Fault;
use crate::layout::file::WrittenFile;
use crate::layout::properties::leaf_path;
use crate::layout::summary::{ColumnFacts, Summary, WrittenFacts};
use crate::published::Published;
use crate::source;
use bounds::Bounds;

/// One file's part: what Parquet says of it, and what its summary does, by column name.
struct Part<'a> {
    metadata: &'a ParquetMetaData,
    facts: Vec<(String, ColumnFacts)>,
}

/// What is known of one column over some files.
#[derive(Default)]
struct Known {
    facts: ColumnFacts,
    bytes: u64,
    bounds: Bounds,
}

/// The same as it goes from one worker to the next.
#[derive(Serialize, Deserialize)]
struct WrittenKnown {
    facts: WrittenFacts,
    bytes: u64,
    bounds: Bounds,
}

/// The columns over all files.
///
/// # Errors
/// When a kept file has no sound summary.
pub(crate) fn columns(
    columns: &Columns,
    written: &[WrittenFile],
    kept: &[Published],
) -> Result<Vec<ColumnSummary>, Fault> {
    let mut known = nothing(columns);
    for file in written {
        let names = columns.all.iter().map(|column| column.field.name.as_str().to_owned());
        let facts = names.zip(file.facts.iter().cloned()).collect();
        add(&mut known, columns, &Part { metadata: &file.metadata, facts });
    }
    for file in kept {
        add(&mut known, columns, &part(file)?);
    }
    Ok(told(&known, columns))
}

/// The columns over a share of files and the shares before.
///
/// # Errors
/// When a file has no sound summary, or what was said of the shares before is of other columns.
pub(crate) fn share(task: &ColumnsTask, files: Vec<File>) -> Result<ColumnsTold, Fault> {
    let columns = Columns::new(task.codebook.clone())?;
    let mut known = match &task.so_far {
        Some(so_far) => read(so_far, &columns).ok_or(Fault::SoFar)?,
        None => nothing(&columns),
    };
    for section in source::sections(files, task.files.iter().map(|file| file.bytes))? {
        add(&mut known, &columns, &part(&Published::open(section)?)?);
    }
    let told = told(&known, &columns);
    let written: Vec<WrittenKnown> = known.into_iter().map(WrittenKnown::of).collect();
    let so_far = serde_json::to_value(written).map_err(|_| Fault::SoFar)?;
    Ok(ColumnsTold { columns: told, so_far })
}

/// What is known before any file was looked at.
fn nothing(columns: &Columns) -> Vec<Known> {
    columns.all.iter().map(|_| Known::default()).collect()
}

/// What is known of the shares before.
fn read(so_far: &serde_json::Value, columns: &Columns) -> Option<Vec<Known>> {
    let written = Vec::<WrittenKnown>::deserialize(so_far).ok()?;
    let known = written.into_iter().map(WrittenKnown::read).collect::<Option<Vec<_>>>()?;
    (known.len() == columns.all.len()).then_some(known)
}

/// The part of a published file.
fn part(file: &Published) -> Result<Part<'_>, Fault> {
    let schema = file.metadata().file_metadata().schema();
    let names = schema.get_fields().iter().map(|field| field.name().to_owned());
    let facts = Summary::read(file.metadata(), file.section())?;
    Ok(Part { metadata: file.metadata(), facts: names.zip(facts).collect() })
}

/// Adds a file's part to what is known of each column.
fn add(known: &mut [Known], columns: &Columns, part: &Part<'_>) {
    for (known, column) in known.iter_mut().zip(&columns.all) {
        known.add(part, &column.field, columns.codebook.shows_bounds(&column.field));
    }
}

/// What is told of each column.
fn told(known: &[Known], columns: &Columns) -> Vec<ColumnSummary> {
    let fields = columns.all.iter().map(|column| &column.field);
    known.iter().zip(fields).map(|(known, field)| known.told(field)).collect()
}

impl Known {
    /// Adds a file's part.
    fn add(&mut self, part: &Part<'_>, field: &Field, shows_bounds: bool) {
        let name = field.name.as_str();
        match part.facts.iter().find(|(own, _)| own == name) {
            Some((_, own)) => {
                self.facts.null_count += own.null_count;
                self.facts.sketch.merge(&own.sketch);
            }
            // A file of an earlier schema version: every row of it lacks the column.
            None => {
                let rows = part.metadata.file_metadata().num_rows();
                self.facts.null_count += u64::try_from(rows).unwrap_or_default();
            }
        }
        for group in part.metadata.row_groups() {
            self.bytes += chunk_bytes(group, field);
            if shows_bounds {
                self.bounds.add(group, field);
            }
        }
    }

    /// What is told of the column.
    fn told(&self, field: &Field) -> ColumnSummary {
        let (min, max) = self.bounds.shown(field.field_type).unzip();
        ColumnSummary {
            name: field.name.clone(),
            field_type: field.field_type,
            bytes: self.bytes,
            null_count: self.facts.null_count,
            distinct_estimate: self.facts.sketch.estimate(),
            min,
            max,
        }
    }
}

impl WrittenKnown {
    fn of(known: Known) -> Self {
        let Known { facts, bytes, bounds } = known;
        Self { facts: WrittenFacts::of(&facts), bytes, bounds }
    }

    fn read(self) -> Option<Known> {
        let Self { facts, bytes, bounds } = self;
        Some(Known { facts: facts.read()?, bytes, bounds })
    }
}

/// The compressed bytes of a column in a row group.
fn chunk_bytes(group: &RowGroupMetaData, field: &Field) -> u64 {
    let path = leaf_path(field);
    let chunks = group.columns().iter().filter(|chunk| chunk.column_path() == &path);
    chunks.map(|chunk| u64::try_from(chunk.compressed_size()).unwrap_or_default()).sum()
}
