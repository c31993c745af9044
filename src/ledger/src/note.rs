//! Signed notes: a text, an empty line, and who vouches for it.
//!
//! One format for the log's checkpoints and for the manifests and editions of the catalogue.
//! Does not know what a text says.
//!
//! # Source
//! C2SP signed-note.

use signed_note::{Note, NoteError, VerifierList};

use crate::key::{SigningKey, VerifyingKey};

/// A text cannot be the text of a signed note.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the text of a note ends with a line feed and has no other control characters")]
pub struct InvalidNoteText;

/// Why a signed note proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifyNoteError {
    /// It is no signed note at all.
    #[error("not a signed note")]
    Malformed,
    /// None of its signatures is by the key.
    #[error("no signature by the given key")]
    Unsigned,
    /// The key's signature is not over this text.
    #[error("the signature does not fit the text")]
    Signature,
}

impl SigningKey {
    /// Signs a text and gives the whole note.
    ///
    /// # Shape
    /// The text, an empty line, and `— <name> <base64>`, each line ended with a line feed.
    ///
    /// # Errors
    /// When the text cannot be that of a note.
    pub fn sign_note(&self, text: &str) -> Result<String, InvalidNoteText> {
        let mut note = Note::new(text.as_bytes(), &[]).map_err(|_| InvalidNoteText)?;
        note.add_sigs(&[self.signer()]).map_err(|_| InvalidNoteText)?;
        String::from_utf8(note.to_bytes()).map_err(|_| InvalidNoteText)
    }
}

impl VerifyingKey {
    /// Checks a signed note and gives the text that this key vouches for.
    ///
    /// Signatures by other keys are neither needed nor trusted.
    ///
    /// # Errors
    /// See [`VerifyNoteError`].
    pub fn verify_note(&self, note: &[u8]) -> Result<String, VerifyNoteError> {
        let note = Note::from_bytes(note).map_err(|_| VerifyNoteError::Malformed)?;
        let known = VerifierList::new(vec![Box::new(self.verifier().clone())]);
        note.verify(&known).map_err(|error| match error {
            NoteError::UnverifiedNote => VerifyNoteError::Unsigned,
            NoteError::InvalidSignature { .. } | NoteError::SignatureError(_) => {
                VerifyNoteError::Signature
            }
            NoteError::MalformedNote
            | NoteError::InvalidSigner
            | NoteError::MismatchedVerifier
            | NoteError::VerificationError(_) => VerifyNoteError::Malformed,
        })?;
        String::from_utf8(note.text().to_vec()).map_err(|_| VerifyNoteError::Malformed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signed_text_comes_back_when_the_key_fits() {
        let key = SigningKey::generate("room").unwrap();

        let note = key.sign_note("reading-room/manifest\nab12\n").unwrap();

        let text = key.verifying_key().verify_note(note.as_bytes());
        assert_eq!(text.as_deref(), Ok("reading-room/manifest\nab12\n"));
    }

    #[test]
    fn another_key_of_the_same_name_does_not_vouch() {
        let note = SigningKey::generate("room").unwrap().sign_note("text\n").unwrap();

        let other = SigningKey::generate("room").unwrap();

        let refused = other.verifying_key().verify_note(note.as_bytes());
        assert_eq!(refused, Err(VerifyNoteError::Unsigned));
    }

    #[test]
    fn a_changed_text_has_no_signature() {
        let key = SigningKey::generate("room").unwrap();
        let note = key.sign_note("size 17\n").unwrap().replace("17", "71");

        let refused = key.verifying_key().verify_note(note.as_bytes());

        assert_eq!(refused, Err(VerifyNoteError::Signature));
    }

    #[test]
    fn a_text_without_a_last_line_feed_cannot_be_signed() {
        let key = SigningKey::generate("room").unwrap();

        assert_eq!(key.sign_note("text"), Err(InvalidNoteText));
        assert_eq!(key.sign_note("a\tb\n"), Err(InvalidNoteText));
    }
}
