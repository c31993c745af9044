//! The embedded issuer: our own access tokens, for who has no identity provider.
//!
//! # Invariant
//! It issues nothing that [`crate::Access::authenticate`] would not take.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use domain::{ProjectId, Role, Subject, Timestamp, TokenId};
use jsonwebtoken::{EncodingKey, Header};
use serde_json::{Value, json};

use crate::key::{Algorithm, KeyRefused, VerifyingKey};

/// A key cannot be the embedded issuer's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IssuerKeyRefused {
    /// The machine gave no randomness.
    #[error("no key could be made")]
    Randomness,
    /// The bytes are no Ed25519 private key in PKCS #8.
    #[error("is no Ed25519 private key in PKCS #8 form")]
    Form,
    /// The public key is not taken.
    #[error("the issuer's key {0}")]
    Public(#[from] KeyRefused),
}

/// The private key of the embedded issuer.
///
/// # Shape
/// PKCS #8 of an Ed25519 key (RFC 8410); the caller keeps the bytes.
pub struct IssuerKey {
    pkcs8: Vec<u8>,
    jwk: Value,
    verifying: Arc<VerifyingKey>,
}

impl fmt::Debug for IssuerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IssuerKey({:?})", self.verifying)
    }
}

impl IssuerKey {
    /// Makes a new key.
    ///
    /// # Errors
    /// When the machine gives no randomness.
    pub fn generate() -> Result<Self, IssuerKeyRefused> {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8v1(&SystemRandom::new());
        Self::from_pkcs8(pkcs8.map_err(|_| IssuerKeyRefused::Randomness)?.as_ref())
    }

    /// Reads a key that was made before.
    ///
    /// # Errors
    /// When the bytes are no such key.
    pub fn from_pkcs8(pkcs8: &[u8]) -> Result<Self, IssuerKeyRefused> {
        let pair = Ed25519KeyPair::from_pkcs8(pkcs8).map_err(|_| IssuerKeyRefused::Form)?;
        let x = BASE64.encode(pair.public_key().as_ref());
        let mut jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": x, "alg": "EdDSA", "use": "sig"});
        let verifying = VerifyingKey::from_jwk(&jwk, Algorithm::EdDsa)?;
        jwk["kid"] = Value::from(verifying.thumbprint());
        Ok(Self { pkcs8: pkcs8.to_vec(), jwk, verifying: Arc::new(verifying) })
    }

    /// The key's bytes, to be kept where only the operator reads them.
    #[must_use]
    pub fn pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }
}

/// What token is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenOrder {
    /// For whom.
    pub subject: Subject,
    /// As what.
    pub role: Role,
    /// For which project; researchers only, and always.
    pub project: Option<ProjectId>,
    /// The software that will use it.
    pub client_id: Subject,
    /// For how long, in seconds.
    pub ttl_s: u64,
}

impl TokenOrder {
    /// Longest life of a token, in seconds: 24 hours.
    pub const TTL_S_MAX: u64 = 24 * 60 * 60;
}

/// A token that was issued.
#[derive(Clone, PartialEq, Eq)]
pub struct IssuedToken {
    /// The token itself; whoever has it is let in.
    pub token: String,
    /// Its id, by which it can be revoked.
    pub token_id: TokenId,
    /// When it ends.
    pub expires_at: Timestamp,
}

impl fmt::Debug for IssuedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IssuedToken({} until {})", self.token_id, self.expires_at)
    }
}

/// Why no token was issued.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IssueRefused {
    /// It would hold for no time, or too long.
    #[error("a token holds from 1 second to 24 hours")]
    Ttl,
    /// A researcher's token needs a project.
    #[error("a researcher's token is for one project; name it")]
    ProjectMissing,
    /// Only a researcher's token is for a project.
    #[error("only a researcher's token is for a project; leave it out for a {role}")]
    ProjectNotForRole {
        /// The role asked for.
        role: Role,
    },
    /// There is no such project.
    #[error("there is no project {project}")]
    ProjectUnknown {
        /// Which was asked for.
        project: ProjectId,
    },
    /// The subject is no member of the project.
    #[error("{subject} is no member of {project}; add the member first")]
    NotMember {
        /// Who.
        subject: Subject,
        /// Of what.
        project: ProjectId,
    },
    /// The key did not sign.
    #[error("the token could not be signed")]
    Signing,
}

/// The embedded issuer.
#[derive(Debug)]
pub(crate) struct EmbeddedIssuer {
    name: String,
    audience: String,
    key: IssuerKey,
}

impl EmbeddedIssuer {
    pub(crate) fn new(name: String, audience: String, key: IssuerKey) -> Self {
        Self { name, audience, key }
    }

    /// Its `iss`.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The key that checks its tokens.
    pub(crate) fn verifying_key(&self) -> &Arc<VerifyingKey> {
        &self.key.verifying
    }

    /// Its keys, for others to check its tokens with.
    pub(crate) fn jwks(&self) -> Value {
        json!({"keys": [self.key.jwk]})
    }

    /// Issues a token; who may have one was decided before.
    ///
    /// # Errors
    /// When it would hold too long, or cannot be signed.
    pub(crate) fn issue(
        &self,
        order: &TokenOrder,
        issued_at: Timestamp,
    ) -> Result<IssuedToken, IssueRefused> {
        if order.ttl_s == 0 || TokenOrder::TTL_S_MAX < order.ttl_s {
            return Err(IssueRefused::Ttl);
        }
        let issued_s = issued_at.unix_s();
        let expires_s = issued_s + i64::try_from(order.ttl_s).map_err(|_| IssueRefused::Ttl)?;
        let token_id = format!("t-{}", uuid::Uuid::new_v4().simple());
        let mut claims = json!({
            "iss": self.name,
            "aud": self.audience,
            "sub": order.subject,
            "client_id": order.client_id,
            "iat": issued_s,
            "exp": expires_s,
            "jti": token_id,
            "roles": [order.role],
        });
        if let Some(project) = &order.project {
            claims["project"] = json!(project);
        }
        let header = Header {
            typ: Some("at+jwt".to_owned()),
            kid: Some(self.key.verifying.thumbprint().to_owned()),
            ..Header::new(jsonwebtoken::Algorithm::EdDSA)
        };
        let key = EncodingKey::from_ed_der(&self.key.pkcs8);
        let token = jsonwebtoken::encode(&header, &claims, &key);
        let token = token.map_err(|_| IssueRefused::Signing)?;
        let token_id = TokenId::parse(&token_id).map_err(|_| IssueRefused::Signing)?;
        let expires_at = Timestamp::from_unix_s(expires_s).ok_or(IssueRefused::Ttl)?;
        Ok(IssuedToken { token, token_id, expires_at })
    }
}
