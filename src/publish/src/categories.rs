//! The allowed values of a column, looked up for every row.
//!
//! # Invariant
//! A value that is found is the codebook's own text, byte for byte.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use arrow::array::make_view;
use arrow::buffer::Buffer;
use domain::codebook::Category;

/// The allowed values of a column.
#[derive(Debug)]
pub(crate) struct CategorySet {
    codes: Vec<String>,
    places: HashMap<String, usize, BuildHasherDefault<CodeHasher>>,
    /// Each code as an Arrow view into `text`, so that a column of codes holds their text once.
    views: Vec<u128>,
    text: Buffer,
}

impl CategorySet {
    /// A set of these values.
    pub(crate) fn new(categories: &[Category]) -> Self {
        let codes: Vec<String> =
            categories.iter().map(|category| category.value().to_owned()).collect();
        let mut views = Vec::with_capacity(codes.len());
        let mut offset = 0;
        for code in &codes {
            views.push(make_view(code.as_bytes(), 0, offset));
            offset += u32::try_from(code.len()).expect("invariant: a codebook is small");
        }
        let places = codes.iter().enumerate().map(|(place, code)| (code.clone(), place)).collect();
        Self { text: Buffer::from(codes.concat().into_bytes()), places, views, codes }
    }

    /// Where a value stands among the codes, if it does.
    pub(crate) fn find(&self, value: &str) -> Option<usize> {
        self.places.get(value).copied()
    }

    /// A code.
    pub(crate) fn code(&self, place: usize) -> &str {
        &self.codes[place]
    }

    /// The view of a code.
    pub(crate) fn view(&self, place: usize) -> u128 {
        self.views[place]
    }

    /// The text that the views point into.
    pub(crate) fn text(&self) -> Buffer {
        self.text.clone()
    }

    /// How many values are allowed.
    pub(crate) fn len(&self) -> usize {
        self.codes.len()
    }

    /// The codes.
    pub(crate) fn codes(&self) -> impl Iterator<Item = &str> {
        self.codes.iter().map(String::as_str)
    }
}

/// A quick hash for a codebook's own few codes.
///
/// The keys are ours, so that nobody can choose them to collide; what a source brings is only
/// looked up.
#[derive(Clone, Copy, Debug, Default)]
struct CodeHasher(u64);

impl Hasher for CodeHasher {
    fn write(&mut self, bytes: &[u8]) {
        /// An odd number whose bits look random: 2^64 divided by the golden ratio.
        const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;
        let (words, rest) = bytes.as_chunks::<8>();
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        for word in words.iter().chain([&last]) {
            self.0 = (self.0.rotate_left(5) ^ u64::from_le_bytes(*word)).wrapping_mul(MULTIPLIER);
        }
    }

    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_finds_its_own_values_and_no_others() {
        let codes = ["AT", "NO", "STATEMENT_CATEGORY_VIOLENCE", "STATEMENT_CATEGORY_SELF_HARM"];
        let categories: Vec<_> = codes.iter().map(|code| Category::Code((*code).into())).collect();

        let set = CategorySet::new(&categories);

        for (place, code) in codes.iter().enumerate() {
            assert_eq!(set.find(code), Some(place));
        }
        for other in ["", "at", "A", "ATT", "STATEMENT_CATEGORY_"] {
            assert_eq!(set.find(other), None, "{other}");
        }
    }
}
