//! What values must satisfy beyond their type.
//!
//! # Invariant
//! A row that breaks a rule here is rejected; nothing is changed.

use arrow::array::{Array as _, ArrayRef, AsArray as _, StringViewArray};
use arrow::datatypes::{
    Date32Type, Decimal128Type, Float64Type, Int64Type, TimestampMicrosecondType,
};
use domain::codebook::{Field, FieldType};

use crate::columns::{Bound, BoundValue, Bounds, Column};
use crate::convert::lists::Items;
use crate::rejects::Flaws;
use crate::rule::Rule;

/// Checks a column against the codebook's bounds.
pub(crate) fn bounds(place: usize, column: &Column, values: &ArrayRef, flaws: &mut Flaws) {
    let Bounds { minimum, maximum, length_min, length_max, pattern } = &column.bounds;
    if minimum.is_some() || maximum.is_some() {
        for row in (0..values.len()).filter(|row| values.is_valid(*row)) {
            let value = bound_value(column.field.field_type, values, row);
            if let Some(detail) = out_of_range(value, minimum.as_ref(), maximum.as_ref()) {
                flaws.reject(row, Some(place), Rule::Constraint, || detail);
            }
        }
    }
    let Some(texts) = values.as_string_view_opt() else { return };
    if length_min.is_some() || length_max.is_some() {
        lengths(place, column, texts, flaws);
    }
    if let Some(pattern) = pattern {
        let wrong = texts
            .iter()
            .enumerate()
            .filter(|(_, text)| text.is_some_and(|text| !pattern.is_match(text)));
        for (row, text) in wrong {
            flaws.reject(row, Some(place), Rule::Constraint, || {
                let shown = column.shown(text.unwrap_or_default());
                format!("{shown} does not match the pattern {}", pattern.as_str())
            });
        }
    }
}

/// A value in the representation of bounds.
fn bound_value(field_type: FieldType, values: &ArrayRef, row: usize) -> BoundValue {
    match field_type {
        FieldType::Integer => {
            BoundValue::Whole(values.as_primitive::<Int64Type>().value(row).into())
        }
        FieldType::Number => BoundValue::Number(values.as_primitive::<Float64Type>().value(row)),
        FieldType::Decimal => BoundValue::Whole(values.as_primitive::<Decimal128Type>().value(row)),
        FieldType::Date => BoundValue::Whole(values.as_primitive::<Date32Type>().value(row).into()),
        FieldType::Datetime => {
            BoundValue::Whole(values.as_primitive::<TimestampMicrosecondType>().value(row).into())
        }
        // The codebook was made ready with the knowledge that these have no range.
        FieldType::String | FieldType::Boolean | FieldType::List => BoundValue::Whole(0),
    }
}

/// What is wrong with a value that is out of its range.
fn out_of_range(
    value: BoundValue,
    minimum: Option<&Bound>,
    maximum: Option<&Bound>,
) -> Option<String> {
    let is_below = |value: BoundValue, bound: BoundValue| match (value, bound) {
        (BoundValue::Whole(value), BoundValue::Whole(bound)) => value < bound,
        (BoundValue::Number(value), BoundValue::Number(bound)) => value < bound,
        _ => false,
    };
    if let Some(minimum) = minimum.filter(|minimum| is_below(value, minimum.value)) {
        return Some(format!("it is below the minimum of {}", minimum.shown));
    }
    let maximum = maximum.filter(|maximum| is_below(maximum.value, value))?;
    Some(format!("it is above the maximum of {}", maximum.shown))
}

/// Checks the length of texts in characters, of lists in items.
fn lengths(place: usize, column: &Column, texts: &StringViewArray, flaws: &mut Flaws) {
    let length_min = column.bounds.length_min.unwrap_or(0);
    let length_max = column.bounds.length_max.unwrap_or(usize::MAX);
    let is_list = column.field.field_type == FieldType::List;
    let unit = if is_list { "items" } else { "characters" };
    for (row, text) in texts.iter().enumerate() {
        let Some(text) = text else { continue };
        let length = if is_list {
            Items::read(text).map_or(0, |items| items.iter().count())
        } else {
            text.chars().count()
        };
        if !(length_min..=length_max).contains(&length) {
            flaws.reject(row, Some(place), Rule::Constraint, || {
                let wanted = if length < length_min {
                    format!("at least {length_min}")
                } else {
                    format!("at most {length_max}")
                };
                format!("it has {length} {unit}, and may have {wanted}")
            });
        }
    }
}

/// What another column must hold for a value to stand.
pub(crate) struct Condition<'a> {
    /// The other column.
    pub(crate) field: &'a Field,
    /// Its values.
    pub(crate) values: &'a ArrayRef,
    /// Those that satisfy it; of a list, one item is enough.
    pub(crate) allowed: &'a [String],
}

impl Condition<'_> {
    fn is_met(&self, row: usize) -> bool {
        if self.values.is_null(row) {
            return false;
        }
        let is_allowed = |value: &str| self.allowed.iter().any(|allowed| allowed == value);
        match (self.field.field_type, self.values.as_string_view_opt()) {
            (FieldType::List, Some(texts)) => {
                Items::read(texts.value(row)).is_ok_and(|items| items.iter().any(is_allowed))
            }
            (_, Some(texts)) => is_allowed(texts.value(row)),
            _ => arrow::util::display::array_value_to_string(self.values, row)
                .is_ok_and(|value| is_allowed(&value)),
        }
    }
}

/// Checks that a column holds values only where its condition is met.
pub(crate) fn null_unless(
    place: usize,
    values: &ArrayRef,
    condition: &Condition<'_>,
    flaws: &mut Flaws,
) {
    if values.null_count() == values.len() {
        return;
    }
    for row in (0..values.len()).filter(|row| values.is_valid(*row)) {
        if !flaws.is_rejected(row) && !condition.is_met(row) {
            flaws.reject(row, Some(place), Rule::NullUnless, || {
                let Condition { field, allowed, .. } = condition;
                let allowed = allowed.join(", ");
                format!("it may hold a value only where {} is one of {allowed}", field.name)
            });
        }
    }
}
