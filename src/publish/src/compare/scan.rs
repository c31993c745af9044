//! Files into entries: of every row, then of those that changed.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use arrow::array::{Array as _, ArrayRef, AsArray as _};
use domain::ColumnName;

use super::seen::Seen;
use super::shape::Shape;
use crate::buckets::Buckets;
use crate::failure::Fault;
use crate::fingerprint::{Encoder, Fingerprint, hash};
use crate::leaf;
use crate::published::{Published, columns_of};

/// What is kept of each row: its key's fingerprint, its location and its category (big-endian), its
/// own fingerprint.
pub(super) const ROW_ENTRY_BYTES: usize = 16 + 8 + 4 + 16;

/// How many columns are looked at in one pass over the changed rows.
pub(super) const COLUMNS_PER_PASS: usize = 16;

/// What is kept of each changed row: its key's fingerprint, its location, a hash of each column.
pub(super) const COLUMN_ENTRY_BYTES: usize = 16 + 8 + 8 * COLUMNS_PER_PASS;

/// Where in an entry the hash of a column begins.
pub(super) fn column_hash_at(index: usize) -> usize {
    16 + 8 + 8 * index
}

/// An entry of a row taken apart.
pub(super) struct RowEntry {
    pub(super) location: u64,
    pub(super) group: usize,
    pub(super) row: Fingerprint,
}

impl RowEntry {
    pub(super) fn read(entry: &[u8; ROW_ENTRY_BYTES]) -> Self {
        let location = entry[16..24].try_into().expect("invariant: eight bytes");
        let group = entry[24..28].try_into().expect("invariant: four bytes");
        Self {
            location: u64::from_be_bytes(location),
            group: u32::from_be_bytes(group) as usize,
            row: entry[28..].try_into().expect("invariant: sixteen bytes"),
        }
    }

    fn write(
        key: Fingerprint,
        location: u64,
        group: usize,
        row: Fingerprint,
    ) -> [u8; ROW_ENTRY_BYTES] {
        let mut entry = [0; ROW_ENTRY_BYTES];
        entry[..16].copy_from_slice(&key);
        entry[16..24].copy_from_slice(&location.to_be_bytes());
        entry[24..28].copy_from_slice(&u32::try_from(group).unwrap_or(u32::MAX).to_be_bytes());
        entry[28..].copy_from_slice(&row);
        entry
    }
}

/// Which snapshot a row is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    From,
    To,
}

/// Which rows changed: one bit for each row of each file.
pub(super) struct Marks(Vec<Vec<u64>>);

impl Marks {
    /// None yet.
    pub(super) fn none(sides: &Sides<'_>) -> Self {
        let bits = |file: &Published| {
            let rows = file.metadata().file_metadata().num_rows();
            vec![0; usize::try_from(rows).unwrap_or(0).div_ceil(64)]
        };
        Self(sides.from.files.iter().chain(&sides.to.files).map(bits).collect())
    }

    /// Marks a row as changed.
    pub(super) fn mark(&mut self, location: u64) {
        let (file, row) = leaf::place(location);
        let word = self
            .0
            .get_mut(file as usize)
            .and_then(|bits| bits.get_mut(usize::try_from(row / 64).unwrap_or(usize::MAX)));
        if let Some(word) = word {
            *word |= 1 << (row % 64);
        }
    }

    fn has(&self, file: usize, row: u64) -> bool {
        let word = usize::try_from(row / 64).ok().and_then(|word| self.0[file].get(word));
        word.is_some_and(|word| word & (1 << (row % 64)) != 0)
    }
}

/// Both snapshots, whose files are numbered through.
pub(super) struct Sides<'a> {
    /// The earlier snapshot, whose files come first in locations.
    from: Seen<'a>,
    /// The later snapshot.
    to: Seen<'a>,
    /// Most bytes of entries that may lie in the scratch folder.
    spill_bytes_max: u64,
}

impl<'a> Sides<'a> {
    pub(super) fn new(from: Seen<'a>, to: Seen<'a>, spill_bytes_max: u64) -> Self {
        Self { from, to, spill_bytes_max }
    }

    /// What of both can be compared, if anything.
    pub(super) fn shape(&self) -> Option<Shape<'_>> {
        Shape::of(&self.from.columns, &self.to.columns)
    }

    /// One of all files, with the snapshot that has it.
    fn file(&self, number: usize) -> Option<(&Seen<'a>, &Published)> {
        let (seen, place) = match number.checked_sub(self.from.files.len()) {
            Some(place) => (&self.to, place),
            None => (&self.from, number),
        };
        Some((seen, seen.files.get(place)?))
    }

    /// Which snapshot a location is of.
    pub(super) fn side(&self, location: u64) -> Side {
        let (file, _) = leaf::place(location);
        if (file as usize) < self.from.files.len() { Side::From } else { Side::To }
    }

    /// Adds an entry for each row.
    pub(super) fn scan_rows(
        &self,
        shape: &Shape<'_>,
        entries: &mut Buckets<ROW_ENTRY_BYTES>,
    ) -> Result<(), Fault> {
        let mut read = shape.common.clone();
        read.extend(shape.group.filter(|group| !shape.common.contains(group)));
        self.scan(shape, &read, entries, |batch, file, first_row| {
            let pick = |places: &[usize]| -> Vec<&ArrayRef> {
                let all = read.iter().zip(batch);
                let of = |place: &usize| all.clone().find(|(it, _)| *it == place).map(|it| it.1);
                places.iter().filter_map(of).collect()
            };
            let (key, row) = (Encoder::new(pick(&shape.key)), Encoder::new(pick(&shape.common)));
            let group = shape.group.and_then(|place| pick(&[place]).into_iter().next());
            let codes = group.and_then(|values| values.as_string_view_opt());
            let mut scratch = Vec::new();
            let rows = batch.first().map_or(0, |column| column.len());
            let entry = |index: usize| {
                let code = codes.filter(|codes| codes.is_valid(index));
                let group = shape.group_of(code.map(|codes| codes.value(index)));
                let location = leaf::location(file, first_row + index as u64);
                let key = key.fingerprint(index, &mut scratch);
                RowEntry::write(key, location, group, row.fingerprint(index, &mut scratch))
            };
            (0..rows).map(entry).collect()
        })
    }

    /// Adds an entry for each changed row, with the hashes of some columns.
    pub(super) fn scan_changed(
        &self,
        shape: &Shape<'_>,
        marks: &Marks,
        places: &[usize],
        entries: &mut Buckets<COLUMN_ENTRY_BYTES>,
    ) -> Result<(), Fault> {
        let read: Vec<usize> = shape.key.iter().chain(places).copied().collect();
        let keys = shape.key.len();
        self.scan(shape, &read, entries, |batch, file, first_row| {
            let key = Encoder::new(&batch[..keys]);
            let columns: Vec<Encoder<'_>> =
                batch[keys..].iter().map(|column| Encoder::new([column])).collect();
            let mut scratch = Vec::new();
            let rows = batch.first().map_or(0, |column| column.len());
            let changed = (0..rows).filter(|row| marks.has(file as usize, first_row + *row as u64));
            let entry = |row: usize| {
                let mut entry = [0; COLUMN_ENTRY_BYTES];
                entry[..16].copy_from_slice(&key.fingerprint(row, &mut scratch));
                let location = leaf::location(file, first_row + row as u64);
                entry[16..24].copy_from_slice(&location.to_be_bytes());
                for (index, column) in columns.iter().enumerate() {
                    scratch.clear();
                    column.write(row, &mut scratch);
                    let start = column_hash_at(index);
                    entry[start..start + 8].copy_from_slice(&hash(&scratch).to_be_bytes());
                }
                entry
            };
            changed.map(entry).collect()
        })
    }

    /// Reads columns of all files on several threads, and gathers what each batch gives.
    fn scan<const N: usize>(
        &self,
        shape: &Shape<'_>,
        places: &[usize],
        entries: &mut Buckets<N>,
        of_batch: impl Fn(&[ArrayRef], u32, u64) -> Vec<[u8; N]> + Sync,
    ) -> Result<(), Fault> {
        let (next, entries) = (AtomicUsize::new(0), Mutex::new(entries));
        let names: Vec<&ColumnName> = places.iter().map(|it| shape.columns.name(*it)).collect();
        let scan = || -> Result<(), Fault> {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let Some((seen, file)) = self.file(number) else { return Ok(()) };
                let number = u32::try_from(number).unwrap_or(u32::MAX);
                // Of the rows that are not taken out, of which each pass sees the same.
                let mut first_row = 0;
                for batch in seen.read(file, &names)? {
                    let batch = columns_of(Ok(batch?), shape.columns, places.iter().copied())?;
                    let found = of_batch(&batch, number, first_row);
                    first_row += batch.first().map_or(0, |column| column.len()) as u64;
                    let mut entries = entries.lock().unwrap_or_else(PoisonError::into_inner);
                    entries.extend(&found)?;
                    if self.spill_bytes_max < entries.spilled_bytes() {
                        return Err(Fault::Scratch(io::ErrorKind::StorageFull.into()));
                    }
                }
            }
        };
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let files = self.from.files.len() + self.to.files.len();
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..threads.min(files)).map(|_| scope.spawn(scan)).collect();
            let mut ends = threads.into_iter().map(|thread| {
                thread.join().unwrap_or(Err(Fault::Panicked { thread: "comparing" }))
            });
            ends.try_for_each(|end| end)
        })
    }
}
