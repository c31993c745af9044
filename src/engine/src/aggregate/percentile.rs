//! `percentile_cont` and `median`: exact, by linear interpolation between two order statistics.
//!
//! # Shape
//! Of n values in order, the share p lies at p · (n − 1); what lies between two of them is
//! `low + (high − low) · fraction`, computed in 64-bit floating point and rounded once. Nulls do
//! not count; no values give null; not-a-number is greater than all numbers. With `DESC` the places
//! count from the greatest.
//!
//! # Source
//! SQL:2003 `PERCENTILE_CONT`, as `DuckDB` and `PostgreSQL` have it.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray as _, Float64Array, RecordBatch};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Float64Type, Schema};
use datafusion::common::types::{NativeType, logical_float64};
use datafusion::common::utils::SingleRowListArrayBuilder;
use datafusion::error::{DataFusionError, Result as EngineResult};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::{AggregateOrderSensitivity, format_state_name};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, Coercion, ColumnarValue, GroupsAccumulator,
    Signature, TypeSignatureClass, Volatility,
};
use datafusion::scalar::ScalarValue;

use super::values::GroupedValues;

/// The name of the function that takes a share.
pub(crate) const PERCENTILE: &str = "percentile_cont";

/// Whether a number is a share of a whole.
pub(crate) fn share_is_sound(share: f64) -> bool {
    (0.0..=1.0).contains(&share)
}

/// The function `percentile_cont`, also called `quantile_cont`.
pub(super) fn percentile_cont() -> Arc<AggregateUDF> {
    let function = Percentile {
        name: PERCENTILE,
        aliases: vec!["quantile_cont".to_owned()],
        signature: Signature::coercible(vec![number(), number()], Volatility::Immutable),
    };
    Arc::new(AggregateUDF::new_from_impl(function))
}

/// The function `median`: the percentile at one half.
pub(super) fn median() -> Arc<AggregateUDF> {
    let signature = Signature::coercible(vec![number()], Volatility::Immutable);
    let function = Percentile { name: "median", aliases: Vec::new(), signature };
    Arc::new(AggregateUDF::new_from_impl(function))
}

/// An argument that becomes a floating-point number.
fn number() -> Coercion {
    let numeric = vec![TypeSignatureClass::Numeric];
    let double = TypeSignatureClass::Native(logical_float64());
    Coercion::new_implicit(double, numeric, NativeType::Float64)
}

/// Where a percentile lies.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    share: f64,
    from_greatest: bool,
}

impl Place {
    /// The place that the arguments of a call name.
    fn of(args: &AccumulatorArgs<'_>) -> EngineResult<Self> {
        let Some(share) = args.exprs.get(1) else {
            return Ok(Self { share: 0.5, from_greatest: false });
        };
        let none = RecordBatch::new_empty(Arc::new(Schema::empty()));
        let unsound = || DataFusionError::Execution("a share that is none".to_owned());
        // A column cannot be evaluated on a batch without columns.
        let ColumnarValue::Scalar(share) = share.evaluate(&none).map_err(|_| unsound())? else {
            return Err(unsound());
        };
        let ScalarValue::Float64(Some(share)) = share.cast_to(&DataType::Float64)? else {
            return Err(unsound());
        };
        if !share_is_sound(share) {
            return Err(unsound());
        }
        let from_greatest = args.order_bys.first().is_some_and(|sort| sort.options.descending);
        Ok(Self { share, from_greatest })
    }

    /// The percentile of values, which are put into another order.
    pub(super) fn of_values(self, values: &mut [f64]) -> Option<f64> {
        let last = values.len().checked_sub(1)?;
        let place = self.share * last as f64;
        // Truncation is meant: a share is at most one, so this is at most the last place.
        let whole = (place as usize).min(last);
        let fraction = place - whole as f64;
        let nth = if self.from_greatest { last - whole } else { whole };
        let (below, at, above) = values.select_nth_unstable_by(nth, f64::total_cmp);
        if fraction == 0.0 {
            return Some(*at);
        }
        let next = if self.from_greatest {
            below.iter().copied().max_by(f64::total_cmp)
        } else {
            above.iter().copied().min_by(f64::total_cmp)
        };
        Some(next.map_or(*at, |next| between(*at, next, fraction)))
    }
}

/// What lies at a fraction of the way from one value to the next.
fn between(from: f64, to: f64, fraction: f64) -> f64 {
    let way = to - from;
    if from == to {
        from
    } else if way.is_finite() {
        way.mul_add(fraction, from)
    } else {
        from * (1.0 - fraction) + to * fraction
    }
}

/// A number as it is compared: one zero, one not-a-number.
pub(super) fn comparable(value: f64) -> f64 {
    if value.is_nan() { f64::NAN } else { value + 0.0 }
}

/// The numbers of an array that are there.
fn numbers(array: &ArrayRef) -> impl Iterator<Item = f64> {
    array.as_primitive::<Float64Type>().iter().flatten().map(comparable)
}

/// See [`percentile_cont`] and [`median`].
#[derive(Debug, PartialEq, Eq, Hash)]
struct Percentile {
    name: &'static str,
    aliases: Vec<String>,
    signature: Signature,
}

impl AggregateUDFImpl for Percentile {
    fn name(&self) -> &str {
        self.name
    }

    fn aliases(&self) -> &[String] {
        &self.aliases
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[DataType]) -> EngineResult<DataType> {
        Ok(DataType::Float64)
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> EngineResult<Vec<FieldRef>> {
        let item = Arc::new(Field::new_list_field(DataType::Float64, true));
        let name = format_state_name(args.name, "values");
        Ok(vec![Arc::new(Field::new(name, DataType::List(item), true))])
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> EngineResult<Box<dyn Accumulator>> {
        let place = Place::of(&args)?;
        Ok(if args.is_distinct {
            Box::new(Distinct { counts: HashMap::new(), place })
        } else {
            Box::new(All { values: Vec::new(), place })
        })
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs<'_>) -> bool {
        !args.is_distinct
    }

    fn create_groups_accumulator(
        &self,
        args: AccumulatorArgs<'_>,
    ) -> EngineResult<Box<dyn GroupsAccumulator>> {
        Ok(Box::new(GroupedValues::new(Place::of(&args)?)))
    }

    /// The order within the group is ours to find; sorted input would be sorted in vain.
    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }

    fn supports_within_group_clause(&self) -> bool {
        self.name == PERCENTILE
    }
}

/// All values of the one group there is.
#[derive(Debug)]
struct All {
    values: Vec<f64>,
    place: Place,
}

impl Accumulator for All {
    fn update_batch(&mut self, values: &[ArrayRef]) -> EngineResult<()> {
        self.values.extend(numbers(&values[0]));
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> EngineResult<()> {
        let lists = states[0].as_list::<i32>();
        lists.iter().flatten().for_each(|list| self.values.extend(numbers(&list)));
        Ok(())
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> EngineResult<()> {
        let mut gone: HashMap<u64, usize> = HashMap::new();
        numbers(&values[0]).for_each(|value| *gone.entry(value.to_bits()).or_default() += 1);
        self.values.retain(|value| match gone.get_mut(&value.to_bits()) {
            Some(count) if 0 < *count => {
                *count -= 1;
                false
            }
            _ => true,
        });
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn state(&mut self) -> EngineResult<Vec<ScalarValue>> {
        let values = Float64Array::from(std::mem::take(&mut self.values));
        Ok(vec![SingleRowListArrayBuilder::new(Arc::new(values)).build_list_scalar()])
    }

    fn evaluate(&mut self) -> EngineResult<ScalarValue> {
        Ok(ScalarValue::Float64(self.place.of_values(&mut self.values)))
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.values.capacity() * size_of::<f64>()
    }
}

/// The different values of a group, and how many rows hold each.
#[derive(Debug)]
struct Distinct {
    counts: HashMap<u64, usize>,
    place: Place,
}

impl Accumulator for Distinct {
    fn update_batch(&mut self, values: &[ArrayRef]) -> EngineResult<()> {
        numbers(&values[0]).for_each(|value| *self.counts.entry(value.to_bits()).or_default() += 1);
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> EngineResult<()> {
        let lists = states[0].as_list::<i32>();
        lists.iter().flatten().try_for_each(|list| self.update_batch(&[list]))
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> EngineResult<()> {
        for value in numbers(&values[0]) {
            if let Some(count) = self.counts.get_mut(&value.to_bits()) {
                *count -= 1;
                if *count == 0 {
                    self.counts.remove(&value.to_bits());
                }
            }
        }
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn state(&mut self) -> EngineResult<Vec<ScalarValue>> {
        let values = self.counts.keys().map(|bits| f64::from_bits(*bits));
        let values = Float64Array::from_iter_values(values);
        Ok(vec![SingleRowListArrayBuilder::new(Arc::new(values)).build_list_scalar()])
    }

    fn evaluate(&mut self) -> EngineResult<ScalarValue> {
        let mut values: Vec<f64> = self.counts.keys().map(|bits| f64::from_bits(*bits)).collect();
        Ok(ScalarValue::Float64(self.place.of_values(&mut values)))
    }

    fn size(&self) -> usize {
        // An entry, and the byte of control that a hash table has for it; the values again for
        // `evaluate`.
        let entry = size_of::<(u64, usize)>() + 1 + size_of::<f64>();
        size_of_val(self) + self.counts.capacity() * entry
    }
}

/// The place of the median.
#[cfg(test)]
pub(super) fn half() -> Place {
    Place { share: 0.5, from_greatest: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn percentile(values: &[f64], share: f64, from_greatest: bool) -> Option<f64> {
        let mut values: Vec<f64> = values.iter().copied().map(comparable).collect();
        Place { share, from_greatest }.of_values(&mut values)
    }

    #[test]
    fn a_percentile_lies_between_two_values_exactly() {
        let values = [11.0, 4.0, 1.0, 7.0];

        assert_eq!(percentile(&values, 0.5, false), Some(5.5));
        assert_eq!(percentile(&values, 0.25, false), Some(3.25));
        assert_eq!(percentile(&values, 0.25, true), Some(8.0));
        assert_eq!(percentile(&values, 0.0, false), Some(1.0));
        assert_eq!(percentile(&values, 1.0, false), Some(11.0));
        assert_eq!(percentile(&values, 1.0, true), Some(1.0));
    }

    #[test]
    fn no_digit_of_a_share_is_lost() {
        let values: Vec<f64> = (0..=1_000_000_007).step_by(1_000_000_007).map(f64::from).collect();

        assert_eq!(percentile(&values, 0.123_456_789, false), Some(123_456_789.864_197_52));
        assert_eq!(percentile(&[549.18, 549.2, 549.2], 0.95, false), Some(549.2));
    }

    #[test]
    fn one_value_is_every_percentile_and_none_is_none() {
        for share in [0.0, 0.3, 1.0] {
            assert_eq!(percentile(&[0.1], share, false), Some(0.1));
            assert_eq!(percentile(&[0.1; 9], share, true), Some(0.1));
            assert_eq!(percentile(&[], share, false), None);
        }
    }

    #[test]
    fn what_is_no_number_is_greater_than_all_and_zero_is_one() {
        assert_eq!(percentile(&[-f64::NAN, 1.0, -1.0], 0.5, false), Some(1.0));
        assert!(percentile(&[-f64::NAN, 1.0], 1.0, false).is_some_and(f64::is_nan));
        assert!(percentile(&[-0.0, 0.0], 0.0, false).is_some_and(f64::is_sign_positive));
    }

    #[test]
    fn the_way_between_the_greatest_and_the_least_number_is_not_infinite() {
        assert_eq!(percentile(&[f64::MIN, f64::MAX], 0.5, false), Some(0.0));
    }

    #[test]
    fn a_value_that_left_a_window_counts_no_more() {
        let values = |values: &[f64]| -> Vec<ArrayRef> {
            vec![Arc::new(Float64Array::from(values.to_vec()))]
        };
        let place = Place { share: 0.5, from_greatest: false };
        let all: Box<dyn Accumulator> = Box::new(All { values: Vec::new(), place });
        let distinct: Box<dyn Accumulator> = Box::new(Distinct { counts: HashMap::new(), place });
        for (mut accumulator, expected) in [(all, 3.0), (distinct, 3.5)] {
            accumulator.update_batch(&values(&[1.0, 3.0, 3.0, 4.0])).unwrap();
            accumulator.retract_batch(&values(&[1.0])).unwrap();

            assert_eq!(accumulator.evaluate().unwrap(), ScalarValue::Float64(Some(expected)));
        }
    }
}
