//! The digest of an answer's rows, free of their order and of the format.
//!
//! # Shape
//! `SHA-256(count ‖ sum ‖ columns)`, where `count` is the number of rows as 8 bytes; `sum` is the
//! sum modulo 2^256 of the SHA-256 of each row, digests and sum read as little-endian numbers of
//! 32 bytes; and `columns` is their number as 8 bytes and then for each its name and its type (the
//! word of the answer's header), both as bytes with their length before them as 8 bytes.
//!
//! A row is its values in the order of the columns, each one byte `00` if it is missing, else
//! `01` and then: true or false as one byte; an integer as 16 bytes; a number as the 8 bytes of
//! its double-precision form, one pattern for all that are none; an amount as its decimal text
//! and text as itself, bytes as themselves, with their length before them as 8 bytes; a day as
//! 4 bytes, days since 1970-01-01; a moment and a duration as 8 bytes, microseconds (since
//! 1970-01-01T00:00:00Z); a list as the number of its items as 8 bytes and then each item as a
//! value. All numbers are little-endian, signed ones in two's complement.
//!
//! The sum of digests, unlike their exclusive or, tells a row that stands twice from none.

use arrow::record_batch::RecordBatch;
use domain::Sha256Digest;
use domain::verdict::AnswerColumn;
use sha2::{Digest as _, Sha256};

use super::EncodeError;
use super::column::Column;

/// A number of 256 bits, in pieces of 64, the lowest first.
type Sum = [u64; 4];

/// The digest, as far as rows have come.
#[derive(Debug, Default)]
pub(crate) struct RowsDigest {
    count: u64,
    sum: Sum,
    row: Vec<u8>,
}

impl RowsDigest {
    /// Adds the rows of a batch of [`super::Shape::fit`].
    ///
    /// # Errors
    /// A type that answers do not have.
    pub(crate) fn add(&mut self, batch: &RecordBatch) -> Result<(), EncodeError> {
        let columns = Column::all(batch)?;
        for row in 0..batch.num_rows() {
            self.row.clear();
            for column in &columns {
                column.canonical(row, &mut self.row);
            }
            self.count += 1;
            add(&mut self.sum, &Sha256::digest(&self.row).into());
        }
        Ok(())
    }

    /// The digest over all rows that came.
    pub(crate) fn finish(&self, columns: &[AnswerColumn]) -> Sha256Digest {
        let mut hash = Sha256::new();
        hash.update(self.count.to_le_bytes());
        for piece in self.sum {
            hash.update(piece.to_le_bytes());
        }
        hash.update(length(columns.len()));
        for AnswerColumn { name, column_type } in columns {
            for text in [name, column_type] {
                hash.update(length(text.len()));
                hash.update(text.as_bytes());
            }
        }
        Sha256Digest::from_bytes(hash.finalize().into())
    }
}

fn length(length: usize) -> [u8; 8] {
    u64::try_from(length).unwrap_or(u64::MAX).to_le_bytes()
}

/// Adds a digest to a sum, modulo 2^256.
fn add(sum: &mut Sum, digest: &[u8; 32]) {
    let mut carry = false;
    for (piece, bytes) in sum.iter_mut().zip(digest.chunks_exact(8)) {
        let added = bytes.iter().rev().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        let (partial, first) = piece.overflowing_add(added);
        let (total, second) = partial.overflowing_add(u64::from(carry));
        *piece = total;
        carry = first || second;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int64Array, StringArray};

    use super::*;

    fn digest_of(texts: &[Option<&str>], numbers: &[Option<i64>]) -> Sha256Digest {
        let texts: ArrayRef = Arc::new(StringArray::from(texts.to_vec()));
        let numbers: ArrayRef = Arc::new(Int64Array::from(numbers.to_vec()));
        let batch = RecordBatch::try_from_iter([("a", texts), ("b", numbers)]).unwrap();
        let column = |name: &str, column_type: &str| AnswerColumn {
            name: name.to_owned(),
            column_type: column_type.to_owned(),
        };
        let mut digest = RowsDigest::default();
        digest.add(&batch).unwrap();
        digest.finish(&[column("a", "string"), column("b", "integer")])
    }

    #[test]
    fn the_order_of_rows_does_not_matter_but_their_number_does() {
        let once = digest_of(&[Some("x"), Some("y")], &[Some(1), Some(2)]);

        assert_eq!(once, digest_of(&[Some("y"), Some("x")], &[Some(2), Some(1)]));
        assert_ne!(once, digest_of(&[Some("x"), Some("y")], &[Some(2), Some(1)]));
        assert_ne!(digest_of(&[], &[]), digest_of(&[Some("x"), Some("x")], &[Some(1), Some(1)]));
    }

    #[test]
    fn an_empty_text_is_not_a_missing_one() {
        assert_ne!(digest_of(&[Some("")], &[None]), digest_of(&[None], &[None]));
    }

    /// The form is a promise: others compute it from the answer, so it never changes.
    #[test]
    fn the_digest_of_one_row_is_as_documented() {
        let mut row = vec![1];
        row.extend_from_slice(&1_u64.to_le_bytes());
        row.push(b'x');
        row.push(1);
        row.extend_from_slice(&7_i128.to_le_bytes());
        let mut all = 1_u64.to_le_bytes().to_vec();
        all.extend_from_slice(&Sha256::digest(&row));
        all.extend_from_slice(&2_u64.to_le_bytes());
        for text in ["a", "string", "b", "integer"] {
            all.extend_from_slice(&length(text.len()));
            all.extend_from_slice(text.as_bytes());
        }

        assert_eq!(digest_of(&[Some("x")], &[Some(7)]), Sha256Digest::of(&all));
    }

    #[test]
    fn the_sum_carries_over() {
        let mut sum = [u64::MAX, 0, 0, u64::MAX];
        let mut one = [0; 32];
        one[0] = 1;

        add(&mut sum, &one);

        assert_eq!(sum, [0, 1, 0, u64::MAX]);
    }
}
