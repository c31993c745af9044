//! The compact form of a signed token: `header.payload.signature` (RFC 7515).
//!
//! Does not know claims. Keys that a header brings along (`jwk`, `jku`, `x5c` …) are never looked
//! at: whoever makes a token must not choose what it is checked with.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde_json::{Map, Value};

use super::{TokenRefused, json};
use crate::key::VerifyingKey;

/// A token taken apart, its signature not yet checked.
#[derive(Clone, Debug)]
pub struct Signed<'a> {
    header: Map<String, Value>,
    payload: Vec<u8>,
    message: &'a str,
    signature: &'a str,
}

impl<'a> Signed<'a> {
    /// Longest token, in bytes.
    pub const LENGTH_BYTES_MAX: usize = 8 * 1_024;

    /// Takes a token apart.
    ///
    /// # Errors
    /// When it is too long, not of the form, or its header must be understood in a way that is
    /// not understood here.
    pub fn parse(token: &'a str) -> Result<Self, TokenRefused> {
        if Self::LENGTH_BYTES_MAX < token.len() {
            return Err(TokenRefused::TooLong);
        }
        let (message, signature) = token.rsplit_once('.').ok_or(TokenRefused::Form)?;
        let (header, payload) = message.split_once('.').ok_or(TokenRefused::Form)?;
        let header = BASE64.decode(header).map_err(|_| TokenRefused::Form)?;
        // A dot is no base64url, so a fourth part fails here.
        let payload = BASE64.decode(payload).map_err(|_| TokenRefused::Form)?;
        if BASE64.decode(signature).map_err(|_| TokenRefused::Form)?.is_empty() {
            return Err(TokenRefused::Form);
        }
        let header = json::object(&header)?;
        if header.contains_key("crit") {
            return Err(TokenRefused::Critical);
        }
        Ok(Self { header, payload, message, signature })
    }

    /// Checks the signature, by the one algorithm that the key is for.
    ///
    /// # Errors
    /// When the header names another algorithm, or the signature is not the key's.
    pub fn verify(&self, key: &VerifyingKey) -> Result<&[u8], TokenRefused> {
        let named = self.header.get("alg").and_then(Value::as_str);
        if named != Some(key.algorithm().as_str()) {
            return Err(TokenRefused::Algorithm);
        }
        if key.verifies(self.message, self.signature) {
            Ok(&self.payload)
        } else {
            Err(TokenRefused::Signature)
        }
    }

    /// The key that the header names.
    pub(crate) fn key_id(&self) -> Result<Option<&str>, TokenRefused> {
        match self.header.get("kid") {
            None => Ok(None),
            Some(Value::String(key_id)) => Ok(Some(key_id)),
            Some(_) => Err(TokenRefused::KeyIdMissing),
        }
    }

    /// What kind of token the header says it is, in lower case and without `application/`:
    /// media types are the same in any case (RFC 7515 §4.1.9).
    pub(crate) fn kind(&self) -> Result<Option<String>, TokenRefused> {
        match self.header.get("typ") {
            None => Ok(None),
            Some(Value::String(kind)) => {
                let kind = kind.to_ascii_lowercase();
                let short = kind.strip_prefix("application/").unwrap_or(&kind);
                Ok(Some(short.to_owned()))
            }
            Some(_) => Err(TokenRefused::Kind),
        }
    }

    /// What the token claims. Before [`Self::verify`], it is no more than a claim.
    pub(crate) fn claims(&self) -> Result<Map<String, Value>, TokenRefused> {
        json::object(&self.payload)
    }
}
