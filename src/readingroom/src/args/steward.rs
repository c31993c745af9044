//! `publish`, `snapshots`, `editions`, `redact`, `retention`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use domain::{ColumnName, DatasetName, Date, EditionId, Ground, SnapshotId};

use super::Target;

/// `readingroom publish`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  readingroom publish --data DIR listings listings.ndjson.gz --as-of 2026-11-01\n  readingroom publish --data DIR statements_of_reasons sor-global-2025-07-01-full.zip\n  readingroom publish --data DIR --edition exports/2026-11-01 --as-of 2026-11-01\n"
)]
pub(crate) struct Publish {
    /// Where to publish.
    #[command(flatten)]
    pub target: Target,
    /// The dataset.
    #[arg(required_unless_present = "edition")]
    pub dataset: Option<DatasetName>,
    /// Files, a folder, or a dump of the DSA Transparency Database as it is.
    #[arg(required_unless_present = "edition", value_name = "SOURCE")]
    pub sources: Vec<PathBuf>,
    /// A folder with one folder for each dataset: validated together, activated together or not at
    /// all.
    #[arg(
        long,
        value_name = "DIR",
        conflicts_with_all = ["dataset", "sources", "period", "supersedes", "reason"],
    )]
    pub edition: Option<PathBuf>,
    /// The day whose state the sources show; today (UTC) unless given.
    #[arg(long, value_name = "DATE", value_parser = super::parse_day)]
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
    /// Show a snapshot's manifest, and on standard error what it corrects, what corrects it, and
    /// whether it was withdrawn.
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
    /// Write the files anew that still hold what was taken out by law.
    #[command(
        after_help = "Examples:\n  readingroom snapshots compact --data DIR\n  readingroom snapshots compact --data DIR traders\n"
    )]
    Compact {
        /// Where.
        #[command(flatten)]
        target: Target,
        /// The dataset; all of them unless given.
        dataset: Option<DatasetName>,
    },
    /// Say how two snapshots differ: rows added, removed and changed, by category and by column.
    #[command(
        after_help = "Examples:\n  readingroom snapshots diff --data DIR listings\n  readingroom snapshots diff --data DIR listings 2026-10-01 s-… --json\n"
    )]
    Diff {
        /// Where.
        #[command(flatten)]
        target: Target,
        /// The dataset.
        dataset: DatasetName,
        /// The earlier one, by id or by day; the one before the later unless given.
        from: Option<String>,
        /// The later one, by id or by day; the current one unless given.
        to: Option<String>,
    },
    /// Take a snapshot back: from then on every query that would read it is refused with the reason.
    #[command(
        after_help = "Example:\n  readingroom snapshots withdraw --data DIR listings s-… --reason 'prices were in cents'\n\nUndone by `snapshots activate … --reason TEXT`.\n"
    )]
    Withdraw {
        /// Where.
        #[command(flatten)]
        target: Target,
        /// The dataset.
        dataset: DatasetName,
        /// The snapshot.
        id: SnapshotId,
        /// Why; whoever asks is told.
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// List which queries of which projects used a snapshot, so that they can be told.
    #[command(after_help = "Example:\n  readingroom snapshots affected --data DIR listings s-…\n")]
    Affected {
        /// Where.
        #[command(flatten)]
        target: Target,
        /// The dataset.
        dataset: DatasetName,
        /// The snapshot.
        id: SnapshotId,
    },
    /// Make a staged, held or former snapshot the current one, or undo a withdrawal.
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
        /// Why, for the log; needed for a snapshot that is held or was withdrawn.
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
}

/// `readingroom redact`
#[derive(Debug, Args)]
#[command(
    after_help = "A key is the value of the primary key; of a key of several columns, `day=2026-11-01,ad_id=a-1` or\na JSON list in the key's order, `[\"2026-11-01\", \"a-1\"]`.\n\nExamples:\n  readingroom redact --data DIR traders --key t-0000000017 --columns country --ground art17 --reason \"Request 2026-114\"\n  readingroom redact --data DIR ads --keys-from removed.txt --ground dsa39_3 --reason \"Removed advertisements, October\"\n"
)]
pub(crate) struct Redact {
    /// Where.
    #[command(flatten)]
    pub target: Target,
    /// The dataset.
    pub dataset: DatasetName,
    /// The row's key; may be given several times.
    #[arg(long = "key", value_name = "K", required_unless_present = "keys_from")]
    pub keys: Vec<String>,
    /// A file with a key on each line.
    #[arg(long, value_name = "FILE")]
    pub keys_from: Option<PathBuf>,
    /// The columns whose cells become null; without them the whole row vanishes.
    #[arg(long, value_name = "C", value_delimiter = ',')]
    pub columns: Vec<ColumnName>,
    /// Why, by law: `art16`, `art17`, `dsa30_5`, `dsa39_3` or `order`.
    #[arg(long, value_name = "GROUND")]
    pub ground: Ground,
    /// Why, in words; sealed, for whoever audits.
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}

/// `readingroom retention`
#[derive(Debug, Subcommand)]
pub(crate) enum RetentionCommand {
    /// Take out the rows that are older than their dataset's codebook keeps them.
    #[command(
        after_help = "Examples:\n  readingroom retention apply --data DIR --dry-run\n  readingroom retention apply --data DIR traders\n"
    )]
    Apply {
        /// Where.
        #[command(flatten)]
        target: Target,
        /// The dataset; all that have a retention unless given.
        dataset: Option<DatasetName>,
        /// Tell what would go, take nothing out.
        #[arg(long)]
        dry_run: bool,
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
    /// Make snapshots of several datasets current together, in one new edition.
    #[command(
        after_help = "Example:\n  readingroom editions activate --data DIR listings@s-… notices@s-… --reason 'checked by hand'\n"
    )]
    Activate {
        /// Where.
        #[command(flatten)]
        target: Target,
        /// The snapshots, each as DATASET@ID.
        #[arg(required = true, value_name = "DATASET@ID", value_parser = dataset_and_id)]
        snapshots: Vec<(DatasetName, SnapshotId)>,
        /// Why, for the log; needed where one of them is held.
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
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

/// Reads a snapshot as answers and listings name it.
fn dataset_and_id(text: &str) -> Result<(DatasetName, SnapshotId), String> {
    let (dataset, id) = text.split_once('@').ok_or("write it as DATASET@ID")?;
    let dataset = DatasetName::parse(dataset).map_err(|error| error.to_string())?;
    let id = SnapshotId::parse(id).map_err(|error| error.to_string())?;
    Ok((dataset, id))
}
