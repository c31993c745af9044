//! `/v1/datasets/{dataset}/snapshots`: the versions of a dataset, their signed manifests, and what
//! stewards do with them. Reading is open to anyone; publishing is in `publications`.

mod standing;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use catalogue::{Listed, Snapshot, Tombstone, Verification, View, Withdrawal};
use domain::{DatasetName, Date, Role, Sha256Digest, SnapshotId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::Application;
use crate::http::absent;
use crate::http::door::caller::Caller;
use crate::http::door::permission::{Permission, Permissions};
use crate::http::door::request::RequestContext;
use crate::http::editions::EditionBody;
use crate::http::problem::Problem;
use crate::http::wire::document::{Lasting, document};
use crate::http::wire::nothing::{NoBody, OptionalBody};
use crate::http::wire::params::page_of;
use crate::http::wire::{Page, Params, ReadsJson, json};
use crate::publish::Reason;

/// Who may call what here.
pub(crate) const PERMISSIONS: Permissions = &[
    ("list_snapshots", Permission::Anyone),
    ("read_manifest_signature", Permission::Anyone),
    ("read_manifest", Permission::Anyone),
    ("activate", Permission::Roles(&[Role::Steward])),
    ("verify_snapshot", Permission::Roles(&[Role::Steward])),
    ("withdraw", Permission::Roles(&[Role::Steward])),
    ("list_affected", Permission::Roles(&[Role::Steward])),
];

/// Registers the operations of this file.
pub(crate) fn operations(config: &mut ServiceConfig) {
    // The signature first: its address ends in more than an id, and the first that fits is taken.
    config.service(list_snapshots).service(read_manifest_signature).service(read_manifest);
    config.service(activate).service(verify_snapshot);
    config.service(standing::withdraw).service(standing::list_affected);
}

/// A page of snapshots.
#[derive(Serialize, ToSchema)]
struct SnapshotList {
    /// The latest day first, then the newest.
    snapshots: Vec<SnapshotSummary>,
    /// The `after` of the next page, if there is one.
    next: Option<String>,
}

/// One snapshot in a list.
#[derive(Serialize, ToSchema)]
struct SnapshotSummary {
    /// Its id.
    #[schema(value_type = String, example = "s-4oymiquy7qobjgx36tej")]
    id: SnapshotId,
    /// `current` in the newest edition, `former` in an earlier one, `staged` in none yet, or `held`
    /// in none until a person has looked at what was found; or `withdrawn`, wherever it is; or
    /// `redacted`, where it was written anew without what the law takes out: then only a tombstone
    /// stays, and what its manifest said is null.
    #[schema(example = "current")]
    state: &'static str,
    /// The day whose state it shows.
    #[schema(value_type = Option<String>, format = Date)]
    as_of: Option<Date>,
    /// When it was made.
    #[schema(value_type = Option<String>, format = DateTime)]
    created: Option<Timestamp>,
    /// Its rows.
    row_count: Option<u64>,
    /// Its files.
    files: Option<usize>,
    /// The bytes of its files.
    bytes: Option<u64>,
    /// The version of its columns.
    schema_version: Option<u32>,
    /// The snapshot that it replaced because that one was wrong.
    #[schema(value_type = Option<String>)]
    supersedes: Option<SnapshotId>,
    /// Why, where it replaced one.
    reason: Option<String>,
    /// The snapshots that were published in its place.
    #[schema(value_type = Vec<String>)]
    superseded_by: Vec<SnapshotId>,
    /// When and why it was withdrawn, if it was.
    withdrawn: Option<WithdrawalBody>,
    /// What stands in its place since when, if it was written anew.
    redacted: Option<SuccessionBody>,
    /// The digest of its manifest.
    #[schema(value_type = String)]
    manifest_sha256: Sha256Digest,
}

/// When and why a snapshot was withdrawn.
#[derive(Serialize, ToSchema)]
struct WithdrawalBody {
    /// Why.
    reason: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
}

/// What stands in the place of a snapshot that was written anew.
#[derive(Serialize, ToSchema)]
struct SuccessionBody {
    /// The snapshot that was made of it; it may have been written anew itself since.
    #[schema(value_type = String)]
    successor: SnapshotId,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
}

/// What reading every byte of a snapshot again found.
#[derive(Serialize, ToSchema)]
struct VerificationBody {
    /// The snapshot.
    #[schema(value_type = String)]
    id: SnapshotId,
    /// Files of data that were read.
    files: u64,
    /// Their bytes, but for those of damaged ones.
    bytes: u64,
    /// What is not as it was signed; nothing, if all is well.
    damage: Vec<DamageBody>,
}

/// One file that is not as it was signed.
#[derive(Serialize, ToSchema)]
struct DamageBody {
    /// Where it lies in the data folder.
    file: String,
    /// What is wrong with it.
    what: String,
}

/// Lists the snapshots that a dataset ever had: each is followed by those in whose place it stands.
#[utoipa::path(
    tag = "catalogue",
    params(
        ("dataset" = String, Path, description = "The dataset's name."),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 1000, description = "Most items of the page; 100 unless given."),
        ("after" = Option<String>, Query, pattern = "^s-[a-z2-7]{20}$", description = "The `next` of the page before."),
    ),
    responses((status = 200, description = "The snapshots, the latest day first.", body = SnapshotList)),
)]
#[get("/v1/datasets/{dataset}/snapshots")]
pub(crate) async fn list_snapshots(
    room: web::Data<Application>,
    dataset: web::Path<DatasetName>,
    page: Params<Page>,
) -> Result<HttpResponse, Problem> {
    let view = room.catalogue().view();
    view.codebook(&dataset).ok_or_else(|| absent::dataset(&view, &dataset))?;
    let all = view.listed(&dataset);
    let (page, next) = page_of(&all, &page.0, |listed| listed.id().to_string())?;
    let snapshots = page.iter().map(|listed| match listed {
        Listed::Snapshot(snapshot) => summary(&view, snapshot),
        Listed::Tombstone(stone) => remainder(&view, stone.tombstone()),
    });
    let snapshots = snapshots.collect();
    json(StatusCode::OK, &SnapshotList { snapshots, next })
}

/// Gives a snapshot's manifest, byte for byte as it was signed.
///
/// Of a snapshot that was written anew without what the law takes out, its tombstone: `state` is
/// `redacted`, and it names the `successor` that stands in its place.
#[utoipa::path(
    tag = "catalogue",
    params(
        ("dataset" = String, Path, description = "The dataset's name."),
        ("id" = String, Path, description = "The snapshot's id."),
    ),
    responses(
        (status = 200, description = "The manifest, canonical JSON.", body = Object,
            content_type = "application/json"),
        (status = 304, description = "The caller has it already."),
    ),
)]
#[get("/v1/datasets/{dataset}/snapshots/{id}")]
pub(crate) async fn read_manifest(
    room: web::Data<Application>,
    path: web::Path<(DatasetName, SnapshotId)>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let view = room.catalogue().view();
    if let Some(stone) = view.tombstone(&path.0, &path.1) {
        return Ok(document(&request, "application/json", Lasting::Forever, stone.bytes()));
    }
    let snapshot = view.snapshot(&path.0, &path.1);
    let snapshot = snapshot.ok_or_else(|| absent::snapshot(&view, &path.0, &path.1))?;
    // It may make room for a tombstone one day.
    let bytes = snapshot.manifest_bytes();
    Ok(document(&request, "application/json", Lasting::UntilPublished, bytes))
}

/// Gives the signature of a snapshot's manifest: a C2SP signed note over its digest.
#[utoipa::path(
    tag = "catalogue",
    params(
        ("dataset" = String, Path, description = "The dataset's name."),
        ("id" = String, Path, description = "The snapshot's id."),
    ),
    responses(
        (status = 200, description = "The signed note.", body = String, content_type = "text/plain"),
        (status = 304, description = "The caller has it already."),
    ),
)]
#[get("/v1/datasets/{dataset}/snapshots/{id}.sig")]
pub(crate) async fn read_manifest_signature(
    room: web::Data<Application>,
    path: web::Path<(DatasetName, SnapshotId)>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let view = room.catalogue().view();
    if let Some(stone) = view.tombstone(&path.0, &path.1) {
        let bytes = stone.signature().as_bytes();
        return Ok(document(&request, "text/plain; charset=utf-8", Lasting::Forever, bytes));
    }
    let snapshot = view.snapshot(&path.0, &path.1);
    let snapshot = snapshot.ok_or_else(|| absent::snapshot(&view, &path.0, &path.1))?;
    let bytes = snapshot.signature().as_bytes();
    Ok(document(&request, "text/plain; charset=utf-8", Lasting::UntilPublished, bytes))
}

/// Why a snapshot is made the current one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "checked against the export by hand"}))]
struct ActivateBody {
    /// Why: up to 1000 characters, which the log has as they are.
    reason: Option<String>,
}

impl ReadsJson for ActivateBody {
    const BODY_BYTES_MAX: usize = 1 << 14;
}

/// Makes a snapshot the current one, in a new edition. No body, or one with a reason.
#[utoipa::path(
    tag = "stewards",
    params(
        ("dataset" = String, Path, description = "The dataset's name."),
        ("id" = String, Path, description = "The snapshot's id."),
    ),
    request_body = Option<ActivateBody>,
    responses((status = 200, description = "The edition in which it is current.", body = EditionBody)),
)]
#[post("/v1/datasets/{dataset}/snapshots/{id}/activate")]
pub(crate) async fn activate(
    room: web::Data<Application>,
    caller: Caller,
    context: RequestContext,
    path: web::Path<(DatasetName, SnapshotId)>,
    OptionalBody(body): OptionalBody<ActivateBody>,
) -> Result<HttpResponse, Problem> {
    let attribution = room.attribution(&caller, &context);
    let (dataset, id) = path.into_inner();
    let reason = body.and_then(|body| body.reason);
    let reason = reason.as_deref().map(Reason::parse).transpose()?;
    let view = room.catalogue().view();
    view.snapshot(&dataset, &id).ok_or_else(|| absent::snapshot(&view, &dataset, &id))?;
    let edition = room.activate(vec![(dataset, id)], reason, attribution).await?;
    json(StatusCode::OK, &EditionBody::of(&edition))
}

/// Reads every byte of a snapshot again and says which files are not as they were signed. No
/// body, or `{}`.
#[utoipa::path(
    tag = "stewards",
    params(
        ("dataset" = String, Path, description = "The dataset's name."),
        ("id" = String, Path, description = "The snapshot's id."),
    ),
    responses((status = 200, description = "What was found.", body = VerificationBody)),
)]
#[post("/v1/datasets/{dataset}/snapshots/{id}/verify")]
pub(crate) async fn verify_snapshot(
    room: web::Data<Application>,
    path: web::Path<(DatasetName, SnapshotId)>,
    _: NoBody,
) -> Result<HttpResponse, Problem> {
    let (dataset, id) = path.into_inner();
    let view = room.catalogue().view();
    let snapshot = view.snapshot(&dataset, &id).cloned();
    let snapshot = snapshot.ok_or_else(|| absent::snapshot(&view, &dataset, &id))?;
    let verification = web::block(move || room.catalogue().verify(&snapshot))
        .await
        .map_err(|error| Problem::internal().logged(&error))?;
    json(StatusCode::OK, &verification_body(id, &verification))
}

fn summary(view: &View, snapshot: &Snapshot) -> SnapshotSummary {
    let manifest = snapshot.manifest();
    let withdrawal = view.withdrawal(snapshot.dataset(), snapshot.id());
    let corrections = view.superseded_by(snapshot).into_iter();
    SnapshotSummary {
        id: snapshot.id().clone(),
        state: withdrawal.map_or_else(|| view.state(snapshot).as_str(), |_| "withdrawn"),
        as_of: Some(manifest.as_of),
        created: Some(manifest.created),
        row_count: Some(manifest.row_count),
        files: Some(manifest.resources.len()),
        bytes: Some(manifest.resources.iter().map(|resource| resource.bytes).sum()),
        schema_version: Some(manifest.schema_version),
        supersedes: manifest.supersedes.clone(),
        reason: manifest.reason.clone(),
        superseded_by: corrections.map(|it| it.id().clone()).collect(),
        withdrawn: withdrawal.map(WithdrawalBody::of),
        redacted: None,
        manifest_sha256: snapshot.manifest_sha256(),
    }
}

/// What a list says of a snapshot that was written anew.
fn remainder(view: &View, stone: &Tombstone) -> SnapshotSummary {
    let Tombstone { dataset, snapshot, successor, at, .. } = stone;
    SnapshotSummary {
        id: snapshot.id.clone(),
        state: "redacted",
        as_of: None,
        created: None,
        row_count: None,
        files: None,
        bytes: None,
        schema_version: None,
        supersedes: None,
        reason: None,
        superseded_by: Vec::new(),
        withdrawn: view.withdrawal(dataset, &snapshot.id).map(WithdrawalBody::of),
        redacted: Some(SuccessionBody { successor: successor.id.clone(), at: *at }),
        manifest_sha256: snapshot.manifest_sha256,
    }
}

impl WithdrawalBody {
    fn of(withdrawal: &Withdrawal) -> Self {
        Self { reason: withdrawal.reason.clone(), at: withdrawal.at }
    }
}

fn verification_body(id: SnapshotId, verification: &Verification) -> VerificationBody {
    let damage = verification.damages.iter().map(|damage| DamageBody {
        file: damage.file.display().to_string(),
        what: damage.kind.to_string(),
    });
    VerificationBody {
        id,
        files: verification.files,
        bytes: verification.bytes,
        damage: damage.collect(),
    }
}
