//! What the process says about itself: structured logs, and errors told in full.

use tracing_subscriber::EnvFilter;

/// The environment variable that chooses what is logged.
const FILTER_VARIABLE: &str = "READINGROOM_LOG";

/// Logs as JSON lines on standard error, from now on: what the environment chooses, else `default`.
pub(crate) fn begin(default: &str) {
    let chosen = EnvFilter::try_from_env(FILTER_VARIABLE);
    let filter = chosen.unwrap_or_else(|_| EnvFilter::new(default));
    let subscriber = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_writer(std::io::stderr)
        .with_env_filter(filter)
        .finish();
    // A second call, in one process, changes nothing.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

/// An error with what lies beneath it, where that says something new.
pub(crate) fn told(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1) {
        let cause = cause.to_string();
        if !text.contains(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
    }
    text
}
