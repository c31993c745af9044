//! The keys of a data folder: what signs the log, the manifests, the tokens, and what hides
//! identifiers.
//!
//! # Invariant
//! A private key leaves its file, which only its owner can read, for nothing but signing here, and
//! the one of pseudonyms for the keys of projects.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use access::IssuerKey;
use ledger::SigningKey;

use crate::application::pseudonyms::{PseudonymMaster, PseudonymMasterError};
use crate::settings::Settings;

/// The folder of keys in a data folder, and the files in it.
const FOLDER: &str = "keys";
const LOG_FILE: &str = "log.key";
const MANIFESTS_FILE: &str = "manifests.key";
const ISSUER_FILE: &str = "issuer.pkcs8";
const PSEUDONYM_FILE: &str = "pseudonym.key";

/// Keys cannot be made or read.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// A file cannot be read or written.
    #[error("cannot use the key file {path}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// No key can be made.
    #[error("a signing key cannot be made")]
    Generate(#[from] ledger::key::GenerateKeyError),
    /// A file is no signing key.
    #[error("{path} is no signing key")]
    Load {
        /// Which.
        path: PathBuf,
        /// Why.
        source: ledger::key::LoadKeyError,
    },
    /// The issuer's key cannot be made or read.
    #[error("the issuer's key {0}")]
    Issuer(#[from] access::IssuerKeyRefused),
    /// The key of pseudonyms cannot be made or read.
    #[error("the key of pseudonyms {path}: {source}")]
    Pseudonyms {
        /// Which.
        path: PathBuf,
        /// Why.
        source: PseudonymMasterError,
    },
    /// The configuration names another log than the folder has.
    #[error("log.origin is set to {configured}, but the log of this folder is {found}")]
    Origin {
        /// What the configuration says.
        configured: String,
        /// What the folder has.
        found: String,
    },
}

/// The keys, with their private halves.
pub(crate) struct Keys {
    pub(crate) log: Arc<SigningKey>,
    pub(crate) manifests: Arc<SigningKey>,
    pub(crate) issuer: IssuerKey,
    pub(crate) pseudonyms: PseudonymMaster,
}

/// The public halves, as signed notes write them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKeys {
    /// Of the log's checkpoints.
    pub log: String,
    /// Of manifests and editions.
    pub manifests: String,
}

impl Keys {
    /// Makes the keys of a new data folder.
    pub(crate) fn generate(data_dir: &Path, settings: &Settings) -> Result<Self, KeysError> {
        let folder = data_dir.join(FOLDER);
        let io = |path: &Path, source| KeysError::Io { path: path.to_owned(), source };
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&folder)
            .map_err(|source| io(&folder, source))?;
        let origin = &settings.log.origin;
        let log = SigningKey::generate(origin)?;
        let manifests = SigningKey::generate(&format!("{origin}/manifests"))?;
        let issuer = IssuerKey::generate()?;
        for (key, name) in [(&log, LOG_FILE), (&manifests, MANIFESTS_FILE)] {
            let path = folder.join(name);
            key.save(&path).map_err(|source| io(&path, source))?;
        }
        let path = folder.join(ISSUER_FILE);
        write_private(&path, issuer.pkcs8()).map_err(|source| io(&path, source))?;
        let path = folder.join(PSEUDONYM_FILE);
        let pseudonyms = PseudonymMaster::generate(&path)
            .map_err(|source| KeysError::Pseudonyms { path, source })?;
        Ok(Self { log: Arc::new(log), manifests: Arc::new(manifests), issuer, pseudonyms })
    }

    /// Reads the keys of a data folder.
    pub(crate) fn load(data_dir: &Path, settings: &Settings) -> Result<Self, KeysError> {
        let folder = data_dir.join(FOLDER);
        let signing = |name| {
            let path = folder.join(name);
            SigningKey::load(&path).map_err(|source| KeysError::Load { path, source })
        };
        let log = signing(LOG_FILE)?;
        if log.name() != settings.log.origin {
            let (configured, found) = (settings.log.origin.clone(), log.name().to_owned());
            return Err(KeysError::Origin { configured, found });
        }
        let path = folder.join(ISSUER_FILE);
        let issuer = std::fs::read(&path).map_err(|source| KeysError::Io { path, source })?;
        let path = folder.join(PSEUDONYM_FILE);
        let pseudonyms = PseudonymMaster::load(&path)
            .map_err(|source| KeysError::Pseudonyms { path, source })?;
        Ok(Self {
            log: Arc::new(log),
            manifests: Arc::new(signing(MANIFESTS_FILE)?),
            issuer: IssuerKey::from_pkcs8(&issuer)?,
            pseudonyms,
        })
    }

    /// The public halves.
    pub(crate) fn public(&self) -> PublicKeys {
        PublicKeys { log: self.log.vkey(), manifests: self.manifests.vkey() }
    }
}

/// Writes a new file that only its owner can read.
fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
