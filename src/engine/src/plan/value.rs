//! JSON values as values of the plan's types.
//!
//! # Invariant
//! A value is taken exactly or not at all: nothing is rounded, cut or guessed.

use chrono::{NaiveDateTime, Timelike as _};
use datafusion::arrow::datatypes::{DataType, IntervalUnit, TimeUnit};
use datafusion::common::ScalarValue;
use domain::{Date, Timestamp};
use serde_json::Value;

/// A JSON value that is none of the type it stands for; names the type it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be {wanted}")]
pub(super) struct Mismatch {
    /// What it should be, for a person.
    pub(super) wanted: &'static str,
}

/// Most digits of a decimal.
const DECIMAL_PRECISION_MAX: u8 = 38;

/// Reads a JSON value as a value of a type.
///
/// # Errors
/// When it is none.
pub(super) fn typed(value: &Value, data_type: &DataType) -> Result<ScalarValue, Mismatch> {
    let wanted = wanted(data_type);
    let mismatch = Mismatch { wanted };
    if value.is_null() {
        return ScalarValue::try_from(data_type).map_err(|_| mismatch);
    }
    let scalar = if is_text(data_type) {
        value.as_str().map(|text| ScalarValue::Utf8(Some(text.to_owned())))
    } else if data_type.is_floating() {
        value.as_f64().map(|value| ScalarValue::Float64(Some(value)))
    } else if data_type.is_integer() {
        // A fraction stays one: `a > 1.5` is no question about integers.
        value.as_number().and_then(|_| natural(value).ok())
    } else if data_type.is_decimal() {
        decimal(value)
    } else if *data_type == DataType::Boolean {
        value.as_bool().map(|value| ScalarValue::Boolean(Some(value)))
    } else if *data_type == DataType::Date32 {
        value.as_str().and_then(day).map(|day| ScalarValue::Date32(Some(day.to_epoch_days())))
    } else if matches!(data_type, DataType::Timestamp(..)) {
        value.as_str().and_then(|text| moment(text, data_type))
    } else if let DataType::List(item) = data_type {
        let items = value.as_array().ok_or(mismatch.clone())?;
        return list(items, item.data_type());
    } else if *data_type == DataType::Interval(IntervalUnit::MonthDayNano) {
        let text = value.as_str().map(str::to_owned);
        text.and_then(|text| ScalarValue::try_from_string(text, data_type).ok())
    } else {
        natural(value).ok()
    };
    scalar.ok_or(mismatch)
}

/// Reads a JSON value as what it looks like.
///
/// # Errors
/// When it is an object, or a list of different things.
pub(super) fn natural(value: &Value) -> Result<ScalarValue, Mismatch> {
    match value {
        Value::Null => Ok(ScalarValue::Null),
        Value::Bool(value) => Ok(ScalarValue::Boolean(Some(*value))),
        Value::Number(number) => {
            let integer = number.as_i64().map(|value| ScalarValue::Int64(Some(value)));
            let unsigned = number.as_u64().map(|value| ScalarValue::UInt64(Some(value)));
            let float = number.as_f64().map(|value| ScalarValue::Float64(Some(value)));
            integer.or(unsigned).or(float).ok_or(Mismatch { wanted: "a number within range" })
        }
        Value::String(text) => Ok(ScalarValue::Utf8(Some(text.clone()))),
        Value::Array(items) => list(items, &natural_item(items)),
        Value::Object(_) => Err(Mismatch { wanted: "a value or a list of values" }),
    }
}

/// Reads the items of a JSON list as values of exactly one type, the type of the first if it is
/// not told.
///
/// # Errors
/// When one of them is none.
pub(super) fn items(
    values: &[Value],
    data_type: Option<&DataType>,
) -> Result<Vec<ScalarValue>, Mismatch> {
    let guess = natural_item(values);
    let data_type = data_type.unwrap_or(&guess);
    values.iter().map(|value| exactly(&typed(value, data_type)?, data_type)).collect()
}

/// A value in a type that holds it without loss.
fn exactly(value: &ScalarValue, data_type: &DataType) -> Result<ScalarValue, Mismatch> {
    let held = value.cast_to(data_type).ok();
    let held = held.filter(|held| held.cast_to(&value.data_type()).ok().as_ref() == Some(value));
    held.ok_or(Mismatch { wanted: wanted(data_type) })
}

fn list(values: &[Value], item: &DataType) -> Result<ScalarValue, Mismatch> {
    let items = items(values, Some(item))?;
    Ok(ScalarValue::List(ScalarValue::new_list_nullable(&items, item)))
}

/// The type of a list's items, by the first that is not null.
fn natural_item(items: &[Value]) -> DataType {
    let has_fraction = items.iter().any(Value::is_f64);
    match items.iter().find(|item| !item.is_null()) {
        Some(Value::Bool(_)) => DataType::Boolean,
        Some(Value::Number(_)) if has_fraction => DataType::Float64,
        Some(Value::Number(_)) => DataType::Int64,
        _ => DataType::Utf8,
    }
}

/// What a value of a type is, for a person.
fn wanted(data_type: &DataType) -> &'static str {
    if is_text(data_type) {
        "a text"
    } else if data_type.is_numeric() {
        "a number"
    } else if *data_type == DataType::Boolean {
        "true or false"
    } else if *data_type == DataType::Date32 {
        "a day such as \"2026-11-23\""
    } else if matches!(data_type, DataType::Timestamp(..)) {
        "a moment such as \"2026-11-23T18:20:31Z\""
    } else if matches!(data_type, DataType::List(_)) {
        "a list"
    } else {
        "a value of another type"
    }
}

fn is_text(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}

/// A decimal as it is written, with as many digits after the point.
fn decimal(value: &Value) -> Option<ScalarValue> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = whole.strip_prefix('-').unwrap_or(whole);
    if unsigned.is_empty() || !is_digits(unsigned) || !is_digits(fraction) {
        return None;
    }
    let digits = format!("{whole}{fraction}").parse::<i128>().ok()?;
    let limit = 10_i128.checked_pow(u32::from(DECIMAL_PRECISION_MAX))?;
    let scale = i8::try_from(fraction.len()).ok()?;
    (digits.abs() < limit).then_some(ScalarValue::Decimal128(
        Some(digits),
        DECIMAL_PRECISION_MAX,
        scale,
    ))
}

fn day(text: &str) -> Option<Date> {
    let has_form = text.len() == "2026-11-23".len();
    text.parse::<Date>().ok().filter(|_| has_form)
}

/// A moment, with its offset, or in UTC without; a day is its first moment.
fn moment(text: &str, data_type: &DataType) -> Option<ScalarValue> {
    let DataType::Timestamp(unit, zone) = data_type else { return None };
    let with_offset = Timestamp::parse(text).ok();
    let without =
        text.parse::<NaiveDateTime>().ok().filter(|moment| moment.nanosecond() % 1_000 == 0);
    let unix_us = with_offset
        .map(Timestamp::unix_us)
        .or_else(|| without.map(|moment| moment.and_utc().timestamp_micros()))
        .or_else(|| day(text).map(|day| Timestamp::start_of(day).unix_us()))?;
    let zone = zone.clone();
    match unit {
        TimeUnit::Nanosecond => {
            Some(ScalarValue::TimestampNanosecond(Some(unix_us.checked_mul(1_000)?), zone))
        }
        // A coarser column is compared in the finer unit, so that nothing is cut.
        TimeUnit::Microsecond | TimeUnit::Millisecond | TimeUnit::Second => {
            Some(ScalarValue::TimestampMicrosecond(Some(unix_us), zone))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_takes_the_type_it_is_compared_with() {
        let price = DataType::Decimal128(18, 2);

        assert_eq!(
            typed(&json!("2026-11-23"), &DataType::Date32),
            Ok(ScalarValue::Date32(Some(20_780)))
        );
        assert_eq!(
            typed(&json!("12.345"), &price),
            Ok(ScalarValue::Decimal128(Some(12_345), 38, 3))
        );
        assert_eq!(typed(&json!(-7), &price), Ok(ScalarValue::Decimal128(Some(-7), 38, 0)));
        assert_eq!(typed(&json!(null), &DataType::Int64), Ok(ScalarValue::Int64(None)));
    }

    #[test]
    fn a_value_of_another_type_is_not_bent() {
        let wanted = |value: &Value, data_type| typed(value, &data_type).map_err(|no| no.wanted);

        assert_eq!(wanted(&json!(1), DataType::Utf8View), Err("a text"));
        assert_eq!(wanted(&json!("1"), DataType::Int64), Err("a number"));
        assert!(wanted(&json!("2026-13-01"), DataType::Date32).is_err());
        assert!(wanted(&json!("20261101"), DataType::Date32).is_err());
        assert!(wanted(&json!("1e3"), DataType::Decimal128(18, 2)).is_err());
    }

    #[test]
    fn a_moment_may_have_an_offset_or_none() {
        let moment = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        let expected = typed(&json!("2026-11-23T00:00:00Z"), &moment);

        assert_eq!(typed(&json!("2026-11-23"), &moment), expected);
        assert_eq!(typed(&json!("2026-11-23T01:00:00+01:00"), &moment), expected);
        assert_eq!(typed(&json!("2026-11-23T00:00:00"), &moment), expected);
    }

    #[test]
    fn a_list_of_different_things_is_none() {
        assert!(natural(&json!(["a", 1])).is_err());
        assert!(natural(&json!({"a": 1})).is_err());
        assert!(natural(&json!(["a", null])).is_ok());
    }
}
