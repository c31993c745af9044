//! What the law takes out of published files, made ready to read them without it.
//!
//! Comparing and compacting both read through this, so that what is counted of a snapshot is what
//! its readers see, and what is written anew is what they saw before.

use std::sync::Arc;

use domain::redaction::{Key, MountedRedactions};
use engine::redact::{Redactor, read_lists};
use parquet::file::reader::ChunkReader as _;

use crate::columns::Columns;
use crate::failure::Fault;
use crate::source::section::Section;

/// The redactions of a dataset, with their keys.
#[derive(Debug)]
pub(crate) struct Redactions<'a> {
    told: &'a MountedRedactions,
    lists: Vec<Vec<Key>>,
}

impl<'a> Redactions<'a> {
    /// Reads the keys, where there are any.
    ///
    /// # Errors
    /// When they are not what the redactions say.
    pub(crate) fn new(told: &'a MountedRedactions, keys: Option<&Section>) -> Result<Self, Fault> {
        let lists = keys.map(lists).transpose()?.unwrap_or_default();
        Ok(Self { told, lists })
    }

    /// The places of the columns by which rows are named.
    pub(crate) fn naming(&self, columns: &Columns) -> Vec<usize> {
        self.told.fields.iter().filter_map(|field| columns.place(&field.name)).collect()
    }

    /// The places of all columns that it takes to count what rows hold.
    pub(crate) fn looked_at(&self, columns: &Columns) -> Vec<usize> {
        let naming = self.naming(columns);
        let is_looked_at =
            |place: &usize| naming.contains(place) || self.told.nulls(columns.name(*place));
        (0..columns.all.len()).filter(is_looked_at).collect()
    }

    /// What takes them out of rows with some columns.
    ///
    /// # Errors
    /// When rows cannot be named by those columns.
    pub(crate) fn redactor(&self, columns: &Columns, places: &[usize]) -> Result<Redactor, Fault> {
        let schema = Arc::new(columns.row_schema.project(places)?);
        Redactor::new(self.told, &self.lists, &schema).map_err(|_| Fault::Keys)
    }
}

/// The lists of keys in a file.
fn lists(keys: &Section) -> Result<Vec<Vec<Key>>, Fault> {
    let length = usize::try_from(keys.length()).map_err(|_| Fault::SourceShort)?;
    let bytes = keys.get_bytes(0, length).map_err(|_| Fault::SourceShort)?;
    read_lists(&bytes).map_err(|_| Fault::Keys)
}
