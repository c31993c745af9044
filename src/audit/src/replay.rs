//! Reading entries back, with what stands behind them.

use domain::Sha256Digest;
use ledger::LeafIndex;

use crate::entry::Entry;
use crate::private::{Private, UnsealError};
use crate::{Audit, VaultError};

/// Why entries cannot be read back.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The log's file cannot be read.
    #[error("the log cannot be read back")]
    Log(#[from] ledger::ReadError),
    /// An entry is not in the form that this version writes.
    #[error("entry {index} is not in a form that this version reads")]
    Entry {
        /// Which.
        index: u64,
        /// What the reader says.
        #[source]
        source: serde_json::Error,
    },
    /// The private part of an entry cannot be read.
    #[error("the private part of entry {index} cannot be read")]
    Private {
        /// Which.
        index: u64,
        /// What is wrong with it.
        #[source]
        source: UnsealError,
    },
    /// The vault failed.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

/// One entry, read back.
#[derive(Clone, Debug, PartialEq)]
pub struct Replayed {
    /// Its place in the log.
    pub index: LeafIndex,
    /// What the log shows.
    pub entry: Entry,
    /// What stands behind it, unless its key was destroyed.
    pub private: Option<Private>,
}

/// Reads the entries back from an index on.
pub(crate) fn from(
    audit: &Audit,
    from: LeafIndex,
) -> impl Iterator<Item = Result<Replayed, ReplayError>> + '_ {
    audit.log.records_from(from).map(move |stored| {
        let stored = stored?;
        replayed(audit, stored.index, &stored.entry, &stored.attachment)
    })
}

/// The private part behind one entry.
pub(crate) fn private_at(audit: &Audit, index: LeafIndex) -> Result<Option<Private>, ReplayError> {
    let Some(stored) = audit.log.record(index)? else {
        return Ok(None);
    };
    private(audit, index, &stored.entry, &stored.attachment)
}

fn replayed(
    audit: &Audit,
    index: LeafIndex,
    entry: &[u8],
    attachment: &[u8],
) -> Result<Replayed, ReplayError> {
    let parsed = serde_json::from_slice(entry)
        .map_err(|source| ReplayError::Entry { index: index.get(), source })?;
    let private = private(audit, index, entry, attachment)?;
    Ok(Replayed { index, entry: parsed, private })
}

fn private(
    audit: &Audit,
    index: LeafIndex,
    entry: &[u8],
    attachment: &[u8],
) -> Result<Option<Private>, ReplayError> {
    if attachment.is_empty() {
        return Ok(None);
    }
    let index = index.get();
    let Some(opened) = audit.vault.unseal(&Sha256Digest::of(entry), attachment)? else {
        return Ok(None); // The person was erased: nobody can know any more.
    };
    let text = opened.map_err(|source| ReplayError::Private { index, source })?;
    let private = serde_json::from_slice(&text)
        .map_err(|_| ReplayError::Private { index, source: UnsealError::Damaged })?;
    Ok(Some(private))
}
