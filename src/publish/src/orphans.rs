//! Foreign keys that point at nothing.
//!
//! Both sides are reduced to hashes of 64 bits and joined bucket by bucket, so that memory does
//! not grow with either. An orphan could only be missed if its hash were that of another key.

use std::path::Path;

use domain::codebook::ForeignKey;
use domain::publication::ReferencedSnapshot;

use crate::buckets::Buckets;
use crate::columns::Columns;
use crate::failure::Fault;
use crate::fingerprint::{Encoder, REFERENCE_ENTRY_BYTES};
use crate::published::{Published, columns_of, named};
use crate::source::section::Section;

/// The keys that rows point at, by their hashes.
type Targets = Buckets<8>;

/// One foreign key, and what is known of both its sides.
#[derive(Debug)]
pub(crate) struct Reference {
    /// The columns here.
    pub(crate) fields: Vec<usize>,
    /// What the rows of the sources point at.
    pub(crate) pointers: Buckets<REFERENCE_ENTRY_BYTES>,
    /// Where that should be.
    pub(crate) target: Target,
}

/// Where the rows that a foreign key points at are.
#[derive(Debug)]
pub(crate) enum Target {
    /// In the snapshot of another dataset.
    Snapshot(ForeignKey, Vec<Section>),
    /// In this dataset: the columns that are pointed at, and the keys of the rows of the sources.
    Own(Vec<usize>, Targets),
    /// Nowhere yet.
    Absent,
}

impl Reference {
    /// The foreign keys of a codebook; `files` gives each referenced snapshot's files in turn.
    pub(crate) fn all(
        columns: &Columns,
        snapshots: &[ReferencedSnapshot],
        files: &[Vec<Section>],
        memory_bytes: u64,
        scratch: &Path,
    ) -> Vec<Self> {
        let keys = &columns.codebook.foreign_keys;
        let share = memory_bytes / (2 * keys.len().max(1) as u64);
        let reference = |key: &ForeignKey| {
            let wanted = &key.reference.resource;
            let target = if *wanted == columns.codebook.name {
                let places = key.reference.fields.iter().filter_map(|name| columns.place(name));
                Target::Own(places.collect(), Buckets::new(share, scratch))
            } else {
                let snapshot = snapshots.iter().position(|snapshot| snapshot.dataset == *wanted);
                snapshot.map_or(Target::Absent, |snapshot| {
                    Target::Snapshot(key.clone(), files[snapshot].clone())
                })
            };
            Self {
                fields: key.fields.iter().filter_map(|name| columns.place(name)).collect(),
                pointers: Buckets::new(share, scratch),
                target,
            }
        };
        keys.iter().map(reference).collect()
    }

    /// The columns whose values are needed while rows are read: those that point, and those that
    /// are pointed at within the dataset.
    pub(crate) fn wanted(&self) -> Wanted {
        match &self.target {
            Target::Absent => Wanted::default(),
            Target::Snapshot(..) => Wanted { from: self.fields.clone(), to: Vec::new() },
            Target::Own(to, _) => Wanted { from: self.fields.clone(), to: to.clone() },
        }
    }

    /// Bytes that both sides take in the scratch folder.
    pub(crate) fn spilled_bytes(&self) -> u64 {
        let own = match &self.target {
            Target::Own(_, targets) => targets.spilled_bytes(),
            Target::Snapshot(..) | Target::Absent => 0,
        };
        self.pointers.spilled_bytes() + own
    }

    /// Adds what rows of the sources point at, and what they can be pointed at by.
    ///
    /// # Errors
    /// When the scratch folder cannot be written.
    pub(crate) fn extend(
        &mut self,
        from: &[[u8; REFERENCE_ENTRY_BYTES]],
        to: &[[u8; 8]],
    ) -> Result<(), Fault> {
        self.pointers.extend(from)?;
        match &mut self.target {
            Target::Own(_, targets) => targets.extend(to),
            Target::Snapshot(..) | Target::Absent => Ok(()),
        }
    }

    /// Which rows point at nothing; nothing if that cannot be told yet.
    ///
    /// # Errors
    /// When a published file cannot be read.
    pub(crate) fn orphans(
        self,
        kept: &[Published],
        columns: &Columns,
        memory_bytes: u64,
        scratch: &Path,
    ) -> Result<Option<Orphans>, Fault> {
        let targets = match self.target {
            Target::Absent => return Ok(None),
            Target::Snapshot(key, files) => {
                let mut targets = Buckets::new(memory_bytes, scratch);
                for file in files {
                    if !add_referenced(&mut targets, file, &key)? {
                        return Ok(None);
                    }
                }
                targets
            }
            Target::Own(places, mut targets) => {
                for published in kept {
                    add_own(&mut targets, published, &places, columns)?;
                }
                targets
            }
        };
        count(&self.pointers, &targets).map(Some)
    }
}

/// The columns of a foreign key whose values are needed while rows are read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    /// The columns that point; none where the target is not there yet.
    pub(crate) from: Vec<usize>,
    /// The columns of this dataset that are pointed at.
    pub(crate) to: Vec<usize>,
}

/// Adds the keys of a referenced file; tells whether it has the columns.
fn add_referenced(targets: &mut Targets, file: Section, key: &ForeignKey) -> Result<bool, Fault> {
    let published = Published::open(file)?;
    let names = &key.reference.fields;
    if !names.iter().all(|name| published.has(name)) {
        return Ok(false);
    }
    for batch in published.read(names.iter(), None)? {
        targets.extend(&target_entries(&named(batch, names)?))?;
    }
    Ok(true)
}

/// Adds the keys of a kept file of this dataset.
fn add_own(
    targets: &mut Targets,
    published: &Published,
    places: &[usize],
    columns: &Columns,
) -> Result<(), Fault> {
    for batch in published.read(places.iter().map(|place| columns.name(*place)), None)? {
        targets.extend(&target_entries(&columns_of(batch, columns, places.iter().copied())?))?;
    }
    Ok(())
}

/// The entries of rows that can be pointed at.
pub(crate) fn target_entries<'a>(
    columns: impl IntoIterator<Item = &'a arrow::array::ArrayRef>,
) -> Vec<[u8; 8]> {
    let columns: Vec<_> = columns.into_iter().collect();
    let rows = columns.first().map_or(0, |column| column.len());
    let encoder = Encoder::new(columns);
    let mut scratch = Vec::new();
    let hashes = (0..rows).filter_map(|row| encoder.reference(row, &mut scratch));
    hashes.map(u64::to_be_bytes).collect()
}

/// The rows that point at nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Orphans {
    /// How many.
    pub(crate) rows: u64,
    /// Where the first of them is.
    pub(crate) first: Option<u64>,
}

/// Which pointers have no target.
fn count(pointers: &Buckets<REFERENCE_ENTRY_BYTES>, targets: &Targets) -> Result<Orphans, Fault> {
    let mut orphans = Orphans::default();
    for number in 0..=u8::MAX {
        let pointers = pointers.sorted(number)?;
        if pointers.is_empty() {
            continue;
        }
        let mut targets = targets.sorted(number)?.into_iter().peekable();
        for pointer in &pointers {
            let (hash, location) = pointer.split_at(8);
            while targets.next_if(|target| target.as_slice() < hash).is_some() {}
            let is_there = targets.peek().is_some_and(|target| target.as_slice() == hash);
            if !is_there {
                let location = location.try_into().expect("invariant: eight bytes");
                let location = u64::from_be_bytes(location);
                orphans.rows += 1;
                orphans.first = Some(orphans.first.map_or(location, |first| first.min(location)));
            }
        }
    }
    Ok(orphans)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::{hash, reference_entry};

    #[test]
    fn a_pointer_without_a_target_is_an_orphan_each_time() {
        let folder = tempfile::tempdir().unwrap();
        let of = |number: u64| hash(&number.to_le_bytes());
        let mut pointers = Buckets::new(1 << 20, folder.path());
        let mut targets = Buckets::new(1 << 20, folder.path());
        let from = [1, 1, 2, 3, 900, 900, 901];
        let entries: Vec<_> =
            from.iter().map(|number| reference_entry(of(*number), *number)).collect();

        pointers.extend(&entries).unwrap();
        targets
            .extend(&(0..100).map(|number| of(number).to_be_bytes()).collect::<Vec<_>>())
            .unwrap();

        let orphans = count(&pointers, &targets).unwrap();
        assert_eq!(orphans, Orphans { rows: 3, first: Some(900) });
    }
}
