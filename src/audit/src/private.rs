//! Private parts: what stands behind an entry and only a disclosure shows.

use aws_lc_rs::{hmac, rand};
use domain::Subject;
use domain::canonical::{self, CanonicalizeError};
use domain::change::Change;
use domain::redaction::Redaction;
use serde::{Deserialize, Serialize};

use crate::entry::Commitment;
use crate::event::QuestionText;

/// What stands behind an entry, sealed under the key of the person or project it is about.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Private {
    /// Who acted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Subject>,
    /// Whom it was about, where that is someone else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<Subject>,
    /// The SQL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sql: Option<String>,
    /// The parameters of the SQL, as JSON text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters_json: Option<String>,
    /// The whole change of the registry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<Change>,
    /// The whole redaction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redaction: Option<Redaction>,
    /// The salt of the entry's commitment, in hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub salt: Option<String>,
}

/// Why a private part cannot be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnsealError {
    /// It is damaged, or belongs to another entry.
    #[error("a private part is damaged or belongs to another entry")]
    Damaged,
}

/// Random bits under which a commitment is made.
pub(crate) struct Salt([u8; 32]);

impl Salt {
    /// A fresh salt.
    pub(crate) fn random() -> Self {
        Self(random_bytes())
    }

    /// The commitment to some bytes under this salt.
    fn commit(&self, bytes: &[u8]) -> Commitment {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.0);
        Commitment::from_tag(hmac::sign(&key, bytes).as_ref())
    }
}

/// Fresh random bytes.
pub(crate) fn random_bytes<const LENGTH: usize>() -> [u8; LENGTH] {
    let mut bytes = [0; LENGTH];
    rand::fill(&mut bytes).expect("invariant: the operating system gives random bytes");
    bytes
}

impl Private {
    /// Whether there is nothing to seal.
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Takes a question's text in, and gives the commitment that the entry shows: over the SQL's
    /// bytes, a zero byte, and the parameters' bytes.
    pub(crate) fn hold_question(&mut self, text: QuestionText, salt: Salt) -> Commitment {
        let mut bytes = text.sql.clone().into_bytes();
        bytes.push(0);
        bytes.extend_from_slice(text.parameters_json.as_bytes());
        let commitment = salt.commit(&bytes);
        self.sql = Some(text.sql);
        self.parameters_json = Some(text.parameters_json);
        self.salt = Some(hex::encode(salt.0));
        commitment
    }

    /// Takes a redaction in, and gives the commitment that the entry shows: over its canonical JSON.
    pub(crate) fn hold_redaction(
        &mut self,
        redaction: Redaction,
        salt: Salt,
    ) -> Result<Commitment, CanonicalizeError> {
        let commitment = salt.commit(&canonical::to_bytes(&redaction)?);
        self.redaction = Some(redaction);
        self.salt = Some(hex::encode(salt.0));
        Ok(commitment)
    }

    /// Takes a change in, and gives the commitment that the entry shows: over its canonical JSON.
    pub(crate) fn hold_change(
        &mut self,
        change: Change,
        salt: Salt,
    ) -> Result<Commitment, CanonicalizeError> {
        let commitment = salt.commit(&canonical::to_bytes(&change)?);
        self.change = Some(change);
        self.salt = Some(hex::encode(salt.0));
        Ok(commitment)
    }
}
