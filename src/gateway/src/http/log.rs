//! `/v1/log`: the log in C2SP tlog-tiles form.
//!
//! Hashes say nothing of what was logged, so anyone may have them; the entries themselves are for
//! who oversees.

use actix_web::http::header;
use actix_web::{HttpResponse, get, web};
use domain::Role;
use ledger::TilePath;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::Application;
use crate::http::door::permission::{Permission, Permissions};
use crate::http::problem::{Kind, Problem};

/// Who may call what here.
pub(crate) const PERMISSIONS: Permissions = &[
    ("read_checkpoint", Permission::Anyone),
    ("read_tile", Permission::Anyone),
    ("read_entries", Permission::Roles(&[Role::Regulator, Role::Auditor])),
];

/// Registers the operations of this file.
pub(crate) fn operations(config: &mut ServiceConfig) {
    config.service(read_checkpoint).service(read_entries).service(read_tile);
}

/// How long a tile may be kept by others: it never changes.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";

/// The same of a bundle of entries, which no cache between may give to others.
const IMMUTABLE_PRIVATE: &str = "private, max-age=31536000, immutable";

/// Gives the newest checkpoint: origin, size and root hash, signed.
#[utoipa::path(
    tag = "log",
    responses((status = 200, description = "A C2SP tlog-checkpoint.", body = String,
        content_type = "text/plain", example = "reading-room.example/log\n3\nqJ0r…=\n\n— …\n")),
)]
#[get("/v1/log/checkpoint")]
pub(crate) async fn read_checkpoint(room: web::Data<Application>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/plain; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .body(room.audit().log().checkpoint().as_str().to_owned())
}

/// Gives a tile of hashes.
#[utoipa::path(
    tag = "log",
    params(
        ("level" = String, Path, description = "The tile's level, 0 to 5.", pattern = "^[0-5]$",
            example = "0"),
        ("number" = String, Path, description = "The tile's number, in groups of three digits, \
            with `.p/<width>` where it is partial.", example = "000.p/3"),
    ),
    responses((status = 200, description = "The hashes, 32 bytes each.", body = String,
        content_type = "application/octet-stream")),
)]
#[get("/v1/log/tile/{level:[0-9]+}/{number:.*}")]
pub(crate) async fn read_tile(
    room: web::Data<Application>,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (level, number) = path.into_inner();
    serve(room, format!("tile/{level}/{number}"), IMMUTABLE).await
}

/// Gives a bundle of entries.
#[utoipa::path(
    tag = "log",
    params(("number" = String, Path, description = "The bundle's number, in groups of three \
        digits, with `.p/<width>` where it is partial.", example = "000.p/3")),
    responses((status = 200, description = "The entries, each after its length.", body = String,
        content_type = "application/octet-stream")),
)]
#[get("/v1/log/tile/entries/{number:.*}")]
pub(crate) async fn read_entries(
    room: web::Data<Application>,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    serve(room, format!("tile/entries/{path}"), IMMUTABLE_PRIVATE).await
}

/// Gives a file of the log.
async fn serve(
    room: web::Data<Application>,
    path: String,
    keep: &'static str,
) -> Result<HttpResponse, Problem> {
    let path = TilePath::parse(&path).map_err(|_| no_such_tile())?;
    let read = web::block(move || room.audit().log().tile(&path)).await;
    let read = read.map_err(|error| Problem::internal().logged(&error))?;
    let bytes = read.map_err(|error| Problem::internal().logged(&error))?;
    let bytes = bytes.ok_or_else(no_such_tile)?;
    let mut response = HttpResponse::Ok();
    response.content_type("application/octet-stream");
    Ok(response.insert_header((header::CACHE_CONTROL, keep)).body(bytes))
}

fn no_such_tile() -> Problem {
    Kind::NotFound.problem("The newest checkpoint covers no such tile.")
}
