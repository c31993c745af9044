//! How far sources may grow when they are decompressed.
//!
//! A few kilobytes of zip can unpack to terabytes; so every byte that comes out of a decoder is
//! counted, and the run ends with rule `size` when there are too many.
//!
//! # Invariant
//! Nothing is read through [`Metered`] beyond the budget.

use std::io::{self, Read, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::section::Section;

/// The bytes that all sources together may still grow to.
#[derive(Debug)]
pub(crate) struct Budget {
    left: AtomicU64,
    /// What it was to begin with.
    pub(crate) bytes_max: u64,
}

/// Says, inside an I/O error, that the budget is used up.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the sources grow beyond what they may")]
pub(crate) struct BudgetSpent;

impl Budget {
    /// A budget of so many bytes.
    pub(crate) fn new(bytes_max: u64) -> Arc<Self> {
        Arc::new(Self { left: AtomicU64::new(bytes_max), bytes_max })
    }

    /// Takes some bytes out.
    ///
    /// # Errors
    /// When fewer are left.
    pub(crate) fn take(&self, bytes: u64) -> Result<(), BudgetSpent> {
        let taken = self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes));
        taken.map(|_| ()).map_err(|_| BudgetSpent)
    }
}

/// Whether an I/O error says that the budget is used up.
pub(crate) fn is_spent(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<BudgetSpent>())
}

/// A reader whose bytes are taken out of the budget.
pub(crate) struct Metered<R> {
    inner: R,
    budget: Arc<Budget>,
}

impl<R> Metered<R> {
    /// Counts what is read from `inner`.
    pub(crate) fn new(inner: R, budget: &Arc<Budget>) -> Self {
        Self { inner, budget: Arc::clone(budget) }
    }
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.budget.take(count as u64).map_err(io::Error::other)?;
        Ok(count)
    }
}

/// Writes a stream into a nameless file of the scratch folder, so that it can be read by position.
///
/// # Errors
/// When the stream cannot be read, grows beyond the budget, or the folder is full.
pub(crate) fn unpack(
    stream: impl Read,
    budget: &Arc<Budget>,
    scratch: &Path,
) -> Result<Section, UnpackError> {
    const CHUNK_BYTES: usize = 256 * 1024;
    let mut stream = Metered::new(stream, budget);
    let mut file = tempfile::tempfile_in(scratch).map_err(UnpackError::Scratch)?;
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut length = 0;
    loop {
        let count = match stream.read(&mut chunk) {
            Ok(0) => return Ok(Section::new(file, length)),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(UnpackError::Stream(error)),
        };
        file.write_all(&chunk[..count]).map_err(UnpackError::Scratch)?;
        length += count as u64;
    }
}

/// Why a stream could not be unpacked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UnpackError {
    /// The stream could not be read to its end.
    #[error("the stream cannot be read")]
    Stream(#[source] io::Error),
    /// The scratch folder could not be written.
    #[error("the scratch folder cannot be written")]
    Scratch(#[source] io::Error),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_that_outgrows_its_budget_is_cut_off() {
        let folder = tempfile::tempdir().unwrap();

        let unpacked = unpack(io::repeat(0), &Budget::new(1 << 20), folder.path());

        let Err(UnpackError::Stream(error)) = unpacked else { panic!("unpacked") };
        assert!(is_spent(&error));
    }

    #[test]
    fn a_stream_within_its_budget_reads_back() {
        let folder = tempfile::tempdir().unwrap();
        let mut text = String::new();

        let unpacked = unpack(&b"room"[..], &Budget::new(4), folder.path()).unwrap();
        unpacked.clone().read_to_string(&mut text).unwrap();

        assert_eq!(text, "room");
        assert_eq!(unpacked.length(), 4);
    }
}
