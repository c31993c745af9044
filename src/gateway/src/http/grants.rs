//! `/v1/projects/{id}/grants`: what a project may consult. For registrars.

mod body;

use access::Turn;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, delete, get, post, web};
use domain::change::Change;
use domain::{GrantId, ProjectId, Role};
use serde::Deserialize;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::Application;
use crate::http::absent;
use crate::http::door::caller::Caller;
use crate::http::door::permission::{Permission, Permissions};
use crate::http::door::request::RequestContext;
use crate::http::problem::Problem;
use crate::http::wire::params::page_of;
use crate::http::wire::{JsonBody, Page, Params, json};

use body::{AddedGrantBody, GrantList, NewGrantBody};
pub(crate) use body::{GrantBody, LimitsBody};

/// Who may call what here.
pub(crate) const PERMISSIONS: Permissions = &[
    ("list_grants", Permission::Roles(&[Role::Registrar])),
    ("add_grant", Permission::Roles(&[Role::Registrar])),
    ("revoke_grant", Permission::Roles(&[Role::Registrar])),
];

/// Registers the operations of this file.
pub(crate) fn operations(config: &mut ServiceConfig) {
    config.service(list_grants).service(add_grant).service(revoke_grant);
}

/// Why a grant is taken back.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RevokeParams {
    #[serde(default)]
    reason: String,
}

/// Lists a project's grants, also those that ended.
#[utoipa::path(
    tag = "access",
    params(
        ("id" = String, Path, description = "The project's id."),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 1000, description = "Most items of the page; 100 unless given."),
        ("after" = Option<String>, Query, pattern = "^g-[0-9a-z-]{1,62}$", description = "The `next` of the page before."),
    ),
    responses((status = 200, description = "The grants, in the order in which they were given.", body = GrantList)),
)]
#[get("/v1/projects/{id}/grants")]
pub(crate) async fn list_grants(
    room: web::Data<Application>,
    id: web::Path<ProjectId>,
    page: Params<Page>,
) -> Result<HttpResponse, Problem> {
    room.access().project(&id).ok_or_else(|| absent::project(&id))?;
    let all = room.access().grants(&id);
    let (page, next) = page_of(&all, &page.0, |grant| grant.id.to_string())?;
    json(StatusCode::OK, &GrantList { grants: page.iter().map(GrantBody::of).collect(), next })
}

/// Lets a project consult a dataset.
#[utoipa::path(
    tag = "access",
    params(("id" = String, Path, description = "The project's id.")),
    request_body = NewGrantBody,
    responses((status = 201, description = "The grant, with its id, and what the registrar should know of it.", body = AddedGrantBody)),
)]
#[post("/v1/projects/{id}/grants")]
pub(crate) async fn add_grant(
    room: web::Data<Application>,
    caller: Caller,
    context: RequestContext,
    id: web::Path<ProjectId>,
    JsonBody(body): JsonBody<NewGrantBody>,
) -> Result<HttpResponse, Problem> {
    let draft = body.draft(id.into_inner())?;
    let act = room.act(&caller, &context);
    let change = room.change(act, |turn| turn.new_grant(draft)).await?;
    let Change::GrantAdded { grant } = change else { return Err(Problem::internal()) };
    let warnings = room.access().warnings(&grant);
    json(StatusCode::CREATED, &AddedGrantBody::of(&grant, &warnings))
}

/// Takes a grant back; what runs under it ends within a second.
#[utoipa::path(
    tag = "access",
    params(
        ("id" = String, Path, description = "The project's id."),
        ("grant" = String, Path, description = "The grant's id."),
        ("reason" = String, Query, description = "Why; for the log."),
    ),
    responses((status = 204, description = "It holds no longer.")),
)]
#[delete("/v1/projects/{id}/grants/{grant}")]
pub(crate) async fn revoke_grant(
    room: web::Data<Application>,
    caller: Caller,
    context: RequestContext,
    path: web::Path<(ProjectId, GrantId)>,
    params: Params<RevokeParams>,
) -> Result<HttpResponse, Problem> {
    let (project, grant) = path.into_inner();
    let (at, reason) = (room.clock().now(), params.0.reason);
    let checked = move |turn: &Turn<'_>| {
        let change = Change::GrantRevoked { project, grant, at, reason };
        turn.check(&change).map(|()| change)
    };
    room.change(room.act(&caller, &context), checked).await?;
    Ok(HttpResponse::NoContent().finish())
}
