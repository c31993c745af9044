//! `login`, `codebook`, `query`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use domain::{DatasetName, Date};

use super::Remote;

/// The form in which an answer is shown or kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputFormat {
    /// Aligned columns with their types and a footer.
    Table,
    /// Comma-separated values with a header line.
    Csv,
    /// One JSON object.
    Json,
    /// One JSON object a line.
    Ndjson,
    /// An Arrow IPC stream.
    Arrow,
    /// A Parquet file.
    Parquet,
}

/// `readingroom query`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  readingroom query \"SELECT category, count(*) FROM moderation_actions GROUP BY category\"\n  readingroom query \"SELECT * FROM listings WHERE trader_id = \\$1\" --param T0000001 --format csv --out one.csv\n"
)]
pub(crate) struct Query {
    /// Where.
    #[command(flatten)]
    pub remote: Remote,
    /// The question.
    // It may begin with a comment.
    #[arg(allow_hyphen_values = true)]
    pub sql: String,
    /// Values of $1, $2 …: JSON where they are JSON, else text.
    #[arg(long = "param", value_name = "V")]
    pub parameters: Vec<String>,
    /// Ask the newest edition not later than this day.
    #[arg(long, value_name = "DATE", value_parser = super::parse_day)]
    pub as_of: Option<Date>,
    /// Plan and vet only: say what would be read.
    #[arg(long)]
    pub dry_run: bool,
    /// The form of the answer.
    #[arg(long, value_enum, default_value = "table")]
    pub format: OutputFormat,
    /// Write the answer to a file.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// `readingroom codebook`
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  readingroom codebook listings\n")]
pub(crate) struct Codebook {
    /// Where.
    #[command(flatten)]
    pub remote: Remote,
    /// The dataset.
    pub dataset: DatasetName,
}

/// `readingroom login`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  readingroom login --make-key ada.key.json          # writes ada.key.json and ada.key.pub.json\n  readingroom login --url https://… --key ada.key.json --subject ada\n"
)]
pub(crate) struct Login {
    /// Address of the server.
    #[arg(long, env = "READINGROOM_URL", required_unless_present = "make_key")]
    pub url: Option<String>,
    /// File with the private key (JWK) whose public half the registrar has.
    #[arg(long, value_name = "FILE", required_unless_present = "make_key")]
    pub key: Option<PathBuf>,
    /// Who I am, as the registrar recorded it.
    #[arg(long, value_name = "S")]
    pub subject: Option<domain::Subject>,
    /// The project, for members of several.
    #[arg(long, value_name = "P")]
    pub project: Option<domain::ProjectId>,
    /// Make a new key pair instead: FILE, and FILE with `.pub` for the registrar.
    #[arg(long, value_name = "FILE", conflicts_with = "key")]
    pub make_key: Option<PathBuf>,
}
