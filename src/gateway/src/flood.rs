//! Requests without a valid token, counted: one by one they would let anyone fill the log.

use std::sync::{Mutex, PoisonError};

use domain::Timestamp;

/// A count since a moment.
#[derive(Debug, Default)]
pub(crate) struct Flood(Mutex<Option<(Timestamp, u64)>>);

impl Flood {
    /// Counts one request.
    pub(crate) fn count(&self, now: Timestamp) {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, requests) = counted.get_or_insert((now, 0));
        *requests += 1;
    }

    /// Takes the count, with the moment of its first request, and begins anew.
    pub(crate) fn take(&self) -> Option<(Timestamp, u64)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_begins_with_its_first_request_and_is_taken_once() {
        let flood = Flood::default();
        let first = Timestamp::parse("2026-11-23T12:00:00Z").unwrap();

        flood.count(first);
        flood.count(first.plus_s(30));

        assert_eq!(flood.take(), Some((first, 2)));
        assert_eq!(flood.take(), None);
    }
}
