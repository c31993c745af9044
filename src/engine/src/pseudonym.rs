//! Pseudonyms: what a project sees in the place of identifiers.
//!
//! Knows one key and texts; no datasets, no plans, no projects.
//!
//! # Shape
//! `ps-`, then lower-case base32 without padding of an AES-256-GCM-SIV box (RFC 8452). In the box
//! lies the text, filled up with 0x80 and zeros to the next multiple of 16 bytes (ISO/IEC 7816-4):
//! its length shows in steps of 16 bytes only. A text under 16 bytes has a pseudonym of 55
//! characters. The prefix keeps a spreadsheet from reading a number into one.
//!
//! # Why the nonce is constant
//! Equal identifiers must have equal pseudonyms, wherever and whenever they are met, or nobody
//! could join by them. A constant nonce would break most ciphers; this one takes it: what it
//! encrypts under is a hash of the text itself, so that all that repeats is the pseudonym of a
//! repeated text, as it must. That bears 2^48 blocks (RFC 8452, section 9), a thousand times more
//! than a project can meet. The box is authenticated: nobody without the key makes a pseudonym, and
//! a text that is none of this key's opens to nothing.
//!
//! Neither the dataset nor the column goes into the box, so that identifiers of one kind are equal
//! across tables; what else the key might one day be used for has another [`PURPOSE`].
//!
//! # Invariant
//! A text and its pseudonym stand for each other one to one.
//!
//! # Rooms
//! - [`column`]: a column of texts or of lists of texts.

mod column;

use std::fmt;
use std::sync::LazyLock;

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use data_encoding::{Encoding, Specification};
use domain::PseudonymKey;

/// How a pseudonym begins.
const PREFIX: &str = "ps-";

/// The same for every text: see above.
const NONCE: [u8; NONCE_LEN] = *b"reading-room";

/// What the box is for, which is authenticated with it.
const PURPOSE: &[u8] = b"reading-room/pseudonym/1";

/// Texts are filled up to multiples of this.
const BLOCK_BYTES: usize = 16;

/// What the filling begins with; zeros follow.
const FILLING: u8 = 0x80;

/// The longest pseudonym that is looked at, in bytes; no question is longer.
const LENGTH_BYTES_MAX: usize = 1 << 20;

/// RFC 4648 base32 in lower case, without padding; each text is written in one way only.
static BASE32: LazyLock<Encoding> = LazyLock::new(|| {
    let mut base32 = Specification::new();
    base32.symbols.push_str("abcdefghijklmnopqrstuvwxyz234567");
    base32.encoding().expect("invariant: 32 different symbols are an encoding")
});

/// The pseudonyms of one project.
pub(crate) struct Pseudonyms {
    key: LessSafeKey,
}

/// A text could not be encrypted. Tells nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a text could not be encrypted")]
pub(crate) struct Unsealed;

impl Pseudonyms {
    /// The pseudonyms under a key.
    pub(crate) fn under(key: &PseudonymKey) -> Self {
        let key = UnboundKey::new(&AES_256_GCM_SIV, key.as_bytes());
        let key = key.expect("invariant: a pseudonym key has as many bytes as the cipher asks for");
        Self { key: LessSafeKey::new(key) }
    }

    /// The pseudonym of a text.
    ///
    /// # Errors
    /// When the cipher fails, which it does for texts of more than 64 GiB.
    pub(crate) fn of(&self, plain: &str) -> Result<String, Unsealed> {
        let mut sealed = Vec::new();
        let mut pseudonym = String::new();
        self.write(plain, &mut sealed, &mut pseudonym)?;
        Ok(pseudonym)
    }

    /// The text behind a pseudonym; nothing where it is none of these.
    pub(crate) fn plain_of(&self, pseudonym: &str) -> Option<String> {
        let base32 = pseudonym.strip_prefix(PREFIX)?;
        if LENGTH_BYTES_MAX < base32.len() {
            return None;
        }
        let mut sealed = BASE32.decode(base32.as_bytes()).ok()?;
        let filled = self.key.open_in_place(nonce(), Aad::from(PURPOSE), &mut sealed).ok()?;
        let length = filled.iter().rposition(|byte| *byte != 0)?;
        let plain = (filled[length] == FILLING).then(|| filled[..length].to_vec())?;
        String::from_utf8(plain).ok()
    }

    /// Puts the pseudonym of a text in the place of what was in `pseudonym`; `sealed` is room.
    fn write(
        &self,
        plain: &str,
        sealed: &mut Vec<u8>,
        pseudonym: &mut String,
    ) -> Result<(), Unsealed> {
        sealed.clear();
        sealed.extend_from_slice(plain.as_bytes());
        sealed.push(FILLING);
        sealed.resize(sealed.len().next_multiple_of(BLOCK_BYTES), 0);
        let tag = self.key.seal_in_place_separate_tag(nonce(), Aad::from(PURPOSE), sealed);
        sealed.extend_from_slice(tag.map_err(|_| Unsealed)?.as_ref());
        pseudonym.clear();
        pseudonym.push_str(PREFIX);
        BASE32.encode_append(sealed, pseudonym);
        Ok(())
    }
}

impl fmt::Debug for Pseudonyms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pseudonyms")
    }
}

/// The nonce, which the cipher takes by value.
fn nonce() -> Nonce {
    Nonce::assume_unique_for_key(NONCE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pseudonyms(byte: u8) -> Pseudonyms {
        Pseudonyms::under(&PseudonymKey::new([byte; PseudonymKey::LENGTH_BYTES]))
    }

    /// What was given to a researcher once must be found again by every later version. The vectors
    /// come from OpenSSL's cipher.
    #[test]
    fn pseudonyms_are_what_they_always_were() {
        let ours = pseudonyms(7);

        for (plain, pseudonym) in [
            ("", "ps-2nxvp52qd2nsgo3cupju4d6bgjielluqtswzjgwtf3parjc7ldaa"),
            ("i-1", "ps-q3oyoo63kovyka46q77vgttvyzsktjqm264ubbqzctgz2z5h7plq"),
            (
                "f-00c0ffee00c0ffee",
                "ps-aydhalvshlnsco3es7sb5hjpt3mrp5wc46teximgmsm2ydbdnxcuwb5dh5vq2f3krimbr6w3uncv4",
            ),
            (
                "Ærøskøbing, 15th",
                "ps-eviw3cyg63rhmlstygd6yuaabvbnjubrphduxrq7sueb3fexs6yh72tge6jxsugf42tp5vtrc6jys",
            ),
        ] {
            assert_eq!(ours.of(plain).unwrap(), pseudonym, "{plain}");
            assert_eq!(ours.plain_of(pseudonym).as_deref(), Some(plain));
        }
    }

    #[test]
    fn equal_texts_have_equal_pseudonyms_under_one_key_and_others_under_another() {
        let (ours, theirs) = (pseudonyms(1), pseudonyms(2));
        let pseudonym = ours.of("i-1").unwrap();

        assert_eq!(ours.of("i-1").unwrap(), pseudonym);
        assert_ne!(ours.of("i-2").unwrap(), pseudonym);
        assert_ne!(theirs.of("i-1").unwrap(), pseudonym);
        assert_eq!(theirs.plain_of(&pseudonym), None);
    }

    /// Nobody without the key makes a text that opens, not even from one that does.
    #[test]
    fn what_is_no_pseudonym_opens_to_nothing() {
        let ours = pseudonyms(1);
        let pseudonym = ours.of("i-1").unwrap();

        for at in 0..pseudonym.len() {
            for other in ['a', 'q', '7', 'A', 'é', '='] {
                let mut text = pseudonym.clone();
                text.replace_range(at..=at, &other.to_string());
                assert!(text == pseudonym || ours.plain_of(&text).is_none(), "{text}");
            }
        }
        let upper = pseudonym.to_ascii_uppercase();
        let longer = format!("{pseudonym}a");
        for text in ["", "i-1", "ps-", "ps-a", &pseudonym[3..], &upper, &longer] {
            assert_eq!(ours.plain_of(text), None, "{text}");
        }
    }

    /// How long an identifier is shows in steps of 16 bytes.
    #[test]
    fn a_length_shows_in_steps() {
        let ours = pseudonyms(1);
        let length = |bytes: usize| ours.of(&"x".repeat(bytes)).unwrap().len();

        assert_eq!(length(0), 55);
        assert_eq!(length(15), 55);
        assert_eq!(length(16), 80);
        assert_eq!(length(31), 80);
    }

    /// A text may end as the filling does.
    #[test]
    fn every_text_comes_back_whole() {
        let ours = pseudonyms(1);

        for text in
            ["\u{80}", "a\0", "\0\0\0", "\u{80}\0", "0123456789abcdef", "\0".repeat(40).as_str()]
        {
            let pseudonym = ours.of(text).unwrap();
            assert_eq!(ours.plain_of(&pseudonym).as_deref(), Some(text));
        }
    }

    #[test]
    fn nothing_that_is_printed_shows_the_key() {
        assert_eq!(format!("{:?}", pseudonyms(1)), "Pseudonyms");
    }
}
