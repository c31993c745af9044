//! `/v1/projects/{id}/members`: who works under a project. For registrars.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, delete, get, post, web};
use domain::change::Change;
use domain::{Member, ProjectId, Role, Subject, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::Application;
use crate::http::absent;
use crate::http::door::caller::Caller;
use crate::http::door::permission::{Permission, Permissions};
use crate::http::door::request::RequestContext;
use crate::http::problem::Problem;
use crate::http::wire::params::page_of;
use crate::http::wire::{JsonBody, Page, Params, ReadsJson, json};

/// Who may call what here.
pub(crate) const PERMISSIONS: Permissions = &[
    ("list_members", Permission::Roles(&[Role::Registrar])),
    ("add_member", Permission::Roles(&[Role::Registrar])),
    ("remove_member", Permission::Roles(&[Role::Registrar])),
];

/// Registers the operations of this file.
pub(crate) fn operations(config: &mut ServiceConfig) {
    config.service(list_members).service(add_member).service(remove_member);
}

/// A page of members.
#[derive(Serialize, ToSchema)]
struct MemberList {
    /// In the order of their names.
    members: Vec<MemberBody>,
    /// The `after` of the next page, if there is one.
    next: Option<String>,
}

/// Someone who works under a project.
#[derive(Serialize, ToSchema)]
pub(crate) struct MemberBody {
    /// Who, as tokens name them.
    #[schema(value_type = String, example = "ada")]
    subject: Subject,
    /// The key that signs their log-ins, as a public JWK.
    #[schema(value_type = Option<Object>)]
    public_jwk: Option<Value>,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    added_at: Timestamp,
}

impl MemberBody {
    /// What is shown of a member.
    pub(crate) fn of(member: &Member) -> Self {
        Self {
            subject: member.subject.clone(),
            public_jwk: member.public_jwk.clone(),
            added_at: member.added_at,
        }
    }
}

/// A new member, or a member's new key.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "subject": "ada",
    "public_jwk": {"kty": "OKP", "crv": "Ed25519",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
}))]
pub(crate) struct NewMemberBody {
    /// Who, as tokens name them.
    #[schema(value_type = String, min_length = 1, max_length = 255)]
    subject: Subject,
    /// The public key (JWK) that signs their log-ins.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    public_jwk: Option<Value>,
}

impl ReadsJson for NewMemberBody {}

/// Lists a project's members.
#[utoipa::path(
    tag = "access",
    params(
        ("id" = String, Path, description = "The project's id."),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 1000, description = "Most items of the page; 100 unless given."),
        ("after" = Option<String>, Query, description = "The `next` of the page before."),
    ),
    responses((status = 200, description = "The members, by name.", body = MemberList)),
)]
#[get("/v1/projects/{id}/members")]
pub(crate) async fn list_members(
    room: web::Data<Application>,
    id: web::Path<ProjectId>,
    page: Params<Page>,
) -> Result<HttpResponse, Problem> {
    room.access().project(&id).ok_or_else(|| absent::project(&id))?;
    let all = room.access().members(&id);
    let (page, next) = page_of(&all, &page.0, |member| member.subject.to_string())?;
    json(StatusCode::OK, &MemberList { members: page.iter().map(MemberBody::of).collect(), next })
}

/// Adds someone to a project, or gives a member another key.
#[utoipa::path(
    tag = "access",
    params(("id" = String, Path, description = "The project's id.")),
    request_body = NewMemberBody,
    responses((status = 201, description = "The member.", body = MemberBody)),
)]
#[post("/v1/projects/{id}/members")]
pub(crate) async fn add_member(
    room: web::Data<Application>,
    caller: Caller,
    context: RequestContext,
    id: web::Path<ProjectId>,
    JsonBody(body): JsonBody<NewMemberBody>,
) -> Result<HttpResponse, Problem> {
    let act = room.act(&caller, &context);
    let project = id.into_inner();
    let change = room
        .change(act, move |turn| turn.new_member(project, body.subject, body.public_jwk.as_ref()))
        .await?;
    let Change::MemberAdded { member } = change else { return Err(Problem::internal()) };
    json(StatusCode::CREATED, &MemberBody::of(&member))
}

/// Removes someone from a project; what they run under it ends within a second.
#[utoipa::path(
    tag = "access",
    params(
        ("id" = String, Path, description = "The project's id."),
        ("subject" = String, Path, description = "Who."),
    ),
    responses((status = 204, description = "They work under it no longer.")),
)]
#[delete("/v1/projects/{id}/members/{subject}")]
pub(crate) async fn remove_member(
    room: web::Data<Application>,
    caller: Caller,
    context: RequestContext,
    path: web::Path<(ProjectId, Subject)>,
) -> Result<HttpResponse, Problem> {
    let (project, subject) = path.into_inner();
    let checked = move |turn: &access::Turn<'_>| {
        let change = Change::MemberRemoved { project, subject };
        turn.check(&change).map(|()| change)
    };
    room.change(room.act(&caller, &context), checked).await?;
    Ok(HttpResponse::NoContent().finish())
}
