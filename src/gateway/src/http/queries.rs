//! `/v1/queries`: questions, their records, their answers.
//!
//! # Rooms
//! - [`body`]: what a question looks like on the wire; [`record`]: what its record does.
//! - [`result`]: the stored answer again.

pub mod body;
pub mod record;
pub mod result;

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};
use domain::{ProjectId, QueryId, Role};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::Application;
use crate::ask::{Asked, Reply};
use crate::http::answer;
use crate::http::door::caller::{Caller, not_permitted};
use crate::http::door::permission::{Permission, Permissions};
use crate::http::door::request::RequestContext;
use crate::http::problem::{Kind, Problem};
use crate::http::wire::accept;
use crate::http::wire::params::Page;
use crate::http::wire::prefer::{PREFERENCE_APPLIED, Preference};
use crate::http::wire::range::Part;
use crate::http::wire::{JsonBody, Params, json};
use crate::records::Record;

use body::{AskBody, AskReply, PlanBody};
use record::{QueriesBody, QueryBody};

/// Who asks the data.
const ASKERS: Permission = Permission::Roles(&[Role::Researcher, Role::Regulator, Role::Auditor]);

/// Who may call what here.
pub(crate) const PERMISSIONS: Permissions = &[
    ("ask", ASKERS),
    ("list_queries", ASKERS),
    ("show_query", ASKERS),
    ("cancel_query", ASKERS),
    ("fetch_result", ASKERS),
];

/// Registers the operations of this file.
pub(crate) fn operations(config: &mut ServiceConfig) {
    config
        .service(ask)
        .service(list_queries)
        .service(show_query)
        .service(cancel_query)
        .service(result::fetch_result);
}

/// Answers a question in SQL.
///
/// The answer is complete, hashed and logged before its first byte. With `Prefer: respond-async`
/// or `wait=N` the record's address comes instead, once the question was admitted and the wait is
/// over; then it does not matter whether the connection lasts. Without, a question ends when its
/// connection is closed. A stored answer can be fetched in either case.
#[utoipa::path(
    tag = "queries",
    params(
        ("Prefer" = Option<String>, Header, description = "`respond-async`, `wait=N` (RFC 7240)."),
    ),
    request_body = AskBody,
    responses(
        (status = 200, description = "The answer, or the verdict where only that was asked.",
            content(
                (AskReply = "application/json"),
                (String = "application/x-ndjson"),
                (String = "text/csv"),
                (String = "application/vnd.apache.arrow.stream"),
                (String = "application/vnd.apache.parquet"),
            )),
        (status = 202, description = "It goes on; the answer will be stored.", body = QueryBody,
            headers(
                ("Location" = String, description = "The address of the record."),
                ("Preference-Applied" = String, description = "The preference that was heeded."),
            )),
    ),
)]
#[post("/v1/queries")]
pub(crate) async fn ask(
    room: web::Data<Application>,
    caller: Caller,
    context: RequestContext,
    request: HttpRequest,
    JsonBody(body): JsonBody<AskBody>,
) -> Result<HttpResponse, Problem> {
    let format = accept::negotiate(request.headers())?;
    let preference = Preference::of(request.headers());
    let asking = body.asking(caller.principal()?, &context, format)?;
    let (query, project) = (asking.query.clone(), project_of(&caller)?);
    let patience = Patience::of(&room, &query, preference);
    let reply = wait(room.ask(asking), preference.wait).await;
    patience.end();
    match reply? {
        Some(Reply::Answer(released)) => Ok(answer::respond(&released, Part::Whole)),
        Some(Reply::Plan(planned)) => json(StatusCode::OK, &PlanBody::of(&planned)),
        None => accepted(&room, project, query, preference).await,
    }
}

/// Somebody who waits for an answer over an open connection. Where the connection is closed, what
/// handles the request is dropped, and the question is abandoned.
struct Patience(Option<(web::Data<Application>, QueryId)>);

impl Patience {
    /// Who prefers an answer later does not wait for it.
    fn of(room: &web::Data<Application>, query: &QueryId, preference: Preference) -> Self {
        let waits = preference.wait.is_none();
        Self(waits.then(|| (web::Data::clone(room), query.clone())))
    }

    /// The end came first.
    fn end(mut self) {
        self.0 = None;
    }
}

impl Drop for Patience {
    fn drop(&mut self) {
        if let Some((room, query)) = self.0.take() {
            room.running().abandon(&query);
        }
    }
}

/// Waits for the end of a question, for so long at most once it was admitted.
async fn wait(asked: Asked, wait: Option<Duration>) -> Result<Option<Reply>, Problem> {
    let Asked { admitted, mut ended } = asked;
    let lost = |_| Problem::internal();
    let Some(wait) = wait else {
        return Ok(Some(ended.await.map_err(lost)??));
    };
    let patience = async {
        tokio::time::sleep(wait).await;
        // Dropped where it was not admitted; then the end comes at once.
        if admitted.await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        end = &mut ended => Ok(Some(end.map_err(lost)??)),
        () = patience => Ok(None),
    }
}

/// The response to a question that goes on.
async fn accepted(
    room: &web::Data<Application>,
    project: ProjectId,
    query: QueryId,
    preference: Preference,
) -> Result<HttpResponse, Problem> {
    let location = format!("/v1/queries/{query}");
    let record = record_of(room, project, query).await?;
    let mut response = json(StatusCode::ACCEPTED, &QueryBody::of(room, &record))?;
    let valid = "invariant: ids and numbers are visible ASCII";
    let location = header::HeaderValue::from_str(&location).expect(valid);
    response.headers_mut().insert(header::LOCATION, location);
    if let Some(applied) = preference.applied() {
        let applied = header::HeaderValue::from_str(&applied).expect(valid);
        response.headers_mut().insert(PREFERENCE_APPLIED, applied);
    }
    Ok(response)
}

/// Lists the project's queries, newest first.
#[utoipa::path(
    tag = "queries",
    params(
        ("limit" = Option<u32>, Query, description = "At most so many.", minimum = 1, maximum = 1000),
        ("after" = Option<String>, Query, pattern = "^q-[0-9a-f]{32}$", description = "The `next` of the page before."),
    ),
    responses((status = 200, description = "The queries.", body = QueriesBody)),
)]
#[get("/v1/queries")]
pub(crate) async fn list_queries(
    room: web::Data<Application>,
    caller: Caller,
    Params(page): Params<Page>,
) -> Result<HttpResponse, Problem> {
    let limit = page.limit()?;
    let after = page
        .after
        .as_deref()
        .map(QueryId::parse)
        .transpose()
        .map_err(|_| Kind::BodyInvalid.problem("`after` is the `next` of the page before."))?;
    let project = project_of(&caller)?;
    let places = room.records().page(&project, after.as_ref(), limit + 1);
    let shared = web::Data::clone(&room);
    let role = caller.principal()?.role;
    let body =
        web::block(move || QueriesBody::read(&shared, (&project, role), &places, limit)).await;
    let body = body.map_err(|error| Problem::internal().logged(&error))?;
    json(StatusCode::OK, &body.map_err(|error| Problem::internal().logged(&error))?)
}

/// Shows the record of one query.
#[utoipa::path(
    tag = "queries",
    params(("id" = String, Path, description = "The query's id.")),
    responses((status = 200, description = "The record.", body = QueryBody)),
)]
#[get("/v1/queries/{id}")]
pub(crate) async fn show_query(
    room: web::Data<Application>,
    caller: Caller,
    id: web::Path<QueryId>,
) -> Result<HttpResponse, Problem> {
    let record = own_record(&room, &caller, id.into_inner()).await?;
    json(StatusCode::OK, &QueryBody::of(&room, &record))
}

/// Cancels a query that runs, or that still waits for a worker or is planned.
///
/// One that was not admitted yet gets no record: whoever asked is told `query_stopped`, and the
/// log has an entry of that.
#[utoipa::path(
    tag = "queries",
    params(("id" = String, Path, description = "The query's id.")),
    responses((status = 204, description = "It is being stopped; its record, if it has one, will say so.")),
)]
#[delete("/v1/queries/{id}")]
pub(crate) async fn cancel_query(
    room: web::Data<Application>,
    caller: Caller,
    id: web::Path<QueryId>,
) -> Result<HttpResponse, Problem> {
    let (project, query) = (project_of(&caller)?, id.into_inner());
    // One that waits for a worker has no record yet.
    if room.running().cancel(&project, caller.principal()?.role, &query) {
        return Ok(HttpResponse::NoContent().finish());
    }
    own_record(&room, &caller, query).await?;
    Err(Kind::Conflict.problem("The query has ended already, so there is nothing to cancel."))
}

/// The project that a caller asks for.
fn project_of(caller: &Caller) -> Result<ProjectId, Problem> {
    caller.principal()?.project.clone().ok_or_else(not_permitted)
}

/// The record of a query that a caller may see: of its project, and asked in its role, since
/// regulators and auditors share a project but not what they may consult.
async fn own_record(
    room: &web::Data<Application>,
    caller: &Caller,
    query: QueryId,
) -> Result<Record, Problem> {
    let role = caller.principal()?.role;
    let record = record_of(room, project_of(caller)?, query).await?;
    if record.is_of(role) { Ok(record) } else { Err(no_such_query()) }
}

/// The record of a query of a project.
async fn record_of(
    room: &web::Data<Application>,
    project: ProjectId,
    query: QueryId,
) -> Result<Record, Problem> {
    let place = room.records().find(&project, &query).ok_or_else(no_such_query)?;
    let shared = Arc::clone(room);
    let record = web::block(move || record::read(&shared, &project, place)).await;
    let record = record.map_err(|error| Problem::internal().logged(&error))?;
    record.map_err(|error| Problem::internal().logged(&error))?.ok_or_else(Problem::internal)
}

/// The problem of a query that is not there, or not the caller's.
fn no_such_query() -> Problem {
    Kind::NotFound.problem("Your project has no such query; `GET /v1/queries` lists what it has.")
}
