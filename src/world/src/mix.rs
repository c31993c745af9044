//! Keyed one-to-one scrambling of numbers: pseudonyms and shuffles that can be walked backwards.

/// Scrambles 64 bits one-to-one.
///
/// # Source
/// The finalizer of `SplitMix64` (Steele, Lea, Flood 2014).
pub(crate) fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// A shuffle of the numbers below a size, by a Feistel network that walks until it is inside.
#[derive(Debug)]
pub(crate) struct Permutation {
    size: u64,
    half_bits: u32,
    keys: [u64; 4],
}

impl Permutation {
    /// The shuffle of `0..size` that the keys choose.
    pub(crate) fn new(size: u64, keys: [u64; 4]) -> Self {
        let bits = u64::BITS - size.max(4).saturating_sub(1).leading_zeros();
        Self { size, half_bits: bits.div_ceil(2), keys }
    }

    /// Where a number goes.
    pub(crate) fn forward(&self, number: u64) -> u64 {
        let mut number = number;
        loop {
            number = self.keys.iter().fold(number, |number, key| self.round(number, *key));
            if number < self.size.max(1) {
                return number;
            }
        }
    }

    /// Which number went there.
    pub(crate) fn backward(&self, place: u64) -> u64 {
        let mut place = place;
        loop {
            place = self.keys.iter().rev().fold(place, |place, key| self.unround(place, *key));
            if place < self.size.max(1) {
                return place;
            }
        }
    }

    /// One round: `(left, right)` becomes `(right, left ^ f(right))`.
    fn round(&self, number: u64, key: u64) -> u64 {
        let (left, right) = self.halves(number);
        (right << self.half_bits) | (left ^ self.scrambled(right, key))
    }

    /// One round walked backwards.
    fn unround(&self, number: u64, key: u64) -> u64 {
        let (left, right) = self.halves(number);
        ((right ^ self.scrambled(left, key)) << self.half_bits) | left
    }

    fn halves(&self, number: u64) -> (u64, u64) {
        (number >> self.half_bits, number & self.mask())
    }

    fn scrambled(&self, half: u64, key: u64) -> u64 {
        mix(half ^ key) & self.mask()
    }

    fn mask(&self) -> u64 {
        (1 << self.half_bits) - 1
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_shuffle_visits_each_number_once_and_can_be_walked_backwards() {
        for size in [1, 2, 5, 64, 1000] {
            let shuffle = Permutation::new(size, [1, 2, 3, 4]);

            let places: BTreeSet<_> = (0..size).map(|number| shuffle.forward(number)).collect();

            assert_eq!(places, (0..size).collect());
            assert!((0..size).all(|number| shuffle.backward(shuffle.forward(number)) == number));
        }
    }
}
