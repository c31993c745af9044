//! Medians and other percentiles, as SQL has them: between two numbers, the place between.

/// The numbers of one group.
#[derive(Debug, Default)]
pub(super) struct Numbers(Vec<i64>);

impl Extend<i64> for Numbers {
    fn extend<T: IntoIterator<Item = i64>>(&mut self, numbers: T) {
        self.0.extend(numbers);
    }
}

impl Numbers {
    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    /// Their sum, if there are any.
    pub(super) fn sum(&self) -> Option<i64> {
        (!self.0.is_empty()).then(|| self.0.iter().sum())
    }

    /// The number below which so many hundredths of them lie, divided, if there are any.
    pub(super) fn percentile(&mut self, hundredths: usize, divisor: i64) -> Option<f64> {
        let last = self.0.len().checked_sub(1)?;
        self.0.sort_unstable();
        let place = last * hundredths;
        let (low, part) = (place / 100, place % 100);
        let [low, high] = [self.0[low], self.0[(low + 1).min(last)]];
        // In whole numbers until the end: low + (high - low) × part / 100, over the divisor.
        let hundredfold = i128::from(low) * 100 + i128::from(high - low) * part as i128;
        Some(hundredfold as f64 / (divisor as f64 * 100.0))
    }
}

/// A part of a whole that is not nothing.
pub(super) fn share(part: u64, whole: u64) -> f64 {
    part as f64 / whole as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_of_two_lies_between_them() {
        let mut numbers = Numbers::default();
        numbers.extend([30, 10]);

        assert_eq!(numbers.percentile(50, 1), Some(20.0));
        assert_eq!(numbers.percentile(95, 1), Some(29.0));
        assert_eq!(Numbers::default().percentile(50, 1), None);
    }
}
