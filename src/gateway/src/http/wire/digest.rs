//! What a caller says the digest of its body is.
//!
//! # Source
//! RFC 9530 §2 (`Content-Digest`), RFC 9651 (dictionaries). Of the algorithms only `sha-256` is
//! looked at; others say nothing here, as the RFC allows.

use actix_web::http::header::HeaderMap;
use domain::Sha256Digest;
use sfv::{Dictionary, ListEntry, Parser};

use crate::http::problem::{Kind, Problem};

/// The field.
const CONTENT_DIGEST: &str = "content-digest";

/// The SHA-256 digest that a body is said to have, if one is said.
///
/// # Errors
/// `body_invalid` when the field is not as the RFC has it.
pub(crate) fn stated(headers: &HeaderMap) -> Result<Option<Sha256Digest>, Problem> {
    let Some(field) = headers.get(CONTENT_DIGEST) else { return Ok(None) };
    let malformed = || {
        Kind::BodyInvalid.problem(
            "`Content-Digest` is not of the form `sha-256=:<base64 of 32 bytes>:` (RFC 9530).",
        )
    };
    let members: Dictionary = Parser::new(field.as_bytes()).parse().map_err(|_| malformed())?;
    let Some(member) = members.get("sha-256") else { return Ok(None) };
    let ListEntry::Item(item) = member else { return Err(malformed()) };
    let bytes = item.bare_item.as_byte_sequence().and_then(|bytes| bytes.try_into().ok());
    bytes.map(|bytes| Some(Sha256Digest::from_bytes(bytes))).ok_or_else(malformed)
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn stated_in(field: &'static str) -> Result<Option<Sha256Digest>, Problem> {
        let mut headers = HeaderMap::new();
        let name = HeaderName::from_static(CONTENT_DIGEST);
        headers.insert(name, HeaderValue::from_static(field));
        stated(&headers)
    }

    #[test]
    fn a_digest_is_read_whatever_else_is_stated() {
        let of_nothing = "md5=:AAAA:, sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:";

        assert_eq!(stated_in(of_nothing), Ok(Some(Sha256Digest::of(b""))));
        assert_eq!(stated_in("sha-512=:AAAA:"), Ok(None));
        assert_eq!(stated(&HeaderMap::new()), Ok(None));
    }

    #[test]
    fn what_is_no_digest_is_refused() {
        for field in ["sha-256=:AAAA:", "sha-256=abc", "sha-256=1", "===", "sha-256=(:AAAA:)"] {
            assert!(stated_in(field).is_err(), "{field}");
        }
    }
}
