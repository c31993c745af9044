//! `/v1/editions`: the consistent sets of snapshots that papers cite. Open to anyone.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, web};
use catalogue::SignedEdition;
use domain::edition::SnapshotRef;
use domain::{DatasetName, Date, EditionId, Sha256Digest, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::Application;
use crate::http::absent;
use crate::http::door::permission::{Permission, Permissions};
use crate::http::problem::Problem;
use crate::http::wire::document::{Lasting, document};
use crate::http::wire::params::page_of;
use crate::http::wire::{Page, Params, json};

/// Who may call what here.
pub(crate) const PERMISSIONS: Permissions = &[
    ("list_editions", Permission::Anyone),
    ("read_edition_signature", Permission::Anyone),
    ("read_edition", Permission::Anyone),
];

/// Registers the operations of this file.
pub(crate) fn operations(config: &mut ServiceConfig) {
    // The signature first: its address ends in more than an id, and the first that fits is taken.
    config.service(list_editions).service(read_edition_signature).service(read_edition);
}

/// A page of editions.
#[derive(Serialize, ToSchema)]
struct EditionList {
    /// The newest first.
    editions: Vec<EditionBody>,
    /// The `after` of the next page, if there is one.
    next: Option<String>,
}

/// One edition.
#[derive(Serialize, ToSchema)]
pub(crate) struct EditionBody {
    /// Its id, which a paper cites.
    #[schema(value_type = String, example = "e-212")]
    id: EditionId,
    /// The day whose state it shows.
    #[schema(value_type = String, format = Date)]
    as_of: Date,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created: Timestamp,
    /// The snapshot of each dataset, with the digest of its manifest.
    #[schema(value_type = Object)]
    snapshots: BTreeMap<DatasetName, SnapshotRef>,
    /// The digest of the signed document.
    #[schema(value_type = String)]
    sha256: Sha256Digest,
}

impl EditionBody {
    /// What lists say of an edition.
    pub(crate) fn of(signed: &SignedEdition) -> Self {
        let edition = signed.edition();
        Self {
            id: edition.id.clone(),
            as_of: edition.as_of,
            created: edition.created,
            snapshots: edition.snapshots.clone(),
            sha256: signed.sha256(),
        }
    }
}

/// Lists the editions.
#[utoipa::path(
    tag = "catalogue",
    params(
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 1000, description = "Most items of the page; 100 unless given."),
        ("after" = Option<String>, Query, pattern = "^e-[1-9][0-9]{0,17}$", description = "The `next` of the page before."),
    ),
    responses((status = 200, description = "The editions, the newest first.", body = EditionList)),
)]
#[get("/v1/editions")]
pub(crate) async fn list_editions(
    room: web::Data<Application>,
    page: Params<Page>,
) -> Result<HttpResponse, Problem> {
    let view = room.catalogue().view();
    let all: Vec<_> = view.editions().iter().rev().collect();
    let (page, next) = page_of(&all, &page.0, |signed| signed.id().to_string())?;
    let editions = page.iter().map(|signed| EditionBody::of(signed)).collect();
    json(StatusCode::OK, &EditionList { editions, next })
}

/// Gives an edition, byte for byte as it was signed.
#[utoipa::path(
    tag = "catalogue",
    params(("id" = String, Path, description = "The edition's id.")),
    responses(
        (status = 200, description = "The edition, canonical JSON.", body = Object,
            content_type = "application/json"),
        (status = 304, description = "The caller has it already."),
    ),
)]
#[get("/v1/editions/{id}")]
pub(crate) async fn read_edition(
    room: web::Data<Application>,
    id: web::Path<EditionId>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let view = room.catalogue().view();
    let signed = view.edition_by_id(&id).ok_or_else(|| absent::edition(&view, &id))?;
    Ok(document(&request, "application/json", Lasting::Forever, signed.bytes()))
}

/// Gives the signature of an edition: a C2SP signed note over its digest.
#[utoipa::path(
    tag = "catalogue",
    params(("id" = String, Path, description = "The edition's id.")),
    responses(
        (status = 200, description = "The signed note.", body = String, content_type = "text/plain"),
        (status = 304, description = "The caller has it already."),
    ),
)]
#[get("/v1/editions/{id}.sig")]
pub(crate) async fn read_edition_signature(
    room: web::Data<Application>,
    id: web::Path<EditionId>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let view = room.catalogue().view();
    let signed = view.edition_by_id(&id).ok_or_else(|| absent::edition(&view, &id))?;
    let bytes = signed.signature().as_bytes();
    Ok(document(&request, "text/plain; charset=utf-8", Lasting::Forever, bytes))
}
