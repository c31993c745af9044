//! `/healthz`, `/readyz`, `/metrics`, `/openapi.yaml`: what machines ask of the gateway itself.

use actix_web::{HttpResponse, Responder, get};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::http::door::contract::Contract;
use crate::http::door::permission::{Permission, Permissions};

/// Who may call what here.
pub(crate) const PERMISSIONS: Permissions =
    &[("healthz", Permission::Anyone), ("openapi_yaml", Permission::Anyone)];

/// Registers the operations of this file.
pub(crate) fn operations(config: &mut ServiceConfig) {
    config.service(healthz).service(openapi_yaml);
}

/// Says that the process lives.
#[utoipa::path(
    tag = "service",
    responses((status = 200, description = "It lives.", body = String, content_type = "text/plain",
        example = "alive\n")),
)]
#[get("/healthz")]
pub(crate) async fn healthz() -> impl Responder {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("alive\n")
}

/// The contract: this document.
#[utoipa::path(
    tag = "service",
    responses((status = 200, description = "The contract.", body = String,
        content_type = "application/yaml")),
)]
#[get("/openapi.yaml")]
pub(crate) async fn openapi_yaml() -> impl Responder {
    HttpResponse::Ok().content_type("application/yaml").body(Contract::get().yaml())
}
