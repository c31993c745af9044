//! `/v1/me`: who the caller is, and what it may do now. For whoever has a token.

use std::collections::BTreeMap;

use access::{Denial, Policy};
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get, web};
use domain::{Grant, Limits, Principal, ProjectId, Role, Subject, Timestamp, TokenId};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::Application;
use crate::http::door::caller::Caller;
use crate::http::door::permission::{Permission, Permissions};
use crate::http::grants::GrantBody;
use crate::http::problem::Problem;
use crate::http::projects::ProjectBody;
use crate::http::wire::json;

/// Who may call what here.
pub(crate) const PERMISSIONS: Permissions = &[("show_me", Permission::Token)];

/// Registers the operation of this file.
pub(crate) fn operations(config: &mut ServiceConfig) {
    config.service(show_me);
}

/// Who the caller is, and what it may do now.
#[derive(Serialize, ToSchema)]
struct MeBody {
    /// Who asks.
    principal: PrincipalBody,
    /// The token that it came with.
    token: TokenPart,
    /// The project that it acts for.
    project: Option<ProjectBody>,
    /// The project's grants that hold now; regulators need none.
    grants: Vec<GrantBody>,
    /// Why nothing may be asked now, if nothing may.
    hindrance: Option<String>,
    /// The limits of a query; its grants may give others.
    #[schema(value_type = Option<Object>)]
    limits: Option<Limits>,
    /// What the project may use today, and what is left of it: `queries`, `scan_bytes`,
    /// `result_bytes`; and `parallel`, queries at one time.
    #[schema(example = json!({"queries": {"allowed": 10_000, "left": 9_999}}))]
    budget: BTreeMap<&'static str, BudgetPart>,
}

/// Who asks.
#[derive(Serialize, ToSchema)]
struct PrincipalBody {
    /// Whose word it is that this is `subject`.
    issuer: String,
    /// Who it is.
    #[schema(value_type = String, example = "ada")]
    subject: Subject,
    /// What it is.
    #[schema(value_type = String, example = "researcher")]
    role: Role,
    /// The software that asks on its behalf.
    client_id: String,
}

/// A token.
#[derive(Serialize, ToSchema)]
struct TokenPart {
    /// Its id.
    #[schema(value_type = String)]
    id: TokenId,
    /// When it ends.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

/// One budget.
#[derive(Serialize, ToSchema)]
struct BudgetPart {
    /// How much it allows.
    allowed: u64,
    /// How much is left.
    left: u64,
}

/// Shows who the caller is, its project and purpose, its grants, and what is left of each limit.
#[utoipa::path(
    tag = "access",
    responses((status = 200, description = "Who the caller is.", body = MeBody)),
)]
#[get("/v1/me")]
pub(crate) async fn show_me(
    room: web::Data<Application>,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    let principal = caller.principal()?;
    let project = principal.project.as_ref();
    let standing = standing(&room, principal);
    let body = MeBody {
        principal: PrincipalBody {
            issuer: principal.issuer.clone(),
            subject: principal.subject.clone(),
            role: principal.role,
            client_id: principal.client_id.clone(),
        },
        token: TokenPart { id: principal.token_id.clone(), expires_at: principal.expires_at },
        project: project.and_then(|id| room.access().project(id)).as_ref().map(ProjectBody::of),
        grants: standing.grants.iter().map(GrantBody::of).collect(),
        hindrance: standing.hindrance.as_ref().map(Denial::explanation),
        limits: standing.limits,
        budget: project.map(|id| budget(&room, id)).unwrap_or_default(),
    };
    json(StatusCode::OK, &body)
}

/// What a principal may consult now, or why it may consult nothing.
struct Now {
    grants: Vec<Grant>,
    limits: Option<Limits>,
    hindrance: Option<Denial>,
}

fn standing(room: &Application, principal: &Principal) -> Now {
    match room.access().scope(principal) {
        Ok(scope) => Now {
            grants: scope.grants().cloned().collect(),
            limits: Some(*scope.limits()),
            hindrance: None,
        },
        Err(denial) => Now { grants: Vec::new(), limits: None, hindrance: Some(denial) },
    }
}

/// What a project may use today, and what is left.
fn budget(room: &Application, project: &ProjectId) -> BTreeMap<&'static str, BudgetPart> {
    let settings = room.settings();
    let daily = &settings.daily_budget;
    let parts = room.access().left(project).into_iter().filter_map(|state| {
        let (name, allowed) = match state.policy {
            Policy::QueryDay => ("queries", daily.queries),
            Policy::ScanDay => ("scan_bytes", daily.scan_bytes),
            Policy::ResultDay => ("result_bytes", daily.result_bytes),
            Policy::Parallel => ("parallel", u64::from(settings.rate_limits.parallel)),
            // Rates come and go with every request; the `RateLimit` field tells them.
            Policy::Principal | Policy::Project => return None,
        };
        Some((name, BudgetPart { allowed, left: state.remaining }))
    });
    parts.collect()
}
