//! What the contract says beside the operations: who we are, how to come in, how a no looks.

use std::collections::HashMap;

use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};

use crate::http::door::permission::Permission;

/// The name under which the contract knows bearer tokens.
const BEARER: &str = "bearer";

/// The document before any operation is added.
#[derive(utoipa::OpenApi)]
#[openapi(info(
    title = "Reading Room",
    version = "1",
    description = "Where vetted researchers consult a very large platform's public data \
        (Digital Services Act, Article 40). Every no is a problem document (RFC 9457).",
    license(name = "Apache-2.0 OR MIT", identifier = "Apache-2.0 OR MIT"),
))]
struct Base;

/// The document before any operation is added.
pub(crate) fn base() -> OpenApi {
    Base::openapi()
}

/// Adds to every operation what the door does for all of them.
pub(crate) fn complete(document: &mut OpenApi, permissions: &HashMap<&'static str, Permission>) {
    let token = Http::builder()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some("An access token (RFC 9068) of a configured issuer."))
        .build();
    let components = document.components.get_or_insert_default();
    components.add_security_scheme(BEARER, SecurityScheme::Http(token));
    for item in document.paths.paths.values_mut() {
        for operation in [&mut item.get, &mut item.post, &mut item.delete].into_iter().flatten() {
            let id = operation.operation_id.as_deref().unwrap_or_default();
            let security = match permissions.get(id) {
                Some(Permission::Anyone) => Vec::new(),
                _ => vec![SecurityRequirement::new::<_, [String; 0], _>(BEARER, [])],
            };
            operation.security = Some(security);
        }
    }
}
