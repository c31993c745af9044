//! What becomes of a snapshot: it is withdrawn, and whoever used it can be told.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get, post, web};
use audit::ReplayError;
use catalogue::Withdrawn;
use domain::{DatasetName, ProjectId, QueryId, SnapshotId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Application;
use crate::http::absent;
use crate::http::door::caller::Caller;
use crate::http::door::request::RequestContext;
use crate::http::problem::{Kind, Problem};
use crate::http::wire::{JsonBody, Page, Params, ReadsJson, json};
use crate::publish::Reason;

/// Why a snapshot is withdrawn.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "prices were in cents"}))]
struct WithdrawBody {
    /// Why: up to 1000 characters, which the log has as they are and whoever asks is told.
    #[schema(min_length = 1, max_length = 1000)]
    reason: String,
}

impl ReadsJson for WithdrawBody {
    const BODY_BYTES_MAX: usize = 1 << 14;
}

/// A snapshot that was withdrawn.
#[derive(Serialize, ToSchema)]
struct WithdrawnBody {
    /// The dataset.
    #[schema(value_type = String)]
    dataset: DatasetName,
    /// The snapshot.
    #[schema(value_type = String)]
    id: SnapshotId,
    /// Why it was withdrawn.
    reason: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// The snapshot before it that still stands, if there is one.
    #[schema(value_type = Option<String>)]
    before: Option<SnapshotId>,
    /// How many queries used it; `…/affected` lists them.
    queries: usize,
    /// Of how many projects.
    projects: usize,
}

/// Which queries used a snapshot: a page of them.
#[derive(Serialize, ToSchema)]
struct AffectedBody {
    /// How many queries each project asked of it, whatever the page.
    projects: Vec<AffectedProject>,
    /// The queries, the newest first.
    queries: Vec<AffectedQuery>,
    /// The `after` of the next page, if there is one.
    next: Option<String>,
}

/// A project that used a snapshot.
#[derive(Serialize, ToSchema)]
struct AffectedProject {
    /// The project.
    #[schema(value_type = String)]
    project: ProjectId,
    /// How many queries of it used the snapshot.
    queries: usize,
}

/// A query that used a snapshot; neither what it asked nor who.
#[derive(Serialize, ToSchema)]
struct AffectedQuery {
    /// The project.
    #[schema(value_type = String)]
    project: ProjectId,
    /// The query.
    #[schema(value_type = String)]
    query: QueryId,
    /// When it was asked.
    #[schema(value_type = String, format = DateTime)]
    asked_at: Timestamp,
    /// `answer`, or `dry_run` or `explain` where no more was wanted.
    mode: String,
    /// `answered`, `planned`, the code of a problem, or nothing while it runs.
    outcome: Option<String>,
    /// Rows of the answer.
    rows: Option<u64>,
}

/// Takes a snapshot back: from now on every query that would read it is refused with the reason.
/// `activate` with a reason undoes it.
#[utoipa::path(
    tag = "stewards",
    params(
        ("dataset" = String, Path, description = "The dataset's name."),
        ("id" = String, Path, description = "The snapshot's id."),
    ),
    request_body = WithdrawBody,
    responses((status = 200, description = "It is withdrawn.", body = WithdrawnBody)),
)]
#[post("/v1/datasets/{dataset}/snapshots/{id}/withdraw")]
pub(crate) async fn withdraw(
    room: web::Data<Application>,
    caller: Caller,
    context: RequestContext,
    path: web::Path<(DatasetName, SnapshotId)>,
    JsonBody(body): JsonBody<WithdrawBody>,
) -> Result<HttpResponse, Problem> {
    let reason = Reason::parse(&body.reason)?;
    let attribution = room.attribution(&caller, &context);
    let (dataset, id) = path.into_inner();
    let view = room.catalogue().view();
    view.snapshot(&dataset, &id).ok_or_else(|| absent::snapshot(&view, &dataset, &id))?;
    let withdrawn = room.withdraw(dataset, id, reason, attribution).await?;
    json(StatusCode::OK, &withdrawn_body(&room, withdrawn))
}

/// Lists which queries of which projects used a snapshot, so that they can be told.
#[utoipa::path(
    tag = "stewards",
    params(
        ("dataset" = String, Path, description = "The dataset's name."),
        ("id" = String, Path, description = "The snapshot's id."),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 1000, description = "Most items of the page; 100 unless given."),
        ("after" = Option<String>, Query, pattern = "^q-[0-9a-f]{32}$", description = "The `next` of the page before."),
    ),
    responses((status = 200, description = "The queries, the newest first.", body = AffectedBody)),
)]
#[get("/v1/datasets/{dataset}/snapshots/{id}/affected")]
pub(crate) async fn list_affected(
    room: web::Data<Application>,
    path: web::Path<(DatasetName, SnapshotId)>,
    Params(page): Params<Page>,
) -> Result<HttpResponse, Problem> {
    let (dataset, id) = path.into_inner();
    let absent = || absent::snapshot(&room.catalogue().view(), &dataset, &id);
    let used = users(&room, &dataset, &id).ok_or_else(absent)?;
    let limit = page.limit()?;
    let after = page.after.as_deref().map(QueryId::parse).transpose();
    let after = after
        .map_err(|_| Kind::BodyInvalid.problem("`after` is the `next` of the page before."))?;
    let shared = web::Data::clone(&room);
    let body = web::block(move || affected(&shared, &used, after.as_ref(), limit)).await;
    let body = body.map_err(|error| Problem::internal().logged(&error))?;
    json(StatusCode::OK, &body.map_err(|error| Problem::internal().logged(&error))?)
}

/// Which queries used a snapshot, or what it stands in the place of; nothing of one that is not
/// there.
fn users(
    room: &Application,
    dataset: &DatasetName,
    id: &SnapshotId,
) -> Option<BTreeMap<QueryId, ProjectId>> {
    let view = room.catalogue().view();
    let snapshot = view.resolve(dataset, id)?;
    let mut used = room.records().users(dataset, snapshot.id());
    for stone in view.replaced_by(snapshot) {
        used.extend(room.records().users(dataset, &stone.tombstone().snapshot.id));
    }
    Some(used)
}

fn withdrawn_body(room: &Application, withdrawn: Withdrawn) -> WithdrawnBody {
    let used = users(room, &withdrawn.dataset, &withdrawn.snapshot).unwrap_or_default();
    WithdrawnBody {
        projects: by_project(&used).len(),
        queries: used.len(),
        dataset: withdrawn.dataset,
        id: withdrawn.snapshot,
        reason: withdrawn.reason,
        at: withdrawn.at,
        before: withdrawn.before.map(|(id, _)| id),
    }
}

/// Reads a page of the queries that used a snapshot; waits for the disk.
fn affected(
    room: &Application,
    used: &BTreeMap<QueryId, ProjectId>,
    after: Option<&QueryId>,
    limit: usize,
) -> Result<AffectedBody, ReplayError> {
    let older = used.iter().rev().filter(|(query, _)| after.is_none_or(|after| *query < after));
    let mut older = older.peekable();
    let mut queries = Vec::new();
    for (query, project) in older.by_ref().take(limit) {
        let Some(place) = room.records().find(project, query) else { continue };
        let Some(record) = place.record(room.audit())? else { continue };
        let outcome = record.ended.map(|ended| ended.outcome);
        queries.push(AffectedQuery {
            project: project.clone(),
            query: query.clone(),
            asked_at: record.asked_at,
            mode: record.intent.mode,
            rows: outcome.as_ref().and_then(|outcome| outcome.rows),
            outcome: outcome.map(|outcome| outcome.outcome),
        });
    }
    let more = older.peek().and(queries.last());
    let next = more.map(|last| last.query.to_string());
    let projects = by_project(used).into_iter();
    let projects =
        projects.map(|(project, queries)| AffectedProject { project: project.clone(), queries });
    Ok(AffectedBody { projects: projects.collect(), queries, next })
}

/// How many queries each project has among some.
fn by_project(used: &BTreeMap<QueryId, ProjectId>) -> BTreeMap<&ProjectId, usize> {
    let mut counts = BTreeMap::new();
    for project in used.values() {
        *counts.entry(project).or_insert(0) += 1;
    }
    counts
}
