//! Which part of a registry change the log shows.
//!
//! # Invariant
//! A member's identity, a token's id and a reason in someone's own words never stand in what is
//! returned here, only a commitment.

use domain::Sha256Digest;
use domain::change::Change;
use domain::project::Project;

use crate::entry::{
    Body, Commitment, GrantGiven, MemberChanged, ProjectRecorded, ProjectStateChanged, Revoked,
};

/// The public part of a change.
pub(crate) fn of(change: Change, commitment: Commitment) -> Body {
    let commitment = Some(commitment);
    match change {
        Change::ProjectCreated { project } => Body::Project(recorded(project)),
        Change::ProjectStateSet { project, state, .. } => {
            Body::Suspend(ProjectStateChanged { of: project, state, change_commitment: commitment })
        }
        Change::MemberAdded { member } => Body::Member(MemberChanged {
            of: member.project,
            action: "added".to_owned(),
            change_commitment: commitment,
        }),
        Change::MemberRemoved { project, .. } => Body::Member(MemberChanged {
            of: project,
            action: "removed".to_owned(),
            change_commitment: commitment,
        }),
        Change::GrantAdded { grant } => Body::Grant(GrantGiven { grant }),
        Change::GrantRevoked { project, grant, .. } => Body::Revoke(Revoked {
            what: "grant".to_owned(),
            of: Some(project),
            grant: Some(grant),
            change_commitment: commitment,
        }),
        Change::TokenRevoked { .. } => Body::Revoke(revoked("token", commitment)),
        Change::SubjectRevoked { .. } => Body::Revoke(revoked("subject", commitment)),
    }
}

/// What the log shows of a new project: its facts, its purpose by digest.
fn recorded(project: Project) -> ProjectRecorded {
    ProjectRecorded {
        of: project.id,
        applicant: project.organisation,
        purpose_sha256: Sha256Digest::of(project.purpose.as_bytes()),
        legal_basis: project.legal_basis,
        reasoned_request: project.request_id,
        applied: project.applied,
        decided: project.decided,
        valid_from: project.valid_from,
        valid_until: project.valid_until,
    }
}

/// What the log shows of tokens that stop working.
fn revoked(what: &str, change_commitment: Option<Commitment>) -> Revoked {
    Revoked { what: what.to_owned(), of: None, grant: None, change_commitment }
}
