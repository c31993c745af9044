//! Who asks: the outcome of authentication.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ids::{ProjectId, Subject, TokenId};
use crate::time::Timestamp;

/// What a principal is; what it may do follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Queries as a member of a project, within the project's grants.
    Researcher,
    /// Publishes, compares, activates and withdraws; asks nothing.
    Steward,
    /// Keeps projects, members, grants and tokens; asks nothing.
    Registrar,
    /// Oversees: queries every dataset, reads the log.
    Regulator,
    /// The trustee: the log and the `oversight` datasets, nothing else.
    Auditor,
}

/// A word that is no role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no role; the roles are researcher, steward, registrar, regulator and auditor")]
pub struct InvalidRole;

impl Role {
    /// All roles, in the order of the interface.
    pub const ALL: [Self; 5] =
        [Self::Researcher, Self::Steward, Self::Registrar, Self::Regulator, Self::Auditor];

    /// The role as tokens and the log write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Researcher => "researcher",
            Self::Steward => "steward",
            Self::Registrar => "registrar",
            Self::Regulator => "regulator",
            Self::Auditor => "auditor",
        }
    }

    /// Reads a role that came from outside.
    ///
    /// # Errors
    /// When the word is none of the five.
    pub fn parse(text: &str) -> Result<Self, InvalidRole> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or(InvalidRole)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for Role {
    type Err = InvalidRole;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

/// Who asks, after authentication; made by the access room from a token that passed every check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Principal {
    /// Whose word it is that this is `subject`: the token's `iss`.
    pub issuer: String,
    /// Who it is, in the words of the issuer.
    pub subject: Subject,
    /// What it is.
    pub role: Role,
    /// The project it acts for; researchers always have one.
    pub project: Option<ProjectId>,
    /// The software that asks on its behalf (`client_id`, RFC 9068).
    pub client_id: String,
    /// The token it came with.
    pub token_id: TokenId,
    /// When that token was issued; a later revocation of the subject ends it.
    pub issued_at: Timestamp,
    /// When that token ends.
    pub expires_at: Timestamp,
}
