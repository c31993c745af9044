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

use arrow::array::{
    Array, ArrayRef, AsArray as _, BooleanArray, Date32Array, Decimal128Array, Float64Array,
    Int64Array, StringViewArray, TimestampMicrosecondArray,
};
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
enum Values<'a> {
    Text(&'a StringViewArray),
    Integer(&'a Int64Array),
    Number(&'a Float64Array),
    Decimal(&'a Decimal128Array),
    Truth(&'a BooleanArray),
    Day(&'a Date32Array),
    Moment(&'a TimestampMicrosecondArray),
}

/// Columns of a batch, ready to encode rows of them.
pub(crate) struct Encoder<'a>(Vec<Values<'a>>);

impl<'a> Encoder<'a> {
    /// The columns; text as views, lists as canonical text.
    ///
    /// # Panics
    /// Never for columns of `Columns::row_schema`.
    pub(crate) fn new(columns: impl IntoIterator<Item = &'a ArrayRef>) -> Self {
        let values = columns.into_iter().map(|column| match column.data_type() {
            DataType::Int64 => Values::Integer(column.as_primitive::<Int64Type>()),
            DataType::Float64 => Values::Number(column.as_primitive::<Float64Type>()),
            DataType::Decimal128(..) => Values::Decimal(column.as_primitive::<Decimal128Type>()),
            DataType::Boolean => Values::Truth(column.as_boolean()),
            DataType::Date32 => Values::Day(column.as_primitive::<Date32Type>()),
            DataType::Timestamp(..) => {
                Values::Moment(column.as_primitive::<TimestampMicrosecondType>())
            }
            _ => Values::Text(column.as_string_view()),
        });
        Self(values.collect())
    }

    /// Writes a row's encoding behind what is there.
    pub(crate) fn write(&self, row: usize, encoding: &mut Vec<u8>) {
        for values in &self.0 {
            values.write(row, encoding);
        }
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
        if self.0.iter().any(|values| values.array().is_null(row)) {
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

/// Tells the hash of every value of a column that differs from the one before; nulls have none.
/// Sorted rows bring the same value many times over.
pub(crate) fn each_hash(column: &ArrayRef, mut tell: impl FnMut(u64)) {
    let encoder = Encoder::new([column]);
    match &encoder.0[0] {
        Values::Integer(values) => each_run(values.iter(), |it| it.to_le_bytes(), tell),
        Values::Number(values) => each_run(values.iter(), |it| it.to_le_bytes(), tell),
        Values::Decimal(values) => each_run(values.iter(), |it| it.to_le_bytes(), tell),
        Values::Truth(values) => each_run(values.iter(), |it| [u8::from(it)], tell),
        Values::Day(values) => each_run(values.iter(), |it| it.to_le_bytes(), tell),
        Values::Moment(values) => each_run(values.iter(), |it| it.to_le_bytes(), tell),
        Values::Text(texts) => {
            let (mut encoding, mut last) = (Vec::new(), None);
            for (row, view) in texts.views().iter().enumerate() {
                // Views of one array are equal only where texts are.
                if texts.is_valid(row) && last != Some(view) {
                    encoding.clear();
                    encoder.write(row, &mut encoding);
                    tell(hash(&encoding));
                    last = Some(view);
                }
            }
        }
    }
}

/// Tells the hash of each value that differs from the one before, by the bytes of its encoding.
fn each_run<T: Copy + PartialEq, const N: usize>(
    values: impl Iterator<Item = Option<T>>,
    bytes: impl Fn(T) -> [u8; N],
    mut tell: impl FnMut(u64),
) {
    let (mut encoding, mut last) = (Vec::with_capacity(N + 1), None);
    for value in values.flatten() {
        if last != Some(value) {
            encoding.clear();
            encoding.push(1);
            encoding.extend_from_slice(&bytes(value));
            tell(hash(&encoding));
            last = Some(value);
        }
    }
}

impl Values<'_> {
    fn array(&self) -> &dyn Array {
        match self {
            Self::Text(values) => *values,
            Self::Integer(values) => *values,
            Self::Number(values) => *values,
            Self::Decimal(values) => *values,
            Self::Truth(values) => *values,
            Self::Day(values) => *values,
            Self::Moment(values) => *values,
        }
    }

    fn write(&self, row: usize, encoding: &mut Vec<u8>) {
        if self.array().is_null(row) {
            encoding.push(0);
            return;
        }
        encoding.push(1);
        match self {
            Self::Text(values) => {
                let text = values.value(row).as_bytes();
                let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
                encoding.extend_from_slice(&length.to_le_bytes());
                encoding.extend_from_slice(text);
            }
            Self::Integer(values) => encoding.extend_from_slice(&values.value(row).to_le_bytes()),
            Self::Number(values) => encoding.extend_from_slice(&values.value(row).to_le_bytes()),
            Self::Decimal(values) => encoding.extend_from_slice(&values.value(row).to_le_bytes()),
            Self::Truth(values) => encoding.push(values.value(row).into()),
            Self::Day(values) => encoding.extend_from_slice(&values.value(row).to_le_bytes()),
            Self::Moment(values) => encoding.extend_from_slice(&values.value(row).to_le_bytes()),
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
    fn each_hash_is_that_of_the_encoding_and_runs_are_told_once() {
        let text: ArrayRef =
            Arc::new(StringViewArray::from(vec![Some("a"), Some("a"), None, Some("b"), Some("a")]));
        let number: ArrayRef = Arc::new(Int64Array::from(vec![Some(7), None, Some(7), Some(-1)]));
        let truth: ArrayRef = Arc::new(BooleanArray::from(vec![Some(false), Some(true)]));

        for (column, rows) in [(text, vec![0, 3, 4]), (number, vec![0, 3]), (truth, vec![0, 1])] {
            let mut told = Vec::new();
            each_hash(&column, |hash| told.push(hash));

            let encodings = encodings(std::slice::from_ref(&column));
            assert_eq!(told, rows.iter().map(|&row| hash(&encodings[row])).collect::<Vec<_>>());
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
