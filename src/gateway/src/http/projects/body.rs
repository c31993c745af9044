//! What projects look like on the wire.

use access::ProjectDraft;
use domain::project::{LegalBasis, ProjectState};
use domain::{Date, OrganisationId, Project, ProjectId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::grants::GrantBody;
use crate::http::members::MemberBody;
use crate::http::wire::ReadsJson;

/// An approved reasoned request.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "title": "Fair trade", "purpose": "Dangerous toys", "organisation": "o-university",
    "legal_basis": "40(12)", "request_id": "DSC-2026-17", "applied": "2026-08-01",
    "decided": "2026-09-15", "valid_from": "2026-10-01", "valid_until": "2027-09-30",
}))]
pub(crate) struct NewProjectBody {
    /// A line that names it.
    title: String,
    /// The purpose as approved.
    purpose: String,
    /// Who applied.
    #[schema(value_type = String, example = "o-university")]
    organisation: OrganisationId,
    /// The clause it rests on: `40(4)` or `40(12)`.
    #[schema(value_type = String, pattern = r"^40\((4|12)\)$")]
    legal_basis: LegalBasis,
    /// The number of the reasoned request.
    request_id: String,
    /// When access was applied for.
    #[schema(value_type = String, format = Date)]
    applied: Date,
    /// When it was decided.
    #[schema(value_type = String, format = Date)]
    decided: Date,
    /// First day of access.
    #[schema(value_type = String, format = Date)]
    valid_from: Date,
    /// Last day of access.
    #[schema(value_type = String, format = Date)]
    valid_until: Date,
}

impl ReadsJson for NewProjectBody {}

impl From<NewProjectBody> for ProjectDraft {
    fn from(body: NewProjectBody) -> Self {
        Self {
            title: body.title,
            purpose: body.purpose,
            organisation: body.organisation,
            legal_basis: body.legal_basis,
            request_id: body.request_id,
            applied: body.applied,
            decided: body.decided,
            valid_from: body.valid_from,
            valid_until: body.valid_until,
        }
    }
}

/// A page of projects.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProjectList {
    /// In the order of their ids.
    pub(crate) projects: Vec<ProjectBody>,
    /// The `after` of the next page, if there is one.
    pub(crate) next: Option<String>,
}

/// A project.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProjectBody {
    /// Its id.
    #[schema(value_type = String, example = "p-fair-trade-1")]
    id: ProjectId,
    /// A line that names it.
    title: String,
    /// The purpose as approved.
    purpose: String,
    /// Who applied.
    #[schema(value_type = String, example = "o-university")]
    organisation: OrganisationId,
    /// The clause it rests on.
    #[schema(value_type = String, example = "40(12)")]
    legal_basis: LegalBasis,
    /// The number of the reasoned request.
    request_id: String,
    /// When access was applied for.
    #[schema(value_type = String, format = Date)]
    applied: Date,
    /// When it was decided.
    #[schema(value_type = String, format = Date)]
    decided: Date,
    /// First day of access.
    #[schema(value_type = String, format = Date)]
    valid_from: Date,
    /// Last day of access.
    #[schema(value_type = String, format = Date)]
    valid_until: Date,
    /// Whether it may work: `active`, `suspended` or `closed`.
    #[schema(value_type = String, example = "active")]
    state: ProjectState,
    /// When it was recorded.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl ProjectBody {
    /// What is shown of a project.
    pub(crate) fn of(project: &Project) -> Self {
        Self {
            id: project.id.clone(),
            title: project.title.clone(),
            purpose: project.purpose.clone(),
            organisation: project.organisation.clone(),
            legal_basis: project.legal_basis,
            request_id: project.request_id.clone(),
            applied: project.applied,
            decided: project.decided,
            valid_from: project.valid_from,
            valid_until: project.valid_until,
            state: project.state,
            created_at: project.created_at,
        }
    }
}

/// A project with its members and grants.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProjectDetail {
    /// The project.
    pub(crate) project: ProjectBody,
    /// Who works under it.
    pub(crate) members: Vec<MemberBody>,
    /// What it may consult, and what it could.
    pub(crate) grants: Vec<GrantBody>,
}

/// Why a project is suspended, or taken up again.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "a key was lost"}))]
pub(crate) struct SuspendBody {
    /// Why; for the log.
    pub(crate) reason: String,
    /// Take the project up again instead.
    #[serde(default)]
    pub(crate) lift: bool,
}

impl ReadsJson for SuspendBody {}

/// Why a project is closed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "finished"}))]
pub(crate) struct CloseBody {
    /// Why; for the log.
    pub(crate) reason: String,
}

impl ReadsJson for CloseBody {}
