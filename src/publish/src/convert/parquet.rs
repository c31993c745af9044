//! Turns a column of a Parquet file into one of ours.
//!
//! Text goes the way that cells of CSV go; what has a type already is only brought into ours,
//! and only where nothing is lost by it.
//!
//! # Invariant
//! [`accepts`] says of a type what [`convert`] can do with it.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "Arrow has more types than ours can be made of"
)]

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray as _, BinaryViewArray, StringViewArray};
use arrow::compute::{CastOptions, cast, cast_with_options};
use arrow::datatypes::{
    DataType, Decimal128Type, Float64Type, TimeUnit, TimestampMicrosecondType,
    TimestampNanosecondType,
};
use domain::codebook::FieldType;

use super::column::{Conversion, Converted};
use super::lists;
use super::values::DAY_US;
use crate::columns::row_type;
use crate::failure::Fault;
use crate::rejects::Flaws;
use crate::text::cells::{Cell, Column as Cells, Kind};

/// Digits of a decimal that is only on its way to ours.
const DECIMAL_DIGITS: u8 = 38;

/// Whether values of an Arrow type can become those of a column.
pub(crate) fn accepts(field_type: FieldType, data_type: &DataType) -> bool {
    if is_text(data_type) {
        return true;
    }
    match field_type {
        FieldType::String => false,
        FieldType::Integer => data_type.is_integer(),
        FieldType::Number => data_type.is_numeric(),
        FieldType::Decimal => data_type.is_numeric(),
        FieldType::Boolean => data_type == &DataType::Boolean,
        FieldType::Date => {
            matches!(data_type, DataType::Date32 | DataType::Date64 | DataType::Timestamp(..))
        }
        FieldType::Datetime => matches!(data_type, DataType::Timestamp(..)),
        FieldType::List => match data_type {
            DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
                is_text(item.data_type())
            }
            _ => false,
        },
    }
}

/// Whether a type is one of text, or of bytes that may be text.
fn is_text(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
        || is_bytes(data_type)
}

/// Whether a type is one of bytes, as old writers leave text.
fn is_bytes(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Binary | DataType::LargeBinary | DataType::BinaryView)
}

/// Converts a column whose type [`accepts`] takes.
///
/// # Errors
/// A fault of ours only; flaws of the source are noted.
pub(crate) fn convert(
    conversion: &Conversion<'_>,
    values: &ArrayRef,
    flaws: &mut Flaws,
) -> Result<Converted, Fault> {
    let field_type = conversion.column.field.field_type;
    let data_type = values.data_type();
    if is_bytes(data_type) {
        let bytes = cast(values, &DataType::BinaryView)?;
        return conversion.cells(&Bytes(bytes.as_binary_view()), flaws);
    }
    if is_text(data_type) {
        let texts = cast(values, &DataType::Utf8View)?;
        return conversion.cells(&Texts(texts.as_string_view(), Kind::Text), flaws);
    }
    match field_type {
        FieldType::List => {
            let (texts, with_nulls) = lists::to_texts(values)?;
            for row in with_nulls {
                conversion.wrong_type(row, "a list with a null in it", flaws);
            }
            return conversion.cells(&Texts(&texts, Kind::List), flaws);
        }
        FieldType::Decimal if data_type.is_floating() => {
            let numbers = cast(values, &DataType::Float64)?;
            let texts = numbers.as_primitive::<Float64Type>().iter();
            let texts: StringViewArray =
                texts.map(|number| number.map(|number| number.to_string())).collect();
            return conversion.cells(&Texts(&texts, Kind::Number), flaws);
        }
        _ => {}
    }
    typed(conversion, values, flaws).map(Converted::from)
}

/// Brings a column that has a type into ours.
fn typed(
    conversion: &Conversion<'_>,
    values: &ArrayRef,
    flaws: &mut Flaws,
) -> Result<ArrayRef, Fault> {
    let wanted = row_type(conversion.column.field.field_type);
    let ours = match conversion.column.field.field_type {
        FieldType::Decimal => decimals(conversion, values, flaws)?,
        FieldType::Date => days(conversion, values, flaws)?,
        FieldType::Datetime => moments(conversion, values, flaws)?,
        FieldType::Number => {
            let numbers = checked(conversion, values, &wanted, flaws)?;
            for (row, number) in numbers.as_primitive::<Float64Type>().iter().enumerate() {
                if number.is_some_and(|number| !number.is_finite()) {
                    conversion.wrong_type(row, "infinity or not-a-number", flaws);
                }
            }
            numbers
        }
        FieldType::String | FieldType::Integer | FieldType::Boolean | FieldType::List => {
            checked(conversion, values, &wanted, flaws)?
        }
    };
    for row in (0..values.len()).filter(|row| values.is_null(*row)) {
        conversion.missing(row, flaws);
    }
    Ok(ours)
}

/// Casts; a value that the type cannot hold rejects its row.
fn checked(
    conversion: &Conversion<'_>,
    values: &ArrayRef,
    wanted: &DataType,
    flaws: &mut Flaws,
) -> Result<ArrayRef, Fault> {
    let options = CastOptions { safe: true, ..CastOptions::default() };
    let cast = cast_with_options(values, wanted, &options)?;
    if values.null_count() < cast.null_count() {
        let lost = (0..cast.len()).filter(|row| cast.is_null(*row) && values.is_valid(*row));
        for row in lost {
            conversion.wrong_type(row, "a number beyond its range", flaws);
        }
    }
    Ok(cast)
}

/// Amounts, which must come out without rounding.
fn decimals(
    conversion: &Conversion<'_>,
    values: &ArrayRef,
    flaws: &mut Flaws,
) -> Result<ArrayRef, Fault> {
    let scale = match values.data_type() {
        DataType::Decimal32(_, scale)
        | DataType::Decimal64(_, scale)
        | DataType::Decimal128(_, scale)
        | DataType::Decimal256(_, scale) => *scale,
        _ => 0,
    };
    let wide = checked(conversion, values, &DataType::Decimal128(DECIMAL_DIGITS, scale), flaws)?;
    let wide = wide.as_primitive::<Decimal128Type>();
    let mut hundredths = Vec::with_capacity(wide.len());
    for (row, value) in wide.iter().enumerate() {
        let exact = value.map(|value| in_hundredths(value, scale));
        if exact == Some(None) {
            conversion.wrong_type(row, "an amount with more digits", flaws);
        }
        hundredths.push(exact.flatten());
    }
    let ours = arrow::array::Decimal128Array::from(hundredths);
    Ok(Arc::new(ours.with_data_type(row_type(FieldType::Decimal))))
}

/// A decimal in hundredths, if it has no finer part and at most 16 digits before the point.
fn in_hundredths(value: i128, scale: i8) -> Option<i128> {
    const LIMIT: i128 = 10_i128.pow(18);
    let power = 10_i128.checked_pow(u32::from((scale - 2).unsigned_abs()))?;
    let exact = if scale < 2 {
        value.checked_mul(power)?
    } else if value % power == 0 {
        value / power
    } else {
        return None;
    };
    (exact.abs() < LIMIT).then_some(exact)
}

/// Moments, which must come out without losing parts of a microsecond.
fn moments(
    conversion: &Conversion<'_>,
    values: &ArrayRef,
    flaws: &mut Flaws,
) -> Result<ArrayRef, Fault> {
    if let DataType::Timestamp(TimeUnit::Nanosecond, _) = values.data_type() {
        let fine = values.as_primitive::<TimestampNanosecondType>().iter().enumerate();
        for (row, _) in fine.filter(|(_, at)| at.is_some_and(|at| at % 1000 != 0)) {
            conversion.wrong_type(row, "a moment with parts of a microsecond", flaws);
        }
    }
    checked(conversion, values, &row_type(FieldType::Datetime), flaws)
}

/// Days, which moments are only at midnight.
fn days(
    conversion: &Conversion<'_>,
    values: &ArrayRef,
    flaws: &mut Flaws,
) -> Result<ArrayRef, Fault> {
    if values.data_type() != &DataType::Date32 {
        let moments = DataType::Timestamp(TimeUnit::Microsecond, None);
        let moments = checked(conversion, values, &moments, flaws)?;
        let moments = moments.as_primitive::<TimestampMicrosecondType>().iter().enumerate();
        for (row, _) in moments.filter(|(_, at)| at.is_some_and(|at| at % DAY_US != 0)) {
            conversion.wrong_type(row, "a moment that is not midnight in UTC", flaws);
        }
    }
    checked(conversion, values, &DataType::Date32, flaws)
}

/// A column of text.
struct Texts<'a>(&'a StringViewArray, Kind);

impl Cells for Texts<'_> {
    fn rows(&self) -> usize {
        self.0.len()
    }

    fn cell(&self, row: usize) -> Cell<'_> {
        if self.0.is_null(row) {
            return Cell { kind: Kind::Missing, text: "" };
        }
        let text = self.0.value(row);
        let has_nul = memchr::memchr(0, text.as_bytes()).is_some();
        Cell { kind: if has_nul { Kind::Bytes } else { self.1 }, text }
    }
}

/// A column of bytes that should be text.
struct Bytes<'a>(&'a BinaryViewArray);

impl Cells for Bytes<'_> {
    fn rows(&self) -> usize {
        self.0.len()
    }

    fn cell(&self, row: usize) -> Cell<'_> {
        if self.0.is_null(row) {
            return Cell { kind: Kind::Missing, text: "" };
        }
        match std::str::from_utf8(self.0.value(row)) {
            Ok(text) if !text.contains('\0') => Cell { kind: Kind::Text, text },
            _ => Cell { kind: Kind::Bytes, text: "" },
        }
    }
}
