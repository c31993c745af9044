//! Seals: the signatures beside manifests and editions, as C2SP signed notes over their digest.
//!
//! # Shape
//! ```text
//! reading-room/snapshot
//! ads s-4oymiquy7qobjgx36tej
//! sha256:e3b0c442…
//!
//! — <key name> <base64>
//! ```
//! The first line keeps a seal from ever being taken for a checkpoint of the log.

use std::fmt;
use std::sync::Arc;

use domain::{DatasetName, EditionId, Sha256Digest, SnapshotId};
use ledger::{SigningKey, VerifyingKey};

use crate::damage::DamageKind;

/// What a seal is put on.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Sealed<'a> {
    /// The manifest of a snapshot.
    Snapshot(&'a DatasetName, &'a SnapshotId),
    /// What stays of a snapshot that was written anew.
    Tombstone(&'a DatasetName, &'a SnapshotId),
    /// An edition.
    Edition(&'a EditionId),
}

impl fmt::Display for Sealed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Snapshot(dataset, id) => write!(f, "reading-room/snapshot\n{dataset} {id}\n"),
            Self::Tombstone(dataset, id) => {
                write!(f, "reading-room/tombstone\n{dataset} {id}\n")
            }
            Self::Edition(id) => write!(f, "reading-room/edition\n{id}\n"),
        }
    }
}

/// The key that seals, and those whose older seals still hold.
#[derive(Debug)]
pub(crate) struct Sealer {
    signing: Arc<SigningKey>,
    trusted: Vec<VerifyingKey>,
}

impl Sealer {
    pub(crate) fn new(signing: Arc<SigningKey>, former: &[VerifyingKey]) -> Self {
        let mut trusted = vec![signing.verifying_key().clone()];
        trusted.extend_from_slice(former);
        Self { signing, trusted }
    }

    /// Puts a seal on a digest.
    pub(crate) fn seal(&self, sealed: Sealed<'_>, sha256: Sha256Digest) -> String {
        self.signing
            .sign_note(&text(sealed, sha256))
            .expect("invariant: ids and digests have no control characters")
    }

    /// Checks that a seal was put on exactly this by a key that is trusted.
    pub(crate) fn check(
        &self,
        sealed: Sealed<'_>,
        sha256: Sha256Digest,
        seal: &[u8],
    ) -> Result<(), DamageKind> {
        let mut refused = None;
        for key in &self.trusted {
            match key.verify_note(seal) {
                Ok(signed) if signed == text(sealed, sha256) => return Ok(()),
                Ok(_) => return Err(DamageKind::SignedElse),
                Err(error) => refused.get_or_insert(error),
            };
        }
        let refused = refused.expect("invariant: the signing key itself is trusted");
        Err(DamageKind::Signature(refused))
    }
}

fn text(sealed: Sealed<'_>, sha256: Sha256Digest) -> String {
    format!("{sealed}sha256:{sha256}\n")
}

#[cfg(test)]
mod tests {
    use ledger::note::VerifyNoteError;

    use super::*;

    fn sealer(former: &[VerifyingKey]) -> Sealer {
        Sealer::new(Arc::new(SigningKey::generate("room.example").unwrap()), former)
    }

    #[test]
    fn a_seal_holds_for_one_thing_only() {
        let sealer = sealer(&[]);
        let (first, second) = (EditionId::from_number(1), EditionId::from_number(2));
        let digest = Sha256Digest::of(b"edition");

        let seal = sealer.seal(Sealed::Edition(&first), digest);

        let seal = seal.as_bytes();
        assert!(sealer.check(Sealed::Edition(&first), digest, seal).is_ok());
        let other = sealer.check(Sealed::Edition(&second), digest, seal);
        assert!(matches!(other, Err(DamageKind::SignedElse)));
        let other = sealer.check(Sealed::Edition(&first), Sha256Digest::of(b"other"), seal);
        assert!(matches!(other, Err(DamageKind::SignedElse)));
    }

    #[test]
    fn a_seal_of_a_former_key_holds_as_long_as_that_key_is_trusted() {
        let former = sealer(&[]);
        let (id, digest) = (EditionId::from_number(1), Sha256Digest::of(b"edition"));
        let seal = former.seal(Sealed::Edition(&id), digest);

        let trusting = sealer(&[former.signing.verifying_key().clone()]);
        let strict = sealer(&[]);

        assert!(trusting.check(Sealed::Edition(&id), digest, seal.as_bytes()).is_ok());
        let refused = strict.check(Sealed::Edition(&id), digest, seal.as_bytes());
        assert!(matches!(refused, Err(DamageKind::Signature(VerifyNoteError::Unsigned))));
    }
}
