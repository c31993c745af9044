//! The smallest and largest value of a column, from what row groups say of it.
#![expect(clippy::wildcard_enum_match_arm, reason = "Parquet has more types than our files have")]

use domain::Timestamp;
use domain::codebook::{Field, FieldType};
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::statistics::Statistics;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::convert::values::day;
use crate::layout::properties::leaf_path;

/// The smallest and largest value of a column.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Bounds {
    min: Option<Bound>,
    max: Option<Bound>,
    /// Whether some row group does not tell them exactly.
    is_unknown: bool,
}

/// A value that can be compared.
#[derive(PartialEq, PartialOrd, Serialize, Deserialize)]
enum Bound {
    Whole(i64),
    #[serde(with = "bits")]
    Number(f64),
    Text(String),
}

/// A number by its bits: written in decimals and read again, it might be another.
mod bits {
    use serde::{Deserialize as _, Deserializer, Serializer};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
    pub(super) fn serialize<S: Serializer>(number: &f64, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(number.to_bits())
    }

    pub(super) fn deserialize<'a, D: Deserializer<'a>>(from: D) -> Result<f64, D::Error> {
        u64::deserialize(from).map(f64::from_bits)
    }
}

impl Bounds {
    /// Adds what a row group says.
    pub(super) fn add(&mut self, group: &RowGroupMetaData, field: &Field) {
        let path = leaf_path(field);
        let chunk = group.columns().iter().find(|chunk| chunk.column_path() == &path);
        let Some(statistics) = chunk.and_then(|chunk| chunk.statistics()) else { return };
        let rows = u64::try_from(group.num_rows()).unwrap_or_default();
        if statistics.null_count_opt() == Some(rows) {
            return;
        }
        let is_exact = statistics.min_is_exact() && statistics.max_is_exact();
        match (is_exact, ends(statistics, field.field_type)) {
            (true, Some((min, max))) => {
                if self.min.as_ref().is_none_or(|known| min < *known) {
                    self.min = Some(min);
                }
                if self.max.as_ref().is_none_or(|known| *known < max) {
                    self.max = Some(max);
                }
            }
            _ => self.is_unknown = true,
        }
    }

    /// Both as a manifest shows them, if they are known.
    pub(super) fn shown(&self, field_type: FieldType) -> Option<(Value, Value)> {
        let (min, max) = self.min.as_ref().zip(self.max.as_ref()).filter(|_| !self.is_unknown)?;
        shown(min, field_type).zip(shown(max, field_type))
    }
}

/// The bounds of a column chunk, where its type has any to show.
fn ends(statistics: &Statistics, field_type: FieldType) -> Option<(Bound, Bound)> {
    let of = |min: Option<Bound>, max: Option<Bound>| Some((min?, max?));
    let whole = |value: i64| shown(&Bound::Whole(value), field_type).map(|_| Bound::Whole(value));
    match statistics {
        Statistics::Int32(ends) => {
            of(whole((*ends.min_opt()?).into()), whole((*ends.max_opt()?).into()))
        }
        Statistics::Int64(ends) => of(whole(*ends.min_opt()?), whole(*ends.max_opt()?)),
        Statistics::Double(ends) => of(number(*ends.min_opt()?), number(*ends.max_opt()?)),
        Statistics::ByteArray(ends) if field_type == FieldType::String => {
            of(text(ends.min_opt()?.data()), text(ends.max_opt()?.data()))
        }
        _ => None,
    }
}

/// A bound of a column of numbers.
fn number(value: f64) -> Option<Bound> {
    value.is_finite().then_some(Bound::Number(value))
}

/// A bound of a column of text.
fn text(bytes: &[u8]) -> Option<Bound> {
    Some(Bound::Text(std::str::from_utf8(bytes).ok()?.to_owned()))
}

/// A bound as a manifest shows it.
fn shown(bound: &Bound, field_type: FieldType) -> Option<Value> {
    match bound {
        Bound::Whole(value) => whole(*value, field_type),
        Bound::Number(value) => serde_json::Number::from_f64(*value).map(Value::Number),
        Bound::Text(text) => Some(Value::from(text.clone())),
    }
}

/// A bound of a column that Parquet keeps as a whole number.
fn whole(value: i64, field_type: FieldType) -> Option<Value> {
    match field_type {
        FieldType::Integer => Some(Value::from(value)),
        FieldType::Decimal => {
            let (sign, cents) = (if value < 0 { "-" } else { "" }, value.unsigned_abs());
            Some(Value::from(format!("{sign}{}.{:02}", cents / 100, cents % 100)))
        }
        FieldType::Date => Some(Value::from(day(i32::try_from(value).ok()?)?.to_string())),
        FieldType::Datetime => Some(Value::from(Timestamp::from_unix_us(value)?.to_string())),
        FieldType::String | FieldType::Number | FieldType::Boolean | FieldType::List => None,
    }
}
