//! A table in files of a bounded number of rows, so that no delivery is one huge file.

use std::io;
use std::path::{Path, PathBuf};

use super::Table;
use crate::GenerateError;
use crate::record::Record;

/// Writes a table into as many files as it needs; a file begins with its first row.
pub(crate) struct Parts<T> {
    folder: PathBuf,
    name: Box<dyn Fn(u64) -> String>,
    part_rows_max: u64,
    open: Option<(PathBuf, T)>,
    rows: u64,
    files: Vec<PathBuf>,
}

impl<T: Table> Parts<T> {
    /// A table in a folder that exists, whose files have that many rows at most.
    pub(crate) fn new(
        folder: &Path,
        part_rows_max: u64,
        name: impl Fn(u64) -> String + 'static,
    ) -> Self {
        let folder = folder.to_owned();
        Self { folder, name: Box::new(name), part_rows_max, open: None, rows: 0, files: Vec::new() }
    }

    /// Writes one row.
    pub(crate) fn write<R: Record>(&mut self, record: &R) -> Result<(), GenerateError> {
        if self.rows.is_multiple_of(self.part_rows_max) {
            self.close()?;
        }
        let (path, table) = match &mut self.open {
            Some(open) => open,
            None => {
                let path = self.folder.join((self.name)(self.rows / self.part_rows_max));
                let table = T::create(&path, R::COLUMNS).map_err(failed(&path))?;
                self.open.insert((path, table))
            }
        };
        let cells = record.cells();
        debug_assert_eq!(cells.len(), R::COLUMNS.len(), "invariant: a cell for each column");
        table.write(&cells).map_err(failed(path))?;
        self.rows += 1;
        Ok(())
    }

    /// Ends the table; gives back its files and its rows.
    pub(crate) fn finish(mut self) -> Result<(Vec<PathBuf>, u64), GenerateError> {
        self.close()?;
        Ok((self.files, self.rows))
    }

    /// Ends the file that is open.
    fn close(&mut self) -> Result<(), GenerateError> {
        if let Some((path, table)) = self.open.take() {
            table.finish().map_err(failed(&path))?;
            self.files.push(path);
        }
        Ok(())
    }
}

/// What a failed write becomes.
fn failed(path: &Path) -> impl FnOnce(io::Error) -> GenerateError + '_ {
    |source| GenerateError::Write { path: path.to_owned(), source }
}
