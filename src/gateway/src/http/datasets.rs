//! `/v1/datasets`: what there is to consult, and what its columns mean. Open to anyone.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, web};
use catalogue::{Snapshot, StoredCodebook, View};
use domain::codebook::{Codebook, Kind, KnownGap, Tier};
use domain::manifest::Coverage;
use domain::{DatasetName, Date, Sha256Digest, SnapshotId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::Application;
use crate::http::absent;
use crate::http::door::permission::{Permission, Permissions};
use crate::http::problem::Problem;
use crate::http::wire::document::{Lasting, document};
use crate::http::wire::{Page, Params, json};

/// Who may call what here.
pub(crate) const PERMISSIONS: Permissions = &[
    ("list_datasets", Permission::Anyone),
    ("show_dataset", Permission::Anyone),
    ("read_codebook", Permission::Anyone),
];

/// Registers the operations of this file.
pub(crate) fn operations(config: &mut ServiceConfig) {
    config.service(list_datasets).service(show_dataset).service(read_codebook);
}

/// A page of datasets.
#[derive(Serialize, ToSchema)]
struct DatasetList {
    /// In the order of their names.
    datasets: Vec<DatasetSummary>,
    /// The `after` of the next page, if there is one.
    next: Option<String>,
}

/// One dataset in a list.
#[derive(Serialize, ToSchema)]
struct DatasetSummary {
    /// Its name in URLs, grants and SQL.
    #[schema(value_type = String, example = "listings")]
    name: DatasetName,
    /// A line that names it.
    title: String,
    /// Who may be granted it: `public`, `vetted` or `oversight`.
    #[schema(value_type = String, example = "public")]
    tier: Tier,
    /// Whether a snapshot is the whole (`state`) or a set of `periods`.
    #[schema(value_type = String, example = "state")]
    kind: Kind,
    /// What one row is about.
    row_unit: String,
    /// The snapshot that the newest edition has, if any.
    #[schema(value_type = Option<String>, example = "s-4oymiquy7qobjgx36tej")]
    current: Option<SnapshotId>,
    /// The day whose state that snapshot shows.
    #[schema(value_type = Option<String>, format = Date)]
    as_of: Option<Date>,
    /// Its rows.
    row_count: Option<u64>,
    /// The version of its columns.
    schema_version: u32,
}

/// One dataset.
#[derive(Serialize, ToSchema)]
struct DatasetDetail {
    /// What lists say of it.
    #[serde(flatten)]
    summary: DatasetSummary,
    /// What it holds.
    description: String,
    /// The articles it answers to.
    legal_basis: Vec<String>,
    /// Which periods the current snapshot has, and which between them it lacks.
    #[schema(value_type = Option<Object>)]
    coverage: Option<Coverage>,
    /// Times for which the data is known to be incomplete.
    #[schema(value_type = Vec<Object>)]
    known_gaps: Vec<KnownGap>,
    /// The digest of its codebook, as manifests name it.
    #[schema(value_type = String)]
    codebook_sha256: Sha256Digest,
    /// How many snapshots of it there are.
    snapshots: usize,
}

/// Which codebook is asked for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CodebookParams {
    snapshot: Option<SnapshotId>,
}

/// Lists the datasets.
#[utoipa::path(
    tag = "catalogue",
    params(
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 1000, description = "Most items of the page; 100 unless given."),
        ("after" = Option<String>, Query, description = "The `next` of the page before."),
    ),
    responses((status = 200, description = "The datasets, by name.", body = DatasetList)),
)]
#[get("/v1/datasets")]
pub(crate) async fn list_datasets(
    room: web::Data<Application>,
    page: Params<Page>,
) -> Result<HttpResponse, Problem> {
    let view = room.catalogue().view();
    let limit = page.0.limit()?;
    let after = page.0.after.as_deref().unwrap_or_default();
    let mut rest = view.datasets().into_iter().filter(|name| after < name.as_str()).peekable();
    let names: Vec<_> = rest.by_ref().take(limit).collect();
    let more = rest.peek().and_then(|_| names.last());
    let next = more.map(|last| last.as_str().to_owned());
    let datasets = names.iter().filter_map(|name| summary(&view, name)).collect();
    json(StatusCode::OK, &DatasetList { datasets, next })
}

/// Shows one dataset.
#[utoipa::path(
    tag = "catalogue",
    params(("dataset" = String, Path, description = "The dataset's name.")),
    responses((status = 200, description = "The dataset.", body = DatasetDetail)),
)]
#[get("/v1/datasets/{dataset}")]
pub(crate) async fn show_dataset(
    room: web::Data<Application>,
    name: web::Path<DatasetName>,
) -> Result<HttpResponse, Problem> {
    let view = room.catalogue().view();
    let detail = detail(&view, &name).ok_or_else(|| absent::dataset(&view, &name))?;
    json(StatusCode::OK, &detail)
}

/// Shows a dataset's codebook: the current snapshot's, or that of the snapshot named.
#[utoipa::path(
    tag = "catalogue",
    params(
        ("dataset" = String, Path, description = "The dataset's name."),
        ("snapshot" = Option<String>, Query, pattern = "^s-[a-z2-7]{20}$", description = "The snapshot whose codebook is meant."),
    ),
    responses(
        (status = 200, description = "The codebook, as canonical JSON, over which its digest goes.",
            body = Object, content_type = "application/json"),
        (status = 304, description = "The caller has it already."),
    ),
)]
#[get("/v1/datasets/{dataset}/codebook")]
pub(crate) async fn read_codebook(
    room: web::Data<Application>,
    name: web::Path<DatasetName>,
    params: Params<CodebookParams>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let view = room.catalogue().view();
    let (stored, lasting) = match &params.0.snapshot {
        Some(id) => {
            let stored = view.resolve(&name, id).map(|snapshot| snapshot.stored_codebook());
            (stored, Lasting::Forever)
        }
        None => (view.codebook(&name), Lasting::UntilPublished),
    };
    let stored = stored.ok_or_else(|| match &params.0.snapshot {
        Some(id) => absent::snapshot(&view, &name, id),
        None => absent::dataset(&view, &name),
    })?;
    Ok(document(&request, "application/json", lasting, stored.bytes()))
}

fn summary(view: &View, name: &DatasetName) -> Option<DatasetSummary> {
    let stored = view.codebook(name)?;
    Some(summary_of(stored.codebook(), view.current(name).map(AsRef::as_ref)))
}

fn summary_of(codebook: &Codebook, current: Option<&Snapshot>) -> DatasetSummary {
    DatasetSummary {
        name: codebook.name.clone(),
        title: codebook.title.clone(),
        tier: codebook.tier,
        kind: codebook.kind,
        row_unit: codebook.row_unit.clone(),
        current: current.map(|current| current.id().clone()),
        as_of: current.map(|current| current.manifest().as_of),
        row_count: current.map(|current| current.manifest().row_count),
        schema_version: codebook.schema_version,
    }
}

fn detail(view: &View, name: &DatasetName) -> Option<DatasetDetail> {
    let stored: &StoredCodebook = view.codebook(name)?;
    let (codebook, current) = (stored.codebook(), view.current(name).map(AsRef::as_ref));
    Some(DatasetDetail {
        summary: summary_of(codebook, current),
        description: codebook.description.trim().to_owned(),
        legal_basis: codebook.legal_basis.clone(),
        coverage: current.map(|current| current.manifest().coverage.clone()),
        known_gaps: codebook.known_gaps.clone(),
        codebook_sha256: stored.sha256(),
        snapshots: view.snapshots(name).len(),
    })
}
