//! Back-off: after workers that did not start, how long until the next one is tried.
//!
//! Knows numbers and moments; does not know processes or clocks.
//!
//! # Invariant
//! After one failure the next is tried at once, since a single death is chance; each further one in
//! a row doubles the wait, up to the longest. A worker that becomes ready ends the
//! wait, and one that has served its project ends the count: a machine on which every second worker
//! starts is not well yet.

use std::time::{Duration, Instant};

/// What is known of the latest starts.
#[derive(Debug)]
pub(super) struct Backoff {
    wait_first: Duration,
    wait_max: Duration,
    failures: u32,
    not_before: Option<Instant>,
}

impl Backoff {
    /// No failures yet; waits are within these bounds.
    pub(super) fn new(wait_first: Duration, wait_max: Duration) -> Self {
        Self { wait_first, wait_max, failures: 0, not_before: None }
    }

    /// Notes that a worker did not start; gives how long the next one is not tried. Those
    /// that were being started when another had failed do not count, since they tell the same.
    pub(super) fn failed(&mut self, now: Instant) -> Duration {
        if let Some(left) = self.left(now) {
            return left;
        }
        let doubled = |times| 2_u32.checked_pow(times).unwrap_or(u32::MAX);
        let wait = match self.failures.checked_sub(1) {
            None => Duration::ZERO,
            Some(times) => self.wait_first.saturating_mul(doubled(times)).min(self.wait_max),
        };
        self.failures = self.failures.saturating_add(1);
        self.not_before = now.checked_add(wait);
        wait
    }

    /// Notes that a worker is ready.
    pub(super) fn ready(&mut self) {
        self.not_before = None;
    }

    /// Notes that a worker has served its project.
    pub(super) fn served(&mut self) {
        self.failures = 0;
    }

    /// How long the next worker is not tried; none when it may be tried now.
    pub(super) fn left(&self, now: Instant) -> Option<Duration> {
        let left = self.not_before?.saturating_duration_since(now);
        (!left.is_zero()).then_some(left)
    }

    /// How many workers in a row did not start.
    pub(super) fn failures(&self) -> u32 {
        self.failures
    }

    /// When the next worker is to be tried, if one failed and none has become ready since.
    pub(super) fn not_before(&self) -> Option<Instant> {
        self.not_before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Duration = Duration::from_millis(100);
    const MAX: Duration = Duration::from_secs(30);

    /// Fails again whenever it may be tried; gives the waits in milliseconds.
    fn waits(backoff: &mut Backoff, now: &mut Instant, count: usize) -> Vec<u128> {
        let fail = |_| {
            let wait = backoff.failed(*now);
            *now += wait;
            wait.as_millis()
        };
        (0..count).map(fail).collect()
    }

    #[test]
    fn each_further_failure_doubles_the_wait_up_to_the_longest() {
        let (mut backoff, mut now) = (Backoff::new(FIRST, MAX), Instant::now());

        let first = waits(&mut backoff, &mut now, 12);
        let later = waits(&mut backoff, &mut now, 40);

        let doubled = [0, 100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000];
        assert_eq!(first, doubled);
        assert!(later.iter().all(|wait| *wait == 30_000), "{later:?}");
    }

    #[test]
    fn nothing_is_tried_until_the_wait_is_over() {
        let (mut backoff, now) = (Backoff::new(FIRST, MAX), Instant::now());
        backoff.failed(now);
        backoff.failed(now);

        let soon = backoff.left(now + Duration::from_millis(40));
        let then = backoff.left(now + FIRST);

        assert_eq!(soon, Some(Duration::from_millis(60)));
        assert_eq!(then, None);
        assert_eq!(backoff.not_before(), Some(now + FIRST), "then it is due");
    }

    #[test]
    fn workers_that_were_being_started_together_fail_once() {
        let (mut backoff, now) = (Backoff::new(FIRST, MAX), Instant::now());

        let waits = [(); 4].map(|()| backoff.failed(now));

        assert_eq!(waits, [Duration::ZERO, FIRST, FIRST, FIRST]);
        assert_eq!(backoff.failed(now + FIRST), FIRST * 2);
    }

    #[test]
    fn a_ready_worker_ends_the_wait_and_one_that_served_the_count() {
        let (mut backoff, mut now) = (Backoff::new(FIRST, MAX), Instant::now());

        waits(&mut backoff, &mut now, 4);
        backoff.failed(now);
        backoff.ready();
        let after_ready = (backoff.left(now), backoff.not_before(), backoff.failed(now));
        backoff.ready();
        backoff.served();
        let after_served = backoff.failed(now);

        assert_eq!(after_ready, (None, None, FIRST * 16));
        assert_eq!(after_served, Duration::ZERO);
    }
}
