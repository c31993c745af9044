//! What a person types: the commands, their flags and their help.
//!
//! # Invariant
//! Names are those of the interface; each command's help ends with an example that works.

mod audit;
mod query;
mod registrar;
mod server;
mod steward;

use std::path::{Path, PathBuf};

use clap::error::ErrorKind;
use clap::{Args, CommandFactory as _, Parser, Subcommand};
use domain::Date;

pub(crate) use audit::{LogCommand, LogVerify};
pub(crate) use query::{Codebook, Login, OutputFormat, Query};
pub(crate) use registrar::{
    GrantAdd, GrantCommand, GrantRevoke, MemberAdd, MemberCommand, MemberRemove, ProjectCommand,
    ProjectCreate, ProjectEnd, TokenCommand, TokenIssue, TokenRevoke,
};
pub(crate) use server::{Demo, Generate, Init, ScaleName, Serve};
pub(crate) use steward::{EditionsCommand, Publish, Redact, RetentionCommand, SnapshotsCommand};

/// Reading Room: vetted researchers consult a platform's public data (DSA Art. 40).
#[derive(Debug, Parser)]
#[command(name = "readingroom", version, arg_required_else_help = true)]
#[command(after_help = "Start here:\n  readingroom demo\n")]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a data folder with a demo world, publish it, and serve it.
    Demo(Demo),
    /// Make an empty data folder: keys, registry, log, a commented readingroom.toml.
    Init(Init),
    /// Serve a data folder.
    Serve(Serve),
    /// Write the raw exports of a demo world, as a platform's own systems would deliver them.
    Generate(Generate),
    /// Publish a dataset from files, a folder, or a dump of the DSA Transparency Database.
    Publish(Publish),
    /// List, show, verify, activate, withdraw and compact snapshots; who used one.
    #[command(subcommand)]
    Snapshots(SnapshotsCommand),
    /// Take something out of every snapshot of a dataset, as the law asks.
    Redact(Redact),
    /// Apply the retention of codebooks.
    #[command(subcommand)]
    Retention(RetentionCommand),
    /// List and show editions.
    #[command(subcommand)]
    Editions(EditionsCommand),
    /// Record, show, suspend and close projects.
    #[command(subcommand)]
    Project(ProjectCommand),
    /// Add members to a project, and remove them.
    #[command(subcommand)]
    Member(MemberCommand),
    /// Give a project grants, list and revoke them.
    #[command(subcommand)]
    Grant(GrantCommand),
    /// Issue and revoke tokens.
    #[command(subcommand)]
    Token(TokenCommand),
    /// Get tokens with a member's key, now and whenever the last one ends.
    Login(Login),
    /// List the datasets.
    #[command(after_help = "Example:\n  readingroom datasets --url http://127.0.0.1:8080\n")]
    Datasets(Remote),
    /// Show a dataset's columns, their meaning and their allowed values.
    Codebook(Codebook),
    /// Show who I am, my grants, and what is left of each limit.
    #[command(after_help = "Example:\n  READINGROOM_TOKEN=… readingroom me\n")]
    Me(Remote),
    /// Ask a question in SQL.
    Query(Query),
    /// Check the log.
    #[command(subcommand)]
    Log(LogCommand),
    /// Print the contract of the HTTP API.
    #[command(hide = true)]
    Openapi,
    /// Write the readable pages of the datasets into a folder.
    #[command(hide = true)]
    DatasetPages {
        /// The folder; `docs/datasets` in a checkout.
        folder: PathBuf,
    },
    /// Print the page of what is offered in SQL.
    #[command(hide = true)]
    SqlPage,
    /// The sandboxed process that parses SQL and data files; started by the server only.
    #[command(hide = true)]
    Worker,
}

/// Where a server is, and how its answers are shown.
#[derive(Clone, Debug, Args)]
pub(crate) struct Remote {
    /// Address of the server.
    #[arg(long, env = "READINGROOM_URL", default_value = "http://127.0.0.1:8080")]
    pub url: String,
    /// Print JSON, for machines.
    #[arg(long)]
    pub json: bool,
}

/// The environment variable with the address of a server.
const URL_VARIABLE: &str = "READINGROOM_URL";

/// A data folder on this machine, or a server elsewhere.
#[derive(Clone, Debug, Args)]
pub(crate) struct Target {
    /// The data folder; where a server runs on it, that server does the work.
    #[arg(long, value_name = "DIR", conflicts_with = "url")]
    pub data: Option<PathBuf>,
    /// Address of a server; the token comes from `READINGROOM_TOKEN` [env: `READINGROOM_URL`].
    #[arg(long)]
    pub url: Option<String>,
    /// Who is typing, for the log; of --data only.
    #[arg(long, value_name = "NAME", requires = "data", value_parser = parse_actor)]
    pub actor: Option<String>,
    /// Print JSON, for machines.
    #[arg(long)]
    pub json: bool,
}

/// Where a command works.
#[derive(Clone, Debug)]
pub(crate) enum Place<'a> {
    /// On a data folder.
    Folder(&'a Path),
    /// On a server.
    Server(String),
}

/// Where a command works: where its words say, else on the server that the environment names.
///
/// Ends the process as wrong usage does, where neither says.
pub(crate) fn place<'a>(data: Option<&'a Path>, url: Option<&str>) -> Place<'a> {
    if let Some(data) = data {
        return Place::Folder(data);
    }
    match url.map(str::to_owned).or_else(|| std::env::var(URL_VARIABLE).ok()) {
        Some(url) => Place::Server(url),
        None => Cli::command()
            .error(ErrorKind::MissingRequiredArgument, "give --data DIR or --url URL")
            .exit(),
    }
}

/// Ends the process as wrong usage does, for words that each are right but not together.
pub(crate) fn wrong_usage(text: &str) -> ! {
    Cli::command().error(ErrorKind::ArgumentConflict, text).exit()
}

/// Reads a day.
fn parse_day(text: &str) -> Result<Date, &'static str> {
    text.parse().map_err(|_| "is no day such as 2026-11-01")
}

/// Reads a name that can stand in the log, as the server reads it.
fn parse_actor(text: &str) -> Result<String, &'static str> {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-_@".contains(&byte);
    if (1..=64).contains(&text.len()) && text.bytes().all(is_allowed) {
        Ok(text.to_owned())
    } else {
        Err("is no name of 1 to 64 letters, digits, `.`, `-`, `_` or `@`")
    }
}
