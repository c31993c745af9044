//! Projects and their members: an approved reasoned request, and who works under it.
//!
//! # Source
//! DSA Art. 40(4), 40(8), 40(12); Delegated Regulation (EU) 2025/2050.

use serde::{Deserialize, Serialize};

use crate::ids::{OrganisationId, ProjectId, Subject};
use crate::time::{Date, Timestamp};

/// The clause of the DSA under which a project has access.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LegalBasis {
    /// Vetted researchers, by reasoned request of the Digital Services Coordinator.
    #[serde(rename = "40(4)")]
    Art40_4,
    /// Publicly accessible data, without undue delay.
    #[serde(rename = "40(12)")]
    Art40_12,
    /// Supervision by regulators: the standing oversight project only.
    #[serde(rename = "oversight")]
    Oversight,
}

/// A clause that a project cannot rest on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no legal basis of a project; it is 40(4) or 40(12)")]
pub struct InvalidLegalBasis;

impl LegalBasis {
    /// The clause as written in requests and in the log.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Art40_4 => "40(4)",
            Self::Art40_12 => "40(12)",
            Self::Oversight => "oversight",
        }
    }

    /// Reads a clause that a registrar gave.
    ///
    /// # Errors
    /// When it is neither `40(4)` nor `40(12)`.
    pub fn parse(text: &str) -> Result<Self, InvalidLegalBasis> {
        match text {
            "40(4)" => Ok(Self::Art40_4),
            "40(12)" => Ok(Self::Art40_12),
            _ => Err(InvalidLegalBasis),
        }
    }
}

impl std::str::FromStr for LegalBasis {
    type Err = InvalidLegalBasis;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

/// Whether a project may work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProjectState {
    /// Its members may ask.
    Active,
    /// Nobody may ask until the registrar lifts it.
    Suspended,
    /// Ended for good.
    Closed,
}

/// An approved reasoned request: who may consult what for how long, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Project {
    /// Its id.
    pub id: ProjectId,
    /// A line that names it.
    pub title: String,
    /// The purpose as approved; in the log only by digest.
    pub purpose: String,
    /// Who applied.
    pub organisation: OrganisationId,
    /// The clause it rests on.
    pub legal_basis: LegalBasis,
    /// The number of the reasoned request at the Digital Services Coordinator.
    pub request_id: String,
    /// When access was applied for.
    pub applied: Date,
    /// When it was decided.
    pub decided: Date,
    /// First day of access.
    pub valid_from: Date,
    /// Last day of access.
    pub valid_until: Date,
    /// Whether it may work.
    pub state: ProjectState,
    /// When the registrar recorded it.
    pub created_at: Timestamp,
}

impl Project {
    /// Whether the project's period covers a day.
    #[must_use]
    pub fn covers(&self, day: Date) -> bool {
        self.valid_from <= day && day <= self.valid_until
    }
}

/// One person who works under a project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The project.
    pub project: ProjectId,
    /// Who.
    pub subject: Subject,
    /// The key that signs this member's client assertions (RFC 7523), as a public JWK.
    pub public_jwk: Option<serde_json::Value>,
    /// Since when.
    pub added_at: Timestamp,
}
