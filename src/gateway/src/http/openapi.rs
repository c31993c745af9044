//! What the contract says beside the operations: who we are, how to come in, what every response
//! has, and how a no looks.
//!
//! # Rooms
//! - [`examples`]: of what operations answer; [`headers`]: the headers of responses; [`problems`]: which no an operation may give.

mod examples;
mod headers;
mod problems;

use std::collections::HashMap;

use utoipa::OpenApi as _;
use utoipa::openapi::path::{Operation, ParameterIn};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Components, OpenApi, PathItem, RefOr};

use crate::http::door::permission::Permission;

/// The name under which the contract knows bearer tokens.
const BEARER: &str = "bearer";

/// The document before any operation is added.
#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Reading Room",
        version = "1",
        description = "Where vetted researchers consult a very large platform's public data \
            (Digital Services Act, Article 40). Every no is a problem document (RFC 9457) whose \
            `type` is a page of docs/problems/; every response names its request in \
            `Reading-Room-Request`. HEAD is served wherever GET is.",
        license(name = "Apache-2.0 OR MIT", identifier = "Apache-2.0 OR MIT"),
    ),
    tags(
        (name = "queries", description = "Questions in SQL, their records, their answers."),
        (name = "catalogue", description = "Datasets, codebooks, snapshots and editions: public."),
        (name = "access", description = "Who may come in: tokens, projects, members, grants."),
        (name = "stewards", description = "Publishing snapshots and activating them."),
        (name = "log", description = "The visitors' book, in C2SP tlog-tiles form."),
        (name = "service", description = "What machines ask of the gateway itself."),
    ),
    components(schemas(problems::ProblemBody)),
)]
struct Base;

/// The document before any operation is added.
pub(crate) fn base() -> OpenApi {
    Base::openapi()
}

/// What is needed to complete an operation.
struct Facts {
    permission: Permission,
    has_path_parameters: bool,
    has_other_parameters: bool,
    has_body: bool,
    /// Whether it answers with more than a status.
    has_content: bool,
}

/// Adds to every operation what the door does for all of them.
///
/// # Order
/// After the handlers' own annotations were read; what they say of a status stays.
pub(crate) fn complete(document: &mut OpenApi, permissions: &HashMap<&'static str, Permission>) {
    let token = Http::builder()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some("An access token (RFC 9068) of a configured issuer."))
        .build();
    let components = document.components.get_or_insert_with(Components::new);
    components.add_security_scheme(BEARER, SecurityScheme::Http(token));
    components.headers = headers::components();
    components.examples = problems::examples();
    for item in document.paths.paths.values_mut() {
        for operation in operations_of(item) {
            let id = operation.operation_id.clone().unwrap_or_default();
            // An operation that nobody lists does not get this far: the contract is not built.
            let permission = permissions.get(id.as_str()).copied().unwrap_or(Permission::Token);
            complete_operation(operation, &id, permission);
            let is_open = permission == Permission::Anyone;
            problems::share(&mut operation.responses, is_open, &mut components.responses);
        }
    }
}

/// The operations of one address.
fn operations_of(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.post, &mut item.delete].into_iter().flatten()
}

/// Adds to one operation what the door does for it.
fn complete_operation(operation: &mut Operation, id: &str, permission: Permission) {
    let is_open = permission == Permission::Anyone;
    operation.security = Some(match is_open {
        true => Vec::new(),
        false => vec![SecurityRequirement::new::<_, [String; 0], _>(BEARER, [])],
    });
    let is_in_path = |parameter: &ParameterIn| matches!(parameter, ParameterIn::Path);
    let places: Vec<ParameterIn> = operation
        .parameters
        .iter()
        .flatten()
        .filter_map(|parameter| match parameter {
            RefOr::T(parameter) => Some(parameter.parameter_in.clone()),
            RefOr::Ref(_) => None,
        })
        .collect();
    let facts = Facts {
        permission,
        has_path_parameters: places.iter().any(is_in_path),
        has_other_parameters: !places.iter().all(is_in_path),
        has_body: operation.request_body.is_some(),
        has_content: operation.responses.responses.values().any(|response| match response {
            RefOr::T(response) => !response.content.is_empty(),
            RefOr::Ref(_) => false,
        }),
    };
    problems::add(&mut operation.responses, &problems::kinds(id, &facts));
    headers::add(&mut operation.responses, id, is_open);
    examples::add(&mut operation.responses, id);
}

#[cfg(test)]
mod tests {
    use crate::http::door::contract::Contract;

    /// Clients are made from the committed file, so it must be what the code serves.
    #[test]
    fn the_contract_is_the_same_each_time_and_names_what_every_response_has() {
        let yaml = Contract::get().yaml();

        assert!(yaml.starts_with("openapi: 3.1.0"), "{}", &yaml[..40]);
        for part in ["Reading-Room-Request", "RateLimit-Policy", "column_not_granted", "bearer"] {
            assert!(yaml.contains(part), "{part}");
        }
    }
}
