//! A snapshot to compare, read as its readers see it.

use domain::ColumnName;
use domain::redaction::RedactionCounts;
use domain::task::SeenSnapshot;

use arrow::record_batch::RecordBatch;

use crate::columns::Columns;
use crate::failure::Fault;
use crate::published::{self, Published};
use crate::redacted::Redactions;
use crate::source::section::Section;

/// A snapshot's files, with what the law takes out of them.
pub(super) struct Seen<'a> {
    /// Its columns.
    pub(super) columns: Columns,
    /// Its files.
    pub(super) files: Vec<Published>,
    redactions: Option<Redactions<'a>>,
}

impl<'a> Seen<'a> {
    /// Opens a snapshot; takes its share of the sections.
    ///
    /// # Errors
    /// When a file, or the list of keys, cannot be read.
    pub(super) fn open(
        told: &'a SeenSnapshot,
        sections: &mut impl Iterator<Item = Section>,
    ) -> Result<Self, Fault> {
        let files = sections.by_ref().take(told.files.len()).map(Published::open);
        let files = files.collect::<Result<_, _>>()?;
        let redactions = match told.redactions.as_deref() {
            Some(redactions) => {
                let keys = redactions.keys.as_ref().and_then(|_| sections.next());
                Some(Redactions::new(redactions, keys.as_ref())?)
            }
            None => None,
        };
        Ok(Self { columns: Columns::new(readable(told))?, files, redactions })
    }

    /// Reads those of some columns that the snapshot has, of rows that are not taken out; it may
    /// give more columns.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(super) fn read(
        &self,
        file: &Published,
        names: &[&ColumnName],
    ) -> Result<impl Iterator<Item = Result<RecordBatch, Fault>>, Fault> {
        let mut places: Vec<usize> =
            names.iter().filter_map(|name| self.columns.place(name)).collect();
        let mut redactor = None;
        if let Some(redactions) = &self.redactions {
            let naming = redactions.naming(&self.columns);
            places.extend(
                naming.into_iter().filter(|place| !places.contains(place)).collect::<Vec<_>>(),
            );
            redactor = Some(redactions.redactor(&self.columns, &places)?);
        }
        let rows = published::rows(file, &self.columns, places)?;
        // Nobody is told how much it is.
        let mut counts = RedactionCounts::new();
        Ok(rows.map(move |batch| match &redactor {
            Some(redactor) => Ok(redactor.apply(&batch?, &mut counts)?),
            None => batch,
        }))
    }
}

/// A codebook for reading: what values had to satisfy is of no concern any more, by which rules
/// ever, and what is taken out, or a file lacks, is null.
fn readable(told: &SeenSnapshot) -> domain::Codebook {
    let mut codebook = told.codebook.clone();
    for field in &mut codebook.fields {
        field.nullable = true;
        field.constraints = None;
        field.null_unless = None;
        field.derived = None;
    }
    codebook
}
