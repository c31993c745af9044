//! What was written, how far the writing is, and why it ended.

use std::io;
use std::path::PathBuf;

use domain::{DatasetName, Date};

use crate::settings::InvalidSpan;

/// Why a world was not written.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    /// The settings describe no world.
    #[error(transparent)]
    Span(#[from] InvalidSpan),
    /// The folder holds something already, which is left as it is.
    #[error("the folder {} is not empty", path.display())]
    NotEmpty {
        /// The folder.
        path: PathBuf,
    },
    /// A file or folder could not be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// How far the writing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorldProgress {
    /// Rows of the newest edition written so far.
    pub rows: u64,
    /// About how many there will be.
    pub rows_expected: u64,
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorldReport {
    /// The editions, the oldest first.
    pub editions: Vec<EditionReport>,
    /// The file that says what is true of the newest.
    pub truths: PathBuf,
}

/// The world as it was known at one date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EditionReport {
    /// The day whose state it shows.
    pub as_of: Date,
    /// Its folder, which holds a folder for each dataset and nothing else.
    pub folder: PathBuf,
    /// One delivery for each dataset, in an order in which references are there when they are needed
    /// as far as they can be.
    pub deliveries: Vec<Delivery>,
}

impl EditionReport {
    /// Rows of all datasets.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.deliveries.iter().map(|delivery| delivery.rows).sum()
    }
}

/// The files of one dataset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The dataset.
    pub dataset: DatasetName,
    /// Its folder, which holds nothing else.
    pub folder: PathBuf,
    /// The files in it, in the order of their names.
    pub files: Vec<PathBuf>,
    /// Their rows.
    pub rows: u64,
}
