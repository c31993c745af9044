//! Signing keys: Ed25519 keys with a name, as signed notes use them.
//!
//! Does not know what is signed. The name of a log's key is the log's origin.
//!
//! # Invariant
//! A secret leaves memory only through [`SigningKey::save`], into a new file that its owner
//! alone can read; no `Debug` or `Display` shows it.
//!
//! # Source
//! C2SP signed-note, "Ed25519 signatures" and "verifier keys".

use std::fmt;
use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use signed_note::{Signer as _, StandardSigner, StandardVerifier, Verifier as _};

use crate::disk::{read_file, sync_name, write_durable};

/// The byte before the key that says "Ed25519".
const ALGORITHM_ED25519: u8 = 1;

/// Longest name of a key, in bytes: as long as a host name can be.
pub const KEY_NAME_BYTES_MAX: usize = 255;

/// Largest key file that is read, in bytes; a real one has 80 and its name.
const KEY_FILE_BYTES_MAX: u64 = 1024;

/// A key that signs notes.
#[derive(Clone)]
pub struct SigningKey {
    signer: StandardSigner,
    secret: ed25519_dalek::SigningKey,
    verifying: VerifyingKey,
}

/// The public half: what anyone needs to check a note.
///
/// # Shape
/// `<name>+<hash>+<base64>`: the hash is the first four bytes of SHA-256 over name and key, in
/// hexadecimal; the base64 holds the algorithm's byte and the key.
#[derive(Clone)]
pub struct VerifyingKey {
    text: String,
    public: [u8; ed25519_dalek::PUBLIC_KEY_LENGTH],
    verifier: StandardVerifier,
}

/// Why no key was made.
#[derive(Debug, thiserror::Error)]
pub enum GenerateKeyError {
    /// The name is empty, too long, or has a space or a plus in it.
    #[error("a key's name has 1 to 255 bytes, and neither spaces, `+` nor control characters")]
    Name,
    /// The system gave no random bytes.
    #[error("the system gave no random bytes")]
    Randomness(#[source] getrandom::Error),
}

/// Why a key file gave no key.
#[derive(Debug, thiserror::Error)]
pub enum LoadKeyError {
    /// The file cannot be read.
    #[error("the key file cannot be read")]
    Unreadable(#[source] io::Error),
    /// The file holds something else.
    #[error("the file holds no Ed25519 signing key of a signed note")]
    Malformed,
}

/// A text that is no public key of a signed note.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a public key of the form <name>+<hash>+<base64>")]
pub struct InvalidVerifyingKey;

impl SigningKey {
    /// Makes a new key from the system's randomness.
    ///
    /// # Errors
    /// See [`GenerateKeyError`].
    pub fn generate(name: &str) -> Result<Self, GenerateKeyError> {
        if !is_name(name) {
            return Err(GenerateKeyError::Name);
        }
        let mut seed = [0; ed25519_dalek::SECRET_KEY_LENGTH];
        getrandom::fill(&mut seed).map_err(GenerateKeyError::Randomness)?;
        let secret = ed25519_dalek::SigningKey::from_bytes(&seed);
        Self::parse(&secret_text(name, &secret)).map_err(|_| GenerateKeyError::Name)
    }

    /// Reads a key from the file that [`SigningKey::save`] wrote.
    ///
    /// # Errors
    /// See [`LoadKeyError`].
    pub fn load(path: &Path) -> Result<Self, LoadKeyError> {
        let bytes = read_file(path, KEY_FILE_BYTES_MAX).map_err(LoadKeyError::Unreadable)?;
        let missing = || LoadKeyError::Unreadable(io::ErrorKind::NotFound.into());
        let text = String::from_utf8(bytes.ok_or_else(missing)?);
        Self::parse(text.map_err(|_| LoadKeyError::Malformed)?.trim_end())
    }

    fn parse(text: &str) -> Result<Self, LoadKeyError> {
        let signer = StandardSigner::new(text).map_err(|_| LoadKeyError::Malformed)?;
        // The base64 after `PRIVATE+KEY+<name>+<hash>+` can have a plus, too.
        let base64 = text.splitn(5, '+').nth(4).ok_or(LoadKeyError::Malformed)?;
        let bytes = BASE64_STANDARD.decode(base64).map_err(|_| LoadKeyError::Malformed)?;
        let seed = bytes.get(1..).and_then(|seed| seed.try_into().ok());
        let secret = ed25519_dalek::SigningKey::from_bytes(&seed.ok_or(LoadKeyError::Malformed)?);
        let public = secret.verifying_key();
        let verifying =
            VerifyingKey::parse(&signed_note::new_ed25519_verifier_key(signer.name(), &public))
                .map_err(|_| LoadKeyError::Malformed)?;
        Ok(Self { signer, secret, verifying })
    }

    /// Writes the key into a new file that only its owner can read, and makes that durable.
    ///
    /// # Errors
    /// When the file exists already, or cannot be written.
    pub fn save(&self, path: &Path) -> io::Result<()> {
        let text = secret_text(self.name(), &self.secret) + "\n";
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        write_durable(file, text.as_bytes())?;
        sync_name(path)
    }

    /// The key's name; of a log's key, the log's origin.
    #[must_use]
    pub fn name(&self) -> &str {
        self.signer.name()
    }

    /// The public half.
    #[must_use]
    pub fn verifying_key(&self) -> &VerifyingKey {
        &self.verifying
    }

    /// The public half as text.
    #[must_use]
    pub fn vkey(&self) -> String {
        self.verifying.text.clone()
    }

    pub(crate) fn signer(&self) -> &StandardSigner {
        &self.signer
    }
}

fn is_name(text: &str) -> bool {
    signed_note::is_key_name_valid(text)
        && text.len() <= KEY_NAME_BYTES_MAX
        && !text.contains(char::is_control)
}

/// The form of a secret key that the Go module `sumdb/note` reads, too.
fn secret_text(name: &str, secret: &ed25519_dalek::SigningKey) -> String {
    let tagged = |key: [u8; 32]| [&[ALGORITHM_ED25519], key.as_slice()].concat();
    let id = signed_note::key_id(name, &tagged(secret.verifying_key().to_bytes()));
    format!("PRIVATE+KEY+{name}+{id:08x}+{}", BASE64_STANDARD.encode(tagged(secret.to_bytes())))
}

impl VerifyingKey {
    /// Reads a public key that came from outside.
    ///
    /// # Errors
    /// When the text has another form, another algorithm, or a hash that does not fit.
    pub fn parse(text: &str) -> Result<Self, InvalidVerifyingKey> {
        let verifier = StandardVerifier::new(text).map_err(|_| InvalidVerifyingKey)?;
        if !is_name(verifier.name()) {
            return Err(InvalidVerifyingKey);
        }
        // The base64 after `<name>+<hash>+` can have a plus, too.
        let base64 = text.splitn(3, '+').nth(2).ok_or(InvalidVerifyingKey)?;
        let bytes = BASE64_STANDARD.decode(base64).map_err(|_| InvalidVerifyingKey)?;
        let public = bytes.get(1..).and_then(|key| key.try_into().ok());
        let public = public.ok_or(InvalidVerifyingKey)?;
        let text = format!("{}+{:08x}+{base64}", verifier.name(), verifier.key_id());
        Ok(Self { text, public, verifier })
    }

    /// The key's name; of a log's key, the log's origin.
    #[must_use]
    pub fn name(&self) -> &str {
        self.verifier.name()
    }

    /// The key as text, as [`VerifyingKey::parse`] reads it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The bare Ed25519 public key.
    #[must_use]
    pub fn public_bytes(&self) -> &[u8; ed25519_dalek::PUBLIC_KEY_LENGTH] {
        &self.public
    }

    pub(crate) fn verifier(&self) -> &StandardVerifier {
        &self.verifier
    }
}

impl PartialEq for VerifyingKey {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for VerifyingKey {}

impl fmt::Display for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyingKey({})", self.text)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey(of {})", self.verifying.text)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_saved_key_is_the_same_key_and_only_its_owner_can_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.key");
        let key = SigningKey::generate("example.com/room").unwrap();

        key.save(&path).unwrap();

        assert_eq!(SigningKey::load(&path).unwrap().vkey(), key.vkey());
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    /// Base64 has the plus sign among its digits, and keys are separated by it.
    #[test]
    fn every_key_can_be_written_and_read() {
        for _ in 0..100 {
            let key = SigningKey::generate("room").unwrap();

            let vkey = VerifyingKey::parse(&key.vkey()).unwrap();
            let again = SigningKey::parse(&secret_text("room", &key.secret)).unwrap();

            assert_eq!((&vkey, again.vkey()), (key.verifying_key(), key.vkey()));
        }
    }

    #[test]
    fn saving_never_overwrites_a_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.key");
        SigningKey::generate("a").unwrap().save(&path).unwrap();

        let refused = SigningKey::generate("b").unwrap().save(&path).unwrap_err();

        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
    }

    #[test]
    fn a_name_with_a_space_or_a_plus_makes_no_key() {
        for name in ["", "a b", "a+b", "a\nb", "a\u{7}b"] {
            assert!(matches!(SigningKey::generate(name), Err(GenerateKeyError::Name)), "{name:?}");
        }
    }

    /// The example of the Go module `sumdb/note`, so that both sides mean the same key.
    #[test]
    fn a_public_key_that_others_wrote_is_read_and_written_unchanged() {
        let text = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

        let key = VerifyingKey::parse(text).unwrap();

        assert_eq!((key.name(), key.as_str()), ("PeterNeumann", text));
        assert!(VerifyingKey::parse(&text.replace("c74f", "c74e")).is_err());
    }

    #[test]
    fn a_secret_never_shows_in_debug_output() {
        let key = SigningKey::generate("room").unwrap();

        assert_eq!(format!("{key:?}"), format!("SigningKey(of {})", key.vkey()));
    }

    #[test]
    fn a_file_that_holds_something_else_is_no_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.key");
        std::fs::write(&path, "PRIVATE+KEY+room+00000000+AAAA\n").unwrap();

        assert!(matches!(SigningKey::load(&path), Err(LoadKeyError::Malformed)));
        let missing = SigningKey::load(&folder.path().join("none"));
        assert!(matches!(missing, Err(LoadKeyError::Unreadable(_))));
    }
}
