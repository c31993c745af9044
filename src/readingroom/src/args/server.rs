//! `demo`, `init`, `serve`, `generate`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use sandbox::Level;

/// How large a demo world is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ScaleName {
    /// About 100 000 rows in all.
    Small,
    /// About 10 million rows.
    Medium,
    /// About 100 million rows.
    Large,
}

/// `readingroom demo`
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  readingroom demo --data ./reading-room-data --port 8080\n")]
pub(crate) struct Demo {
    /// The data folder; used again where it is there already.
    #[arg(long, value_name = "DIR", default_value = "./reading-room-data")]
    pub data: PathBuf,
    /// Port on 127.0.0.1; 0 takes a free one.
    #[arg(long, default_value_t = 8080)]
    pub port: u16,
    /// How large the demo world is.
    #[arg(long, value_enum, default_value = "small")]
    pub scale: ScaleName,
    /// The world that comes of it: the same number, the same world.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// How much of the wall must stand around workers, or the server does not start: strict,
    /// best-effort, off. `workers.sandbox` of the configuration unless given.
    #[arg(long, value_name = "LEVEL")]
    pub sandbox: Option<Level>,
}

/// `readingroom init`
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  readingroom init --data /srv/reading-room\n")]
pub(crate) struct Init {
    /// The folder to make.
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
}

/// `readingroom serve`
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  readingroom serve --data /srv/reading-room --listen 127.0.0.1:8080\n"
)]
pub(crate) struct Serve {
    /// The data folder, made by `init` or `demo`.
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// The configuration; readingroom.toml in the data folder unless given.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Address to listen on; 127.0.0.1:8080 unless configured otherwise. Port 0 takes a free one.
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<SocketAddr>,
    /// Certificate chain (PEM); needs --tls-key.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// Private key (PEM); needs --tls-cert.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// How much of the wall must stand around workers, or the server does not start: strict,
    /// best-effort, off. `workers.sandbox` of the configuration unless given.
    #[arg(long, value_name = "LEVEL")]
    pub sandbox: Option<Level>,
}

/// `readingroom generate`
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  readingroom generate --out ./exports --scale small --seed 1\n")]
pub(crate) struct Generate {
    /// The folder to write to; must be empty or not there yet.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// How large the world is.
    #[arg(long, value_enum, default_value = "small")]
    pub scale: ScaleName,
    /// The world that comes of it: the same number, the same world.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}
