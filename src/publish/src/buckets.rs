//! Many small entries of one size, gathered in any order and read back sorted, in little memory.
//!
//! The first byte of an entry says which of 256 buckets it goes to; entries begin with a hash, so
//! buckets are of equal size. Beyond a limit the buckets are emptied into a file; read back, one
//! bucket is in memory at a time.
//!
//! # Invariant
//! What comes out is what went in, each bucket sorted, the buckets in order.

use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use crate::failure::Fault;

/// One bucket for each value of an entry's first byte.
const BUCKETS: usize = 256;

/// Entries on their way to being sorted.
#[derive(Debug)]
pub(crate) struct Buckets<const N: usize> {
    buckets: Vec<Vec<[u8; N]>>,
    held: usize,
    entries_max: usize,
    spill: Option<Spill>,
    scratch: std::path::PathBuf,
    count: u64,
}

/// What was emptied into a file.
#[derive(Debug)]
struct Spill {
    file: File,
    length: u64,
    /// For each bucket, where its stretches begin and how many entries they have.
    stretches: Vec<Vec<(u64, usize)>>,
}

impl<const N: usize> Buckets<N> {
    /// No entries yet; at most so many bytes of them are held in memory.
    pub(crate) fn new(memory_bytes: u64, scratch: &Path) -> Self {
        let entries_max = usize::try_from(memory_bytes).unwrap_or(usize::MAX) / N;
        Self {
            buckets: vec![Vec::new(); BUCKETS],
            held: 0,
            entries_max: entries_max.max(BUCKETS),
            spill: None,
            scratch: scratch.to_owned(),
            count: 0,
        }
    }

    /// How many entries there are.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// Bytes that lie in the scratch folder.
    pub(crate) fn spilled_bytes(&self) -> u64 {
        self.spill.as_ref().map_or(0, |spill| spill.length)
    }

    /// Adds entries.
    ///
    /// # Errors
    /// When the scratch folder cannot be written.
    pub(crate) fn extend(&mut self, entries: &[[u8; N]]) -> Result<(), Fault> {
        for entry in entries {
            self.buckets[usize::from(entry[0])].push(*entry);
        }
        self.held += entries.len();
        self.count += entries.len() as u64;
        if self.entries_max < self.held { self.empty() } else { Ok(()) }
    }

    /// Empties the buckets into the file.
    fn empty(&mut self) -> Result<(), Fault> {
        let spill = match &mut self.spill {
            Some(spill) => spill,
            None => {
                let file = tempfile::tempfile_in(&self.scratch).map_err(Fault::Scratch)?;
                let stretches = vec![Vec::new(); BUCKETS];
                self.spill.insert(Spill { file, length: 0, stretches })
            }
        };
        for (bucket, stretches) in self.buckets.iter_mut().zip(&mut spill.stretches) {
            if bucket.is_empty() {
                continue;
            }
            spill.file.write_all(bucket.as_flattened()).map_err(Fault::Scratch)?;
            stretches.push((spill.length, bucket.len()));
            spill.length += (bucket.len() * N) as u64;
            bucket.clear();
        }
        self.held = 0;
        Ok(())
    }

    /// The entries of a bucket, in no order, wherever they are.
    pub(crate) fn bucket(&self, number: u8) -> Result<Vec<[u8; N]>, Fault> {
        let bucket = usize::from(number);
        let mut entries = self.buckets[bucket].clone();
        let Some(spill) = &self.spill else { return Ok(entries) };
        for (start, count) in &spill.stretches[bucket] {
            let known = entries.len();
            entries.resize(known + count, [0; N]);
            let bytes = entries[known..].as_flattened_mut();
            spill.file.read_exact_at(bytes, *start).map_err(Fault::Scratch)?;
        }
        Ok(entries)
    }

    /// The entries of a bucket, sorted.
    pub(crate) fn sorted(&self, number: u8) -> Result<Vec<[u8; N]>, Fault> {
        let mut entries = self.bucket(number)?;
        entries.sort_unstable();
        Ok(entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Entries that begin with something like a hash.
    fn entries(count: u64) -> Vec<[u8; 8]> {
        (0..count).map(|number| number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes()).collect()
    }

    fn read(buckets: &Buckets<8>) -> Vec<[u8; 8]> {
        (0..=u8::MAX).flat_map(|number| buckets.sorted(number).unwrap()).collect()
    }

    #[test]
    fn entries_come_back_sorted_whether_they_fit_in_memory_or_not() {
        let folder = tempfile::tempdir().unwrap();
        let entries = entries(10_000);
        let mut expected = entries.clone();
        expected.sort_unstable();

        for memory_bytes in [1 << 20, 4096] {
            let mut buckets = Buckets::new(memory_bytes, folder.path());
            for some in entries.chunks(100) {
                buckets.extend(some).unwrap();
            }

            assert_eq!(read(&buckets), expected);
            assert_eq!(buckets.count(), 10_000);
            assert_eq!(0 < buckets.spilled_bytes(), memory_bytes == 4096);
        }
    }
}
