//! JWK sets: the keys of one issuer, by their ids (RFC 7517 §5).
//!
//! # Invariant
//! All keys of a set are for the one algorithm of its issuer, and no two share an id.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use crate::key::{Algorithm, VerifyingKey};

/// A JWK set cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeySetRefused {
    /// It is no JSON object with `keys`.
    #[error("is no JWK set: a JSON object with `keys`")]
    Form(#[source] serde_json::Error),
    /// None of its keys is for the issuer's algorithm, named by `kid`, and strong enough.
    #[error("has no key with `kid` that is for the issuer's algorithm and strong enough")]
    Empty,
    /// Two of its keys share an id.
    #[error("has two keys with one `kid`")]
    KeyIdTwice,
}

/// The keys of one issuer.
#[derive(Clone, Debug, Default)]
pub(super) struct KeySet {
    by_id: HashMap<String, Arc<VerifyingKey>>,
}

#[derive(Deserialize)]
struct Document {
    keys: Vec<Value>,
}

impl KeySet {
    /// Reads a set, leaving out keys that are for something else.
    ///
    /// # Errors
    /// When it is no set, has no key to use, or two with one id.
    pub(super) fn parse(text: &[u8], algorithm: Algorithm) -> Result<Self, KeySetRefused> {
        let document: Document = serde_json::from_slice(text).map_err(KeySetRefused::Form)?;
        let mut by_id = HashMap::new();
        for jwk in &document.keys {
            let Some(id) = jwk.get("kid").and_then(Value::as_str) else {
                continue;
            };
            match VerifyingKey::from_jwk(jwk, algorithm) {
                Ok(key) => {
                    if by_id.insert(id.to_owned(), Arc::new(key)).is_some() {
                        return Err(KeySetRefused::KeyIdTwice);
                    }
                }
                Err(refused) => {
                    tracing::info!(key.id = id, reason = %refused, "a key of an issuer is left out");
                }
            }
        }
        if by_id.is_empty() { Err(KeySetRefused::Empty) } else { Ok(Self { by_id }) }
    }

    /// A set of one key, its thumbprint its id.
    pub(super) fn of_one(key: &Arc<VerifyingKey>) -> Self {
        Self { by_id: HashMap::from([(key.thumbprint().to_owned(), Arc::clone(key))]) }
    }

    /// The key with an id.
    pub(super) fn get(&self, id: &str) -> Option<Arc<VerifyingKey>> {
        self.by_id.get(id).map(Arc::clone)
    }
}
