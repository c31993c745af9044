//! `log`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `readingroom log`
#[derive(Debug, Subcommand)]
pub(crate) enum LogCommand {
    /// Check every signature, tile and entry with the public key alone.
    Verify(LogVerify),
}

/// `readingroom log verify`
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  readingroom log verify --data DIR --key \"$(jq -r .log_key DIR/demo.json)\"\n"
)]
pub(crate) struct LogVerify {
    /// The data folder, or a copy of its `log` folder.
    #[arg(long, value_name = "DIR", conflicts_with = "url")]
    pub data: Option<PathBuf>,
    /// Address of a server; entries need the token of a regulator or auditor
    /// [env: `READINGROOM_URL`].
    #[arg(long)]
    pub url: Option<String>,
    /// The log's public key: <name>+<hash>+<base64>.
    #[arg(long, value_name = "VKEY")]
    pub key: String,
    /// File with an earlier checkpoint that the log must be consistent with.
    #[arg(long, value_name = "CHECKPOINT")]
    pub since: Option<PathBuf>,
}
