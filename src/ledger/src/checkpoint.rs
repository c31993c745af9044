//! Checkpoints: how large the log is, and which root hash stands for all of it.
//!
//! # Shape
//! A signed note of three lines: origin, size, root hash in base64.
//!
//! # Source
//! C2SP tlog-checkpoint.

use domain::Sha256Digest;

use crate::key::{SigningKey, VerifyingKey};
use crate::leaf::TreeSize;
use crate::note::VerifyNoteError;

/// Largest checkpoint that is read, in bytes: room for a hundred cosignatures.
pub const CHECKPOINT_BYTES_MAX: u64 = 64 * 1024;

/// The name of the checkpoint's file in the log's folder.
pub const CHECKPOINT_FILE: &str = "checkpoint";

/// One signed statement of the log's whole content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    size: TreeSize,
    root: Sha256Digest,
    note: String,
}

/// Why a text is no checkpoint of the log that a key belongs to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// The note itself does not hold.
    #[error(transparent)]
    Note(#[from] VerifyNoteError),
    /// The signed text is no checkpoint.
    #[error("the signed text is not a checkpoint")]
    Malformed,
    /// It is a checkpoint, but of another log.
    #[error("the checkpoint's origin is not the name of the key")]
    Origin,
}

impl Checkpoint {
    /// Reads a checkpoint and checks that the log's key signed it.
    ///
    /// # Errors
    /// See [`CheckpointError`].
    pub fn parse(note: &[u8], key: &VerifyingKey) -> Result<Self, CheckpointError> {
        let text = key.verify_note(note)?;
        let tree = tlog_tiles::Checkpoint::from_bytes(text.as_bytes())
            .map_err(|_| CheckpointError::Malformed)?;
        if tree.origin() != key.name() {
            return Err(CheckpointError::Origin);
        }
        let note = String::from_utf8(note.to_vec()).map_err(|_| CheckpointError::Malformed)?;
        let root = Sha256Digest::from_bytes(tree.hash().0);
        Ok(Self { size: TreeSize::new(tree.size()), root, note })
    }

    /// Signs a tree; the key's name is the origin.
    pub(crate) fn sign(key: &SigningKey, size: TreeSize, root: Sha256Digest) -> Self {
        let hash = tlog_tiles::Hash(*root.as_bytes());
        let text = format!("{}\n{size}\n{hash}\n", key.name());
        let note = key.sign_note(&text);
        let note = note.expect("invariant: a key's name has no control characters");
        Self { size, root, note }
    }

    /// How many entries it covers.
    #[must_use]
    pub fn size(&self) -> TreeSize {
        self.size
    }

    /// The root hash over all of them.
    #[must_use]
    pub fn root(&self) -> &Sha256Digest {
        &self.root
    }

    /// The signed note, byte for byte.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.note
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signed_checkpoint_is_read_back_as_it_was() {
        let key = SigningKey::generate("example.com/room").unwrap();
        let root = Sha256Digest::of(b"root");

        let checkpoint = Checkpoint::sign(&key, TreeSize::new(17), root);

        let parsed = Checkpoint::parse(checkpoint.as_str().as_bytes(), key.verifying_key());
        assert_eq!(parsed, Ok(checkpoint));
    }

    #[test]
    fn a_checkpoint_under_another_origin_is_not_ours() {
        let key = SigningKey::generate("example.com/room").unwrap();
        let root = tlog_tiles::EMPTY_HASH;
        let note = key.sign_note(&format!("example.com/other\n0\n{root}\n")).unwrap();

        let refused = Checkpoint::parse(note.as_bytes(), key.verifying_key());

        assert_eq!(refused, Err(CheckpointError::Origin));
    }

    #[test]
    fn a_signed_manifest_is_no_checkpoint() {
        let key = SigningKey::generate("room").unwrap();
        let note = key.sign_note("reading-room/manifest\nab12\n").unwrap();

        let refused = Checkpoint::parse(note.as_bytes(), key.verifying_key());

        assert_eq!(refused, Err(CheckpointError::Malformed));
    }
}
