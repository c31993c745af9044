//! Metrics: what a Prometheus server may count.
//!
//! # Invariant
//! Labels come from closed lists: operations of the contract, statuses, phases, reasons. Never a
//! name, an address or a text from outside.

use std::time::Duration;

use prometheus::{
    Encoder as _, HistogramOpts, HistogramVec, IntCounterVec, Opts, Registry, TextEncoder,
};

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
}

/// Bounds of all durations, in seconds: from a tenth of a millisecond to a minute.
const SECONDS: &[f64] =
    &[0.0001, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 15.0, 60.0];

impl Metrics {
    /// All numbers, at zero.
    ///
    /// # Errors
    /// Never, as long as no two metrics have one name.
    pub fn new() -> Result<Self, MetricsError> {
        let registry = Registry::new();
        let requests = IntCounterVec::new(
            Opts::new("reading_room_requests_total", "Requests answered."),
            &["operation", "status"],
        )?;
        let request_seconds = HistogramVec::new(
            HistogramOpts::new(
                "reading_room_request_seconds",
                "Time from a request's head to its response's head.",
            )
            .buckets(SECONDS.to_vec()),
            &["operation"],
        )?;
        registry.register(Box::new(requests.clone()))?;
        registry.register(Box::new(request_seconds.clone()))?;
        Ok(Self { registry, requests, request_seconds })
    }

    /// Counts a request that was answered.
    pub(crate) fn request(&self, operation: &'static str, status: u16, elapsed: Duration) {
        self.requests.with_label_values(&[operation, &status.to_string()]).inc();
        self.request_seconds.with_label_values(&[operation]).observe(elapsed.as_secs_f64());
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
