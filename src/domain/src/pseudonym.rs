//! The key under which a project sees identifiers.
//!
//! # Invariant
//! A key is shown by nothing but the message that hands it to a worker, and its memory is
//! overwritten when it is dropped.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize as _, Zeroizing};

/// The key of one project's pseudonyms.
///
/// # Shape
/// 32 bytes; in messages 64 hexadecimal digits.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PseudonymKey([u8; Self::LENGTH_BYTES]);

/// A text that is no key. It does not hold the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a pseudonym key is 64 hexadecimal digits")]
pub struct InvalidPseudonymKey;

impl PseudonymKey {
    /// How long a key is.
    pub const LENGTH_BYTES: usize = 32;

    /// The key that these bytes are.
    #[must_use]
    pub fn new(bytes: [u8; Self::LENGTH_BYTES]) -> Self {
        Self(bytes)
    }

    /// Its bytes, for a cipher.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; Self::LENGTH_BYTES] {
        &self.0
    }
}

impl fmt::Debug for PseudonymKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PseudonymKey(…)")
    }
}

impl Drop for PseudonymKey {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl TryFrom<String> for PseudonymKey {
    type Error = InvalidPseudonymKey;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let text = Zeroizing::new(text);
        let mut key = Self([0; Self::LENGTH_BYTES]);
        hex::decode_to_slice(text.as_bytes(), &mut key.0).map_err(|_| InvalidPseudonymKey)?;
        Ok(key)
    }
}

impl From<PseudonymKey> for String {
    fn from(key: PseudonymKey) -> Self {
        hex::encode(key.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_crosses_the_wall_and_shows_itself_nowhere_else() {
        let key = PseudonymKey::new(std::array::from_fn(|place| place as u8));

        let sent = serde_json::to_string(&key).unwrap();

        assert_eq!(serde_json::from_str::<PseudonymKey>(&sent).unwrap(), key);
        assert_eq!(format!("{key:?}"), "PseudonymKey(…)");
    }

    #[test]
    fn a_text_that_is_no_key_is_refused_without_being_shown() {
        for text in ["", "00", "secret", &"g".repeat(64), &"0".repeat(66)] {
            let refused = PseudonymKey::try_from(text.to_owned()).unwrap_err();

            assert_eq!(refused.to_string(), "a pseudonym key is 64 hexadecimal digits");
        }
    }
}
