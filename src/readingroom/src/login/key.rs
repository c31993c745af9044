//! A member's key: made, read, and used to sign assertions.
//!
//! # Shape
//! A private JWK of an Ed25519 key (RFC 8037), `sub` beside it where the member's name is known.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use aws_lc_rs::encoding::AsBigEndian as _;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use domain::{ProjectId, Timestamp};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

/// How long an assertion works.
const ASSERTION_TTL_S: i64 = 60;

/// A member's private key.
pub(super) struct MemberKey {
    pair: Ed25519KeyPair,
    subject: Option<String>,
}

impl MemberKey {
    /// Makes a key pair in two files, and gives the public one's path.
    pub(super) fn make(path: &Path, subject: Option<&str>) -> anyhow::Result<PathBuf> {
        let pair = Ed25519KeyPair::generate().ok().context("no key could be made")?;
        let seed = pair.seed().ok().context("no key could be made")?;
        let seed = seed.as_be_bytes().ok().context("no key could be made")?;
        let x = BASE64.encode(pair.public_key().as_ref());
        let public = json!({"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "x": x});
        let mut private = public.clone();
        private["d"] = json!(BASE64.encode(seed.as_ref()));
        if let Some(subject) = subject {
            private["sub"] = json!(subject);
        }
        let public_path = public_path(path);
        write_new(path, 0o600, &private)?;
        write_new(&public_path, 0o644, &public)?;
        Ok(public_path)
    }

    /// Reads a private key.
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
        let jwk: Value = serde_json::from_slice(&text).unwrap_or(Value::Null);
        let seed = jwk["d"].as_str().and_then(|seed| BASE64.decode(seed).ok());
        let pair = seed.and_then(|seed| Ed25519KeyPair::from_seed_unchecked(&seed).ok());
        let pair = pair.with_context(|| {
            format!("{} is no private Ed25519 key in JWK form; `readingroom login --make-key FILE` makes one", path.display())
        })?;
        let subject = jwk["sub"].as_str().map(str::to_owned);
        Ok(Self { pair, subject })
    }

    /// The member that the key file names.
    pub(super) fn subject(&self) -> Option<&str> {
        self.subject.as_deref()
    }

    /// Signs that this is `subject`, for one server and one minute (RFC 7523).
    pub(super) fn assertion(
        &self,
        subject: &str,
        project: Option<&ProjectId>,
        audience: &str,
        now: Timestamp,
    ) -> anyhow::Result<String> {
        let mut claims = json!({
            "iss": subject,
            "sub": subject,
            "aud": audience,
            "iat": now.unix_s(),
            "exp": now.plus_s(ASSERTION_TTL_S).unix_s(),
            "jti": uuid::Uuid::new_v4().to_string(),
        });
        if let Some(project) = project {
            claims["project"] = json!(project);
        }
        let pkcs8 = self.pair.to_pkcs8v1().ok().context("the key cannot sign")?;
        let key = EncodingKey::from_ed_der(pkcs8.as_ref());
        jsonwebtoken::encode(&Header::new(Algorithm::EdDSA), &claims, &key)
            .context("the key cannot sign")
    }
}

/// `ada.key.json` → `ada.key.pub.json`; without an extension, `.pub` is added.
fn public_path(path: &Path) -> PathBuf {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some(extension) => path.with_extension(format!("pub.{extension}")),
        None => path.with_extension("pub"),
    }
}

/// Writes a file that must not be there yet.
fn write_new(path: &Path, mode: u32, value: &Value) -> anyhow::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)
        .with_context(|| format!("{} cannot be made; is it there already?", path.display()))?;
    file.write_all(&serde_json::to_vec_pretty(value)?)?;
    file.write_all(b"\n").with_context(|| format!("{} cannot be written", path.display()))
}
