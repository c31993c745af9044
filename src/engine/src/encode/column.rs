//! One column of a batch, of a type that answers have.

use arrow::array::{
    Array, AsArray as _, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Decimal256Array,
    DurationMicrosecondArray, Float32Array, Float64Array, Int64Array, ListArray, StringArray,
    TimestampMicrosecondArray, UInt64Array,
};
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Decimal256Type, DurationMicrosecondType, Float32Type,
    Float64Type, Int64Type, TimestampMicrosecondType, UInt64Type,
};
use arrow::record_batch::RecordBatch;

use super::{EncodeError, text};

/// A column, ready to be read row by row.
pub(super) enum Column<'a> {
    /// True or false.
    Boolean(&'a BooleanArray),
    /// Integers.
    Integer(&'a Int64Array),
    /// Integers beyond the signed range.
    Unsigned(&'a UInt64Array),
    /// Numbers.
    Single(&'a Float32Array),
    /// Numbers with more digits.
    Number(&'a Float64Array),
    /// Amounts, with their digits after the point.
    Amount(&'a Decimal128Array, i8),
    /// Amounts with more digits.
    LongAmount(&'a Decimal256Array, i8),
    /// Text.
    Text(&'a StringArray),
    /// Bytes.
    Bytes(&'a BinaryArray),
    /// Days.
    Day(&'a Date32Array),
    /// Moments.
    Moment(&'a TimestampMicrosecondArray),
    /// Durations.
    Duration(&'a DurationMicrosecondArray),
    /// Lists of any of these.
    List(&'a ListArray, Box<Column<'a>>),
}

impl<'a> Column<'a> {
    /// The columns of a batch.
    ///
    /// # Errors
    /// A type that answers do not have.
    pub(super) fn all(batch: &'a RecordBatch) -> Result<Vec<Self>, EncodeError> {
        batch.columns().iter().map(|array| Self::of(array.as_ref())).collect()
    }

    fn of(array: &'a dyn Array) -> Result<Self, EncodeError> {
        let data_type = array.data_type();
        if let Some(plain) = Self::plain(array) {
            return Ok(plain);
        }
        if let DataType::Decimal128(_, scale) = data_type {
            return Ok(Self::Amount(array.as_primitive::<Decimal128Type>(), *scale));
        }
        if let DataType::Decimal256(_, scale) = data_type {
            return Ok(Self::LongAmount(array.as_primitive::<Decimal256Type>(), *scale));
        }
        if let Some(list) = array.as_list_opt::<i32>() {
            return Ok(Self::List(list, Box::new(Self::of(list.values().as_ref())?)));
        }
        Err(EncodeError::Unprintable)
    }

    fn plain(array: &'a dyn Array) -> Option<Self> {
        array
            .as_boolean_opt()
            .map(Self::Boolean)
            .or_else(|| array.as_primitive_opt::<Int64Type>().map(Self::Integer))
            .or_else(|| array.as_primitive_opt::<UInt64Type>().map(Self::Unsigned))
            .or_else(|| array.as_primitive_opt::<Float32Type>().map(Self::Single))
            .or_else(|| array.as_primitive_opt::<Float64Type>().map(Self::Number))
            .or_else(|| array.as_string_opt::<i32>().map(Self::Text))
            .or_else(|| array.as_binary_opt::<i32>().map(Self::Bytes))
            .or_else(|| array.as_primitive_opt::<Date32Type>().map(Self::Day))
            .or_else(|| array.as_primitive_opt::<TimestampMicrosecondType>().map(Self::Moment))
            .or_else(|| array.as_primitive_opt::<DurationMicrosecondType>().map(Self::Duration))
    }

    /// Whether the value of a row is missing.
    pub(super) fn is_null(&self, row: usize) -> bool {
        match self {
            Self::Boolean(array) => array.is_null(row),
            Self::Integer(array) => array.is_null(row),
            Self::Unsigned(array) => array.is_null(row),
            Self::Single(array) => array.is_null(row),
            Self::Number(array) => array.is_null(row),
            Self::Amount(array, _) => array.is_null(row),
            Self::LongAmount(array, _) => array.is_null(row),
            Self::Text(array) => array.is_null(row),
            Self::Bytes(array) => array.is_null(row),
            Self::Day(array) => array.is_null(row),
            Self::Moment(array) => array.is_null(row),
            Self::Duration(array) => array.is_null(row),
            Self::List(array, _) => array.is_null(row),
        }
    }

    /// Appends the value of a row as JSON.
    ///
    /// # Errors
    /// A value without a form.
    pub(super) fn json(&self, row: usize, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        if self.is_null(row) {
            out.extend_from_slice(b"null");
            return Ok(());
        }
        match self {
            Self::Text(array) => text::json(array.value(row), out),
            Self::List(array, items) => {
                out.push(b'[');
                for (index, item) in items_of(array, row).enumerate() {
                    if 0 < index {
                        out.push(b',');
                    }
                    items.json(item, out)?;
                }
                out.push(b']');
                Ok(())
            }
            Self::Boolean(_)
            | Self::Integer(_)
            | Self::Unsigned(_)
            | Self::Single(_)
            | Self::Number(_) => self.bare(row, out),
            Self::Amount(..)
            | Self::LongAmount(..)
            | Self::Bytes(_)
            | Self::Day(_)
            | Self::Moment(_)
            | Self::Duration(_) => {
                // None of these needs escaping.
                out.push(b'"');
                self.bare(row, out)?;
                out.push(b'"');
                Ok(())
            }
        }
    }

    /// Appends the value of a row as a field of CSV.
    ///
    /// # Errors
    /// A value without a form.
    pub(super) fn csv(&self, row: usize, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        if self.is_null(row) {
            return Ok(());
        }
        match self {
            Self::Text(array) => {
                csv_text(array.value(row).as_bytes(), out);
                Ok(())
            }
            Self::List(..) => {
                let mut list = Vec::new();
                self.json(row, &mut list)?;
                csv_text(&list, out);
                Ok(())
            }
            Self::Single(array) if !array.value(row).is_finite() => Ok(()),
            Self::Number(array) if !array.value(row).is_finite() => Ok(()),
            Self::Boolean(_)
            | Self::Integer(_)
            | Self::Unsigned(_)
            | Self::Single(_)
            | Self::Number(_)
            | Self::Amount(..)
            | Self::LongAmount(..)
            | Self::Bytes(_)
            | Self::Day(_)
            | Self::Moment(_)
            | Self::Duration(_) => self.bare(row, out),
        }
    }

    /// Appends the value of a row, which is there, without quotes.
    fn bare(&self, row: usize, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        match self {
            Self::Boolean(array) => text::json(&array.value(row), out),
            Self::Integer(array) => text::json(&array.value(row), out),
            Self::Unsigned(array) => text::json(&array.value(row), out),
            Self::Single(array) => text::json(&array.value(row), out),
            Self::Number(array) => text::json(&array.value(row), out),
            Self::Amount(array, scale) => {
                text::decimal(&array.value(row).to_string(), *scale, out);
                Ok(())
            }
            Self::LongAmount(array, scale) => {
                text::decimal(&array.value(row).to_string(), *scale, out);
                Ok(())
            }
            Self::Bytes(array) => {
                text::hexadecimal(array.value(row), out);
                Ok(())
            }
            Self::Day(array) => text::day(array.value(row), out),
            Self::Moment(array) => text::moment(array.value(row), out),
            Self::Duration(array) => {
                text::duration(array.value(row), out);
                Ok(())
            }
            Self::Text(_) | Self::List(..) => Err(EncodeError::Unprintable),
        }
    }

    /// Appends the value of a row in the form that [`super::digest`] hashes.
    pub(super) fn canonical(&self, row: usize, out: &mut Vec<u8>) {
        if self.is_null(row) {
            out.push(0);
            return;
        }
        out.push(1);
        match self {
            Self::Boolean(array) => out.push(u8::from(array.value(row))),
            Self::Integer(array) => {
                out.extend_from_slice(&i128::from(array.value(row)).to_le_bytes());
            }
            Self::Unsigned(array) => {
                out.extend_from_slice(&i128::from(array.value(row)).to_le_bytes());
            }
            Self::Single(array) => canonical_number(f64::from(array.value(row)), out),
            Self::Number(array) => canonical_number(array.value(row), out),
            Self::Amount(array, scale) => {
                let mut amount = Vec::new();
                text::decimal(&array.value(row).to_string(), *scale, &mut amount);
                canonical_bytes(&amount, out);
            }
            Self::LongAmount(array, scale) => {
                let mut amount = Vec::new();
                text::decimal(&array.value(row).to_string(), *scale, &mut amount);
                canonical_bytes(&amount, out);
            }
            Self::Text(array) => canonical_bytes(array.value(row).as_bytes(), out),
            Self::Bytes(array) => canonical_bytes(array.value(row), out),
            Self::Day(array) => out.extend_from_slice(&array.value(row).to_le_bytes()),
            Self::Moment(array) => out.extend_from_slice(&array.value(row).to_le_bytes()),
            Self::Duration(array) => out.extend_from_slice(&array.value(row).to_le_bytes()),
            Self::List(array, items) => {
                let range = items_of(array, row);
                canonical_length(range.len(), out);
                for item in range {
                    items.canonical(item, out);
                }
            }
        }
    }
}

/// The places of a list's items.
fn items_of(array: &ListArray, row: usize) -> std::ops::Range<usize> {
    let offsets = array.value_offsets();
    // Offsets are not negative.
    let place = |row: usize| usize::try_from(offsets[row]).unwrap_or_default();
    place(row)..place(row + 1)
}

/// Appends text as a field of CSV, in quotes where it needs them (RFC 4180 §2).
pub(super) fn csv_text(text: &[u8], out: &mut Vec<u8>) {
    let needs_quotes = |byte: &u8| matches!(byte, b',' | b'"' | b'\r' | b'\n');
    // Without quotes an empty text would be a missing value.
    if !text.is_empty() && !text.iter().any(needs_quotes) {
        out.extend_from_slice(text);
        return;
    }
    out.push(b'"');
    for part in text.split_inclusive(|byte| *byte == b'"') {
        out.extend_from_slice(part);
        if part.ends_with(b"\"") {
            out.push(b'"');
        }
    }
    out.push(b'"');
}

fn canonical_number(number: f64, out: &mut Vec<u8>) {
    let number = if number.is_nan() { f64::NAN } else { number };
    out.extend_from_slice(&number.to_bits().to_le_bytes());
}

fn canonical_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    canonical_length(bytes.len(), out);
    out.extend_from_slice(bytes);
}

fn canonical_length(length: usize, out: &mut Vec<u8>) {
    out.extend_from_slice(&u64::try_from(length).unwrap_or(u64::MAX).to_le_bytes());
}
