//! Changes: what a registrar's act changes in the registry, as the log carries it.
//!
//! A change is first an entry of the log, then a change of the registry; at start the registry
//! replays what it has not seen. So applying one twice must give the same as applying it once.

use serde::{Deserialize, Serialize};

use crate::grant::Grant;
use crate::ids::{GrantId, ProjectId, Subject, TokenId};
use crate::project::{Member, Project, ProjectState};
use crate::time::Timestamp;

/// One change of the registry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum Change {
    /// A project was recorded.
    ProjectCreated {
        /// The project.
        project: Project,
    },
    /// A project was suspended, taken up again or closed.
    ProjectStateSet {
        /// The project.
        project: ProjectId,
        /// What it is now.
        state: ProjectState,
        /// Why.
        reason: String,
    },
    /// Someone works under a project from now on; with a key, that key replaces an earlier one.
    MemberAdded {
        /// Who and where.
        member: Member,
    },
    /// Someone no longer works under a project.
    MemberRemoved {
        /// The project.
        project: ProjectId,
        /// Who.
        subject: Subject,
    },
    /// A project may consult something.
    GrantAdded {
        /// What.
        grant: Grant,
    },
    /// A grant was taken back.
    GrantRevoked {
        /// Whose it was.
        project: ProjectId,
        /// Which.
        grant: GrantId,
        /// When.
        at: Timestamp,
        /// Why.
        reason: String,
    },
    /// A token stops working.
    TokenRevoked {
        /// Which.
        token_id: TokenId,
        /// When.
        at: Timestamp,
    },
    /// All tokens of someone issued until now stop working.
    SubjectRevoked {
        /// Who.
        subject: Subject,
        /// Tokens issued until this moment.
        at: Timestamp,
    },
}
