//! A file of rows: the smallest thing that a line number counts in.

use crate::source::name::DumpVersion;

/// Bits of a location that number the line within its file.
const LINE_BITS: u32 = 40;

/// A file of rows, as it is known once it is found.
#[derive(Clone, Debug)]
pub(crate) struct Leaf {
    /// Its number, in reading order.
    pub(crate) number: u32,
    /// Which of the delivered files it came in.
    pub(crate) source: usize,
    /// The delivered file's name, and the path inside it.
    pub(crate) path: String,
    /// The period its rows must lie in, as the day it begins, where that is known beforehand.
    pub(crate) period: Option<i32>,
    /// Which version of a dump it is, if it is one.
    pub(crate) version: Option<DumpVersion>,
    /// Columns that it lacks as a whole.
    pub(crate) missing: Vec<usize>,
}

impl Leaf {
    /// One number for a row's place in all sources; sorts as rows are read.
    pub(crate) fn location(&self, line: u64) -> u64 {
        location(self.number, line)
    }
}

/// One number for a line of a file of rows.
pub(crate) fn location(leaf: u32, line: u64) -> u64 {
    (u64::from(leaf) << LINE_BITS) | (line & ((1 << LINE_BITS) - 1))
}

/// The file and line of a location.
pub(crate) fn place(location: u64) -> (u32, u64) {
    let leaf = u32::try_from(location >> LINE_BITS).expect("invariant: 24 bits are left");
    (leaf, location & ((1 << LINE_BITS) - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_gives_back_its_file_and_line() {
        assert_eq!(place(location(99_999, 123_456_789_012)), (99_999, 123_456_789_012));
        assert!(location(0, u64::from(u32::MAX)) < location(1, 1));
    }
}
