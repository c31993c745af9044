//! Keys that come twice: equal rows are dropped and counted, different ones rejected.
//!
//! A key whose rows differ says two things of one matter; none of them can be believed, so all of
//! them are rejected. What was published before stands, and is compared against.
//!
//! # Invariant
//! A row is dropped only if an equal row stays.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};

use parquet::arrow::arrow_reader::{RowSelection, RowSelector};

use crate::buckets::Buckets;
use crate::columns::Columns;
use crate::failure::{Fault, Halt, Unfit};
use crate::fingerprint::{Encoder, Fingerprint, KEY_ENTRY_BYTES, key_entry};
use crate::leaf;
use crate::published::{Published, columns_of};
use crate::rule::Rule;

/// Rows that may be dropped or rejected for their keys; with more of them a steward should rather
/// look at the sources, and the list of them would no longer be small.
const ROWS_MAX: usize = 8_000_000;

/// The number of the first kept file, as locations count files; sources have smaller ones.
const KEPT_FILES: u32 = 1 << 23;

/// The keys of all rows.
pub(crate) type Keys = Buckets<KEY_ENTRY_BYTES>;

/// The rows whose key comes twice, by location.
#[derive(Debug, Default)]
pub(crate) struct Duplicates {
    /// Rows equal to one that stays.
    pub(crate) equal: Vec<u64>,
    /// Rows that differ from one with the same key, and where that one is.
    pub(crate) conflicting: Vec<(u64, Other)>,
}

/// Where the other row with a key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Other {
    /// In the sources, at a location.
    Row(u64),
    /// In a file that was published before.
    Published,
}

/// An entry taken apart.
struct Entry {
    location: u64,
    row: Fingerprint,
}

impl Entry {
    fn new(entry: &[u8; KEY_ENTRY_BYTES]) -> Self {
        let (location, row) = entry[16..].split_at(8);
        Self {
            location: u64::from_be_bytes(location.try_into().expect("invariant: eight bytes")),
            row: row.try_into().expect("invariant: sixteen bytes"),
        }
    }

    /// The number of the kept file it is in, if it is in one.
    fn kept_file(&self) -> Option<usize> {
        let (file, _) = leaf::place(self.location);
        file.checked_sub(KEPT_FILES).map(|file| file as usize)
    }
}

/// A key of the sources that a kept file has too: where that row is, and the rows of the sources.
struct Contested {
    kept: u64,
    row: Fingerprint,
    locations: Vec<u64>,
}

impl Duplicates {
    /// Finds keys that come twice, within the sources and beside what was published.
    ///
    /// # Errors
    /// When there are too many, or a file cannot be read.
    pub(crate) fn find(
        mut keys: Keys,
        kept: &[Published],
        columns: &Columns,
        threads: usize,
    ) -> Result<Self, Halt> {
        // Rows of different periods differ in their time; where that is part of the key, no key
        // can be in two periods.
        let time_is_in_key = columns.time.is_some_and(|time| columns.primary_key.contains(&time));
        if !kept.is_empty() && !time_is_in_key {
            add_kept(&mut keys, kept, columns, threads)?;
        }
        let mut found = Self::default();
        let mut contested = Vec::new();
        for number in 0..=u8::MAX {
            let entries = keys.sorted(number)?;
            for group in entries.chunk_by(|one, other| one[..16] == other[..16]) {
                if 1 < group.len() {
                    found.group(group, &mut contested);
                }
            }
            if ROWS_MAX < found.equal.len() + found.conflicting.len() + contested.len() {
                let detail = format!("more than {ROWS_MAX} rows have a key that another row has");
                return Err(Unfit::new(Rule::PrimaryKey, detail).into());
            }
        }
        found.settle(contested, kept, columns)?;
        found.equal.sort_unstable();
        found.conflicting.sort_unstable_by_key(|(location, _)| *location);
        Ok(found)
    }

    /// The rows to leave out, sorted.
    pub(crate) fn left_out(&self) -> Vec<u64> {
        let conflicting = self.conflicting.iter().map(|(location, _)| location);
        let mut all: Vec<u64> = self.equal.iter().chain(conflicting).copied().collect();
        all.sort_unstable();
        all
    }

    /// Looks at the rows of one key, in the order they were read, kept ones last.
    fn group(&mut self, group: &[[u8; KEY_ENTRY_BYTES]], contested: &mut Vec<Contested>) {
        let entries: Vec<Entry> = group.iter().map(Entry::new).collect();
        let (kept, rows): (Vec<_>, Vec<_>) =
            entries.into_iter().partition(|entry| entry.kept_file().is_some());
        let [first, others @ ..] = rows.as_slice() else { return };
        if let Some(odd) = others.iter().find(|other| other.row != first.row) {
            self.conflicting.push((first.location, Other::Row(odd.location)));
            let others = others.iter().map(|row| (row.location, Other::Row(first.location)));
            self.conflicting.extend(others);
        } else if let Some(kept) = kept.first() {
            let locations = rows.iter().map(|row| row.location).collect();
            contested.push(Contested { kept: kept.location, row: first.row, locations });
        } else {
            self.equal.extend(others.iter().map(|row| row.location));
        }
    }

    /// Compares rows with the published ones of the same key.
    fn settle(
        &mut self,
        contested: Vec<Contested>,
        kept: &[Published],
        columns: &Columns,
    ) -> Result<(), Fault> {
        let mut by_file: BTreeMap<u32, BTreeMap<u64, Contested>> = BTreeMap::new();
        for one in contested {
            let (file, row) = leaf::place(one.kept);
            by_file.entry(file - KEPT_FILES).or_default().insert(row, one);
        }
        for (file, rows) in by_file {
            let published = fingerprints(&kept[file as usize], rows.keys().copied(), columns)?;
            for (one, published) in rows.into_values().zip(published) {
                if one.row == published {
                    self.equal.extend(one.locations);
                } else {
                    let all = one.locations.into_iter();
                    self.conflicting.extend(all.map(|location| (location, Other::Published)));
                }
            }
        }
        Ok(())
    }
}

/// Adds the keys of kept rows that may be among those of the sources.
fn add_kept(
    keys: &mut Keys,
    kept: &[Published],
    columns: &Columns,
    threads: usize,
) -> Result<(), Fault> {
    let filter = Filter::of(keys)?;
    let next = AtomicUsize::new(0);
    let keys = Mutex::new(keys);
    std::thread::scope(|scope| {
        let scan = || -> Result<(), Fault> {
            loop {
                let file = next.fetch_add(1, Ordering::Relaxed);
                let Some(published) = kept.get(file) else { return Ok(()) };
                let found = scan_keys(published, file, &filter, columns)?;
                keys.lock().unwrap_or_else(PoisonError::into_inner).extend(&found)?;
            }
        };
        let threads: Vec<_> = (0..threads.min(kept.len())).map(|_| scope.spawn(scan)).collect();
        threads
            .into_iter()
            .try_for_each(|thread| thread.join().unwrap_or(Err(Fault::Panicked { thread: "key" })))
    })
}

/// The entries of a kept file's rows whose key may be among those of the sources.
fn scan_keys(
    published: &Published,
    file: usize,
    filter: &Filter,
    columns: &Columns,
) -> Result<Vec<[u8; KEY_ENTRY_BYTES]>, Fault> {
    let file = KEPT_FILES + u32::try_from(file).unwrap_or(u32::MAX - KEPT_FILES);
    let names = columns.primary_key.iter().map(|place| columns.name(*place));
    let (mut found, mut scratch, mut row_number) = (Vec::new(), Vec::new(), 0);
    for batch in published.read(names, None)? {
        let key = columns_of(batch, columns, columns.primary_key.iter().copied())?;
        let encoder = Encoder::new(&key);
        let rows = key.first().map_or(0, |column| column.len());
        for row in 0..rows {
            let key = encoder.fingerprint(row, &mut scratch);
            if filter.may_have(&key) {
                found.push(key_entry(key, leaf::location(file, row_number), [0; 16]));
            }
            row_number += 1;
        }
    }
    Ok(found)
}

/// The fingerprints of some rows of a kept file, in order.
fn fingerprints(
    published: &Published,
    rows: impl Iterator<Item = u64>,
    columns: &Columns,
) -> Result<Vec<Fingerprint>, Fault> {
    let mut selectors = Vec::new();
    let mut next = 0;
    for row in rows {
        let row = usize::try_from(row).unwrap_or(usize::MAX);
        selectors.push(RowSelector::skip(row - next));
        selectors.push(RowSelector::select(1));
        next = row + 1;
    }
    let names = (0..columns.all.len()).map(|place| columns.name(place));
    let (mut fingerprints, mut scratch) = (Vec::new(), Vec::new());
    for batch in published.read(names, Some(RowSelection::from(selectors)))? {
        let values = columns_of(batch, columns, 0..columns.all.len())?;
        let encoder = Encoder::new(&values);
        let rows = values.first().map_or(0, |column| column.len());
        fingerprints.extend((0..rows).map(|row| encoder.fingerprint(row, &mut scratch)));
    }
    Ok(fingerprints)
}

/// A bloom filter over the keys of the sources: most kept rows are told apart without a look-up.
struct Filter {
    words: Vec<u64>,
}

impl Filter {
    /// Bits for each key; with two probes one kept row in seventy passes in vain.
    const BITS_PER_KEY: u64 = 16;

    /// The largest filter: 64 MiB.
    const WORDS_MAX: u64 = 8 * 1024 * 1024;

    fn of(keys: &Keys) -> Result<Self, Fault> {
        let words = (keys.count() * Self::BITS_PER_KEY / 64).clamp(1, Self::WORDS_MAX);
        let words = vec![0; usize::try_from(words.next_power_of_two()).unwrap_or(1)];
        let mut filter = Self { words };
        for number in 0..=u8::MAX {
            for entry in keys.bucket(number)? {
                for bit in filter.bits(&entry[..16]) {
                    filter.words[bit / 64] |= 1 << (bit % 64);
                }
            }
        }
        Ok(filter)
    }

    fn may_have(&self, key: &[u8]) -> bool {
        self.bits(key).iter().all(|bit| self.words[bit / 64] & (1 << (bit % 64)) != 0)
    }

    /// The bits of a key, from bytes of its fingerprint that the buckets do not use.
    fn bits(&self, key: &[u8]) -> [usize; 2] {
        let mask = self.words.len() * 64 - 1;
        let word = |from: usize| {
            let bytes = key[from..from + 7].iter();
            bytes.fold(0, |word: usize, byte| (word << 8) | usize::from(*byte))
        };
        [word(1) & mask, word(9) & mask]
    }
}

/// No keys yet.
pub(crate) fn keys(memory_bytes: u64, scratch: &Path) -> Keys {
    Buckets::new(memory_bytes, scratch)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u8) -> Fingerprint {
        let mut key = [number; 16];
        key[0] = number;
        key
    }

    fn found(entries: &[(u8, u64, u8)]) -> Duplicates {
        let mut found = Duplicates::default();
        let mut entries: Vec<_> = entries
            .iter()
            .map(|(of, location, row)| key_entry(key(*of), *location, [*row; 16]))
            .collect();
        entries.sort_unstable();
        let mut contested = Vec::new();
        for group in entries.chunk_by(|one, other| one[..16] == other[..16]) {
            found.group(group, &mut contested);
        }
        assert!(contested.is_empty());
        found
    }

    #[test]
    fn of_equal_rows_the_first_stays() {
        let found = found(&[(1, 30, 7), (1, 10, 7), (1, 20, 7), (2, 5, 7)]);

        assert_eq!(found.equal, [20, 30]);
        assert!(found.conflicting.is_empty());
    }

    #[test]
    fn of_rows_that_differ_none_stays() {
        let found = found(&[(1, 10, 7), (1, 20, 7), (1, 30, 8)]);

        assert_eq!(found.left_out(), [10, 20, 30]);
        assert_eq!(found.conflicting[0], (10, Other::Row(30)));
        assert_eq!(found.conflicting[2], (30, Other::Row(10)));
    }

    #[test]
    fn a_filter_knows_every_key_it_was_made_of() {
        let folder = tempfile::tempdir().unwrap();
        let mut keys = keys(1 << 20, folder.path());
        let mut scratch = Vec::new();
        let numbers: arrow::array::ArrayRef =
            std::sync::Arc::new(arrow::array::Int64Array::from_iter_values(0..2000));
        let encoder = Encoder::new([&numbers]);
        for row in 0..1000 {
            let key = encoder.fingerprint(row, &mut scratch);
            keys.extend(&[key_entry(key, row as u64, key)]).unwrap();
        }

        let filter = Filter::of(&keys).unwrap();
        let may_have = |row| filter.may_have(&encoder.fingerprint(row, &mut Vec::new()));

        assert!((0..1000).all(may_have));
        assert!((1000..2000).filter(|row| may_have(*row)).count() < 100);
    }
}
