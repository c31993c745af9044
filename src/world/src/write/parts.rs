//! A table in files of a bounded number of rows, so that no delivery is one huge file.

use std::io;
use std::path::{Path, PathBuf};

use domain::Date;

use super::{RowFile, create};
use crate::GenerateError;
use crate::record::Cell;
use crate::table::Table;

/// Writes a table, or one period of it, into as many files as it needs; a file begins with its
/// first row.
pub(crate) struct Parts {
    folder: PathBuf,
    table: &'static Table,
    period: Option<Date>,
    open: Option<(PathBuf, Box<dyn RowFile>)>,
    rows: u64,
    files: Vec<PathBuf>,
}

impl Parts {
    /// A table, or a period of it, in a folder that exists.
    pub(crate) fn new(folder: &Path, table: &'static Table, period: Option<Date>) -> Self {
        let folder = folder.to_owned();
        Self { folder, table, period, open: None, rows: 0, files: Vec::new() }
    }

    /// Writes one row.
    pub(crate) fn write(&mut self, cells: &[Cell<'_>]) -> Result<(), GenerateError> {
        let rows_max = self.table.files.rows_max();
        if self.rows.is_multiple_of(rows_max) {
            self.close()?;
        }
        let (path, file) = match &mut self.open {
            Some(open) => open,
            None => {
                let name = self.table.file_name(self.period, self.rows / rows_max);
                let path = self.folder.join(name);
                let file = create(self.table, &path).map_err(failed(&path))?;
                self.open.insert((path, file))
            }
        };
        debug_assert_eq!(
            cells.len(),
            self.table.columns.len(),
            "invariant: a cell for each column"
        );
        file.write(cells).map_err(failed(path))?;
        self.rows += 1;
        Ok(())
    }

    /// Ends the table; gives back its files and its rows.
    pub(crate) fn finish(mut self) -> Result<(Vec<PathBuf>, u64), GenerateError> {
        self.close()?;
        Ok((self.files, self.rows))
    }

    /// Ends the file that is being written.
    fn close(&mut self) -> Result<(), GenerateError> {
        if let Some((path, file)) = self.open.take() {
            file.finish().map_err(failed(&path))?;
            self.files.push(path);
        }
        Ok(())
    }
}

/// What a failed write becomes.
fn failed(path: &Path) -> impl FnOnce(io::Error) -> GenerateError + '_ {
    |source| GenerateError::Write { path: path.to_owned(), source }
}
