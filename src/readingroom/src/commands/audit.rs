//! `log verify`: the log against the public key alone, from a folder or over HTTP.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use ledger::{TileSource, Verified, VerifyError, VerifyingKey};
use reqwest::Method;

use crate::args::{self, LogCommand, LogVerify, Place};
use crate::client::Client;
use crate::output;

/// Runs `log …`.
pub(crate) fn run(command: LogCommand) -> anyhow::Result<()> {
    match command {
        LogCommand::Verify(verify) => verify_log(&verify),
    }
}

fn verify_log(verify: &LogVerify) -> anyhow::Result<()> {
    let key = VerifyingKey::parse(&verify.key)
        .context("--key is no verifying key of the form <name>+<hash>+<base64>; GET /v1/keys and demo.json have it")?;
    let since = match &verify.since {
        Some(path) => Some(
            fs::read_to_string(path)
                .with_context(|| format!("{} cannot be read", path.display()))?,
        ),
        None => None,
    };
    let verified = match args::place(verify.data.as_deref(), verify.url.as_deref()) {
        Place::Folder(data) => ledger::verify_directory(&log_folder(data), &key, since.as_deref()),
        Place::Server(url) => {
            ledger::verify_source(&Remote(Client::remote(&url)?), &key, since.as_deref())
        }
    };
    match verified {
        Ok(verified) => {
            output::line(told(&key, &verified));
            Ok(())
        }
        Err(error) => bail!("the log does not verify: {}", chain(&error)),
    }
}

/// The log of a data folder, or the folder itself where it is a copy of a log.
fn log_folder(data: &Path) -> PathBuf {
    let log = data.join("log");
    if log.is_dir() { log } else { data.to_owned() }
}

fn told(key: &VerifyingKey, verified: &Verified) -> String {
    let checkpoint = &verified.checkpoint;
    let mut text = format!(
        "{}: {} entries verified, root {}",
        key.name(),
        checkpoint.size(),
        checkpoint.root()
    );
    if let Some(since) = verified.since {
        text.push_str(&format!(", continues the {since} entries of the earlier checkpoint"));
    }
    if let Some(write_ahead) = &verified.write_ahead {
        let beyond = write_ahead.size.get().saturating_sub(checkpoint.size().get());
        if beyond > 0 {
            text.push_str(&format!(", {beyond} more wait for the next checkpoint"));
        }
    }
    text
}

/// What is wrong, with what lies beneath it.
fn chain(error: &VerifyError) -> String {
    let mut text = error.to_string();
    let mut beneath = std::error::Error::source(error);
    while let Some(source) = beneath {
        text.push_str(": ");
        text.push_str(&source.to_string());
        beneath = source.source();
    }
    text
}

/// A log that is served over HTTP.
struct Remote(Client);

impl TileSource for Remote {
    fn fetch(&self, path: &str, bytes_max: u64) -> io::Result<Option<Vec<u8>>> {
        let request = self.0.request(Method::GET, &format!("/v1/log/{path}"));
        let response = match self.0.send(request) {
            Ok(response) => response,
            Err(failure) if failure.code() == Some("not_found") => return Ok(None),
            Err(failure) => return Err(io::Error::other(failure)),
        };
        let mut bytes = Vec::new();
        response.take(bytes_max + 1).read_to_end(&mut bytes)?;
        if bytes_max < bytes.len() as u64 {
            return Err(io::Error::other("it is longer than such a file can be"));
        }
        Ok(Some(bytes))
    }
}
