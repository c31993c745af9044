//! Which columns hold the same values, and which datasets can be joined by them: as foreign keys say.

use std::collections::{BTreeMap, BTreeSet};

use domain::codebook::{Class, Field};
use domain::{Codebook, ColumnName, DatasetName};

/// One column of one dataset, borrowed from a codebook.
pub(super) type Column<'a> = (&'a DatasetName, &'a ColumnName);

/// What the foreign keys of all codebooks say together.
pub(super) struct Links<'a> {
    /// The columns that hold the same values share a number.
    groups: BTreeMap<Column<'a>, usize>,
    /// The columns that a foreign key of one column points at.
    targets: BTreeSet<Column<'a>>,
}

impl<'a> Links<'a> {
    /// Reads the foreign keys of all codebooks.
    pub(super) fn of(codebooks: &'a BTreeMap<DatasetName, Codebook>) -> Self {
        let mut links = Self { groups: BTreeMap::new(), targets: BTreeSet::new() };
        for codebook in codebooks.values() {
            for key in &codebook.foreign_keys {
                let reference = &key.reference;
                for (here, there) in key.fields.iter().zip(&reference.fields) {
                    links.join((&codebook.name, here), (&reference.resource, there));
                }
                if let [field] = reference.fields.as_slice() {
                    links.targets.insert((&reference.resource, field));
                }
            }
        }
        links
    }

    /// Puts two columns, and all that hold the same values as either, into one group.
    fn join(&mut self, here: Column<'a>, there: Column<'a>) {
        let new = self.groups.len();
        let kept = *self.groups.entry(here).or_insert(new);
        if let Some(gone) = self.groups.insert(there, kept) {
            self.groups.values_mut().filter(|group| **group == gone).for_each(|it| *it = kept);
        }
    }

    /// Whether two columns hold the same values.
    pub(super) fn are_same(&self, one: Column<'a>, other: Column<'a>) -> bool {
        one == other || self.group(one).is_some_and(|group| self.group(other) == Some(group))
    }

    /// Whether another column points at this one alone, which therefore identifies a row.
    pub(super) fn is_target(&self, column: Column<'a>) -> bool {
        self.targets.contains(&column)
    }

    /// The datasets that can be joined with one, by way of others too, through granted columns;
    /// the dataset itself among them.
    pub(super) fn joined(
        &self,
        dataset: &'a DatasetName,
        granted: &BTreeMap<&'a DatasetName, Vec<&'a Field>>,
    ) -> BTreeSet<&'a DatasetName> {
        let bridges = |of: &'a DatasetName| -> BTreeSet<(usize, bool)> {
            let fields = granted.get(of).into_iter().flatten();
            fields.filter_map(|field| self.bridge(of, field)).collect()
        };
        let mut joined = BTreeSet::from([dataset]);
        let mut reached = bridges(dataset);
        loop {
            let next = granted
                .keys()
                .copied()
                .find(|other| !joined.contains(other) && !reached.is_disjoint(&bridges(other)));
            let Some(next) = next else { return joined };
            joined.insert(next);
            reached.append(&mut bridges(next));
        }
    }

    /// What a column can be joined with: its group, as pseudonyms or in the clear, since a
    /// pseudonym equals no clear value.
    fn bridge(&self, dataset: &'a DatasetName, field: &'a Field) -> Option<(usize, bool)> {
        let group = self.group((dataset, &field.name))?;
        Some((group, field.class == Class::Identifier))
    }

    fn group(&self, column: Column<'a>) -> Option<usize> {
        self.groups.get(&column).copied()
    }
}
