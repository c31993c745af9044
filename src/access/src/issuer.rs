//! Issuers: whose word counts, and the keys with which they give it.
//!
//! # Invariant
//! The key of a token is chosen by issuer and `kid` alone, and fixes the algorithm.
//!
//! # Rooms
//! - [`embedded`]: our own issuer.
//! - [`key_set`]: JWK sets (RFC 7517).
//! - [`remote`]: key sets that come from an address.

mod embedded;
mod key_set;
mod remote;

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

use domain::{Role, Timestamp};

use crate::key::VerifyingKey;
use crate::settings::{IssuerSettings, KeySource};
use crate::token::TokenRefused;

pub(crate) use embedded::EmbeddedIssuer;
pub use embedded::{IssueRefused, IssuedToken, IssuerKey, IssuerKeyRefused, TokenOrder};
use key_set::KeySet;
pub use key_set::KeySetRefused;
use remote::RemoteKeySet;
pub use remote::UrlRefused;

/// An issuer cannot be used as configured.
#[derive(Debug, thiserror::Error)]
pub enum IssuerRefused {
    /// Its name is empty.
    #[error("an issuer has no name")]
    NameEmpty,
    /// Two issuers have one name.
    #[error("the issuer {issuer} is configured twice")]
    Twice {
        /// Which.
        issuer: String,
    },
    /// It may give no role, so that no token of it could pass.
    #[error("the issuer {issuer} may give no role")]
    RolesEmpty {
        /// Which.
        issuer: String,
    },
    /// Its file of keys cannot be read.
    #[error("the keys {path} of an issuer cannot be read")]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Its file of keys holds none that could be used.
    #[error("the keys {path} of an issuer cannot be used")]
    Keys {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: KeySetRefused,
    },
    /// Its address of keys cannot be used.
    #[error("the address of the keys of the issuer {issuer} cannot be used")]
    Url {
        /// Which.
        issuer: String,
        /// Why.
        source: UrlRefused,
    },
}

/// One issuer.
pub(crate) struct Issuer {
    roles: BTreeSet<Role>,
    keys: Keys,
}

enum Keys {
    Fixed(KeySet),
    Remote(Box<RemoteKeySet>),
}

impl Issuer {
    /// The roles that it may give.
    pub(crate) fn roles(&self) -> &BTreeSet<Role> {
        &self.roles
    }

    /// The key with an id; one that is not known may be new at the issuer's address.
    ///
    /// # Errors
    /// When there is no such key.
    pub(crate) async fn key(
        &self,
        key_id: &str,
        now: Timestamp,
    ) -> Result<Arc<VerifyingKey>, TokenRefused> {
        let key = match &self.keys {
            Keys::Fixed(keys) => keys.get(key_id),
            Keys::Remote(keys) => keys.get(key_id, now).await,
        };
        key.ok_or(TokenRefused::KeyUnknown)
    }
}

/// All issuers whose tokens are taken, ours among them.
pub(crate) struct Issuers {
    by_name: HashMap<String, Issuer>,
}

impl Issuers {
    /// Gathers the issuers of the configuration and the embedded one.
    ///
    /// # Errors
    /// The first issuer that cannot be used.
    pub(crate) fn open(
        configured: &[IssuerSettings],
        embedded: &EmbeddedIssuer,
    ) -> Result<Self, IssuerRefused> {
        let ours = Issuer {
            roles: BTreeSet::from(Role::ALL),
            keys: Keys::Fixed(KeySet::of_one(embedded.verifying_key())),
        };
        let mut by_name = HashMap::from([(embedded.name().to_owned(), ours)]);
        for settings in configured {
            let issuer = settings.issuer.clone();
            if issuer.is_empty() {
                return Err(IssuerRefused::NameEmpty);
            }
            if settings.roles.is_empty() {
                return Err(IssuerRefused::RolesEmpty { issuer });
            }
            let opened = Issuer { roles: settings.roles.clone(), keys: open_keys(settings)? };
            if by_name.insert(issuer.clone(), opened).is_some() {
                return Err(IssuerRefused::Twice { issuer });
            }
        }
        Ok(Self { by_name })
    }

    /// The issuer with a name.
    ///
    /// # Errors
    /// When it is not configured.
    pub(crate) fn get(&self, name: &str) -> Result<&Issuer, TokenRefused> {
        self.by_name.get(name).ok_or(TokenRefused::IssuerUnknown)
    }

    /// Fetches the keys that are due: never fetched, or old.
    pub(crate) async fn refresh(&self, now: Timestamp) {
        for issuer in self.by_name.values() {
            if let Keys::Remote(keys) = &issuer.keys {
                keys.refresh_if_due(now).await;
            }
        }
    }
}

fn open_keys(settings: &IssuerSettings) -> Result<Keys, IssuerRefused> {
    match &settings.keys {
        KeySource::File(path) => {
            let path = path.clone();
            let text = match std::fs::read(&path) {
                Ok(text) => text,
                Err(source) => return Err(IssuerRefused::File { path, source }),
            };
            match KeySet::parse(&text, settings.algorithm) {
                Ok(keys) => Ok(Keys::Fixed(keys)),
                Err(source) => Err(IssuerRefused::Keys { path, source }),
            }
        }
        KeySource::Url(url) => {
            let remote = RemoteKeySet::open(url.clone(), settings.algorithm);
            let issuer = settings.issuer.clone();
            let remote = remote.map_err(|source| IssuerRefused::Url { issuer, source })?;
            Ok(Keys::Remote(Box::new(remote)))
        }
    }
}
