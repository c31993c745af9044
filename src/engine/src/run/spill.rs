//! Spill: what does not fit into memory, in files without a name.
//!
//! A file that has no name cannot be left behind, however the process ends.
//!
//! # Invariant
//! Together the files of one question never hold more than its spill limit.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bytes::Bytes;
use datafusion::error::{DataFusionError, Result as EngineResult};
use datafusion::execution::spill_file::{SpillFile, SpillWriter, TempFileFactory};
use futures::Stream;
use futures::stream;

/// How much is read at once.
const READ_BYTES: u64 = 256 * 1024;

/// The spill limit is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the spill limit is used up")]
struct Exhausted;

/// What one question may spill.
#[derive(Debug)]
pub(super) struct SpillBudget {
    scratch: PathBuf,
    bytes_max: u64,
    bytes: AtomicU64,
    is_exhausted: AtomicBool,
}

impl SpillBudget {
    /// A budget of so many bytes in a folder.
    pub(super) fn new(scratch: &Path, bytes_max: u64) -> Self {
        Self {
            scratch: scratch.to_owned(),
            bytes_max,
            bytes: AtomicU64::new(0),
            is_exhausted: AtomicBool::new(false),
        }
    }

    /// What makes the engine's spill files within a budget.
    pub(super) fn factory(budget: &Arc<Self>) -> Arc<dyn TempFileFactory> {
        Arc::new(Factory(Arc::clone(budget)))
    }

    /// Whether a write was refused because of the limit.
    pub(super) fn is_exhausted(&self) -> bool {
        self.is_exhausted.load(Ordering::Relaxed)
    }

    fn spend(&self, bytes: u64) -> Result<(), Exhausted> {
        let before = self.bytes.fetch_add(bytes, Ordering::Relaxed);
        if self.bytes_max < before.saturating_add(bytes) {
            self.bytes.fetch_sub(bytes, Ordering::Relaxed);
            self.is_exhausted.store(true, Ordering::Relaxed);
            return Err(Exhausted);
        }
        Ok(())
    }
}

struct Factory(Arc<SpillBudget>);

/// What the engine's files of a nested-loop join are called. The join begins its left side anew when that
/// does not fit, and a side that is a join itself then has no rows: a wrong answer (seen with `DataFusion`
/// 55.2: two such joins of 3 000 rows each counted 0). It ends with the limit of memory in place of that.
const NOT_SPILLED: &str = "NestedLoopJoin";

impl TempFileFactory for Factory {
    fn create_temp_file(&self, description: &str) -> EngineResult<Arc<dyn SpillFile>> {
        if description.starts_with(NOT_SPILLED) {
            let text = "a nested-loop join does not fit into memory".to_owned();
            return Err(DataFusionError::ResourcesExhausted(text));
        }
        let file = tempfile::tempfile_in(&self.0.scratch).map_err(DataFusionError::IoError)?;
        let spilled = Spilled { file, bytes: AtomicU64::new(0), budget: Arc::clone(&self.0) };
        Ok(Arc::new(Nameless(Arc::new(spilled))))
    }
}

/// One file, and what it spent of the budget.
#[derive(Debug)]
struct Spilled {
    file: File,
    bytes: AtomicU64,
    budget: Arc<SpillBudget>,
}

impl Drop for Spilled {
    fn drop(&mut self) {
        self.budget.bytes.fetch_sub(self.bytes.load(Ordering::Relaxed), Ordering::Relaxed);
    }
}

struct Nameless(Arc<Spilled>);

impl SpillFile for Nameless {
    fn size(&self) -> Option<u64> {
        Some(self.0.bytes.load(Ordering::Relaxed))
    }

    fn read_stream(&self) -> EngineResult<Pin<Box<dyn Stream<Item = EngineResult<Bytes>> + Send>>> {
        let spilled = Arc::clone(&self.0);
        let length = spilled.bytes.load(Ordering::Relaxed);
        Ok(Box::pin(stream::iter((0..length).step_by(READ_STEP).map(move |start| {
            let bytes = READ_BYTES.min(length - start);
            read(&spilled.file, start, bytes).map_err(DataFusionError::IoError)
        }))))
    }

    fn open_writer(&self) -> EngineResult<Box<dyn SpillWriter>> {
        Ok(Box::new(Writer(Arc::clone(&self.0))))
    }
}

/// [`READ_BYTES`] as the step of a range.
const READ_STEP: usize = 256 * 1024;

fn read(file: &File, start: u64, length: u64) -> io::Result<Bytes> {
    let mut bytes = vec![0; usize::try_from(length).map_err(io::Error::other)?];
    file.read_exact_at(&mut bytes, start)?;
    Ok(Bytes::from(bytes))
}

struct Writer(Arc<Spilled>);

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let length = u64::try_from(bytes.len()).map_err(io::Error::other)?;
        self.0.budget.spend(length).map_err(io::Error::other)?;
        let start = self.0.bytes.fetch_add(length, Ordering::Relaxed);
        self.0.file.write_all_at(bytes, start)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl SpillWriter for Writer {
    fn finish(&mut self) -> EngineResult<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use futures::StreamExt as _;

    use super::*;

    #[test]
    fn what_was_spilled_is_read_back_and_leaves_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let budget = Arc::new(SpillBudget::new(folder.path(), 1 << 20));
        let file = SpillBudget::factory(&budget).create_temp_file("test").unwrap();
        let spilled: Vec<u8> = (0..600_000).map(|byte| (byte % 251) as u8).collect();

        file.open_writer().unwrap().write_all(&spilled).unwrap();

        let read = futures::executor::block_on(file.read_stream().unwrap().collect::<Vec<_>>());
        let read: Vec<u8> = read.into_iter().flat_map(Result::unwrap).collect();
        assert_eq!(read, spilled);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn the_budget_is_never_passed_and_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let budget = Arc::new(SpillBudget::new(folder.path(), 100));
        let factory = SpillBudget::factory(&budget);
        let file = factory.create_temp_file("test").unwrap();

        file.open_writer().unwrap().write_all(&[0; 100]).unwrap();
        assert!(!budget.is_exhausted());
        assert!(file.open_writer().unwrap().write_all(&[0; 1]).is_err());
        assert!(budget.is_exhausted());
        drop(file);

        let next = factory.create_temp_file("test").unwrap();
        assert!(next.open_writer().unwrap().write_all(&[0; 100]).is_ok());
    }
}
