//! Everything one data folder needs, opened together and closed together.
//!
//! # Invariant
//! One process owns a data folder at a time.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::Clock;

use crate::metrics::Metrics;
use crate::settings::Settings;

/// One open data folder: keys, catalogue, registry, log, workers.
pub struct Application {
    data_dir: PathBuf,
    settings: Settings,
    clock: Arc<dyn Clock>,
    metrics: Metrics,
}

impl Application {
    /// The folder that it owns.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// What the operator chose.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What tells the time.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// What a Prometheus server may count.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }
}
