//! The different texts of an array, told by where they lie.

use datafusion::arrow::array::{Array as _, StringViewArray, UInt32Array};

/// Fewer rows than this are not worth looking for the same text.
const ROWS_MIN: usize = 64;

/// One different text for at least so many rows, or it does not pay.
const ROWS_PER_TEXT: usize = 4;

/// The place of no text yet.
const FREE: u32 = u32::MAX;

/// Which texts an array has.
#[derive(Debug)]
pub(crate) struct Distinct {
    /// A row of each different text.
    pub(crate) rows: UInt32Array,
    /// For each row the place of its text in `rows`.
    pub(crate) places: UInt32Array,
}

impl Distinct {
    /// The different texts of an array; nothing where most rows have one of their own.
    ///
    /// # Shape
    /// Texts that lie at two places count as two; no text is one of them.
    pub(crate) fn of(array: &StringViewArray) -> Option<Self> {
        if array.len() < ROWS_MIN {
            return None;
        }
        let most = array.len() / ROWS_PER_TEXT;
        let mut seen = Seen::new(array.views(), most);
        let mut no_text = None;
        let mut places = Vec::with_capacity(array.len());
        for row in 0..array.len() {
            places.push(if array.is_null(row) {
                *no_text.get_or_insert_with(|| seen.push(row))
            } else {
                seen.place_of(row)
            });
            if most < seen.rows.len() {
                return None;
            }
        }
        Some(Self { rows: seen.rows.into(), places: places.into() })
    }
}

/// The views that were seen: a table of places, open to the next where one is taken.
struct Seen<'a> {
    views: &'a [u128],
    /// Places in `rows`; twice as many as there can be, so that one is free.
    table: Vec<u32>,
    rows: Vec<u32>,
}

impl<'a> Seen<'a> {
    fn new(views: &'a [u128], most: usize) -> Self {
        let table = vec![FREE; (2 * most + 2).next_power_of_two()];
        Self { views, table, rows: Vec::new() }
    }

    /// The place of a row's text, which may be new.
    fn place_of(&mut self, row: usize) -> u32 {
        let view = self.views[row];
        let mut slot = mixed(view) % self.table.len();
        loop {
            let place = self.table[slot];
            if place == FREE {
                let place = self.push(row);
                self.table[slot] = place;
                return place;
            }
            if self.views[self.rows[place as usize] as usize] == view {
                return place;
            }
            slot = (slot + 1) % self.table.len();
        }
    }

    /// Rows of one batch are counted in 32 bits.
    #[expect(clippy::cast_possible_truncation, reason = "see above")]
    fn push(&mut self, row: usize) -> u32 {
        self.rows.push(row as u32);
        self.rows.len() as u32 - 1
    }
}

/// A number that differs where views do.
#[expect(clippy::cast_possible_truncation, reason = "bits are mixed")]
fn mixed(view: u128) -> usize {
    let mixed = ((view >> 64) as u64 ^ view as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 32) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_finds_its_text_at_its_place() {
        let long = "a text that is longer than a view can hold";
        let texts = [Some("b"), None, Some(long), Some(""), Some("c")];
        let array: StringViewArray = texts.iter().cycle().take(1_000).copied().collect();

        let distinct = Distinct::of(&array).unwrap();

        for row in 0..array.len() {
            let found = distinct.rows.value(distinct.places.value(row) as usize) as usize;
            assert_eq!(array.is_valid(found), array.is_valid(row), "{row}");
            assert!(array.is_null(row) || array.value(found) == array.value(row), "{row}");
        }
    }

    #[test]
    fn rows_with_texts_of_their_own_are_left_alone() {
        let own: StringViewArray = (0..1_000).map(|row| Some(format!("text {row}"))).collect();
        let few: StringViewArray = (0..ROWS_MIN - 1).map(|_| Some("a")).collect();

        assert!(Distinct::of(&own).is_none());
        assert!(Distinct::of(&few).is_none());
    }

    #[test]
    fn no_text_at_all_is_one() {
        let none: StringViewArray = (0..ROWS_MIN).map(|_| None::<&str>).collect();

        assert_eq!(Distinct::of(&none).unwrap().rows.len(), 1);
    }
}
