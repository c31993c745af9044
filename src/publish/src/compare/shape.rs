//! Which columns of two snapshots can be compared.

use domain::ColumnName;

use crate::categories::CategorySet;
use crate::columns::Columns;

/// The columns of the later snapshot, and what of them the earlier one has, too.
#[derive(Debug)]
pub(super) struct Shape<'a> {
    /// The columns of the later snapshot.
    pub(super) columns: &'a Columns,
    /// The columns that identify a row.
    pub(super) key: Vec<usize>,
    /// The columns that both have, of one type, keys included.
    pub(super) common: Vec<usize>,
    /// The column by which counts are grouped.
    pub(super) group: Option<usize>,
}

impl<'a> Shape<'a> {
    /// What can be compared; nothing where rows have no key in common.
    pub(super) fn of(former: &Columns, columns: &'a Columns) -> Option<Self> {
        let (before, now) = (&former.codebook, &columns.codebook);
        let is_common = |name: &ColumnName| {
            let types = [before, now].map(|book| Some(book.field(name.as_str())?.field_type));
            types[0].is_some() && types[0] == types[1]
        };
        if before.primary_key != now.primary_key || !now.primary_key.iter().all(is_common) {
            return None;
        }
        let common =
            (0..columns.all.len()).filter(|place| is_common(columns.name(*place))).collect();
        let group = now.group_column().and_then(|field| columns.place(&field.name));
        Some(Self { key: columns.primary_key.clone(), common, group, columns })
    }

    /// The columns that may differ in a row of which both have the key.
    pub(super) fn compared(&self) -> Vec<usize> {
        self.common.iter().filter(|place| !self.key.contains(place)).copied().collect()
    }

    /// How many groups there are: the categories, those of an earlier codebook, and none.
    pub(super) fn group_count(&self) -> usize {
        self.category_count() + 2
    }

    /// The group of a value.
    pub(super) fn group_of(&self, value: Option<&str>) -> usize {
        let set = self.group.and_then(|place| self.columns.all[place].categories.as_ref());
        match value {
            None => self.category_count() + 1,
            Some(value) => {
                set.and_then(|set| set.find(value)).unwrap_or_else(|| self.category_count())
            }
        }
    }

    /// How a group is told.
    pub(super) fn group_code(&self, group: usize) -> Option<String> {
        let set = self.group.and_then(|place| self.columns.all[place].categories.as_ref())?;
        match group.checked_sub(set.len()) {
            None => Some(set.code(group).to_owned()),
            // A code of the earlier codebook that today's does not have.
            Some(0) => Some("(other)".to_owned()),
            Some(_) => None,
        }
    }

    fn category_count(&self) -> usize {
        let set = self.group.and_then(|place| self.columns.all[place].categories.as_ref());
        set.map_or(0, CategorySet::len)
    }
}
