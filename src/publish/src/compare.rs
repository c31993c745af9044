//! How two snapshots differ: rows added, removed and changed, by category and by column.
//!
//! Files that both have by digest are left out before, and so is what the law takes out. Of each row of the others its key, its
//! values and its category are reduced to a fixed-size entry; entries are joined bucket by bucket,
//! so that memory does not grow with the snapshots. Rows that changed are marked, one bit each, and
//! only they are looked at again, to tell which of their columns changed.
//!
//! # Invariant
//! Nothing but counts and the codebook's own codes comes out.
//!
//! # Rooms
//! - [`seen`]: a snapshot as its readers see it; [`shape`]: which columns can be compared; [`scan`]:
//!   rows into entries.

mod scan;
mod seen;
mod shape;

use std::fs::File;
use std::path::Path;

use domain::publication::{Progress, Stage};
use domain::task::{ColumnChanges, CompareTask, Comparison, GroupChanges, RowChanges};

use crate::buckets::Buckets;
use crate::failure::Fault;
use crate::source::sections;

use scan::{COLUMN_ENTRY_BYTES, COLUMNS_PER_PASS, Marks, ROW_ENTRY_BYTES, Side, Sides};
use seen::Seen;
use shape::Shape;

/// Compares two snapshots.
///
/// # Errors
/// When a file cannot be read, or the scratch folder not be written.
pub(crate) fn compare(
    task: &CompareTask,
    files: Vec<File>,
    scratch: &Path,
    on_progress: &mut dyn FnMut(Progress),
) -> Result<Comparison, Fault> {
    let told = || task.from.files_told().chain(task.to.files_told());
    let bytes_total: u64 = told().map(|file| file.bytes).sum();
    let rows_total: u64 = told().map(|file| file.row_count).sum();
    let mut note = |share: u64| {
        let bytes_read = bytes_total / 4 * share;
        let rows = rows_total / 4 * share;
        on_progress(Progress { stage: Stage::Validate, bytes_read, bytes_total, rows });
    };
    note(0);
    let mut sections = sections(files, told().map(|file| file.bytes))?.into_iter();
    let from = Seen::open(&task.from, &mut sections)?;
    let to = Seen::open(&task.to, &mut sections)?;
    let sides = Sides::new(from, to, task.spill_bytes);
    let Some(shape) = sides.shape() else { return Ok(Comparison::default()) };
    let memory_bytes = task.memory_bytes / 2;
    let mut marks = Marks::none(&sides);
    let mut rows = Buckets::new(memory_bytes, scratch);
    sides.scan_rows(&shape, &mut rows)?;
    note(2);
    let mut tally = Tally::new(shape.group_count());
    for number in 0..=u8::MAX {
        let entries = rows.sorted(number)?;
        for same_key in entries.chunk_by(|one, other| one[..16] == other[..16]) {
            tally.add(same_key, &sides, &mut marks);
        }
    }
    drop(rows);
    note(3);
    let mut columns = Vec::new();
    if 0 < tally.all.changed {
        for places in shape.compared().chunks(COLUMNS_PER_PASS) {
            let mut entries = Buckets::new(memory_bytes, scratch);
            sides.scan_changed(&shape, &marks, places, &mut entries)?;
            columns.extend(differing(places, &entries)?);
        }
    }
    note(4);
    Ok(tally.into_comparison(&shape, &columns))
}

/// For each column, the changed rows in which it differs.
fn differing(
    places: &[usize],
    entries: &Buckets<COLUMN_ENTRY_BYTES>,
) -> Result<Vec<(usize, u64)>, Fault> {
    let mut counts: Vec<(usize, u64)> = places.iter().map(|place| (*place, 0)).collect();
    for number in 0..=u8::MAX {
        let entries = entries.sorted(number)?;
        for same_key in entries.chunk_by(|one, other| one[..16] == other[..16]) {
            // One of each side: keys are unique within a snapshot.
            let [from, to] = same_key else { continue };
            for (index, (_, count)) in counts.iter_mut().enumerate() {
                let hash = |entry: &[u8; COLUMN_ENTRY_BYTES]| {
                    let start = scan::column_hash_at(index);
                    <[u8; 8]>::try_from(&entry[start..start + 8]).ok()
                };
                *count += u64::from(hash(from) != hash(to));
            }
        }
    }
    Ok(counts)
}

/// What is counted.
struct Tally {
    all: RowChanges,
    /// By the number of the category; the last is that of rows without one.
    groups: Vec<RowChanges>,
}

impl Tally {
    fn new(groups: usize) -> Self {
        Self { all: RowChanges::default(), groups: vec![RowChanges::default(); groups] }
    }

    /// Counts the rows of one key, and marks those that changed.
    fn add(&mut self, same_key: &[[u8; ROW_ENTRY_BYTES]], sides: &Sides<'_>, marks: &mut Marks) {
        let entries: Vec<_> = same_key.iter().map(scan::RowEntry::read).collect();
        let (from, to): (Vec<_>, Vec<_>) =
            entries.into_iter().partition(|entry| sides.side(entry.location) == Side::From);
        match (from.first(), to.first()) {
            (Some(from), Some(to)) if from.row != to.row => {
                self.count(to.group, |rows| &mut rows.changed);
                marks.mark(from.location);
                marks.mark(to.location);
            }
            (Some(from), None) => self.count(from.group, |rows| &mut rows.removed),
            (None, Some(to)) => self.count(to.group, |rows| &mut rows.added),
            _ => {}
        }
    }

    fn count(&mut self, group: usize, of: impl Fn(&mut RowChanges) -> &mut u64) {
        *of(&mut self.all) += 1;
        if let Some(group) = self.groups.get_mut(group) {
            *of(group) += 1;
        }
    }

    fn into_comparison(self, shape: &Shape<'_>, columns: &[(usize, u64)]) -> Comparison {
        let changed = columns.iter().filter(|(_, rows)| 0 < *rows);
        let columns = changed.map(|(place, rows)| ColumnChanges {
            name: shape.columns.name(*place).clone(),
            rows: *rows,
        });
        let groups = self.groups.into_iter().enumerate();
        let groups = groups.filter(|(_, rows)| *rows != RowChanges::default());
        let groups =
            groups.map(|(group, rows)| GroupChanges { value: shape.group_code(group), rows });
        Comparison {
            rows: Some(self.all),
            by: shape.group.map(|place| shape.columns.name(place).clone()),
            groups: if shape.group.is_some() { groups.collect() } else { Vec::new() },
            columns: columns.collect(),
        }
    }
}
