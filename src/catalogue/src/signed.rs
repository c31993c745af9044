//! Documents as they were signed, byte for byte.

use domain::Sha256Digest;
use domain::canonical::{self, CanonicalizeError};
use serde::Serialize;

use crate::seal::{Sealed, Sealer};

/// A document with the bytes that were signed.
#[derive(Debug)]
pub struct Signed<D> {
    pub(crate) document: D,
    pub(crate) bytes: Vec<u8>,
    pub(crate) sha256: Sha256Digest,
    pub(crate) signature: String,
}

impl<D: Serialize> Signed<D> {
    /// Writes a document down as canonical JSON, and signs that.
    pub(crate) fn sign(
        document: D,
        sealed: impl FnOnce(&D) -> Sealed<'_>,
        sealer: &Sealer,
    ) -> Result<Self, CanonicalizeError> {
        let bytes = canonical::to_bytes(&document)?;
        let sha256 = Sha256Digest::of(&bytes);
        let signature = sealer.seal(sealed(&document), sha256);
        Ok(Self { document, bytes, sha256, signature })
    }
}

impl<D> Signed<D> {
    /// What it says.
    #[must_use]
    pub fn document(&self) -> &D {
        &self.document
    }

    /// Its canonical JSON, byte for byte as it was signed.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The digest over those bytes.
    #[must_use]
    pub fn sha256(&self) -> Sha256Digest {
        self.sha256
    }

    /// The signed note over that digest.
    #[must_use]
    pub fn signature(&self) -> &str {
        &self.signature
    }
}
