//! The places of rows, in the order of their keys.
//!
//! Keys are compared sixteen bytes at a time, as numbers that lie beside the places: most rows are
//! told apart without looking at their keys, which lie all over the memory.

use std::thread;

use arrow::row::{Row, Rows};

/// Bytes of a key that are compared at once.
const PIECE_BYTES: usize = size_of::<u128>();

/// Pieces of keys that are compared as numbers; keys that begin alike beyond them are compared as
/// they lie.
const PIECES_MAX: usize = 8;

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
    let order = Order { keys };
    let start = shared_prefix(keys);
    let mut places = Vec::with_capacity(keys.iter().map(Rows::num_rows).sum());
    for (batch, rows) in (0_u32..).zip(keys) {
        let pieces = rows.iter().map(|key| piece(key, start));
        places.extend((0_u32..).zip(pieces).map(|(row, piece)| Place { piece, batch, row }));
    }
    if places.len() < SHARED_ROWS_MIN {
        order.sort(&mut places, start, PIECES_MAX);
    } else {
        let middle = places.len() / 2;
        let (first, _, second) = places
            .select_nth_unstable_by(middle, |one, other| order.key(one).cmp(&order.key(other)));
        thread::scope(|scope| {
            scope.spawn(|| order.sort(first, start, PIECES_MAX));
            order.sort(second, start, PIECES_MAX);
        });
    }
    places.into_iter().map(|place| (place.batch, place.row)).collect()
}

/// Sorts places by keys.
#[derive(Clone, Copy)]
struct Order<'a> {
    keys: &'a [Rows],
}

impl<'a> Order<'a> {
    fn key(&self, place: &Place) -> Row<'a> {
        self.keys[place.batch as usize].row(place.row as usize)
    }

    /// Sorts places that hold the piece of their keys at `start`; the keys are equal before it.
    fn sort(self, places: &mut [Place], start: usize, pieces: usize) {
        if pieces == 0 {
            places.sort_unstable_by_key(|place| self.key(place));
            return;
        }
        places.sort_unstable_by_key(|place| place.piece);
        let next = start + PIECE_BYTES;
        for alike in places.chunk_by_mut(|one, other| one.piece == other.piece) {
            if 1 < alike.len() {
                for place in &mut *alike {
                    place.piece = piece(self.key(place), next);
                }
                self.sort(alike, next, pieces - 1);
            }
        }
    }
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
