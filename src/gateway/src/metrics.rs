//! Metrics: what a Prometheus server may count.
//!
//! # Invariant
//! Labels come from closed lists: operations of the contract, statuses, phases, ways to end. Never a
//! name, an address or a text from outside.

use std::time::Duration;

use prometheus::core::Collector;
use prometheus::{
    Encoder as _, Histogram, HistogramOpts, HistogramVec, IntCounterVec, IntGauge, IntGaugeVec,
    Opts, Registry, TextEncoder,
};
use sandbox::PoolCounts;

/// A number that cannot be kept, since two have one name.
#[derive(Debug, thiserror::Error)]
#[error("a metric cannot be registered")]
pub struct MetricsError(#[from] prometheus::Error);

/// The numbers of one running application.
#[derive(Clone, Debug)]
pub struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    request_seconds: HistogramVec,
    query_phase_seconds: HistogramVec,
    worker_start_seconds: Histogram,
    worker_ends: IntCounterVec,
    workers: IntGaugeVec,
    queries_waiting: IntGauge,
    log_commit_seconds: Histogram,
    log_batch_entries: Histogram,
    log_seal_seconds: Histogram,
    log_size: IntGauge,
    redactions_pending: IntGauge,
    redactions_overdue: IntGauge,
}

/// Bounds of all durations, in seconds: from a tenth of a millisecond to a minute.
const SECONDS: &[f64] =
    &[0.0001, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 15.0, 60.0];

/// Bounds of the number of entries that became durable together.
const ENTRIES: &[f64] = &[1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 1_000.0];

impl Metrics {
    /// All numbers, at zero.
    ///
    /// # Errors
    /// Never, as long as no two metrics have one name.
    pub fn new() -> Result<Self, MetricsError> {
        let registry = Registry::new();
        let metrics = Self {
            requests: counters("requests_total", "Requests answered.", &["operation", "status"])?,
            request_seconds: durations(
                "request_seconds",
                "Time from a request's head to its response's head.",
                &["operation"],
            )?,
            query_phase_seconds: durations(
                "query_phase_seconds",
                "Time that queries spend in each phase.",
                &["phase"],
            )?,
            worker_start_seconds: duration(
                "worker_start_seconds",
                "Time until a new worker is ready.",
            )?,
            worker_ends: counters("worker_ends_total", "Workers that ended.", &["end"])?,
            workers: IntGaugeVec::new(
                Opts::new("reading_room_workers", "Workers that there are now, by what they do."),
                &["state"],
            )?,
            queries_waiting: IntGauge::new(
                "reading_room_queries_waiting",
                "Queries that wait for a worker now.",
            )?,
            log_commit_seconds: duration(
                "log_commit_seconds",
                "Time to make a batch of entries durable.",
            )?,
            log_batch_entries: Histogram::with_opts(
                HistogramOpts::new(
                    "reading_room_log_batch_entries",
                    "Entries that became durable together.",
                )
                .buckets(ENTRIES.to_vec()),
            )?,
            log_seal_seconds: duration("log_seal_seconds", "Time to publish a checkpoint.")?,
            log_size: IntGauge::new(
                "reading_room_log_entries",
                "Entries that the newest checkpoint covers.",
            )?,
            redactions_pending: IntGauge::new(
                "reading_room_redactions_pending",
                "Datasets whose files may still hold what was taken out by law.",
            )?,
            redactions_overdue: IntGauge::new(
                "reading_room_redactions_overdue",
                "Of these, those for longer than they may.",
            )?,
            registry,
        };
        metrics.register()?;
        Ok(metrics)
    }

    /// Puts every number into the registry.
    fn register(&self) -> Result<(), MetricsError> {
        for collector in self.collectors() {
            self.registry.register(collector)?;
        }
        Ok(())
    }

    /// Every number.
    fn collectors(&self) -> [Box<dyn Collector>; 13] {
        [
            Box::new(self.requests.clone()),
            Box::new(self.request_seconds.clone()),
            Box::new(self.query_phase_seconds.clone()),
            Box::new(self.worker_start_seconds.clone()),
            Box::new(self.worker_ends.clone()),
            Box::new(self.workers.clone()),
            Box::new(self.queries_waiting.clone()),
            Box::new(self.log_commit_seconds.clone()),
            Box::new(self.log_batch_entries.clone()),
            Box::new(self.log_seal_seconds.clone()),
            Box::new(self.log_size.clone()),
            Box::new(self.redactions_pending.clone()),
            Box::new(self.redactions_overdue.clone()),
        ]
    }

    /// The names of all numbers.
    pub fn names(&self) -> impl Iterator<Item = String> + '_ {
        let described = self.collectors();
        let names = described.iter().flat_map(|collector| collector.desc());
        names.map(|desc| desc.fq_name.clone()).collect::<Vec<_>>().into_iter()
    }

    /// Counts a request that was answered.
    pub(crate) fn request(&self, operation: &'static str, status: u16, elapsed: Duration) {
        self.requests.with_label_values(&[operation, &status.to_string()]).inc();
        self.request_seconds.with_label_values(&[operation]).observe(elapsed.as_secs_f64());
    }

    /// Measures a phase of a query.
    pub(crate) fn query_phase(&self, phase: &'static str, elapsed: Duration) {
        self.query_phase_seconds.with_label_values(&[phase]).observe(elapsed.as_secs_f64());
    }

    /// Measures the start of a worker.
    pub(crate) fn worker_started(&self, elapsed: Duration) {
        self.worker_start_seconds.observe(elapsed.as_secs_f64());
    }

    /// Counts the end of a worker.
    pub(crate) fn worker_ended(&self, end: &'static str) {
        self.worker_ends.with_label_values(&[end]).inc();
    }

    /// Notes which workers there are now, and how many queries wait for one.
    pub(crate) fn workers(&self, counts: PoolCounts) {
        let PoolCounts { waiting, running, resting, spare, publishing } = counts;
        let states = [
            ("running", running),
            ("resting", resting),
            ("spare", spare),
            ("publishing", publishing),
        ];
        let gauge = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        for (state, count) in states {
            self.workers.with_label_values(&[state]).set(gauge(count));
        }
        self.queries_waiting.set(gauge(waiting));
    }

    /// Measures a commit of the log.
    pub(crate) fn log_commit(&self, entries: usize, elapsed: Duration) {
        self.log_commit_seconds.observe(elapsed.as_secs_f64());
        self.log_batch_entries.observe(f64::from(u32::try_from(entries).unwrap_or(u32::MAX)));
    }

    /// Measures a checkpoint of the log.
    pub(crate) fn log_seal(&self, size: u64, elapsed: Duration) {
        self.log_seal_seconds.observe(elapsed.as_secs_f64());
        self.log_size.set(i64::try_from(size).unwrap_or(i64::MAX));
    }

    /// Whether datasets are still to be compacted, or should have been, in a word.
    pub(crate) fn compaction(&self) -> &'static str {
        match (self.redactions_pending.get(), self.redactions_overdue.get()) {
            (0, _) => "done",
            (_, 0) => "pending",
            _ => "overdue",
        }
    }

    /// Notes how many datasets are still to be compacted, and how many should have been.
    pub(crate) fn redactions(&self, pending: usize, overdue: usize) {
        self.redactions_pending.set(i64::try_from(pending).unwrap_or(i64::MAX));
        self.redactions_overdue.set(i64::try_from(overdue).unwrap_or(i64::MAX));
    }

    /// All numbers in Prometheus's text form.
    #[must_use]
    pub fn render(&self) -> Vec<u8> {
        let mut text = Vec::new();
        let written = TextEncoder::new().encode(&self.registry.gather(), &mut text);
        if let Err(error) = written {
            tracing::error!(cause = %error, "the metrics cannot be rendered");
        }
        text
    }
}

/// Counters of one name, told apart by labels.
fn counters(name: &str, help: &str, labels: &[&str]) -> Result<IntCounterVec, MetricsError> {
    Ok(IntCounterVec::new(Opts::new(format!("reading_room_{name}"), help), labels)?)
}

/// Durations of one name, told apart by labels.
fn durations(name: &str, help: &str, labels: &[&str]) -> Result<HistogramVec, MetricsError> {
    Ok(HistogramVec::new(options(name, help), labels)?)
}

/// Durations of one name.
fn duration(name: &str, help: &str) -> Result<Histogram, MetricsError> {
    Ok(Histogram::with_opts(options(name, help))?)
}

fn options(name: &str, help: &str) -> HistogramOpts {
    HistogramOpts::new(format!("reading_room_{name}"), help).buckets(SECONDS.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_rendered_once_it_counts() {
        let metrics = Metrics::new().unwrap();

        metrics.request("ask", 200, Duration::from_millis(3));
        metrics.query_phase("plan", Duration::from_millis(1));
        metrics.worker_ended("idle");
        metrics.log_commit(2, Duration::from_millis(4));
        metrics.workers(PoolCounts { waiting: 3, resting: 2, ..PoolCounts::default() });

        let text = String::from_utf8(metrics.render()).unwrap();
        assert!(text.contains("reading_room_requests_total{operation=\"ask\",status=\"200\"} 1"));
        assert!(text.contains("reading_room_query_phase_seconds_count{phase=\"plan\"} 1"));
        assert!(text.contains("reading_room_worker_ends_total{end=\"idle\"} 1"));
        assert!(text.contains("reading_room_log_batch_entries_sum 2"));
        assert!(text.contains("reading_room_workers{state=\"resting\"} 2"));
        assert!(text.contains("reading_room_queries_waiting 3"));
    }
}
