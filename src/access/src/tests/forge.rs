//! Keys of all four algorithms, and tokens of any content signed with them.
//!
//! Signs with the cryptographic library itself, so that what checks is not what signs.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    RSA_PSS_SHA256, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde_json::{Value, json};

use crate::{Algorithm, VerifyingKey};

enum Private {
    Ed25519(Ed25519KeyPair),
    P256(EcdsaKeyPair),
    Rsa(RsaKeyPair),
}

/// Someone who holds a private key.
pub(super) struct Forger {
    algorithm: Algorithm,
    key_id: String,
    private: Private,
}

impl Forger {
    pub(super) fn new(algorithm: Algorithm, key_id: &str) -> Self {
        let private = match algorithm {
            Algorithm::EdDsa => Private::Ed25519(Ed25519KeyPair::generate().unwrap()),
            Algorithm::Es256 => {
                Private::P256(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
            }
            Algorithm::Ps256 | Algorithm::Rs256 => {
                Private::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).unwrap())
            }
        };
        Self { algorithm, key_id: key_id.to_owned(), private }
    }

    pub(super) fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    pub(super) fn key_id(&self) -> &str {
        &self.key_id
    }

    pub(super) fn thumbprint(&self) -> String {
        let key = VerifyingKey::from_jwk(&self.jwk(), self.algorithm).unwrap();
        key.thumbprint().to_owned()
    }

    /// The public key.
    pub(super) fn jwk(&self) -> Value {
        let text = |bytes: &[u8]| BASE64.encode(bytes);
        let mut jwk = match &self.private {
            Private::Ed25519(pair) => {
                json!({"kty": "OKP", "crv": "Ed25519", "x": text(pair.public_key().as_ref())})
            }
            Private::P256(pair) => {
                let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
                json!({"kty": "EC", "crv": "P-256", "x": text(x), "y": text(y)})
            }
            Private::Rsa(pair) => {
                let key = pair.public_key();
                let (n, e) = (key.modulus(), key.exponent());
                json!({
                    "kty": "RSA",
                    "n": text(n.big_endian_without_leading_zero()),
                    "e": text(e.big_endian_without_leading_zero()),
                })
            }
        };
        jwk["alg"] = json!(self.algorithm.as_str());
        jwk["kid"] = json!(self.key_id);
        jwk
    }

    /// The raw signature of a message, by an algorithm that the key can do.
    fn sign(&self, message: &[u8], algorithm: Algorithm) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.private {
            Private::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
            Private::P256(pair) => pair.sign(&random, message).unwrap().as_ref().to_vec(),
            Private::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                let encoding = match algorithm {
                    Algorithm::Rs256 => &RSA_PKCS1_SHA256,
                    Algorithm::EdDsa | Algorithm::Es256 | Algorithm::Ps256 => &RSA_PSS_SHA256,
                };
                pair.sign(encoding, &random, message, &mut signature).unwrap();
                signature
            }
        }
    }
}

/// A token in the making.
pub(super) struct Forge {
    pub(super) header: Value,
    pub(super) claims: Value,
    /// In place of `header` and `claims`, byte for byte.
    pub(super) header_text: Option<String>,
    pub(super) claims_text: Option<String>,
}

impl Forge {
    pub(super) fn new(header: Value, claims: Value) -> Self {
        Self { header, claims, header_text: None, claims_text: None }
    }

    /// Takes a claim out.
    pub(super) fn without(&mut self, claim: &str) {
        self.claims.as_object_mut().unwrap().remove(claim);
    }

    /// Signs honestly: `alg` is the key's, unless the header says something else.
    pub(super) fn signed_by(mut self, forger: &Forger) -> String {
        if self.header.get("alg").is_none() {
            self.header["alg"] = json!(forger.algorithm.as_str());
        }
        let named = self.header["alg"].as_str().unwrap_or_default();
        let algorithm = Algorithm::parse(named).unwrap_or(forger.algorithm);
        self.signed_as(|message| forger.sign(message, algorithm))
    }

    /// Signs by whatever means.
    pub(super) fn signed_as(self, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
        let header = self.header_text.unwrap_or_else(|| self.header.to_string());
        let claims = self.claims_text.unwrap_or_else(|| self.claims.to_string());
        let message = format!("{}.{}", BASE64.encode(header), BASE64.encode(claims));
        let signature = BASE64.encode(sign(message.as_bytes()));
        format!("{message}.{signature}")
    }
}
