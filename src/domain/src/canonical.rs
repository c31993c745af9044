//! Canonical JSON: the one byte form of a value that is signed, hashed or logged.
//!
//! # Source
//! RFC 8785 (JSON Canonicalization Scheme).

use serde::Serialize;

use crate::ids::Sha256Digest;

/// A value has no canonical JSON form.
#[derive(Debug, thiserror::Error)]
#[error("the value has no canonical JSON form")]
pub struct CanonicalizeError(#[source] serde_json::Error);

/// Renders a value as canonical JSON.
///
/// # Errors
/// When the value cannot be JSON at all (a map with keys that are no strings, NaN).
pub fn to_bytes<T: Serialize>(value: &T) -> Result<Vec<u8>, CanonicalizeError> {
    serde_json_canonicalizer::to_vec(value).map_err(CanonicalizeError)
}

/// The SHA-256 over the canonical JSON of a value.
///
/// # Errors
/// As [`to_bytes`].
pub fn digest<T: Serialize>(value: &T) -> Result<Sha256Digest, CanonicalizeError> {
    Ok(Sha256Digest::of(&to_bytes(value)?))
}
