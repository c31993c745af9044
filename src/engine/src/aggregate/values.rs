//! The values of many groups, in the order in which they came.
//!
//! The first groups, which most often are all, have a list each, so that nothing need be put in order.
//! For the many behind them, which would have a million small lists, one long list of values has the
//! number of its group beside each.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array as _, ArrayRef, AsArray as _, BooleanArray, Float64Array, ListArray,
};
use datafusion::arrow::buffer::{OffsetBuffer, ScalarBuffer};
use datafusion::arrow::datatypes::{DataType, Field, Float64Type};
use datafusion::error::{DataFusionError, Result as EngineResult};
use datafusion::logical_expr::{EmitTo, GroupsAccumulator};

use super::percentile::{Place, comparable};

/// How many groups have a list of their own.
const FEW: usize = 1024;

/// Entries that are kept together: what grows is never more than this too large.
const CHUNK_ENTRIES: usize = 1 << 16;

/// Bytes of a value and the number of its group.
const ENTRY_BYTES: usize = size_of::<f64>() + size_of::<u32>();

/// Values and the numbers of their groups, side by side.
#[derive(Debug, Default)]
struct Chunk {
    values: Vec<f64>,
    groups: Vec<u32>,
}

/// The values of many groups, of each of which a percentile is wanted.
#[derive(Debug)]
pub(super) struct GroupedValues {
    /// The values of each of the first groups.
    few: Vec<Vec<f64>>,
    /// Those of all others.
    chunks: Vec<Chunk>,
    /// How many groups there are.
    groups: usize,
    /// How many values there are in chunks.
    count: usize,
    place: Place,
}

/// The values of groups that leave.
struct Taken {
    /// Of each of the first groups.
    few: Vec<Vec<f64>>,
    /// Of the others, group by group.
    values: Vec<f64>,
    /// Where each of the others begins, and where the last one ends.
    starts: Vec<usize>,
}

impl GroupedValues {
    /// No values yet.
    pub(super) fn new(place: Place) -> Self {
        Self { few: Vec::new(), chunks: Vec::new(), groups: 0, count: 0, place }
    }

    /// Makes room for groups.
    fn grow(&mut self, groups: usize) -> EngineResult<()> {
        self.groups = self.groups.max(groups);
        self.few.resize_with(self.groups.min(FEW), Vec::new);
        u32::try_from(groups).map(|_| ()).map_err(|_| too_many())
    }

    fn push(&mut self, group: usize, value: f64) {
        if let Some(values) = self.few.get_mut(group) {
            values.push(comparable(value));
            return;
        }
        if self.chunks.last().is_none_or(|chunk| chunk.values.len() == CHUNK_ENTRIES) {
            self.chunks.push(Chunk::default());
        }
        if let Some(chunk) = self.chunks.last_mut() {
            chunk.values.push(comparable(value));
            // `grow` saw to it that numbers of groups fit.
            chunk.groups.push(group as u32);
            self.count += 1;
        }
    }

    /// Takes the values of all groups, or of the first, whose numbers then belong to the rest.
    fn take(&mut self, emit_to: EmitTo) -> Taken {
        let taken = match emit_to {
            EmitTo::All => self.groups,
            EmitTo::First(count) => count.min(self.groups),
        };
        let few: Vec<Vec<f64>> = self.few.drain(..taken.min(FEW)).collect();
        let chunks = std::mem::take(&mut self.chunks);
        (self.count, self.groups) = (0, self.groups - taken);
        self.few.resize_with(self.groups.min(FEW), Vec::new);
        let others = taken.saturating_sub(FEW);
        let mut starts = vec![0; others + 1];
        for group in chunks.iter().flat_map(|chunk| &chunk.groups) {
            if let Some(next) = starts.get_mut(*group as usize - FEW + 1) {
                *next += 1;
            }
        }
        for group in 0..others {
            starts[group + 1] += starts[group];
        }
        let mut ends = starts.clone();
        let mut values = vec![0.0; starts[others]];
        for Chunk { values: some, groups } in chunks {
            for (value, group) in some.into_iter().zip(groups) {
                let group = group as usize;
                if group < taken {
                    let end = &mut ends[group - FEW];
                    values[*end] = value;
                    *end += 1;
                } else {
                    self.push(group - taken, value);
                }
            }
        }
        Taken { few, values, starts }
    }
}

impl GroupsAccumulator for GroupedValues {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        opt_filter: Option<&BooleanArray>,
        total_num_groups: usize,
    ) -> EngineResult<()> {
        self.grow(total_num_groups)?;
        let values = values[0].as_primitive::<Float64Type>();
        for (row, group) in group_indices.iter().enumerate() {
            if values.is_valid(row) && opt_filter.is_none_or(|filter| passes(filter, row)) {
                self.push(*group, values.value(row));
            }
        }
        Ok(())
    }

    fn merge_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        total_num_groups: usize,
    ) -> EngineResult<()> {
        self.grow(total_num_groups)?;
        let lists = values[0].as_list::<i32>();
        for (row, group) in group_indices.iter().enumerate() {
            if lists.is_valid(row) {
                let list = lists.value(row);
                let list = list.as_primitive::<Float64Type>();
                list.values().iter().for_each(|value| self.push(*group, *value));
            }
        }
        Ok(())
    }

    fn state(&mut self, emit_to: EmitTo) -> EngineResult<Vec<ArrayRef>> {
        let Taken { few, values, starts } = self.take(emit_to);
        let mut offsets = vec![0];
        offsets.extend(few.iter().scan(0, |end, list| {
            *end += list.len();
            Some(*end)
        }));
        let first = offsets[few.len()];
        offsets.extend(starts.iter().skip(1).map(|end| first + end));
        let offsets = offsets.into_iter().map(i32::try_from);
        let offsets = offsets.collect::<Result<Vec<i32>, _>>().map_err(|_| too_many())?;
        let mut all = Vec::with_capacity(first + values.len());
        few.into_iter().for_each(|list| all.extend(list));
        all.extend(values);
        lists(all, offsets)
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> EngineResult<ArrayRef> {
        let Taken { mut few, mut values, starts } = self.take(emit_to);
        let place = self.place;
        let few = few.iter_mut().map(|list| place.of_values(list));
        let ends = starts.windows(2).map(|ends| (ends[0], ends[1]));
        let others = ends.map(|(start, end)| place.of_values(&mut values[start..end]));
        Ok(Arc::new(few.chain(others).collect::<Float64Array>()))
    }

    /// Each row as a group of its own: a list of its value, or of none.
    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        opt_filter: Option<&BooleanArray>,
    ) -> EngineResult<Vec<ArrayRef>> {
        let values = values[0].as_primitive::<Float64Type>();
        let mut offsets = Vec::with_capacity(values.len() + 1);
        let mut there = Vec::with_capacity(values.len());
        offsets.push(0);
        for row in 0..values.len() {
            if values.is_valid(row) && opt_filter.is_none_or(|filter| passes(filter, row)) {
                there.push(values.value(row));
            }
            offsets.push(i32::try_from(there.len()).map_err(|_| too_many())?);
        }
        lists(there, offsets)
    }

    fn size(&self) -> usize {
        // What is held, and what is laid beside it when groups leave: the values in their order, and
        // for each group where it begins and ends.
        let few: usize = self.few.iter().map(Vec::capacity).sum();
        let held: usize = self.chunks.iter().map(|chunk| chunk.values.capacity()).sum();
        let beside = (few + self.count) * size_of::<f64>() + self.groups * 2 * size_of::<usize>();
        let lists = self.few.capacity() * size_of::<Vec<f64>>() + few * size_of::<f64>();
        size_of_val(self) + lists + held * ENTRY_BYTES + beside
    }
}

/// Whether a filter keeps a row; what is neither true nor false does not.
fn passes(filter: &BooleanArray, row: usize) -> bool {
    filter.is_valid(row) && filter.value(row)
}

/// Lists that lie in one array of values.
fn lists(values: Vec<f64>, offsets: Vec<i32>) -> EngineResult<Vec<ArrayRef>> {
    let item = Arc::new(Field::new_list_field(DataType::Float64, true));
    let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
    let values = Arc::new(Float64Array::from(values));
    Ok(vec![Arc::new(ListArray::try_new(item, offsets, values, None)?)])
}

/// More values than can be counted, which no memory holds either.
fn too_many() -> DataFusionError {
    DataFusionError::ResourcesExhausted("more values than can be counted".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::percentile::half;

    fn numbers(values: &[Option<f64>]) -> Vec<ArrayRef> {
        vec![Arc::new(Float64Array::from(values.to_vec()))]
    }

    fn evaluated(mut values: GroupedValues) -> Vec<Option<f64>> {
        let medians = values.evaluate(EmitTo::All).unwrap();
        medians.as_primitive::<Float64Type>().iter().collect()
    }

    #[test]
    fn each_group_has_its_own_values_and_a_group_without_any_has_none() {
        let mut values = GroupedValues::new(half());
        let some = numbers(&[Some(1.0), Some(10.0), None, Some(2.0), Some(7.0)]);
        let filter = BooleanArray::from(vec![Some(true), Some(true), Some(true), Some(true), None]);

        values.update_batch(&some, &[0, 1, 2, 0, 1], Some(&filter), 3).unwrap();

        assert_eq!(evaluated(values), [Some(1.5), Some(10.0), None]);
    }

    #[test]
    fn groups_that_leave_first_take_their_values_along() {
        let mut values = GroupedValues::new(half());
        let many = CHUNK_ENTRIES * 2 + 1;
        let some: Vec<Option<f64>> = (0..many).map(|row| Some((row % 3) as f64)).collect();
        let groups: Vec<usize> = (0..many).map(|row| row % 3).collect();
        values.update_batch(&numbers(&some), &groups, None, 3).unwrap();

        let first = values.evaluate(EmitTo::First(1)).unwrap();

        assert_eq!(first.as_primitive::<Float64Type>().values().as_ref(), [0.0]);
        values.update_batch(&numbers(&[Some(9.0)]), &[2], None, 3).unwrap();
        assert_eq!(evaluated(values), [Some(1.0), Some(2.0), Some(9.0)]);
    }

    /// Groups with a list of their own and groups without are renumbered alike.
    #[test]
    fn many_groups_leave_in_steps_of_any_size() {
        let groups = 3 * FEW + 5;
        let twice: Vec<usize> = (0..groups).chain((0..groups).rev()).collect();
        let some: Vec<Option<f64>> = twice.iter().map(|group| Some(*group as f64)).collect();
        for step in [1_000, FEW, FEW + 1, 2 * FEW + 7] {
            let mut values = GroupedValues::new(half());
            values.update_batch(&numbers(&some), &twice, None, groups).unwrap();

            let mut found = Vec::new();
            while found.len() < groups {
                let lists = values.state(EmitTo::First(step)).unwrap();
                let lists = lists[0].as_list::<i32>();
                assert!(lists.value_offsets().windows(2).all(|ends| ends[1] - ends[0] == 2));
                let numbers = lists.values().as_primitive::<Float64Type>().values();
                found.extend(numbers.iter().step_by(2).copied());
            }

            assert_eq!(found, (0..groups).map(|group| group as f64).collect::<Vec<_>>(), "{step}");
        }
    }

    #[test]
    fn what_one_thread_gathered_another_takes_over() {
        let some = numbers(&[Some(1.0), None, Some(4.0)]);
        let mut gathered = GroupedValues::new(half());
        gathered.update_batch(&some, &[0, 0, 1], None, 2).unwrap();
        let single = gathered.convert_to_state(&some, None).unwrap();
        let mut values = GroupedValues::new(half());

        values.merge_batch(&gathered.state(EmitTo::All).unwrap(), &[1, 0], 2).unwrap();
        values.merge_batch(&single, &[0, 0, 1], 2).unwrap();

        assert_eq!(evaluated(values), [Some(2.5), Some(2.5)]);
    }

    #[test]
    fn what_is_held_is_counted() {
        let mut values = GroupedValues::new(half());
        let some = numbers(&vec![Some(1.0); 100_000]);

        values.update_batch(&some, &vec![0; 100_000], None, 1).unwrap();

        // Each value where it is held, and once more beside it.
        assert!(100_000 * 2 * size_of::<f64>() <= values.size(), "{}", values.size());
        assert!(values.size() < 100_000 * 40, "{}", values.size());

        let mut values = GroupedValues::new(half());
        values.update_batch(&some, &vec![FEW; 100_000], None, FEW + 1).unwrap();

        assert!(100_000 * (ENTRY_BYTES + 8) <= values.size(), "{}", values.size());
    }
}
