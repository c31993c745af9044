//! About how many different values a column has, from a summary that can be merged.
//!
//! Up to [`EXACT_MAX`] different values are counted exactly, by their hashes; beyond, the hashes
//! go into a `HyperLogLog` of 2048 registers, whose standard error is 1.04 / √2048 = 2.3 %.
//! Each file carries the sketches of its columns, so that a snapshot's estimate needs no rows of
//! the files it keeps.
//!
//! # Source
//! Flajolet and others, "`HyperLogLog`", 2007, with linear counting for small numbers (§4).
//!
//! # Invariant
//! Merging the sketches of two halves gives the sketch of the whole, byte for byte.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};

/// Different values that are counted exactly: 2 KiB of hashes, as much as the registers take.
const EXACT_MAX: usize = 256;

/// Bits of a hash that choose a register.
const INDEX_BITS: u32 = 11;

/// How many registers there are.
const REGISTERS: usize = 1 << INDEX_BITS;

/// A set of what are hashes already.
pub(crate) type Hashes = HashSet<u64, BuildHasherDefault<AsItIs>>;

/// The hash of a hash: itself.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct AsItIs(u64);

impl Hasher for AsItIs {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 << 8) | u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// A summary of the different values of a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Sketch {
    /// Their hashes.
    Exact(Hashes),
    /// For each register, the largest rank seen.
    Dense(Vec<u8>),
}

impl Default for Sketch {
    fn default() -> Self {
        Self::Exact(Hashes::default())
    }
}

impl Sketch {
    /// Adds a value by its hash.
    pub(crate) fn add(&mut self, hash: u64) {
        match self {
            Self::Exact(hashes) => {
                hashes.insert(hash);
                if EXACT_MAX < hashes.len() {
                    *self = self.to_dense();
                }
            }
            Self::Dense(registers) => note(registers, hash),
        }
    }

    /// Adds all that another sketch has seen.
    pub(crate) fn merge(&mut self, other: &Self) {
        match other {
            Self::Exact(hashes) => hashes.iter().for_each(|hash| self.add(*hash)),
            Self::Dense(theirs) => {
                *self = self.to_dense();
                if let Self::Dense(ours) = self {
                    for (our, their) in ours.iter_mut().zip(theirs) {
                        *our = (*our).max(*their);
                    }
                }
            }
        }
    }

    /// The same in registers.
    fn to_dense(&self) -> Self {
        match self {
            Self::Exact(hashes) => {
                let mut registers = vec![0; REGISTERS];
                hashes.iter().for_each(|hash| note(&mut registers, *hash));
                Self::Dense(registers)
            }
            Self::Dense(registers) => Self::Dense(registers.clone()),
        }
    }

    /// About how many different values it has seen.
    pub(crate) fn estimate(&self) -> u64 {
        let registers = match self {
            Self::Exact(hashes) => return hashes.len() as u64,
            Self::Dense(registers) => registers,
        };
        let count = REGISTERS as f64;
        let alpha = 0.7213 / (1.0 + 1.079 / count);
        let sum: f64 = registers.iter().map(|rank| f64::from(-i32::from(*rank)).exp2()).sum();
        let raw = alpha * count * count / sum;
        let empty = registers.iter().filter(|rank| **rank == 0).count();
        let estimate =
            if raw <= 2.5 * count && 0 < empty { count * (count / empty as f64).ln() } else { raw };
        estimate.round() as u64
    }

    /// Its bytes: `E` and the hashes, or `D` and the registers.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Exact(hashes) => {
                let mut sorted: Vec<u64> = hashes.iter().copied().collect();
                sorted.sort_unstable();
                let hashes = sorted.into_iter().flat_map(u64::to_le_bytes);
                std::iter::once(b'E').chain(hashes).collect()
            }
            Self::Dense(registers) => [&b"D"[..], registers].concat(),
        }
    }

    /// Reads the bytes of a sketch, if they are of one.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        match bytes.split_first()? {
            (b'E', rest) => {
                let (hashes, rest) = rest.as_chunks::<8>();
                let hashes = hashes.iter().map(|hash| u64::from_le_bytes(*hash)).collect();
                rest.is_empty().then_some(Self::Exact(hashes))
            }
            (b'D', registers) if registers.len() == REGISTERS => {
                Some(Self::Dense(registers.to_vec()))
            }
            _ => None,
        }
    }
}

/// Notes a hash in the registers: its first bits choose one, and the run of zeros after them is
/// its rank.
fn note(registers: &mut [u8], hash: u64) {
    let index = (hash >> (u64::BITS - INDEX_BITS)) as usize;
    let rest = (hash << INDEX_BITS) | (1 << (INDEX_BITS - 1));
    let rank = u8::try_from(rest.leading_zeros() + 1).unwrap_or(u8::MAX);
    registers[index] = registers[index].max(rank);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::hash;

    fn sketch(numbers: std::ops::Range<u64>) -> Sketch {
        let mut sketch = Sketch::default();
        numbers.for_each(|number| sketch.add(hash(&number.to_le_bytes())));
        sketch
    }

    #[test]
    fn few_values_are_counted_exactly() {
        assert_eq!(sketch(0..27).estimate(), 27);
        assert_eq!(sketch(0..256).estimate(), 256);
        assert_eq!(Sketch::default().estimate(), 0);
    }

    #[test]
    fn many_values_are_estimated_within_three_standard_errors() {
        for count in [257, 1_000, 5_000, 20_000, 300_000] {
            let estimate = sketch(0..count).estimate();

            let error = estimate.abs_diff(count) as f64 / count as f64;
            assert!(error < 0.07, "{count}: {estimate}");
        }
    }

    #[test]
    fn two_halves_make_the_whole() {
        for (middle, end) in [(10, 20), (200, 400), (10, 4_000), (4_000, 4_010)] {
            let mut merged = sketch(0..middle);
            merged.merge(&sketch(middle / 2..end));

            assert_eq!(merged, sketch(0..end));
        }
    }

    #[test]
    fn a_sketch_reads_back_from_its_bytes() {
        for sketch in [Sketch::default(), sketch(0..100), sketch(0..10_000)] {
            assert_eq!(Sketch::from_bytes(&sketch.to_bytes()), Some(sketch));
        }
        assert_eq!(Sketch::from_bytes(b""), None);
        assert_eq!(Sketch::from_bytes(b"E123"), None);
        assert_eq!(Sketch::from_bytes(b"D123"), None);
    }
}
