//! `login`, and the token that other commands then use by themselves.
//!
//! A member's private key signs an assertion (RFC 7523); the server answers with a token of one
//! hour. What is kept is the place of the key and the last token, readable by its owner only.

mod key;

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use domain::{Clock as _, ProjectId, SystemClock, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::args::Login;
use crate::client::Client;
use crate::output;

use key::MemberKey;

/// A token is renewed when it has less than this left.
const RENEW_BEFORE_S: i64 = 60;

/// The log-ins kept, by the server's address.
#[derive(Default, Serialize, Deserialize)]
struct Logins(BTreeMap<String, Kept>);

/// One log-in.
#[derive(Clone, Serialize, Deserialize)]
struct Kept {
    key: PathBuf,
    subject: String,
    project: Option<ProjectId>,
    token: String,
    expires_at: Timestamp,
}

/// Runs `login`.
pub(crate) fn run(login: &Login) -> anyhow::Result<()> {
    if let Some(path) = &login.make_key {
        let subject = login.subject.as_ref().map(domain::Subject::as_str);
        let public = MemberKey::make(path, subject)?;
        output::line(format_args!("{} is the private key: keep it", path.display()));
        output::line(format_args!(
            "{} is the public key: give it to the registrar",
            public.display()
        ));
        return Ok(());
    }
    let (Some(url), Some(key)) = (&login.url, &login.key) else {
        bail!("give --url URL and --key FILE");
    };
    let url = url.trim_end_matches('/');
    let key = fs::canonicalize(key).with_context(|| format!("{} cannot be read", key.display()))?;
    let subject = match &login.subject {
        Some(subject) => subject.as_str().to_owned(),
        None => MemberKey::read(&key)?
            .subject()
            .context("the key names no one; give --subject S")?
            .to_owned(),
    };
    let kept = fetch(
        url,
        Kept {
            key,
            subject,
            project: login.project.clone(),
            token: String::new(),
            expires_at: SystemClock.now(),
        },
    )?;
    output::line(format_args!(
        "{} is logged in at {url} until {}; renewed by itself",
        kept.subject, kept.expires_at
    ));
    keep(url, kept)
}

/// The token for a server: of the environment, else of the last log-in, renewed where it ends.
pub(crate) fn token_for(url: &str) -> anyhow::Result<Option<String>> {
    if let Ok(token) = std::env::var("READINGROOM_TOKEN") {
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            bail!("READINGROOM_TOKEN holds no token: it is empty, or has a space or a line break");
        }
        return Ok(Some(token));
    }
    let Some(kept) = read_kept()?.0.get(url).cloned() else {
        return Ok(None);
    };
    if SystemClock.now().plus_s(RENEW_BEFORE_S) < kept.expires_at {
        return Ok(Some(kept.token));
    }
    let renewed = fetch(url, kept)?;
    let token = renewed.token.clone();
    keep(url, renewed)?;
    Ok(Some(token))
}

/// Signs an assertion and trades it for a token.
fn fetch(url: &str, kept: Kept) -> anyhow::Result<Kept> {
    let now = SystemClock.now();
    let audience = format!("{url}/v1/token");
    let assertion = MemberKey::read(&kept.key)?.assertion(
        &kept.subject,
        kept.project.as_ref(),
        &audience,
        now,
    )?;
    let client = Client::anonymous(url)?;
    let form = [
        ("grant_type", "client_credentials"),
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", assertion.as_str()),
    ];
    let request = client.request(reqwest::Method::POST, "/v1/token").form(&form);
    let answer: Value = client.send(request)?.json().context("the answer is no JSON")?;
    let token = answer["access_token"].as_str().context("the answer holds no token")?.to_owned();
    let ttl_s = answer["expires_in"]
        .as_i64()
        .context("the answer does not say how long the token works")?;
    Ok(Kept { token, expires_at: now.plus_s(ttl_s), ..kept })
}

/// The file that keeps the log-ins: under `XDG_STATE_HOME`, else `~/.local/state`.
fn file() -> anyhow::Result<PathBuf> {
    let state = match std::env::var_os("XDG_STATE_HOME") {
        Some(state) => PathBuf::from(state),
        None => std::env::home_dir()
            .context("there is no home folder to keep the log-in in")?
            .join(".local/state"),
    };
    Ok(state.join("readingroom/logins.json"))
}

fn read_kept() -> anyhow::Result<Logins> {
    let Ok(file) = file() else { return Ok(Logins::default()) };
    match fs::read(&file) {
        Ok(text) => serde_json::from_slice(&text).with_context(|| {
            format!("{} is not what `login` wrote; remove it and log in again", file.display())
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Logins::default()),
        Err(error) => Err(error).with_context(|| format!("{} cannot be read", file.display())),
    }
}

fn keep(url: &str, kept: Kept) -> anyhow::Result<()> {
    let mut logins = read_kept()?;
    logins.0.insert(url.to_owned(), kept);
    let file = file()?;
    let folder = file.parent().context("invariant: the file lies in a folder")?;
    fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    let draft = file.with_extension("new");
    let mut written =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    written.write_all(&serde_json::to_vec_pretty(&logins)?)?;
    fs::rename(&draft, &file).with_context(|| format!("{} cannot be written", file.display()))
}
