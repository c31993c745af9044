//! The keys of redactions, hashed in the form that rows of a file have.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Scalar, StringArray};
use arrow::compute::kernels::cmp::eq;
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Schema};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use arrow::row::{RowConverter, SortField};
use domain::ColumnName;
use domain::redaction::{Key, RedactionTarget};

use super::RedactError;

/// The keys over one set of columns, and the target of each.
#[derive(Debug)]
pub(super) struct KeyIndex {
    columns: Vec<usize>,
    types: Vec<DataType>,
    targets: HashMap<Box<[u8]>, usize>,
    /// The same keys as values, where they are few values of one column.
    few: Vec<(ArrayRef, usize)>,
}

/// Up to so many keys are compared one by one, which costs less than encoding and hashing every row.
const FEW_MAX: usize = 8;

/// Hashes the keys of some targets, one index for each set of columns.
///
/// # Errors
/// When the schema lacks a column, or a key is no value of its columns.
pub(super) fn build(
    targets: &[RedactionTarget],
    lists: &[Vec<Key>],
    schema: &Schema,
) -> Result<Vec<KeyIndex>, RedactError> {
    let mut indexes: Vec<KeyIndex> = Vec::new();
    for (place, (target, keys)) in targets.iter().zip(lists).enumerate() {
        let columns = places(&target.key, schema)?;
        let known = indexes.iter().position(|index| index.columns == columns);
        let known = known.unwrap_or_else(|| {
            let types = columns.iter().map(|at| schema.field(*at).data_type().clone()).collect();
            indexes.push(KeyIndex { columns, types, targets: HashMap::new(), few: Vec::new() });
            indexes.len() - 1
        });
        indexes[known].add(keys, place)?;
    }
    Ok(indexes)
}

fn places(names: &[ColumnName], schema: &Schema) -> Result<Vec<usize>, RedactError> {
    let place = |name: &ColumnName| schema.index_of(name.as_str());
    let places: Result<Vec<usize>, _> = names.iter().map(place).collect();
    places.map_err(|_| RedactError::ColumnMissing)
}

impl KeyIndex {
    fn add(&mut self, keys: &[Key], target: usize) -> Result<(), RedactError> {
        if keys.iter().any(|key| key.len() != self.types.len()) {
            return Err(RedactError::Lists);
        }
        let options = CastOptions { safe: false, ..CastOptions::default() };
        let columns = self.types.iter().enumerate().map(|(at, kind)| {
            let texts = StringArray::from_iter_values(keys.iter().map(|key| key[at].as_str()));
            cast_with_options(&texts, kind, &options)
        });
        let columns: Vec<ArrayRef> = columns.collect::<Result<_, _>>()?;
        let rows = self.converter()?.convert_columns(&columns)?;
        self.targets.extend(rows.iter().map(|row| (Box::from(row.as_ref()), target)));
        if let [values] = columns.as_slice()
            && self.targets.len() <= FEW_MAX
        {
            self.few.extend((0..values.len()).map(|at| (values.slice(at, 1), target)));
        }
        Ok(())
    }

    /// Tells each row that a key names, with the key's target.
    pub(super) fn find(
        &self,
        batch: &RecordBatch,
        mut found: impl FnMut(usize, usize),
    ) -> Result<(), ArrowError> {
        if let [place] = self.columns.as_slice()
            && self.few.len() == self.targets.len()
        {
            return self.compare(batch.column(*place), found);
        }
        let columns: Vec<ArrayRef> =
            self.columns.iter().map(|at| Arc::clone(batch.column(*at))).collect();
        let rows = self.converter()?.convert_columns(&columns)?;
        for (number, row) in rows.iter().enumerate() {
            if let Some(target) = self.targets.get(row.as_ref()) {
                found(number, *target);
            }
        }
        Ok(())
    }

    /// Compares a column with each of a few keys.
    fn compare(
        &self,
        column: &ArrayRef,
        mut found: impl FnMut(usize, usize),
    ) -> Result<(), ArrowError> {
        for (key, target) in &self.few {
            let is_key = eq(column, &Scalar::new(Arc::clone(key)))?;
            if is_key.has_true() {
                let rows = is_key.iter().enumerate().filter(|(_, is_key)| *is_key == Some(true));
                rows.for_each(|(row, _)| found(row, *target));
            }
        }
        Ok(())
    }

    fn converter(&self) -> Result<RowConverter, ArrowError> {
        RowConverter::new(self.types.iter().cloned().map(SortField::new).collect())
    }
}
