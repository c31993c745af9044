//! A scale on which each doubling takes the same room, in whole numbers only.
//!
//! Zipf's law gives every octave of ranks (1, 2–3, 4–7 …) the same share of the whole; delays and
//! prices spread over octaves too. Within an octave the logarithm is approximated by `3y / (2 + y)`,
//! whose slope falls from 3/2 to 2/3 where the logarithm's falls from 1.44 to 0.72.
//!
//! # Invariant
//! No floating point: a world must be the same on every machine.

/// One octave, as a fixed-point number with 32 bits after the point.
const OCTAVE: u128 = 1 << 32;

/// Where a number of at least one stands on the scale.
pub(crate) fn position(value: u64) -> u64 {
    let value = value.max(1);
    let octave = 63 - u64::from(value.leading_zeros());
    let base = 1u128 << octave;
    let above = u128::from(value) - base;
    let part = 3 * above * OCTAVE / (2 * base + above);
    (octave << 32) + narrow(part)
}

/// The number that stands at a place of the scale, rounded down.
pub(crate) fn value(position: u64) -> u64 {
    let octave = position >> 32;
    let part = u128::from(position) % OCTAVE;
    let above = 2 * part * OCTAVE / (3 * OCTAVE - part);
    narrow(((OCTAVE + above) << octave) >> 32)
}

/// `whole × part / of`, without loss on the way.
pub(crate) fn share(whole: u64, part: u64, of: u64) -> u64 {
    narrow(u128::from(whole) * u128::from(part) / u128::from(of.max(1)))
}

/// Takes back a number that was widened for a multiplication.
fn narrow(number: u128) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_doubling_takes_one_octave() {
        for octave in 0..40 {
            assert_eq!(position(1 << octave), octave << 32);
            assert_eq!(value(octave << 32), 1 << octave);
        }
    }

    #[test]
    fn a_larger_number_never_stands_lower() {
        let places: Vec<_> = (1..5000).map(position).collect();

        assert!(places.is_sorted());
        assert!((1..5000).all(|number| number - value(position(number)) <= 1));
    }
}
