//! What the law takes out of a dataset: recorded, listed, written out of the files. For stewards.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get, post, web};
use catalogue::Recorded;
use domain::redaction::{Ground, RedactedRows, RedactionCount};
use domain::{ColumnName, DatasetName, Date, Redaction, Role, SnapshotId, Timestamp};
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
use crate::http::wire::nothing::NoBody;
use crate::http::wire::params::page_of;
use crate::http::wire::{JsonBody, Page, Params, ReadsJson, json};
use crate::redact::InForce;
use crate::redact::compact::CompactReport;
use crate::redact::retention::RetentionReport;

/// Stewards take out.
const STEWARDS: Permission = Permission::Roles(&[Role::Steward]);

/// Who may call what here.
pub(crate) const PERMISSIONS: Permissions = &[
    ("redact", STEWARDS),
    ("list_redactions", STEWARDS),
    ("compact_dataset", STEWARDS),
    ("apply_retention", STEWARDS),
];

/// Registers the operations of this file.
pub(crate) fn operations(config: &mut ServiceConfig) {
    config.service(redact).service(list_redactions);
    config.service(compact_dataset).service(apply_retention);
}

/// What is to be taken out.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "keys": [["t-0000000017"]], "columns": ["country"], "ground": "art17",
    "reason": "Request 2026-114 of the person concerned",
}))]
pub(crate) struct RedactBody {
    /// The rows, by the values of their primary key: each a list in the key's order, or an object.
    #[schema(value_type = Vec<serde_json::Value>, min_items = 1)]
    keys: Vec<Value>,
    /// The columns whose cells become null; without them whole rows vanish.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    columns: Vec<ColumnName>,
    /// Why, by law: `art16`, `art17`, `dsa30_5`, `dsa39_3` or `order`.
    #[schema(value_type = String, pattern = "^(art16|art17|dsa30_5|dsa39_3|order)$")]
    ground: StatedGround,
    /// Why, in words.
    #[schema(min_length = 1, max_length = 2000)]
    reason: String,
}

impl ReadsJson for RedactBody {
    /// A hundred thousand keys have room.
    const BODY_BYTES_MAX: usize = 8 << 20;
}

/// A ground that a steward can name.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct StatedGround(Ground);

impl TryFrom<String> for StatedGround {
    type Error = domain::redaction::InvalidGround;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse().map(Self)
    }
}

/// A redaction; neither its keys nor its reason, which only a disclosure shows.
#[derive(Serialize, ToSchema)]
struct RedactionBody {
    /// Its number among those of its dataset.
    number: u64,
    /// Why, by law.
    #[schema(value_type = String, example = "art17")]
    ground: Ground,
    /// How many rows it names by their key; null of one that takes rows by their age.
    keys: Option<usize>,
    /// The columns whose cells become null; none where whole rows vanish.
    #[schema(value_type = Vec<String>)]
    columns: Vec<ColumnName>,
    /// The column that tells a row's age.
    #[schema(value_type = Option<String>)]
    clock: Option<ColumnName>,
    /// The first day of it that stays.
    #[schema(value_type = Option<String>, format = Date)]
    before: Option<Date>,
    /// When it was recorded.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// Its entry in the log.
    log_index: u64,
}

/// A redaction that is in force.
#[derive(Serialize, ToSchema)]
struct RedactedBody {
    /// The dataset.
    #[schema(value_type = String)]
    dataset: DatasetName,
    /// The redaction.
    #[serde(flatten)]
    redaction: RedactionBody,
    /// Whether the same was in force already: then nothing changed.
    already: bool,
    /// How many stored answers were removed because of it.
    answers_purged: usize,
}

/// A page of redactions.
#[derive(Serialize, ToSchema)]
struct RedactionList {
    /// The oldest first.
    redactions: Vec<RedactionBody>,
    /// The `after` of the next page, if there is one.
    next: Option<String>,
}

/// How much was taken out on one ground.
#[derive(Serialize, ToSchema)]
struct CountBody {
    /// Whole rows.
    rows: u64,
    /// Single cells of rows that stayed.
    cells: u64,
}

/// What a compaction did.
#[derive(Serialize, ToSchema)]
struct CompactedBody {
    /// The dataset.
    #[schema(value_type = String)]
    dataset: DatasetName,
    /// How many of its redactions are now in the files themselves.
    redactions: u64,
    /// The snapshots that went, each with the one in its place.
    snapshots: Vec<ReplacedBody>,
    /// Files that were looked through, each once, however many snapshots share it.
    files_searched: usize,
    /// Files that were written anew, likewise.
    files_rewritten: usize,
    /// How much was taken out of them, by ground.
    #[schema(value_type = Object)]
    removed: BTreeMap<Ground, CountBody>,
    /// The snapshots that stayed as they were, since they are not as they were signed.
    damaged: Vec<DamagedBody>,
}

/// A damaged snapshot that was not written anew.
#[derive(Serialize, ToSchema)]
struct DamagedBody {
    /// Which.
    #[schema(value_type = String)]
    snapshot: SnapshotId,
    /// What is wrong with which file.
    damage: String,
}

/// A snapshot that went, and the one in its place.
#[derive(Serialize, ToSchema)]
struct ReplacedBody {
    /// The one that went; its address says so.
    #[schema(value_type = String)]
    snapshot: SnapshotId,
    /// The one in its place.
    #[schema(value_type = String)]
    successor: SnapshotId,
}

/// How retention is applied.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RetentionOrder {
    /// Whether only to tell what would go.
    #[serde(default)]
    dry_run: bool,
}

impl ReadsJson for RetentionOrder {}

/// What a dataset's retention takes out today.
#[derive(Serialize, ToSchema)]
struct RetentionBody {
    /// The dataset.
    #[schema(value_type = String)]
    dataset: DatasetName,
    /// The column that tells a row's age; a row in which it is null stays.
    #[schema(value_type = String)]
    clock: ColumnName,
    /// How long rows are kept.
    #[schema(example = "6m")]
    keep: String,
    /// Why so long, as the codebook says.
    basis: String,
    /// The ground that notices name.
    #[schema(value_type = String, example = "dsa30_5")]
    ground: Ground,
    /// The first day that stays.
    #[schema(value_type = String, format = Date)]
    before: Date,
    /// The current snapshot, if there is one.
    #[schema(value_type = Option<String>)]
    snapshot: Option<SnapshotId>,
    /// How many rows its files hold that go.
    rows: Option<u64>,
    /// The redaction, unless that was only tried.
    redaction: Option<RedactionBody>,
    /// Whether the same was in force already.
    already: bool,
}

/// Takes something out of every snapshot of a dataset, from the next query on.
///
/// Rows vanish, or cells of them become null. It becomes an entry of the log first; stored answers
/// that read the dataset before are removed. What is in force already changes nothing, and says so.
#[utoipa::path(
    tag = "stewards",
    params(("dataset" = String, Path, description = "The dataset's name.")),
    request_body = RedactBody,
    responses((status = 200, description = "It is in force.", body = RedactedBody)),
)]
#[post("/v1/datasets/{dataset}/redactions")]
pub(crate) async fn redact(
    room: web::Data<Application>,
    caller: Caller,
    context: RequestContext,
    dataset: web::Path<DatasetName>,
    JsonBody(body): JsonBody<RedactBody>,
) -> Result<HttpResponse, Problem> {
    let view = room.catalogue().view();
    let codebook = view.codebook(&dataset).ok_or_else(|| absent::dataset(&view, &dataset))?;
    let RedactBody { keys, columns, ground, reason } = body;
    let redaction = Redaction::check(codebook.codebook(), ground.0, &reason, &columns, &keys)?;
    let attribution = room.attribution(&caller, &context);
    let InForce { recorded, already, answers_purged } = room.redact(redaction, attribution).await?;
    let redaction = RedactionBody::of(&recorded);
    let dataset = dataset.into_inner();
    json(StatusCode::OK, &RedactedBody { dataset, redaction, already, answers_purged })
}

/// Lists what the law takes out of a dataset; neither keys nor reasons.
#[utoipa::path(
    tag = "stewards",
    params(
        ("dataset" = String, Path, description = "The dataset's name."),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 1000, description = "Most items of the page; 100 unless given."),
        ("after" = Option<String>, Query, pattern = "^[1-9][0-9]{0,17}$", description = "The `next` of the page before."),
    ),
    responses((status = 200, description = "The redactions, the oldest first.", body = RedactionList)),
)]
#[get("/v1/datasets/{dataset}/redactions")]
pub(crate) async fn list_redactions(
    room: web::Data<Application>,
    dataset: web::Path<DatasetName>,
    page: Params<Page>,
) -> Result<HttpResponse, Problem> {
    let view = room.catalogue().view();
    view.codebook(&dataset).ok_or_else(|| absent::dataset(&view, &dataset))?;
    let all = view.redactions(&dataset).map_or(&[][..], |list| list.recorded());
    let (page, next) = page_of(all, &page.0, |recorded| recorded.number.to_string())?;
    let redactions = page.iter().map(|recorded| RedactionBody::of(recorded)).collect();
    json(StatusCode::OK, &RedactionList { redactions, next })
}

/// Writes the files of a dataset anew that still hold what was taken out. No body, or `{}`.
///
/// A snapshot with such files goes, and one under a new id stands in its place, in every edition
/// that names the old one. One that no edition has had is written anew like others; one that is
/// damaged stays as it is, and is named. The answer comes when all is done.
#[utoipa::path(
    tag = "stewards",
    params(("dataset" = String, Path, description = "The dataset's name.")),
    responses((status = 200, description = "What was done.", body = CompactedBody)),
)]
#[post("/v1/datasets/{dataset}/compact")]
pub(crate) async fn compact_dataset(
    room: web::Data<Application>,
    caller: Caller,
    context: RequestContext,
    dataset: web::Path<DatasetName>,
    _: NoBody,
) -> Result<HttpResponse, Problem> {
    let view = room.catalogue().view();
    view.codebook(&dataset).ok_or_else(|| absent::dataset(&view, &dataset))?;
    let attribution = room.attribution(&caller, &context);
    let dataset = dataset.into_inner();
    let report = room.compact(dataset.clone(), attribution).await?;
    json(StatusCode::OK, &CompactedBody::of(dataset, report))
}

/// Applies a dataset's retention as of today: rows that are too old are taken out, as a redaction.
#[utoipa::path(
    tag = "stewards",
    params(("dataset" = String, Path, description = "The dataset's name.")),
    request_body = RetentionOrder,
    responses((status = 200, description = "What goes, or would go.", body = RetentionBody)),
)]
#[post("/v1/datasets/{dataset}/retention")]
pub(crate) async fn apply_retention(
    room: web::Data<Application>,
    caller: Caller,
    context: RequestContext,
    dataset: web::Path<DatasetName>,
    JsonBody(order): JsonBody<RetentionOrder>,
) -> Result<HttpResponse, Problem> {
    let view = room.catalogue().view();
    view.codebook(&dataset).ok_or_else(|| absent::dataset(&view, &dataset))?;
    let attribution = room.attribution(&caller, &context);
    let report = room.apply_retention(&dataset, order.dry_run, attribution).await?;
    json(StatusCode::OK, &RetentionBody::of(dataset.into_inner(), report))
}

impl RedactionBody {
    fn of(recorded: &Recorded) -> Self {
        let redaction = &recorded.redaction;
        let (keys, clock, before) = match &redaction.rows {
            RedactedRows::Keys { keys, .. } => (Some(keys.len()), None, None),
            RedactedRows::Before { clock, day } => (None, Some(clock.clone()), Some(*day)),
        };
        Self {
            number: recorded.number,
            ground: redaction.ground,
            keys,
            columns: redaction.columns.iter().cloned().collect(),
            clock,
            before,
            at: recorded.at,
            log_index: recorded.entry,
        }
    }
}

impl CompactedBody {
    fn of(dataset: DatasetName, report: CompactReport) -> Self {
        let count = |(ground, RedactionCount { rows, cells })| (ground, CountBody { rows, cells });
        let replaced = |(snapshot, successor)| ReplacedBody { snapshot, successor };
        let damaged = |(snapshot, damage)| DamagedBody { snapshot, damage };
        Self {
            dataset,
            redactions: report.redactions,
            snapshots: report.snapshots.into_iter().map(replaced).collect(),
            files_searched: report.files_searched,
            files_rewritten: report.files_rewritten,
            removed: report.removed.into_iter().map(count).collect(),
            damaged: report.damaged.into_iter().map(damaged).collect(),
        }
    }
}

impl RetentionBody {
    fn of(dataset: DatasetName, report: RetentionReport) -> Self {
        let RetentionReport { retention, ground, before, current, in_force } = report;
        let (snapshot, rows) = current.unzip();
        Self {
            dataset,
            clock: retention.clock,
            keep: retention.keep,
            basis: retention.basis,
            ground,
            before,
            snapshot,
            rows,
            already: in_force.as_ref().is_some_and(|in_force| in_force.already),
            redaction: in_force.map(|in_force| RedactionBody::of(&in_force.recorded)),
        }
    }
}
