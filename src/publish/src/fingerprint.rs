//! Fingerprints of rows and keys, by which duplicates and orphans are found without holding rows.
//!
//! # Shape
//! The encoding of a value: a null is the byte 0; anything else the byte 1, then for text its
//! length (`u32`, little-endian) and its bytes, for numbers, days and moments their
//! little-endian bytes, for a truth one byte. A row's encoding is that of its values in order.
//!
//! # Invariant
//! Different rows have different encodings; equal fingerprints of 128 bits of SHA-256 mean equal
//! rows, whoever chose them.
#![expect(clippy::wildcard_enum_match_arm, reason = "Arrow has more types than our rows have")]

use arrow::array::{Array as _, ArrayRef, AsArray as _, StringViewArray};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Float64Type, Int64Type, TimestampMicrosecondType,
};
use sha2::{Digest, Sha256};
use twox_hash::XxHash64;

/// 128 bits of a SHA-256.
pub(crate) type Fingerprint = [u8; 16];

/// What is kept of each row to find duplicates: its key's fingerprint, its location (big-endian,
/// so that entries sort by key and then as rows were read), its own fingerprint.
pub(crate) const KEY_ENTRY_BYTES: usize = 16 + 8 + 16;

/// What is kept of each reference: a hash of its value, and its location (big-endian).
pub(crate) const REFERENCE_ENTRY_BYTES: usize = 8 + 8;

/// A column whose values can be encoded.
struct Column<'a> {
    /// Which rows have a value, where not all have one.
    valid: Option<&'a NullBuffer>,
    values: Values<'a>,
}

/// The values of a column; what stands for a null means nothing.
enum Values<'a> {
    Text(&'a StringViewArray),
    Integer(&'a [i64]),
    Number(&'a [f64]),
    Decimal(&'a [i128]),
    Truth(&'a BooleanBuffer),
    Day(&'a [i32]),
    Moment(&'a [i64]),
}

/// Columns of a batch, ready to encode rows of them.
pub(crate) struct Encoder<'a>(Vec<Column<'a>>);

impl<'a> Encoder<'a> {
    /// The columns; text as views, lists as canonical text.
    ///
    /// # Panics
    /// Never for columns of `Columns::row_schema`.
    pub(crate) fn new(columns: impl IntoIterator<Item = &'a ArrayRef>) -> Self {
        let columns = columns.into_iter().map(|column| {
            let valid = column.nulls().filter(|nulls| 0 < nulls.null_count());
            Column { valid, values: Values::of(column) }
        });
        Self(columns.collect())
    }

    /// Writes a row's encoding behind what is there.
    pub(crate) fn write(&self, row: usize, encoding: &mut Vec<u8>) {
        for column in &self.0 {
            column.write(row, encoding);
        }
    }

    /// Whether a row has the encoding of the one before it.
    pub(crate) fn is_as_before(&self, row: usize) -> bool {
        self.0.iter().all(|column| {
            column.is_null(row) == column.is_null(row - 1)
                && (column.is_null(row) || column.values.is_as_before(row))
        })
    }

    /// The fingerprint of a row of these columns.
    pub(crate) fn fingerprint(&self, row: usize, scratch: &mut Vec<u8>) -> Fingerprint {
        scratch.clear();
        self.write(row, scratch);
        let digest: [u8; 32] = Sha256::digest(scratch.as_slice()).into();
        let (head, _) = digest.split_at(16);
        head.try_into().expect("invariant: half of 32 bytes")
    }

    /// The hash of a row of these columns, or nothing if one of them is null.
    pub(crate) fn reference(&self, row: usize, scratch: &mut Vec<u8>) -> Option<u64> {
        if self.0.iter().any(|column| column.is_null(row)) {
            return None;
        }
        scratch.clear();
        self.write(row, scratch);
        Some(hash(scratch))
    }
}

/// The hash by which values are counted and references found; the same on every machine.
pub(crate) fn hash(encoding: &[u8]) -> u64 {
    XxHash64::oneshot(0, encoding)
}

impl Column<'_> {
    fn is_null(&self, row: usize) -> bool {
        self.valid.is_some_and(|valid| valid.is_null(row))
    }

    fn write(&self, row: usize, encoding: &mut Vec<u8>) {
        if self.is_null(row) {
            encoding.push(0);
            return;
        }
        encoding.push(1);
        match &self.values {
            Values::Text(values) => {
                let text = values.value(row).as_bytes();
                let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
                encoding.extend_from_slice(&length.to_le_bytes());
                encoding.extend_from_slice(text);
            }
            Values::Integer(values) | Values::Moment(values) => {
                encoding.extend_from_slice(&values[row].to_le_bytes());
            }
            Values::Number(values) => encoding.extend_from_slice(&values[row].to_le_bytes()),
            Values::Decimal(values) => encoding.extend_from_slice(&values[row].to_le_bytes()),
            Values::Truth(values) => encoding.push(values.value(row).into()),
            Values::Day(values) => encoding.extend_from_slice(&values[row].to_le_bytes()),
        }
    }
}

impl<'a> Values<'a> {
    fn of(column: &'a ArrayRef) -> Self {
        match column.data_type() {
            DataType::Int64 => Self::Integer(column.as_primitive::<Int64Type>().values()),
            DataType::Float64 => Self::Number(column.as_primitive::<Float64Type>().values()),
            DataType::Decimal128(..) => {
                Self::Decimal(column.as_primitive::<Decimal128Type>().values())
            }
            DataType::Boolean => Self::Truth(column.as_boolean().values()),
            DataType::Date32 => Self::Day(column.as_primitive::<Date32Type>().values()),
            DataType::Timestamp(..) => {
                Self::Moment(column.as_primitive::<TimestampMicrosecondType>().values())
            }
            _ => Self::Text(column.as_string_view()),
        }
    }

    fn is_as_before(&self, row: usize) -> bool {
        match self {
            Self::Text(values) => {
                // A view begins with the length of its text and the first bytes of it.
                let [view, before] = [values.views()[row], values.views()[row - 1]];
                view == before
                    || view as u64 == before as u64 && values.value(row) == values.value(row - 1)
            }
            Self::Integer(values) | Self::Moment(values) => values[row] == values[row - 1],
            Self::Number(values) => values[row].to_bits() == values[row - 1].to_bits(),
            Self::Decimal(values) => values[row] == values[row - 1],
            Self::Truth(values) => values.value(row) == values.value(row - 1),
            Self::Day(values) => values[row] == values[row - 1],
        }
    }
}

/// Puts together what is kept of a row to find duplicates.
pub(crate) fn key_entry(
    key: Fingerprint,
    location: u64,
    row: Fingerprint,
) -> [u8; KEY_ENTRY_BYTES] {
    let mut entry = [0; KEY_ENTRY_BYTES];
    entry[..16].copy_from_slice(&key);
    entry[16..24].copy_from_slice(&location.to_be_bytes());
    entry[24..].copy_from_slice(&row);
    entry
}

/// Puts together what is kept of a reference.
pub(crate) fn reference_entry(hash: u64, location: u64) -> [u8; REFERENCE_ENTRY_BYTES] {
    let mut entry = [0; REFERENCE_ENTRY_BYTES];
    entry[..8].copy_from_slice(&hash.to_be_bytes());
    entry[8..].copy_from_slice(&location.to_be_bytes());
    entry
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::Int64Array;

    use super::*;

    fn encodings(columns: &[ArrayRef]) -> Vec<Vec<u8>> {
        let encoder = Encoder::new(columns);
        let encoding = |row| {
            let mut encoding = Vec::new();
            encoder.write(row, &mut encoding);
            encoding
        };
        (0..columns[0].len()).map(encoding).collect()
    }

    #[test]
    fn rows_that_differ_only_in_where_a_text_ends_have_different_encodings() {
        let a: ArrayRef = Arc::new(StringViewArray::from(vec![Some("ab"), Some("a"), None]));
        let b: ArrayRef = Arc::new(StringViewArray::from(vec![Some("c"), Some("bc"), Some("abc")]));

        let mut encodings = encodings(&[a, b]);
        encodings.sort();
        encodings.dedup();

        assert_eq!(encodings.len(), 3);
    }

    #[test]
    fn a_row_is_as_the_one_before_if_their_encodings_are_equal() {
        let long = ["a long text that is no view", "a long text that is not so", "short"];
        let texts = [None, None, Some(long[0]), Some(long[0]), Some(long[1]), Some(long[2])];
        let numbers = [Some(0), None, None, Some(0), Some(0), Some(1)];
        let texts: ArrayRef = Arc::new(StringViewArray::from(texts.to_vec()));
        let numbers: ArrayRef = Arc::new(Int64Array::from(numbers.to_vec()));

        for columns in [vec![Arc::clone(&texts)], vec![Arc::clone(&numbers)], vec![texts, numbers]]
        {
            let encodings = encodings(&columns);
            let encoder = Encoder::new(&columns);
            for row in 1..encodings.len() {
                assert_eq!(encoder.is_as_before(row), encodings[row] == encodings[row - 1]);
            }
        }
    }

    #[test]
    fn a_null_refers_to_nothing() {
        let column: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), None]));
        let columns = [column];
        let encoder = Encoder::new(&columns);

        assert!(encoder.reference(0, &mut Vec::new()).is_some());
        assert!(encoder.reference(1, &mut Vec::new()).is_none());
    }
}
