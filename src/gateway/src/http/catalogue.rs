//! `/catalog.jsonld` and `…/croissant`: the datasets in the words of data portals and of machine
//! learning. Open to anyone, like all of the catalogue.
//!
//! # Rooms
//! - [`about`]: who publishes, at which address; [`coverage`]: which time a snapshot is about
//! - [`dcat`]: DCAT-AP 3; [`croissant`]: Croissant 1.1, with [`responsible`] on how the data came about

mod about;
mod coverage;
mod croissant;
mod dcat;
mod responsible;

use actix_web::{HttpRequest, HttpResponse, get, web};
use domain::DatasetName;
use serde_json::Value;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::Application;
use crate::http::absent;
use crate::http::catalogue::about::About;
use crate::http::door::permission::{Permission, Permissions};
use crate::http::problem::Problem;
use crate::http::wire::document::{Lasting, document};

/// Who may call what here.
pub(crate) const PERMISSIONS: Permissions =
    &[("read_catalogue", Permission::Anyone), ("read_croissant", Permission::Anyone)];

/// What both documents are.
const JSON_LD: &str = "application/ld+json";

/// Registers the operations of this file.
pub(crate) fn operations(config: &mut ServiceConfig) {
    config.service(read_catalogue).service(read_croissant);
}

/// Gives the catalogue in DCAT-AP 3, as JSON-LD, for data portals to harvest.
///
/// Rows are had by asking in SQL, so each dataset is described with the service that answers.
#[utoipa::path(
    tag = "catalogue",
    responses(
        (status = 200, description = "The catalogue.", body = Object,
            content_type = "application/ld+json"),
        (status = 304, description = "The caller has it already."),
    ),
)]
#[get("/catalog.jsonld")]
pub(crate) async fn read_catalogue(
    room: web::Data<Application>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let described = dcat::catalogue(&room.catalogue().view(), &About::of(&room));
    linked_data(&request, &described)
}

/// Gives the current snapshot of a dataset in Croissant 1.1, as JSON-LD.
///
/// It describes the snapshot's files and columns; the files themselves are not given out.
#[utoipa::path(
    tag = "catalogue",
    params(("dataset" = String, Path, description = "The dataset's name.")),
    responses(
        (status = 200, description = "The snapshot that the newest edition has.", body = Object,
            content_type = "application/ld+json"),
        (status = 304, description = "The caller has it already."),
    ),
)]
#[get("/v1/datasets/{dataset}/croissant")]
pub(crate) async fn read_croissant(
    room: web::Data<Application>,
    dataset: web::Path<DatasetName>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let view = room.catalogue().view();
    let absent = || absent::current(&view, &dataset);
    let edition = view.newest().ok_or_else(absent)?;
    let snapshot = view.in_edition(edition.edition(), &dataset).ok_or_else(absent)?;
    let described = croissant::snapshot(snapshot, edition.edition(), &About::of(&room));
    linked_data(&request, &described)
}

/// Answers with JSON-LD.
fn linked_data(request: &HttpRequest, described: &Value) -> Result<HttpResponse, Problem> {
    let bytes = serde_json::to_vec(described);
    let bytes = bytes.map_err(|error| Problem::internal().logged(&error))?;
    Ok(document(request, JSON_LD, Lasting::UntilPublished, &bytes))
}
