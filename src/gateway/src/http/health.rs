//! What machines ask of the gateway itself: does it live, is it ready, its numbers, its contract.

use std::collections::BTreeMap;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, get, web};
use sandbox::{Layer, Wall};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::Application;
use crate::http::door::contract::Contract;
use crate::http::door::permission::{Permission, Permissions};
use crate::http::problem::Problem;
use crate::http::wire::json;
use crate::http::wire::params::not_found;

/// Who may call what here.
pub(crate) const PERMISSIONS: Permissions = &[
    ("healthz", Permission::Anyone),
    ("readyz", Permission::Anyone),
    ("metrics", Permission::Anyone),
    ("openapi_yaml", Permission::Anyone),
    ("jwks", Permission::Anyone),
];

/// Registers the operations of this file.
pub(crate) fn operations(config: &mut ServiceConfig) {
    config.service(healthz).service(readyz).service(metrics).service(openapi_yaml).service(jwks);
}

/// Says that the process lives.
#[utoipa::path(
    tag = "service",
    responses((status = 200, description = "It lives.", body = String,
        content_type = "text/plain", example = "alive\n")),
)]
#[get("/healthz")]
pub(crate) async fn healthz() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("alive\n")
}

/// What is ready and what is not.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "ready": true,
    "sandbox": "strict",
    "sandbox_layers": ["rlimits", "namespaces", "landlock", "seccomp"],
    "parts": {"log": "ready", "catalogue": "ready", "server": "ready"},
    "compaction": "done",
}))]
pub(crate) struct ReadinessBody {
    /// Whether everything is.
    ready: bool,
    /// How much of the wall must stand around workers: `strict`, `best-effort`, `off`.
    sandbox: &'static str,
    /// The layers that stand.
    sandbox_layers: Vec<&'static str>,
    /// Each part: `ready`, or what is wrong with it.
    parts: BTreeMap<&'static str, &'static str>,
    /// Whether what was redacted is gone from all files: `done`, `pending`, or `overdue` where it
    /// has been waiting for longer than `redaction.compact_within_days`. Until then it is in no
    /// answer either, so that the server is as ready as ever.
    compaction: &'static str,
}

/// Says whether every part is ready, and which sandbox level is in force.
#[utoipa::path(
    tag = "service",
    responses(
        (status = 200, description = "Every part is ready.", body = ReadinessBody),
        (status = 503, description = "Some part is not.", body = ReadinessBody),
    ),
)]
#[get("/readyz")]
pub(crate) async fn readyz(room: web::Data<Application>) -> Result<HttpResponse, Problem> {
    let word = |is_ready, otherwise| if is_ready { "ready" } else { otherwise };
    let parts = BTreeMap::from([
        ("log", word(room.audit().log().is_available(), "accepts no entries")),
        ("catalogue", word(room.catalogue().damaged().is_empty(), "has damaged snapshots")),
        ("server", word(!room.is_closing(), "is being stopped")),
    ]);
    let ready = parts.values().all(|word| *word == "ready");
    let Wall { level, layers } = room.pool().wall();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let compaction = room.metrics().compaction();
    let sandbox_layers = layers.into_iter().map(Layer::as_str).collect();
    let sandbox = level.as_str();
    json(status, &ReadinessBody { ready, sandbox, sandbox_layers, parts, compaction })
}

/// Gives all numbers, for Prometheus.
///
/// Where the operator gave metrics a port of their own, they are there and not here.
#[utoipa::path(
    tag = "service",
    responses((status = 200, description = "The numbers.", body = String,
        content_type = "text/plain")),
)]
#[get("/metrics")]
pub(crate) async fn metrics(room: web::Data<Application>) -> Result<HttpResponse, Problem> {
    if room.settings().metrics_listen.is_some() {
        return Err(not_found());
    }
    Ok(numbers(&room))
}

/// All numbers in Prometheus's text form.
pub(crate) fn numbers(room: &Application) -> HttpResponse {
    // These are states, not events, so they are looked at when they are asked for.
    room.metrics().workers(room.pool().counts());
    HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4; charset=utf-8")
        .body(room.metrics().render())
}

/// Gives the contract: this document.
#[utoipa::path(
    tag = "service",
    responses((status = 200, description = "The contract.", body = Object,
        content_type = "application/yaml")),
)]
#[get("/openapi.yaml")]
pub(crate) async fn openapi_yaml() -> HttpResponse {
    HttpResponse::Ok().content_type("application/yaml").body(Contract::get().yaml())
}

/// Gives the public keys of the embedded issuer, as a JWK set (RFC 7517).
#[utoipa::path(
    tag = "service",
    responses((status = 200, description = "The keys.", content_type = "application/json",
        body = JwksBody)),
)]
#[get("/.well-known/jwks.json")]
pub(crate) async fn jwks(room: web::Data<Application>) -> Result<HttpResponse, Problem> {
    let mut response = json(StatusCode::OK, &room.access().jwks())?;
    let keep = header::HeaderValue::from_static("public, max-age=300");
    response.headers_mut().insert(header::CACHE_CONTROL, keep);
    Ok(response)
}

/// A JWK set.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its schema is used; the access room writes it")]
#[schema(example = json!({
    "keys": [{"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": "…", "x": "…"}],
}))]
pub(crate) struct JwksBody {
    /// The keys.
    #[schema(value_type = Vec<Object>)]
    keys: Vec<serde_json::Value>,
}
