//! `publish`, `snapshots`, `editions`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use domain::{DatasetName, Date, EditionId, SnapshotId};

use super::Target;

/// `readingroom publish`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  readingroom publish --data DIR listings listings.ndjson.gz --as-of 2026-11-01\n  readingroom publish --data DIR statements_of_reasons sor-global-2025-07-01-full.zip\n"
)]
pub(crate) struct Publish {
    /// Where to publish.
    #[command(flatten)]
    pub target: Target,
    /// The dataset.
    pub dataset: DatasetName,
    /// Files, a folder, or a dump of the DSA Transparency Database as it is.
    #[arg(required = true, value_name = "SOURCE")]
    pub sources: Vec<PathBuf>,
    /// The day whose state the sources show; today (UTC) unless given.
    #[arg(long, value_name = "DATE")]
    pub as_of: Option<Date>,
    /// The period they belong to: a day or a month, as the codebook says.
    #[arg(long, value_name = "P")]
    pub period: Option<String>,
    /// The snapshot this one replaces because that one was wrong.
    #[arg(long, value_name = "ID", requires = "reason")]
    pub supersedes: Option<SnapshotId>,
    /// Why, with --supersedes.
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// Stop before activation; `snapshots activate` does the rest.
    #[arg(long)]
    pub stage: bool,
    /// Check everything, publish nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// How many rows may be rejected before the whole is; 0 unless the server is configured otherwise.
    #[arg(long, value_name = "N")]
    pub max_rejects: Option<u64>,
}

/// `readingroom snapshots`
#[derive(Debug, Subcommand)]
pub(crate) enum SnapshotsCommand {
    /// List a dataset's snapshots, newest first.
    #[command(after_help = "Example:\n  readingroom snapshots list --data DIR listings\n")]
    List {
        /// Where.
        #[command(flatten)]
        target: Target,
        /// The dataset.
        dataset: DatasetName,
    },
    /// Show a snapshot's manifest.
    #[command(after_help = "Example:\n  readingroom snapshots show --data DIR listings s-…\n")]
    Show {
        /// Where.
        #[command(flatten)]
        target: Target,
        /// The dataset.
        dataset: DatasetName,
        /// The snapshot.
        id: SnapshotId,
    },
    /// Read every byte of a snapshot again and compare it with the manifest.
    #[command(after_help = "Example:\n  readingroom snapshots verify --data DIR listings s-…\n")]
    Verify {
        /// Where.
        #[command(flatten)]
        target: Target,
        /// The dataset.
        dataset: DatasetName,
        /// The snapshot.
        id: SnapshotId,
    },
    /// Make a staged, held or former snapshot the current one.
    #[command(
        after_help = "Example:\n  readingroom snapshots activate --data DIR listings s-… --reason 'checked by hand'\n"
    )]
    Activate {
        /// Where.
        #[command(flatten)]
        target: Target,
        /// The dataset.
        dataset: DatasetName,
        /// The snapshot.
        id: SnapshotId,
        /// Why, for the log; needed for a snapshot that is held.
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
}

/// `readingroom editions`
#[derive(Debug, Subcommand)]
pub(crate) enum EditionsCommand {
    /// List the editions, newest first.
    #[command(after_help = "Example:\n  readingroom editions list --data DIR\n")]
    List {
        /// Where.
        #[command(flatten)]
        target: Target,
    },
    /// Show which snapshot of each dataset an edition has.
    #[command(after_help = "Example:\n  readingroom editions show --data DIR e-1\n")]
    Show {
        /// Where.
        #[command(flatten)]
        target: Target,
        /// The edition.
        id: EditionId,
    },
}
