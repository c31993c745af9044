//! `sum` of whole numbers that does not wrap.
//!
//! Sums are kept in 128 bits, where 2^63 numbers of 64 bits always fit; only what leaves must fit
//! into 64. So a sum that passes the border on its way and comes back is right, whatever the order
//! of reading. Other numbers are summed as the engine does.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::array::{
    Array as _, ArrayRef, ArrowPrimitiveType, AsArray as _, BooleanArray, Decimal128Array,
    Int64Array, PrimitiveArray,
};
use datafusion::arrow::buffer::NullBuffer;
use datafusion::arrow::datatypes::{
    DECIMAL128_MAX_PRECISION, DataType, Decimal128Type, Field, FieldRef, Int64Type,
};
use datafusion::arrow::error::ArrowError;
use datafusion::error::Result as EngineResult;
use datafusion::functions_aggregate::sum::Sum;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::{AggregateOrderSensitivity, format_state_name};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, GroupsAccumulator, ReversedUDAF,
    SetMonotonicity, Signature,
};
use datafusion::scalar::ScalarValue;

/// How a sum is handed from one thread to another.
const STATE: DataType = DataType::Decimal128(DECIMAL128_MAX_PRECISION, 0);

/// The function `sum`.
pub(super) fn sum() -> Arc<AggregateUDF> {
    Arc::new(AggregateUDF::new_from_impl(CheckedSum { engines: Sum::new() }))
}

/// See [`sum`].
#[derive(Debug, PartialEq, Eq, Hash)]
struct CheckedSum {
    engines: Sum,
}

/// Whether a sum is one of ours, by what it gives.
fn is_whole(result: &Field) -> bool {
    result.data_type() == &DataType::Int64
}

/// A sum that has to fit into 64 bits from now on.
fn narrow(sum: i128) -> EngineResult<i64> {
    let beyond = |_| ArrowError::ArithmeticOverflow("a sum beyond 64 bits".to_owned());
    Ok(i64::try_from(sum).map_err(beyond)?)
}

impl AggregateUDFImpl for CheckedSum {
    fn name(&self) -> &str {
        "sum"
    }

    fn signature(&self) -> &Signature {
        self.engines.signature()
    }

    fn return_type(&self, arg_types: &[DataType]) -> EngineResult<DataType> {
        self.engines.return_type(arg_types)
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> EngineResult<Vec<FieldRef>> {
        if args.is_distinct || !is_whole(&args.return_field) {
            return self.engines.state_fields(args);
        }
        Ok(vec![Arc::new(Field::new(format_state_name(args.name, "sum"), STATE, true))])
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> EngineResult<Box<dyn Accumulator>> {
        if !is_whole(&args.return_field) {
            return self.engines.accumulator(args);
        }
        Ok(if args.is_distinct { Box::<Distinct>::default() } else { Box::<One>::default() })
    }

    fn create_sliding_accumulator(
        &self,
        args: AccumulatorArgs<'_>,
    ) -> EngineResult<Box<dyn Accumulator>> {
        if is_whole(&args.return_field) {
            return self.accumulator(args);
        }
        self.engines.create_sliding_accumulator(args)
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs<'_>) -> bool {
        self.engines.groups_accumulator_supported(args)
    }

    fn create_groups_accumulator(
        &self,
        args: AccumulatorArgs<'_>,
    ) -> EngineResult<Box<dyn GroupsAccumulator>> {
        if !is_whole(&args.return_field) {
            return self.engines.create_groups_accumulator(args);
        }
        Ok(Box::<Many>::default())
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        self.engines.reverse_expr()
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        self.engines.order_sensitivity()
    }

    fn set_monotonicity(&self, data_type: &DataType) -> SetMonotonicity {
        self.engines.set_monotonicity(data_type)
    }
}

/// The sum of the one group there is.
#[derive(Debug, Default)]
struct One {
    sum: i128,
    /// How many numbers are in it; of none there is no sum.
    count: u64,
}

impl One {
    fn value<T>(&self, of: impl FnOnce(i128) -> T) -> Option<T> {
        (0 < self.count).then(|| of(self.sum))
    }
}

/// The sum of what is there in an array, and how much that is.
fn total<T: ArrowPrimitiveType<Native: Into<i128>>>(array: &PrimitiveArray<T>) -> (i128, u64) {
    let there = array.len() - array.null_count();
    let sum = if there == array.len() {
        array.values().iter().map(|value| -> i128 { (*value).into() }).sum()
    } else {
        array.iter().flatten().map(|value| -> i128 { value.into() }).sum()
    };
    (sum, there as u64)
}

impl Accumulator for One {
    fn update_batch(&mut self, values: &[ArrayRef]) -> EngineResult<()> {
        let (sum, count) = total(values[0].as_primitive::<Int64Type>());
        self.sum += sum;
        self.count += count;
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> EngineResult<()> {
        let (sum, count) = total(states[0].as_primitive::<Decimal128Type>());
        self.sum += sum;
        self.count += count;
        Ok(())
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> EngineResult<()> {
        let (sum, count) = total(values[0].as_primitive::<Int64Type>());
        self.sum -= sum;
        self.count -= count;
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn state(&mut self) -> EngineResult<Vec<ScalarValue>> {
        let sum = self.value(|sum| sum);
        Ok(vec![ScalarValue::Decimal128(sum, DECIMAL128_MAX_PRECISION, 0)])
    }

    fn evaluate(&mut self) -> EngineResult<ScalarValue> {
        Ok(ScalarValue::Int64(self.value(narrow).transpose()?))
    }

    fn size(&self) -> usize {
        size_of_val(self)
    }
}

/// The different numbers of a group, and how many rows hold each.
#[derive(Debug, Default)]
struct Distinct {
    counts: HashMap<i64, u64>,
}

impl Accumulator for Distinct {
    fn update_batch(&mut self, values: &[ArrayRef]) -> EngineResult<()> {
        for value in values[0].as_primitive::<Int64Type>().iter().flatten() {
            *self.counts.entry(value).or_default() += 1;
        }
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> EngineResult<()> {
        let lists = states[0].as_list::<i32>();
        lists.iter().flatten().try_for_each(|list| self.update_batch(&[list]))
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> EngineResult<()> {
        for value in values[0].as_primitive::<Int64Type>().iter().flatten() {
            if let Some(count) = self.counts.get_mut(&value) {
                *count -= 1;
                if *count == 0 {
                    self.counts.remove(&value);
                }
            }
        }
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn state(&mut self) -> EngineResult<Vec<ScalarValue>> {
        let values: Vec<ScalarValue> =
            self.counts.keys().map(|value| ScalarValue::Int64(Some(*value))).collect();
        let list = ScalarValue::new_list_nullable(&values, &DataType::Int64);
        Ok(vec![ScalarValue::List(list)])
    }

    fn evaluate(&mut self) -> EngineResult<ScalarValue> {
        let sum: i128 = self.counts.keys().map(|value| i128::from(*value)).sum();
        let sum = (!self.counts.is_empty()).then(|| narrow(sum));
        Ok(ScalarValue::Int64(sum.transpose()?))
    }

    fn size(&self) -> usize {
        // An entry, and the byte of control that a hash table has for it.
        size_of_val(self) + self.counts.capacity() * (size_of::<(i64, u64)>() + 1)
    }
}

/// The sums of many groups.
#[derive(Debug, Default)]
struct Many {
    sums: Vec<i128>,
    /// Which groups have numbers; nothing while all have.
    seen: Option<Vec<bool>>,
}

impl Many {
    /// Adds numbers to the groups beside them.
    fn add<T: ArrowPrimitiveType<Native: Into<i128>>>(
        &mut self,
        array: &PrimitiveArray<T>,
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) {
        if array.null_count() == 0 && filter.is_none() && self.seen.is_none() {
            self.sums.resize(total, 0);
            for (group, value) in groups.iter().zip(array.values()) {
                self.sums[*group] += (*value).into();
            }
            return;
        }
        let known = self.sums.len();
        let seen = self.seen.get_or_insert_with(|| vec![true; known]);
        seen.resize(total, false);
        self.sums.resize(total, 0);
        for (row, group) in groups.iter().enumerate() {
            let passes = filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row));
            if passes && array.is_valid(row) {
                self.sums[*group] += array.value(row).into();
                seen[*group] = true;
            }
        }
    }

    /// Takes sums, and which of them there are.
    fn take(&mut self, emit_to: EmitTo) -> (Vec<i128>, Option<NullBuffer>) {
        let seen = self.seen.as_mut().map(|seen| emit_to.take_needed(seen));
        (emit_to.take_needed(&mut self.sums), seen.map(NullBuffer::from))
    }
}

impl GroupsAccumulator for Many {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        opt_filter: Option<&BooleanArray>,
        total_num_groups: usize,
    ) -> EngineResult<()> {
        let values = values[0].as_primitive::<Int64Type>();
        self.add(values, group_indices, opt_filter, total_num_groups);
        Ok(())
    }

    fn merge_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        total_num_groups: usize,
    ) -> EngineResult<()> {
        let values = values[0].as_primitive::<Decimal128Type>();
        self.add(values, group_indices, None, total_num_groups);
        Ok(())
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> EngineResult<ArrayRef> {
        let (sums, seen) = self.take(emit_to);
        let sums = sums.into_iter().map(narrow).collect::<EngineResult<Vec<i64>>>()?;
        Ok(Arc::new(Int64Array::new(sums.into(), seen)))
    }

    fn state(&mut self, emit_to: EmitTo) -> EngineResult<Vec<ArrayRef>> {
        let (sums, seen) = self.take(emit_to);
        let sums = Decimal128Array::new(sums.into(), seen).with_data_type(STATE);
        Ok(vec![Arc::new(sums)])
    }

    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        opt_filter: Option<&BooleanArray>,
    ) -> EngineResult<Vec<ArrayRef>> {
        let values = values[0].as_primitive::<Int64Type>();
        let mut each = Self::default();
        let own: Vec<usize> = (0..values.len()).collect();
        each.add(values, &own, opt_filter, values.len());
        each.state(EmitTo::All)
    }

    fn size(&self) -> usize {
        let seen = self.seen.as_ref().map_or(0, Vec::capacity);
        size_of_val(self) + self.sums.capacity() * size_of::<i128>() + seen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(values: &[Option<i64>]) -> Vec<ArrayRef> {
        vec![Arc::new(Int64Array::from(values.to_vec()))]
    }

    fn sums(many: &mut Many) -> Vec<Option<i64>> {
        let sums = many.evaluate(EmitTo::All).unwrap();
        sums.as_primitive::<Int64Type>().iter().collect()
    }

    #[test]
    fn a_sum_that_comes_back_from_beyond_the_border_is_right() {
        let (mut one, mut other) = (One::default(), One::default());
        one.update_batch(&numbers(&[Some(i64::MAX), None, Some(1)])).unwrap();
        assert!(one.evaluate().is_err());

        let state = one.state().unwrap()[0].to_array().unwrap();
        other.merge_batch(&[state]).unwrap();
        other.update_batch(&numbers(&[Some(-2)])).unwrap();
        assert_eq!(other.evaluate().unwrap(), ScalarValue::Int64(Some(i64::MAX - 1)));

        one.retract_batch(&numbers(&[Some(i64::MAX), None])).unwrap();
        assert_eq!(one.evaluate().unwrap(), ScalarValue::Int64(Some(1)));
        one.retract_batch(&numbers(&[Some(1)])).unwrap();
        assert_eq!(one.evaluate().unwrap(), ScalarValue::Int64(None));
    }

    #[test]
    fn each_group_has_its_sum_and_a_group_without_numbers_has_none() {
        let mut many = Many::default();
        many.update_batch(&numbers(&[Some(1), Some(2)]), &[0, 1], None, 2).unwrap();
        many.update_batch(&numbers(&[None, Some(4), None]), &[2, 1, 0], None, 3).unwrap();
        let filter = BooleanArray::from(vec![Some(false), None, Some(true)]);
        many.update_batch(&numbers(&[Some(8); 3]), &[2, 0, 1], Some(&filter), 3).unwrap();
        let state = many.state(EmitTo::First(1)).unwrap();
        many.merge_batch(&state, &[1], 2).unwrap();

        assert_eq!(sums(&mut many), [Some(14), Some(1)]);
        many.update_batch(&numbers(&[None]), &[0], None, 1).unwrap();
        assert_eq!(sums(&mut many), [None]);
    }

    #[test]
    fn a_row_by_itself_is_the_sum_of_its_group() {
        let many = Many::default();
        let state = many.convert_to_state(&numbers(&[Some(-3), None]), None).unwrap();

        let sums: Vec<_> = state[0].as_primitive::<Decimal128Type>().iter().collect();
        assert_eq!(sums, [Some(-3), None]);
    }

    #[test]
    fn equal_numbers_count_once_in_a_sum_of_different_ones() {
        let mut distinct = Distinct::default();
        distinct.update_batch(&numbers(&[Some(2), Some(2), None, Some(5)])).unwrap();
        let state = distinct.state().unwrap()[0].to_array().unwrap();
        let mut other = Distinct::default();
        other.merge_batch(&[state]).unwrap();

        assert_eq!(other.evaluate().unwrap(), ScalarValue::Int64(Some(7)));
        distinct.retract_batch(&numbers(&[Some(2), Some(5)])).unwrap();
        assert_eq!(distinct.evaluate().unwrap(), ScalarValue::Int64(Some(2)));
        assert_eq!(Distinct::default().evaluate().unwrap(), ScalarValue::Int64(None));
    }
}
