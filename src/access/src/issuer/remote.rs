//! Key sets that come from an issuer's address.
//!
//! Kept when the address fails: an issuer that is down for an hour must not lock its people out.
//! Fetched anew for a `kid` that is not known, at most once a minute, so that tokens with invented
//! ids cannot make us hammer the issuer; and once an hour, so that a key taken back is forgotten.
//!
//! # Invariant
//! What is fetched is bounded in time and bytes, follows no redirect, and is never read over an
//! open network.

use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use domain::Timestamp;
use url::{Host, Url};

use super::key_set::{KeySet, KeySetRefused};
use crate::key::{Algorithm, VerifyingKey};

/// An address of keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum UrlRefused {
    /// Anyone on the way could put in keys.
    #[error("must be https, or http on this machine")]
    Insecure,
    /// It has a user name or a password in it.
    #[error("must not hold a user name or a password")]
    Credentials,
    /// The client for it cannot be made.
    #[error("cannot be fetched from")]
    Client(#[source] reqwest::Error),
}

/// The keys could not be fetched.
#[derive(Debug, thiserror::Error)]
enum FetchError {
    #[error("the address did not answer")]
    Request(#[from] reqwest::Error),
    #[error("the address answered {0}")]
    Status(reqwest::StatusCode),
    #[error("the answer is longer than {} bytes", RemoteKeySet::BODY_BYTES_MAX)]
    TooLong,
    #[error("the answer {0}")]
    Keys(#[from] KeySetRefused),
}

/// The keys of one address.
pub(super) struct RemoteKeySet {
    url: Url,
    algorithm: Algorithm,
    client: reqwest::Client,
    kept: RwLock<Kept>,
    /// Held during a fetch, so that there is one at a time.
    fetching: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Kept {
    keys: KeySet,
    tried_at: Option<Timestamp>,
    fetched_at: Option<Timestamp>,
}

impl RemoteKeySet {
    /// Longest answer, in bytes: some hundred keys.
    const BODY_BYTES_MAX: usize = 256 * 1_024;
    /// Longest time of one fetch.
    const FETCH_TIME_MAX: Duration = Duration::from_secs(5);
    /// Shortest time between two fetches, in seconds.
    const FETCH_PAUSE_S: i64 = 60;
    /// Keys older than this are fetched anew, in seconds.
    const FRESH_S: i64 = 60 * 60;

    /// Prepares an address; nothing is fetched yet.
    ///
    /// # Errors
    /// When the address is not secure.
    pub(super) fn open(url: Url, algorithm: Algorithm) -> Result<Self, UrlRefused> {
        let on_this_machine = is_loopback(&url);
        if url.scheme() != "https" && !(url.scheme() == "http" && on_this_machine) {
            return Err(UrlRefused::Insecure);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(UrlRefused::Credentials);
        }
        let mut builder = reqwest::Client::builder()
            .timeout(Self::FETCH_TIME_MAX)
            .redirect(reqwest::redirect::Policy::none());
        if on_this_machine {
            // A proxy is another machine.
            builder = builder.no_proxy();
        }
        let client = builder.build().map_err(UrlRefused::Client)?;
        let fetching = tokio::sync::Mutex::new(());
        Ok(Self { url, algorithm, client, kept: RwLock::default(), fetching })
    }

    /// The key with an id, fetched if it is not known and the last fetch is a minute ago.
    pub(super) async fn get(&self, id: &str, now: Timestamp) -> Option<Arc<VerifyingKey>> {
        if let Some(key) = self.known(id) {
            return Some(key);
        }
        let _fetching = self.fetching.lock().await;
        if self.known(id).is_none() && self.may_fetch(now) {
            self.fetch(now).await;
        }
        self.known(id)
    }

    /// Fetches the keys if they were never fetched, or long ago.
    pub(super) async fn refresh_if_due(&self, now: Timestamp) {
        let _fetching = self.fetching.lock().await;
        let fetched_at = self.read(|kept| kept.fetched_at);
        let is_due = fetched_at.is_none_or(|fetched| has_passed(fetched, now, Self::FRESH_S));
        if is_due && self.may_fetch(now) {
            self.fetch(now).await;
        }
    }

    fn known(&self, id: &str) -> Option<Arc<VerifyingKey>> {
        self.read(|kept| kept.keys.get(id))
    }

    fn may_fetch(&self, now: Timestamp) -> bool {
        self.read(|kept| {
            kept.tried_at.is_none_or(|tried| has_passed(tried, now, Self::FETCH_PAUSE_S))
        })
    }

    fn read<T>(&self, look: impl FnOnce(&Kept) -> T) -> T {
        look(&self.kept.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Fetches the keys; what was known is kept if that fails.
    async fn fetch(&self, now: Timestamp) {
        // Before the fetch: one that is given up half way counts too.
        self.kept.write().unwrap_or_else(PoisonError::into_inner).tried_at = Some(now);
        match self.download().await {
            Ok(keys) => {
                let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
                kept.keys = keys;
                kept.fetched_at = Some(now);
            }
            Err(error) => {
                let reason = &error as &dyn std::error::Error;
                tracing::warn!(url = %self.url, reason, "the keys of an issuer could not be fetched");
            }
        }
    }

    async fn download(&self) -> Result<KeySet, FetchError> {
        let mut answer = self.client.get(self.url.clone()).send().await?;
        if answer.status() != reqwest::StatusCode::OK {
            return Err(FetchError::Status(answer.status()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await? {
            if Self::BODY_BYTES_MAX < body.len() + chunk.len() {
                return Err(FetchError::TooLong);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(KeySet::parse(&body, self.algorithm)?)
    }
}

/// Whether that many seconds have passed; a clock that was set back counts as passed.
fn has_passed(since: Timestamp, now: Timestamp, seconds: i64) -> bool {
    now < since || since.plus_s(seconds) <= now
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        None => false,
    }
}
