//! Keys that check signatures: read from JWKs, each fixed to one algorithm.
//!
//! Does not know whose key it is.
//!
//! # Invariant
//! A [`VerifyingKey`] is public, strong enough, and checks signatures of one algorithm only, which
//! was fixed before any token was seen.
//!
//! # Source
//! RFC 7517 (JWK), RFC 7518 (algorithms), RFC 8037 (Ed25519), RFC 8725 (best practice).

use std::fmt;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ParsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use jsonwebtoken::DecodingKey;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

/// The algorithms that a token may be signed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// Ed25519.
    EdDsa,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// RSA-PSS with SHA-256.
    Ps256,
    /// RSA PKCS #1 v1.5 with SHA-256.
    Rs256,
}

/// A word that is no algorithm that is taken here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no algorithm of tokens here; they are EdDSA, ES256, PS256 and RS256")]
pub struct InvalidAlgorithm;

impl Algorithm {
    /// All algorithms.
    pub const ALL: [Self; 4] = [Self::EdDsa, Self::Es256, Self::Ps256, Self::Rs256];

    /// Its name in headers and keys (`alg`).
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Es256 => "ES256",
            Self::Ps256 => "PS256",
            Self::Rs256 => "RS256",
        }
    }

    /// Reads a name; letters count in the case in which they are registered.
    ///
    /// # Errors
    /// When it is none of the four.
    pub fn parse(text: &str) -> Result<Self, InvalidAlgorithm> {
        Self::ALL.into_iter().find(|algorithm| algorithm.as_str() == text).ok_or(InvalidAlgorithm)
    }

    /// The algorithm that goes with a key by itself: its `alg`, else its type; RSA means PSS.
    ///
    /// # Errors
    /// When the key is of a type, or names an algorithm, that is not taken here.
    pub fn of_jwk(jwk: &Value) -> Result<Self, KeyRefused> {
        if let Some(named) = jwk.get("alg") {
            let named = named.as_str().ok_or(KeyRefused::Algorithm)?;
            return Self::parse(named).map_err(|_| KeyRefused::Algorithm);
        }
        match jwk.get("kty").and_then(Value::as_str) {
            Some("OKP") => Ok(Self::EdDsa),
            Some("EC") => Ok(Self::Es256),
            Some("RSA") => Ok(Self::Ps256),
            Some(_) | None => Err(KeyRefused::Type),
        }
    }

    fn in_jsonwebtoken(self) -> jsonwebtoken::Algorithm {
        match self {
            Self::EdDsa => jsonwebtoken::Algorithm::EdDSA,
            Self::Es256 => jsonwebtoken::Algorithm::ES256,
            Self::Ps256 => jsonwebtoken::Algorithm::PS256,
            Self::Rs256 => jsonwebtoken::Algorithm::RS256,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a JWK is not taken as a key that checks signatures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyRefused {
    /// It is no JSON object.
    #[error("is no JWK: a JSON object with `kty`")]
    NotAnObject,
    /// It holds a private or a shared key.
    #[error("holds a private key; give the public one, and take the private one as disclosed")]
    Private,
    /// It is of a type or curve that is not taken.
    #[error("is of another type; taken are Ed25519 (OKP), P-256 (EC) and RSA")]
    Type,
    /// It is for something else than signatures.
    #[error("is not for checking signatures (`use`, `key_ops`)")]
    Use,
    /// It names an algorithm that is not the one expected.
    #[error("names another algorithm (`alg`)")]
    Algorithm,
    /// A number of the key is missing, not base64url, or not of its length, or not on the curve.
    #[error("has a number that is missing or not valid")]
    Number,
    /// It can be broken, or forged for.
    #[error(
        "is too weak; RSA needs 2048 bits and an exponent from 65537, Ed25519 a point of full order"
    )]
    Weak,
}

/// A public key that checks signatures of one algorithm.
#[derive(Clone)]
pub struct VerifyingKey {
    algorithm: Algorithm,
    thumbprint: String,
    key: DecodingKey,
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.algorithm, self.thumbprint)
    }
}

impl VerifyingKey {
    /// Longest RSA modulus, in bits; longer ones only cost time.
    const RSA_BITS_MAX: usize = 8_192;
    /// Shortest RSA modulus, in bits.
    const RSA_BITS_MIN: usize = 2_048;
    /// Smallest RSA exponent (NIST SP 800-56B, 2^16 < e).
    const RSA_EXPONENT_MIN: u64 = 65_537;

    /// Reads a JWK for one algorithm.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn from_jwk(jwk: &Value, algorithm: Algorithm) -> Result<Self, KeyRefused> {
        let members = jwk.as_object().ok_or(KeyRefused::NotAnObject)?;
        check_purpose(members, algorithm)?;
        let (key, required) = match algorithm {
            Algorithm::EdDsa => ed25519(members)?,
            Algorithm::Es256 => p256(members)?,
            Algorithm::Ps256 | Algorithm::Rs256 => rsa(members)?,
        };
        // RFC 7638 §3.2: the required members alone, in the order of their names.
        let thumbprint = BASE64.encode(Sha256::digest(Value::Object(required).to_string()));
        Ok(Self { algorithm, thumbprint, key })
    }

    /// The one algorithm whose signatures it checks.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Its SHA-256 thumbprint (RFC 7638).
    #[must_use]
    pub fn thumbprint(&self) -> &str {
        &self.thumbprint
    }

    /// Whether a signature, in base64url, goes with a message.
    #[must_use]
    pub(crate) fn verifies(&self, message: &str, signature: &str) -> bool {
        let algorithm = self.algorithm.in_jsonwebtoken();
        jsonwebtoken::crypto::verify(signature, message.as_bytes(), &self.key, algorithm)
            .unwrap_or(false)
    }
}

/// Brings a public key that someone handed in into the form that is kept: what the key needs,
/// and the algorithm it is for.
///
/// # Errors
/// The first rule that it breaks.
pub fn public_jwk(jwk: &Value) -> Result<Value, KeyRefused> {
    let algorithm = Algorithm::of_jwk(jwk)?;
    VerifyingKey::from_jwk(jwk, algorithm)?;
    let mut kept = json!({"alg": algorithm.as_str(), "use": "sig"});
    for name in ["kty", "crv", "x", "y", "n", "e"] {
        if let Some(value) = jwk.get(name) {
            kept[name] = value.clone();
        }
    }
    Ok(kept)
}

/// Checks what the key says of itself.
fn check_purpose(jwk: &Map<String, Value>, algorithm: Algorithm) -> Result<(), KeyRefused> {
    // `d` is the private part of every type, `p` … `oth` belong to RSA, `k` is a shared key.
    if ["d", "p", "q", "dp", "dq", "qi", "oth", "k"].iter().any(|name| jwk.contains_key(*name)) {
        return Err(KeyRefused::Private);
    }
    if jwk.get("use").is_some_and(|purpose| purpose != "sig") {
        return Err(KeyRefused::Use);
    }
    if let Some(operations) = jwk.get("key_ops") {
        let operations = operations.as_array().ok_or(KeyRefused::Use)?;
        if !operations.iter().any(|operation| operation == "verify") {
            return Err(KeyRefused::Use);
        }
    }
    if jwk.get("alg").is_some_and(|named| named != algorithm.as_str()) {
        return Err(KeyRefused::Algorithm);
    }
    Ok(())
}

/// A key and the members that identify it.
type Read = (DecodingKey, Map<String, Value>);

fn ed25519(jwk: &Map<String, Value>) -> Result<Read, KeyRefused> {
    let required = required(jwk, &[("crv", Some("Ed25519")), ("kty", Some("OKP")), ("x", None)])?;
    let x: [u8; 32] = number(jwk, "x")?.try_into().map_err(|_| KeyRefused::Number)?;
    let point = ed25519_dalek::VerifyingKey::from_bytes(&x).map_err(|_| KeyRefused::Number)?;
    if point.is_weak() {
        return Err(KeyRefused::Weak);
    }
    Ok((DecodingKey::from_ed_der(&x), required))
}

fn p256(jwk: &Map<String, Value>) -> Result<Read, KeyRefused> {
    let members = [("crv", Some("P-256")), ("kty", Some("EC")), ("x", None), ("y", None)];
    let required = required(jwk, &members)?;
    let (x, y) = (number(jwk, "x")?, number(jwk, "y")?);
    if x.len() != 32 || y.len() != 32 {
        return Err(KeyRefused::Number);
    }
    // SEC 1 §2.3.3: 0x04 and both coordinates.
    let point = [&[0x04], x.as_slice(), y.as_slice()].concat();
    ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &point).map_err(|_| KeyRefused::Number)?;
    Ok((DecodingKey::from_ec_der(&point), required))
}

fn rsa(jwk: &Map<String, Value>) -> Result<Read, KeyRefused> {
    let required = required(jwk, &[("e", None), ("kty", Some("RSA")), ("n", None)])?;
    let (modulus, exponent) = (number(jwk, "n")?, number(jwk, "e")?);
    // RFC 7518 §6.3.1: the fewest octets, so no leading zero.
    let (Some(&first), Some(&last)) = (modulus.first(), modulus.last()) else {
        return Err(KeyRefused::Number);
    };
    if first == 0 || last % 2 == 0 || exponent.first() == Some(&0) {
        return Err(KeyRefused::Number);
    }
    let bits = modulus.len() * 8 - first.leading_zeros() as usize;
    if bits < VerifyingKey::RSA_BITS_MIN {
        return Err(KeyRefused::Weak);
    }
    if VerifyingKey::RSA_BITS_MAX < bits || 8 < exponent.len() {
        return Err(KeyRefused::Number);
    }
    let value = exponent.iter().fold(0, |value: u64, &byte| value << 8 | u64::from(byte));
    if value < VerifyingKey::RSA_EXPONENT_MIN || value % 2 == 0 {
        return Err(KeyRefused::Weak);
    }
    Ok((DecodingKey::from_rsa_raw_components(&modulus, &exponent), required))
}

/// The members that identify a key, those with a fixed value checked.
fn required(
    jwk: &Map<String, Value>,
    members: &[(&str, Option<&str>)],
) -> Result<Map<String, Value>, KeyRefused> {
    let mut required = Map::new();
    for &(name, fixed) in members {
        let value = jwk.get(name).and_then(Value::as_str);
        match (value, fixed) {
            (Some(value), Some(fixed)) if value != fixed => return Err(KeyRefused::Type),
            (None, Some(_)) => return Err(KeyRefused::Type),
            (None, None) => return Err(KeyRefused::Number),
            (Some(value), _) => required.insert(name.to_owned(), Value::from(value)),
        };
    }
    Ok(required)
}

/// A number of a key, in base64url without padding.
fn number(jwk: &Map<String, Value>, name: &str) -> Result<Vec<u8>, KeyRefused> {
    let text = jwk.get(name).and_then(Value::as_str).ok_or(KeyRefused::Number)?;
    BASE64.decode(text).map_err(|_| KeyRefused::Number)
}
