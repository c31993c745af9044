//! Names and identifiers, each a type of its own, so that none is taken for another.
//!
//! # Invariant
//! No identifier holds a character that would need escaping in a URL path, a header, a file name or SQL,
//! except [`Subject`], which other issuers choose.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Why a text is not the identifier it was taken for.
///
/// Never carries the text itself: it may end in a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidId {
    /// Nothing was given.
    #[error("is empty")]
    Empty,
    /// It is longer than the kind of identifier allows.
    #[error("is longer than {length_bytes_max} bytes")]
    TooLong {
        /// The longest text allowed, in bytes.
        length_bytes_max: usize,
    },
    /// A byte stands where it may not in a name of a dataset or column.
    #[error(
        "is no name: those have lower-case letters, digits and `_`, and begin with a letter; at \
         byte {index} there is something else"
    )]
    NoName {
        /// Where, counted from zero.
        index: usize,
    },
    /// A byte stands where it may not.
    #[error("has a character that is not allowed, at byte {index}")]
    ForbiddenByte {
        /// Where, counted from zero.
        index: usize,
    },
    /// It lacks the prefix, or the part after it is not of the right form.
    #[error("does not have the form {form}")]
    Form {
        /// The form, for a person.
        form: &'static str,
    },
}

/// Declares a newtype over text with `parse`, `as_str`, `Display` and serde, checked by a function.
macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Reads an identifier that came from outside.
            ///
            /// # Errors
            /// The rule the text breaks, but never the text.
            pub fn parse(text: &str) -> Result<Self, InvalidId> {
                let check: fn(&str) -> Result<(), InvalidId> = $check;
                check(text)?;
                Ok(Self(text.to_owned()))
            }

            /// The identifier as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::parse(text)
            }
        }
    };
}

text_id! {
    /// The name of a dataset, as written in URLs, grants and SQL.
    ///
    /// # Shape
    /// 1 to 63 ASCII bytes: a lower-case letter, then lower-case letters, digits or `_`. Every
    /// name is therefore a bare SQL identifier and never needs quoting.
    DatasetName, sql_name
}
text_id! {
    /// The name of a column of a dataset; same shape as [`DatasetName`].
    ColumnName, sql_name
}
text_id! {
    /// The id of a project: `p-` and 1 to 62 lower-case letters, digits or hyphens.
    ProjectId, |text| prefixed(text, "p-", "p-<name>")
}
text_id! {
    /// The id of a grant: `g-` and 1 to 62 lower-case letters, digits or hyphens.
    GrantId, |text| prefixed(text, "g-", "g-<name>")
}
text_id! {
    /// The id of an organisation that applied for access: `o-` and a name.
    OrganisationId, |text| prefixed(text, "o-", "o-<name>")
}
text_id! {
    /// The id of a query: `q-` and 32 hexadecimal digits of a UUID version 7.
    QueryId, |text| prefixed(text, "q-", "q-<id>")
}
text_id! {
    /// The id of one publication (a run of the publish path): `b-` and an id.
    PublicationId, |text| prefixed(text, "b-", "b-<id>")
}
text_id! {
    /// The id of a snapshot: `s-` and 20 characters of lower-case base32.
    SnapshotId, snapshot_id
}
text_id! {
    /// The id of an edition: `e-` and its number.
    EditionId, edition_id
}
text_id! {
    /// The id of one request, which its caller also gets: a UUID, hyphenated.
    RequestId, |text| visible(text, 64)
}
text_id! {
    /// Who a token was issued to, in the words of its issuer (`sub`, RFC 9068).
    Subject, |text| visible(text, 255)
}
text_id! {
    /// The identifier of one token (`jti`, RFC 7519).
    TokenId, |text| visible(text, 255)
}

/// Checks the shape of a name that must stand in SQL without quotes.
fn sql_name(text: &str) -> Result<(), InvalidId> {
    const LENGTH_BYTES_MAX: usize = 63;
    length(text, LENGTH_BYTES_MAX)?;
    match text.bytes().enumerate().find(|&(index, byte)| {
        !(byte.is_ascii_lowercase() || (index > 0 && (byte.is_ascii_digit() || byte == b'_')))
    }) {
        Some((index, _)) => Err(InvalidId::NoName { index }),
        None => Ok(()),
    }
}

/// Checks a prefix followed by lower-case letters, digits and hyphens.
fn prefixed(text: &str, prefix: &str, form: &'static str) -> Result<(), InvalidId> {
    const LENGTH_BYTES_MAX: usize = 64;
    length(text, LENGTH_BYTES_MAX)?;
    let rest = text.strip_prefix(prefix).ok_or(InvalidId::Form { form })?;
    let is_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if rest.is_empty() || !rest.bytes().all(is_name) {
        return Err(InvalidId::Form { form });
    }
    Ok(())
}

/// Checks the form of a snapshot id.
fn snapshot_id(text: &str) -> Result<(), InvalidId> {
    const FORM: InvalidId = InvalidId::Form { form: "s-<20 characters of base32>" };
    let rest = text.strip_prefix("s-").ok_or(FORM)?;
    let is_base32 = |byte: u8| byte.is_ascii_lowercase() || (b'2'..=b'7').contains(&byte);
    if rest.len() == SnapshotId::DIGEST_CHARACTERS && rest.bytes().all(is_base32) {
        Ok(())
    } else {
        Err(FORM)
    }
}

/// Checks the form of an edition id.
fn edition_id(text: &str) -> Result<(), InvalidId> {
    const FORM: InvalidId = InvalidId::Form { form: "e-<number>" };
    let digits = text.strip_prefix("e-").ok_or(FORM)?;
    let is_number = digits.parse::<u64>().is_ok_and(|number| number.to_string() == digits);
    if is_number { Ok(()) } else { Err(FORM) }
}

/// Checks that a text is short and has only visible characters.
fn visible(text: &str, length_bytes_max: usize) -> Result<(), InvalidId> {
    length(text, length_bytes_max)?;
    match text.char_indices().find(|(_, c)| c.is_control() || c.is_whitespace()) {
        Some((index, _)) => Err(InvalidId::ForbiddenByte { index }),
        None => Ok(()),
    }
}

/// Checks that a text is there and not too long.
fn length(text: &str, length_bytes_max: usize) -> Result<(), InvalidId> {
    if text.is_empty() {
        return Err(InvalidId::Empty);
    }
    if length_bytes_max < text.len() {
        return Err(InvalidId::TooLong { length_bytes_max });
    }
    Ok(())
}

impl SnapshotId {
    /// How many characters of the digest's base32 an id shows: 100 bits.
    pub const DIGEST_CHARACTERS: usize = 20;

    /// The id that goes with the digest of what identifies a snapshot.
    #[must_use]
    pub fn from_digest(digest: &Sha256Digest) -> Self {
        let base32 = data_encoding::BASE32_NOPAD.encode(digest.as_bytes()).to_ascii_lowercase();
        Self(format!("s-{}", &base32[..Self::DIGEST_CHARACTERS]))
    }
}

impl EditionId {
    /// The id of the edition with a number.
    #[must_use]
    pub fn from_number(number: u64) -> Self {
        Self(format!("e-{number}"))
    }

    /// The edition's number.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.0[2..].parse().expect("invariant: parse and from_number leave a number after `e-`")
    }
}

impl QueryId {
    /// The id that goes with a UUID.
    #[must_use]
    pub fn from_uuid(uuid: uuid::Uuid) -> Self {
        Self(format!("q-{}", uuid.simple()))
    }
}

impl PublicationId {
    /// The id that goes with a UUID.
    #[must_use]
    pub fn from_uuid(uuid: uuid::Uuid) -> Self {
        Self(format!("b-{}", uuid.simple()))
    }
}

impl RequestId {
    /// The id that goes with a UUID.
    #[must_use]
    pub fn from_uuid(uuid: uuid::Uuid) -> Self {
        Self(uuid.hyphenated().to_string())
    }
}

/// A SHA-256 digest.
///
/// # Shape
/// As text: 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sha256Digest([u8; 32]);

impl Sha256Digest {
    /// The digest of some bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// A digest that was computed elsewhere.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Reads a digest that came from outside.
    ///
    /// # Errors
    /// When it is not 64 lower-case hexadecimal digits.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        const FORM: InvalidId = InvalidId::Form { form: "64 lower-case hexadecimal digits" };
        if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(FORM);
        }
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| FORM)?;
        Ok(Self(bytes))
    }

    /// The digest's bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Sha256Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Sha256Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl TryFrom<String> for Sha256Digest {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<Sha256Digest> for String {
    fn from(digest: Sha256Digest) -> Self {
        digest.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dataset_name_is_a_bare_sql_identifier() {
        assert!(DatasetName::parse("moderation_actions").is_ok());
        assert_eq!(DatasetName::parse(""), Err(InvalidId::Empty));
        assert_eq!(DatasetName::parse("_ads"), Err(InvalidId::NoName { index: 0 }));
        assert_eq!(DatasetName::parse("ads; DROP"), Err(InvalidId::NoName { index: 3 }));
        assert!(DatasetName::parse(&"a".repeat(64)).is_err());
    }

    #[test]
    fn a_snapshot_id_shows_a_hundred_bits_of_its_digest() {
        let id = SnapshotId::from_digest(&Sha256Digest::of(b""));

        assert_eq!(id.as_str(), "s-4oymiquy7qobjgx36tej");
        assert_eq!(SnapshotId::parse(id.as_str()), Ok(id));
    }

    #[test]
    fn an_edition_number_has_one_spelling() {
        assert!(EditionId::parse("e-212").is_ok());
        assert!(EditionId::parse("e-0212").is_err());
        assert!(EditionId::parse("e-").is_err());
    }

    #[test]
    fn a_digest_has_one_spelling() {
        let text = Sha256Digest::of(b"room").to_string();

        assert_eq!(Sha256Digest::parse(&text).map(|digest| digest.to_string()), Ok(text.clone()));
        assert!(Sha256Digest::parse(&text.to_uppercase()).is_err());
    }
}
