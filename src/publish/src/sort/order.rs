//! The places of rows, in the order of their keys.
//!
//! The bytes of a key that tell most rows apart lie beside its place, as a number that compares as
//! they do. Rows of one batch mostly are in order already; such runs are found and merged.

use std::cmp::Ordering;
use std::thread;

use arrow::row::{Row, Rows};

/// Bytes of a key that are compared at once.
const PIECE_BYTES: usize = size_of::<u128>();

/// From so many rows on two threads sort.
const SHARED_ROWS_MIN: usize = 1 << 15;

/// Where a row is, behind a piece of its key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    piece: u128,
    batch: u32,
    row: u32,
}

/// The places of all rows of some batches, by their keys.
pub(super) fn order(keys: &[Rows]) -> Vec<(u32, u32)> {
    let start = shared_prefix(keys);
    let mut places = Vec::with_capacity(keys.iter().map(Rows::num_rows).sum());
    for (batch, rows) in (0_u32..).zip(keys) {
        let pieces = rows.iter().map(|key| piece(key, start));
        places.extend((0_u32..).zip(pieces).map(|(row, piece)| Place { piece, batch, row }));
    }
    let key = |place: &Place| keys[place.batch as usize].row(place.row as usize);
    let order = |one: &Place, other: &Place| -> Ordering {
        one.piece.cmp(&other.piece).then_with(|| key(one).cmp(&key(other)))
    };
    if SHARED_ROWS_MIN <= places.len() {
        let middle = places.len() / 2;
        let (first, second) = places.split_at_mut(middle);
        thread::scope(|scope| {
            scope.spawn(|| first.sort_by(order));
            second.sort_by(order);
        });
    }
    places.sort_by(order);
    places.into_iter().map(|place| (place.batch, place.row)).collect()
}

/// How many bytes all keys begin with in common.
fn shared_prefix(keys: &[Rows]) -> usize {
    let mut all = keys.iter().flat_map(Rows::iter);
    let Some(first) = all.next() else { return 0 };
    let first = first.as_ref();
    all.fold(first.len(), |shared, key| {
        let pairs = first[..shared].iter().zip(key.as_ref());
        pairs.take_while(|(one, other)| one == other).count()
    })
}

/// The bytes of a key from a position on as a number that compares as they do.
fn piece(key: Row<'_>, start: usize) -> u128 {
    let key = key.as_ref();
    let rest = &key[start.min(key.len())..];
    if let Some(bytes) = rest.first_chunk() {
        return u128::from_be_bytes(*bytes);
    }
    let mut bytes = [0; PIECE_BYTES];
    bytes[..rest.len()].copy_from_slice(rest);
    u128::from_be_bytes(bytes)
}
