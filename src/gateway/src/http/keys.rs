//! `/v1/keys`: the public keys with which anyone checks log, manifests and editions.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get, web};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::Application;
use crate::http::door::permission::{Permission, Permissions};
use crate::http::problem::Problem;
use crate::http::wire::json;

/// Who may call what here.
pub(crate) const PERMISSIONS: Permissions = &[("read_keys", Permission::Anyone)];

/// Registers the operations of this file.
pub(crate) fn operations(config: &mut ServiceConfig) {
    config.service(read_keys);
}

/// The public keys, as C2SP signed notes write them: `<name>+<hash>+<base64>`.
#[derive(Serialize, ToSchema)]
struct KeysBody<'a> {
    /// Signs the log's checkpoints; its name is the log's origin.
    #[schema(
        example = "reading-room.example/log+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    )]
    log: &'a str,
    /// Signs manifests and editions.
    manifests: &'a str,
}

/// Gives the public keys of log and manifests.
///
/// Ask for them once, by a way that you trust, and keep them: a server that forged its log could
/// give you another key.
#[utoipa::path(
    tag = "catalogue",
    responses((status = 200, description = "The keys.", body = KeysBody<'_>)),
)]
#[get("/v1/keys")]
pub(crate) async fn read_keys(room: web::Data<Application>) -> Result<HttpResponse, Problem> {
    let keys = room.keys();
    json(StatusCode::OK, &KeysBody { log: &keys.log, manifests: &keys.manifests })
}
