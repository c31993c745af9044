//! The numbers of several columns in one value, which the engine groups by faster than by several.
//!
//! # Invariant
//! Each number keeps all its 32 bits: two keys are equal where all numbers are.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array as _, ArrayRef, AsArray as _, Decimal128Array, UInt32Array, UInt64Array,
};
use datafusion::arrow::datatypes::{DataType, Decimal128Type, UInt64Type};

use super::lexicon::Code;

/// Numbers in the widest key.
const WIDEST: usize = 4;

/// Numbers in a key of 64 bits.
const NARROW: usize = 2;

/// Where a number is: in which key, and which of its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot {
    pub(super) key: usize,
    shift: u32,
}

/// Where the number of a column is, of so many columns.
pub(super) fn slot(column: usize, columns: usize) -> Slot {
    let key = column / WIDEST;
    let within = columns.min((key + 1) * WIDEST) - column - 1;
    Slot { key, shift: u32::try_from(within).unwrap_or_default() * Code::BITS }
}

/// The types of the keys of so many columns.
pub(super) fn types(columns: usize) -> Vec<DataType> {
    let rest = columns % WIDEST;
    let mut types = vec![DataType::Decimal128(38, 0); columns / WIDEST];
    match rest {
        0 => {}
        rest if rest <= NARROW => types.push(DataType::UInt64),
        _ => types.push(DataType::Decimal128(38, 0)),
    }
    types
}

/// Packs the numbers of columns, row by row, into keys.
pub(super) fn pack(columns: &[Vec<Code>]) -> Vec<ArrayRef> {
    columns.chunks(WIDEST).map(packed).collect()
}

fn packed(columns: &[Vec<Code>]) -> ArrayRef {
    let rows = columns.first().map_or(0, Vec::len);
    if columns.len() <= NARROW {
        let mut keys = vec![0_u64; rows];
        for column in columns {
            for (key, code) in keys.iter_mut().zip(column) {
                *key = *key << Code::BITS | u64::from(*code);
            }
        }
        return Arc::new(UInt64Array::from(keys));
    }
    let mut keys = vec![0_u128; rows];
    for column in columns {
        for (key, code) in keys.iter_mut().zip(column) {
            *key = *key << Code::BITS | u128::from(*code);
        }
    }
    let keys = keys.into_iter().map(u128::cast_signed);
    Arc::new(Decimal128Array::from_iter_values(keys).with_data_type(DataType::Decimal128(38, 0)))
}

/// The numbers of one column out of its key.
#[expect(clippy::cast_possible_truncation, reason = "the rest of a key belongs to other columns")]
pub(super) fn unpack(key: &ArrayRef, slot: Slot) -> UInt32Array {
    if *key.data_type() == DataType::UInt64 {
        let keys = key.as_primitive::<UInt64Type>();
        return keys
            .values()
            .iter()
            .map(|key| (key >> slot.shift) as Code)
            .collect::<Vec<_>>()
            .into();
    }
    let keys = key.as_primitive::<Decimal128Type>();
    keys.values().iter().map(|key| (key >> slot.shift) as Code).collect::<Vec<_>>().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_comes_out_again() {
        for count in 1..=9_usize {
            let columns: Vec<Vec<Code>> = (0..count)
                .map(|column| vec![0, Code::MAX, u32::try_from(column).unwrap() + 7])
                .collect();

            let keys = pack(&columns);

            let found: Vec<DataType> = keys.iter().map(|key| key.data_type().clone()).collect();
            assert_eq!(found, types(count));
            for (number, column) in columns.iter().enumerate() {
                let slot = slot(number, count);
                assert_eq!(unpack(&keys[slot.key], slot).values(), column.as_slice());
            }
        }
    }
}
