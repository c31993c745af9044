//! Cuts a stream of text into blocks that end where a record ends.
//!
//! A record of CSV may hold line breaks within quotes, so a block may only end at a line break
//! that an even number of quotes goes before; whether a quote opens, closes or is doubled makes
//! no difference to that. Counting is all this takes, and counting is fast.
//!
//! # Invariant
//! The blocks together are the stream, byte for byte, and no block is larger than
//! [`RECORD_BYTES_MAX`] and a block.

use std::io::{self, Read};

use memchr::{memchr_iter, memrchr};

use crate::failure::{Halt, Unfit};
use crate::rule::Rule;

/// How large a block is made. Large enough that what is done per block is nothing beside what is
/// done per row; small enough that a block and where its cells are stay in a core's cache while
/// it is taken apart.
pub(crate) const BLOCK_BYTES: usize = 512 * 1024;

/// The longest record.
pub(crate) const RECORD_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Where a record ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RecordEnd {
    /// At every line break.
    Line,
    /// At every line break outside quotes.
    UnquotedLine,
}

/// A stretch of a stream that holds whole records.
#[derive(Debug)]
pub(crate) struct Block {
    /// Its bytes.
    pub(crate) bytes: Vec<u8>,
    /// The line that it begins with, from one.
    pub(crate) first_line: u64,
}

/// A stream being cut.
pub(crate) struct Blocks<R> {
    stream: R,
    end: RecordEnd,
    block_bytes: usize,
    /// Read, but not yet part of a block.
    rest: Vec<u8>,
    line: u64,
    is_at_end: bool,
}

impl<R: Read> Blocks<R> {
    /// Cuts a stream.
    pub(crate) fn new(stream: R, end: RecordEnd) -> Self {
        let block_bytes = BLOCK_BYTES;
        Self { stream, end, block_bytes, rest: Vec::new(), line: 1, is_at_end: false }
    }

    /// The next block, if there is one.
    ///
    /// # Errors
    /// When the stream cannot be read, or a record is too long.
    pub(crate) fn next(&mut self) -> Result<Option<Block>, Halt> {
        let mut wanted = self.block_bytes;
        loop {
            self.read_up_to(wanted).map_err(|error| Halt::unreadable(&error))?;
            if self.is_at_end {
                let bytes = std::mem::take(&mut self.rest);
                let block = Block { bytes, first_line: self.line };
                return Ok((!block.bytes.is_empty()).then_some(block));
            }
            if let Some(end) = last_record_end(&self.rest, self.end) {
                let rest = self.rest.split_off(end);
                let bytes = std::mem::replace(&mut self.rest, rest);
                let first_line = self.line;
                self.line += memchr_iter(b'\n', &bytes).count() as u64;
                return Ok(Some(Block { bytes, first_line }));
            }
            if RECORD_BYTES_MAX <= self.rest.len() {
                return Err(self.too_long().into());
            }
            wanted = self.rest.len() + self.block_bytes;
        }
    }

    /// Reads until so many bytes are there, or the stream ends.
    fn read_up_to(&mut self, wanted: usize) -> io::Result<()> {
        let mut filled = self.rest.len();
        self.rest.resize(wanted.max(filled), 0);
        while filled < wanted && !self.is_at_end {
            match self.stream.read(&mut self.rest[filled..]) {
                Ok(0) => self.is_at_end = true,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.rest.truncate(filled);
        Ok(())
    }

    fn too_long(&self) -> Unfit {
        let hint = match self.end {
            RecordEnd::Line => "",
            RecordEnd::UnquotedLine => "; a quote that opens here is probably never closed",
        };
        let megabytes = RECORD_BYTES_MAX / (1024 * 1024);
        Unfit::new(Rule::Size, format!("a row is longer than {megabytes} MiB{hint}"))
            .at_line(self.line)
    }
}

/// Where the last whole record of some bytes ends, which begin with a record.
fn last_record_end(bytes: &[u8], end: RecordEnd) -> Option<usize> {
    let mut line_end = memrchr(b'\n', bytes)?;
    if end == RecordEnd::Line {
        return Some(line_end + 1);
    }
    let mut quotes = memchr_iter(b'"', &bytes[..line_end]).count();
    while quotes % 2 == 1 {
        let earlier = memrchr(b'\n', &bytes[..line_end])?;
        quotes -= memchr_iter(b'"', &bytes[earlier..line_end]).count();
        line_end = earlier;
    }
    Some(line_end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str, block_bytes: usize, end: RecordEnd) -> Vec<(String, u64)> {
        let mut blocks = Blocks { block_bytes, ..Blocks::new(text.as_bytes(), end) };
        let mut cut = Vec::new();
        while let Some(block) = blocks.next().unwrap() {
            cut.push((String::from_utf8(block.bytes).unwrap(), block.first_line));
        }
        cut
    }

    #[test]
    fn blocks_end_with_a_line_and_lose_nothing() {
        let text = "one\ntwo\nthree\nfour";

        for size in 1..30 {
            let cut = cut(text, size, RecordEnd::Line);
            let joined: String = cut.iter().map(|(block, _)| block.as_str()).collect();

            assert_eq!(joined, text, "{size}");
            assert!(cut.iter().rev().skip(1).all(|(block, _)| block.ends_with('\n')), "{size}");
        }
    }

    #[test]
    fn a_line_break_within_quotes_ends_no_record() {
        let text = "a,\"x\ny\"\nb,\"\"\"\nz\"\nc,d\n";

        for size in 1..40 {
            for (block, _) in cut(text, size, RecordEnd::UnquotedLine) {
                assert_eq!(block.matches('"').count() % 2, 0, "{size}: {block}");
            }
        }
    }

    #[test]
    fn each_block_knows_its_first_line() {
        let cut = cut("1\n2\n3\n4\n5\n", 4, RecordEnd::Line);

        let lines: Vec<_> = cut.iter().map(|(block, line)| (block.as_str(), *line)).collect();
        assert_eq!(lines, [("1\n2\n", 1), ("3\n4\n", 3), ("5\n", 5)]);
    }

    #[test]
    fn a_quote_that_is_never_closed_is_told_with_its_line() {
        let mut text = "a,b\nc,\"".to_owned();
        text.push_str(&"x\n".repeat(RECORD_BYTES_MAX));
        let mut blocks = Blocks::new(text.as_bytes(), RecordEnd::UnquotedLine);

        assert!(blocks.next().unwrap().is_some());
        let Err(Halt::Unfit(unfit)) = blocks.next() else { panic!("read on") };

        assert_eq!((unfit.rule, unfit.line), (Rule::Size, Some(2)));
    }
}
