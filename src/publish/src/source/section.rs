//! A stretch of a file, read by position.
//!
//! Received descriptors share their position with whoever sent them, so nothing here ever seeks
//! one. An entry that an archive stores unpacked is a stretch of the archive's file: it is read
//! where it lies.
//!
//! # Invariant
//! No byte outside the stretch is ever read.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, Length};

/// A stretch of a file, with a reading position of its own.
#[derive(Clone, Debug)]
pub(crate) struct Section {
    file: Arc<File>,
    start: u64,
    length: u64,
    position: u64,
    /// Counts the bytes read, where someone wants to know.
    read: Option<Arc<AtomicU64>>,
}

impl Section {
    /// The whole of a file whose length is known.
    pub(crate) fn new(file: File, length: u64) -> Self {
        Self { file: Arc::new(file), start: 0, length, position: 0, read: None }
    }

    /// The same stretch, counting into `read` what is read of it.
    pub(crate) fn counting(self, read: Arc<AtomicU64>) -> Self {
        Self { read: Some(read), ..self }
    }

    /// The same stretch, counting nowhere.
    pub(crate) fn uncounted(&self) -> Self {
        Self { read: None, position: 0, ..self.clone() }
    }

    /// A stretch within this one, if it lies wholly within.
    pub(crate) fn within(&self, start: u64, length: u64) -> Option<Self> {
        let end = start.checked_add(length)?;
        (end <= self.length).then(|| Self {
            start: self.start + start,
            length,
            position: 0,
            ..self.clone()
        })
    }

    /// Its length in bytes.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// Fills a buffer from a position; fewer bytes only at the end.
    fn fill(&self, buffer: &mut [u8], position: u64) -> io::Result<usize> {
        let left = usize::try_from(self.length.saturating_sub(position)).unwrap_or(usize::MAX);
        let wanted = buffer.len().min(left);
        let count = self.file.read_at(&mut buffer[..wanted], self.start + position)?;
        if let Some(read) = &self.read {
            read.fetch_add(count as u64, Ordering::Relaxed);
        }
        Ok(count)
    }
}

impl Read for Section {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.fill(buffer, self.position)?;
        self.position += count as u64;
        Ok(count)
    }
}

impl Seek for Section {
    fn seek(&mut self, target: SeekFrom) -> io::Result<u64> {
        let position = match target {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(offset) => self.length.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}

impl Length for Section {
    fn len(&self) -> u64 {
        self.length
    }
}

impl ChunkReader for Section {
    type T = BufReader<Self>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        let mut section = self.clone();
        section.position = start;
        Ok(BufReader::new(section))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let end = start.checked_add(length as u64).filter(|end| *end <= self.length);
        if end.is_none() {
            return Err(ParquetError::EOF("a stretch beyond the end".to_owned()));
        }
        let mut section = self.clone();
        section.position = start;
        let mut buffer = vec![0; length];
        section.read_exact(&mut buffer)?;
        Ok(buffer.into())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn section(bytes: &[u8]) -> Section {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        Section::new(file, bytes.len() as u64)
    }

    #[test]
    fn a_section_within_another_ends_where_it_should() {
        let mut text = String::new();

        section(b"0123456789").within(2, 5).unwrap().read_to_string(&mut text).unwrap();

        assert_eq!(text, "23456");
    }

    #[test]
    fn a_section_cannot_reach_beyond_its_file() {
        let whole = section(b"0123456789");

        assert!(whole.within(6, 5).is_none());
        assert!(whole.within(u64::MAX, 2).is_none());
        assert!(whole.get_bytes(8, 3).is_err());
    }

    #[test]
    fn a_clone_reads_from_a_position_of_its_own() {
        let mut first = section(b"abcdef");
        let mut second = first.clone();
        let mut buffer = [0; 3];

        first.read_exact(&mut buffer).unwrap();
        second.read_exact(&mut buffer).unwrap();

        assert_eq!(&buffer, b"abc");
    }
}
