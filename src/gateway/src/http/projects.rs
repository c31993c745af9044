//! `/v1/projects`: approved reasoned requests, and whether they may work. For registrars.
//!
//! # Rooms
//! - [`body`]: what stands on the wire.

mod body;

use std::sync::Arc;

use access::{ProjectDraft, ProjectPage};
use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, get, post, web};
use domain::change::Change;
use domain::project::ProjectState;
use domain::{ProjectId, Role};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::Application;
use crate::http::absent;
use crate::http::door::caller::Caller;
use crate::http::door::permission::{Permission, Permissions};
use crate::http::door::request::RequestContext;
use crate::http::grants::GrantBody;
use crate::http::members::MemberBody;
use crate::http::problem::{Kind, Problem};
use crate::http::wire::{JsonBody, Page, Params, json};

pub(crate) use body::ProjectBody;
use body::{CloseBody, NewProjectBody, ProjectDetail, ProjectList, SuspendBody};

/// Who may call what here.
pub(crate) const PERMISSIONS: Permissions = &[
    ("list_projects", Permission::Roles(&[Role::Registrar])),
    ("create_project", Permission::Roles(&[Role::Registrar])),
    ("show_project", Permission::Roles(&[Role::Registrar])),
    ("suspend_project", Permission::Roles(&[Role::Registrar])),
    ("close_project", Permission::Roles(&[Role::Registrar])),
];

/// Registers the operations of this file.
pub(crate) fn operations(config: &mut ServiceConfig) {
    config.service(list_projects).service(create_project).service(show_project);
    config.service(suspend_project).service(close_project);
}

/// Lists the projects.
#[utoipa::path(
    tag = "access",
    params(
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 1000, description = "Most items of the page; 100 unless given."),
        ("after" = Option<String>, Query, pattern = "^p-[0-9a-z-]{1,62}$", description = "The `next` of the page before."),
    ),
    responses((status = 200, description = "The projects, by id.", body = ProjectList)),
)]
#[get("/v1/projects")]
pub(crate) async fn list_projects(
    room: web::Data<Application>,
    page: Params<Page>,
) -> Result<HttpResponse, Problem> {
    let limit = page.0.limit()?;
    let after = page.0.after.as_deref().map(ProjectId::parse).transpose();
    let after = after.map_err(|_| {
        Kind::BodyInvalid
            .problem("`after` is the `next` of the page before; leave it out to begin.")
    })?;
    let asked = ProjectPage { after: after.as_ref(), projects_max: limit + 1 };
    let mut projects = room.access().projects(asked);
    let has_more = limit < projects.len();
    projects.truncate(limit);
    let next = projects.last().filter(|_| has_more).map(|last| last.id.to_string());
    let projects = projects.iter().map(ProjectBody::of).collect();
    json(StatusCode::OK, &ProjectList { projects, next })
}

/// Records an approved reasoned request.
#[utoipa::path(
    tag = "access",
    request_body = NewProjectBody,
    responses((status = 201, description = "The project, with its id.", body = ProjectBody,
        headers(("Location" = String, description = "Where the project is.")))),
)]
#[post("/v1/projects")]
pub(crate) async fn create_project(
    room: web::Data<Application>,
    caller: Caller,
    context: RequestContext,
    JsonBody(body): JsonBody<NewProjectBody>,
) -> Result<HttpResponse, Problem> {
    let draft = ProjectDraft::from(body);
    let act = room.act(&caller, &context);
    let change = room.change(act, |turn| turn.new_project(draft)).await?;
    let Change::ProjectCreated { project } = change else { return Err(Problem::internal()) };
    let mut response = json(StatusCode::CREATED, &ProjectBody::of(&project))?;
    let location = header::HeaderValue::from_str(&format!("/v1/projects/{}", project.id))
        .expect("invariant: an id is visible ASCII");
    response.headers_mut().insert(header::LOCATION, location);
    Ok(response)
}

/// Shows a project with its members and grants.
#[utoipa::path(
    tag = "access",
    params(("id" = String, Path, description = "The project's id.")),
    responses((status = 200, description = "The project.", body = ProjectDetail)),
)]
#[get("/v1/projects/{id}")]
pub(crate) async fn show_project(
    room: web::Data<Application>,
    id: web::Path<ProjectId>,
) -> Result<HttpResponse, Problem> {
    let project = room.access().project(&id).ok_or_else(|| absent::project(&id))?;
    let detail = ProjectDetail {
        project: ProjectBody::of(&project),
        members: room.access().members(&id).iter().map(MemberBody::of).collect(),
        grants: room.access().grants(&id).iter().map(GrantBody::of).collect(),
    };
    json(StatusCode::OK, &detail)
}

/// Stops a project's access for a time, or takes it up again.
///
/// What runs under it ends within a second.
#[utoipa::path(
    tag = "access",
    params(("id" = String, Path, description = "The project's id.")),
    request_body = SuspendBody,
    responses((status = 200, description = "The project as it is now.", body = ProjectBody)),
)]
#[post("/v1/projects/{id}/suspend")]
pub(crate) async fn suspend_project(
    room: web::Data<Application>,
    caller: Caller,
    context: RequestContext,
    id: web::Path<ProjectId>,
    JsonBody(SuspendBody { reason, lift }): JsonBody<SuspendBody>,
) -> Result<HttpResponse, Problem> {
    let state = if lift { ProjectState::Active } else { ProjectState::Suspended };
    set_state(&room, (&caller, &context), id.into_inner(), state, reason).await
}

/// Ends a project's access for good.
#[utoipa::path(
    tag = "access",
    params(("id" = String, Path, description = "The project's id.")),
    request_body = CloseBody,
    responses((status = 200, description = "The project as it is now.", body = ProjectBody)),
)]
#[post("/v1/projects/{id}/close")]
pub(crate) async fn close_project(
    room: web::Data<Application>,
    caller: Caller,
    context: RequestContext,
    id: web::Path<ProjectId>,
    JsonBody(CloseBody { reason }): JsonBody<CloseBody>,
) -> Result<HttpResponse, Problem> {
    let (id, state) = (id.into_inner(), ProjectState::Closed);
    set_state(&room, (&caller, &context), id, state, reason).await
}

/// Sets whether a project may work, and shows it.
async fn set_state(
    room: &Arc<Application>,
    (caller, context): (&Caller, &RequestContext),
    project: ProjectId,
    state: ProjectState,
    reason: String,
) -> Result<HttpResponse, Problem> {
    let act = room.act(caller, context);
    let id = project.clone();
    let checked = move |turn: &access::Turn<'_>| {
        let change = Change::ProjectStateSet { project, state, reason };
        turn.check(&change).map(|()| change)
    };
    room.change(act, checked).await?;
    let project = room.access().project(&id).ok_or_else(|| absent::project(&id))?;
    json(StatusCode::OK, &ProjectBody::of(&project))
}
