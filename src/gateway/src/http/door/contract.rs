//! The contract: every operation there is, as generated from the handlers.
//!
//! # Invariant
//! What `openapi.yaml` says and what the door enforces come from the same list: an operation
//! that no resource gives a [`Permission`] does not start.

use std::collections::HashMap;
use std::sync::LazyLock;

use actix_web::dev::ServiceRequest;
use actix_web::http::Method;
use actix_web::{App, HttpRequest};
use utoipa::openapi::{OpenApi, PathItem, RefOr};
use utoipa_actix_web::AppExt as _;

use crate::http;
use crate::http::door::permission::Permission;

/// One operation of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Its `operationId`, which is its handler's name.
    pub id: &'static str,
    /// Who may call it.
    pub permission: Permission,
}

/// The operations of one address.
struct Address {
    operations: Vec<(Method, Operation)>,
    /// The methods, as `Allow` writes them.
    allow: String,
}

/// Every operation there is, by address.
pub struct Contract {
    yaml: String,
    /// What operations answer with when all goes well, by operation.
    media_types: HashMap<String, Vec<String>>,
    addresses: HashMap<String, Address>,
}

impl Contract {
    /// The contract, built once from the handlers' annotations.
    pub fn get() -> &'static Self {
        static CONTRACT: LazyLock<Contract> = LazyLock::new(Contract::build);
        &CONTRACT
    }

    fn build() -> Self {
        let app = App::new().into_utoipa_app().openapi(http::openapi::base());
        let (_, mut document) = app.configure(http::operations).split_for_parts();
        let permissions: HashMap<_, _> = http::permissions().collect();
        let addresses = addresses(&document, &permissions);
        let media_types = media_types(&document);
        http::openapi::complete(&mut document, &permissions);
        let yaml = document.to_yaml().expect("invariant: the contract is plain data");
        Self { yaml, media_types, addresses }
    }

    /// The contract as YAML, byte for byte what `openapi.yaml` holds.
    #[must_use]
    pub fn yaml(&self) -> &str {
        &self.yaml
    }

    /// The forms that an operation answers in, but for those that choose a form themselves.
    pub(crate) fn media_types(&self, id: &str) -> &[String] {
        self.media_types.get(id).map_or(&[], Vec::as_slice)
    }

    /// All operations.
    pub fn operations(&self) -> impl Iterator<Item = Operation> + '_ {
        self.addresses
            .values()
            .flat_map(|address| address.operations.iter().map(|(_, operation)| *operation))
    }

    /// The operation that a request asks for, before it is routed.
    pub(crate) fn operation(&self, request: &ServiceRequest) -> Option<Operation> {
        // As the router reads it: with `%70` for `p`, the raw path would name nothing here.
        let path = request.match_info().as_str();
        let pattern = request.resource_map().match_pattern(path)?;
        let address = self.addresses.get(&without_expressions(&pattern))?;
        let mut operations = address.operations.iter();
        operations.find(|(method, _)| method == request.method()).map(|(_, operation)| *operation)
    }

    /// The methods of the address that a request names.
    pub(crate) fn methods(&self, request: &HttpRequest) -> Option<&str> {
        let pattern = request.resource_map().match_pattern(request.match_info().as_str())?;
        let address = self.addresses.get(&without_expressions(&pattern))?;
        Some(&address.allow)
    }
}

/// The operations of a document, each with its permission.
fn addresses(
    document: &OpenApi,
    permissions: &HashMap<&'static str, Permission>,
) -> HashMap<String, Address> {
    let mut addresses = HashMap::new();
    for (path, item) in &document.paths.paths {
        let operations: Vec<(Method, Operation)> = methods(item)
            .map(|(method, id)| {
                let (id, permission) = permissions
                    .get_key_value(id)
                    .expect("invariant: every resource lists its operations");
                (method, Operation { id, permission: *permission })
            })
            .collect();
        let mut allow: Vec<&str> = operations.iter().map(|(method, _)| method.as_str()).collect();
        if allow.contains(&"GET") {
            allow.push("HEAD");
        }
        let allow = allow.join(", ");
        addresses.insert(path.clone(), Address { operations, allow });
    }
    addresses
}

/// The operations that look at `Accept` themselves.
const CHOOSING: [&str; 2] = ["ask", "fetch_result"];

/// What each operation answers with when all goes well.
fn media_types(document: &OpenApi) -> HashMap<String, Vec<String>> {
    let items = document.paths.paths.values();
    let operations = items.flat_map(|item| [&item.get, &item.post, &item.delete]).flatten();
    let chosen = operations.filter_map(|operation| {
        let id = operation.operation_id.clone()?;
        let responses = operation.responses.responses.iter();
        let good = responses.filter(|(status, _)| status.starts_with('2'));
        let types = good.filter_map(|(_, response)| match response {
            RefOr::T(response) => Some(response.content.keys().cloned()),
            RefOr::Ref(_) => None,
        });
        let types: Vec<String> = types.flatten().collect();
        (!CHOOSING.contains(&id.as_str())).then_some((id, types))
    });
    chosen.collect()
}

/// The methods of one address with their `operationId`.
fn methods(item: &PathItem) -> impl Iterator<Item = (Method, &str)> {
    let all =
        [(Method::GET, &item.get), (Method::POST, &item.post), (Method::DELETE, &item.delete)];
    all.into_iter().filter_map(|(method, operation)| {
        let operation = operation.as_ref()?;
        let id = operation.operation_id.as_deref();
        Some((method, id.expect("invariant: a handler's name is its operationId")))
    })
}

/// A pattern as the document writes it: `{path:.*}` is `{path}` there.
fn without_expressions(pattern: &str) -> String {
    let mut plain = String::with_capacity(pattern.len());
    let mut parts = pattern.split('{');
    plain.extend(parts.next());
    for part in parts {
        let (parameter, rest) = part.split_once('}').unwrap_or((part, ""));
        let name = parameter.split(':').next().unwrap_or_default();
        plain.extend(["{", name, "}", rest]);
    }
    plain
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_listed_operation_exists_and_every_operation_is_listed_once() {
        let listed: Vec<&str> = http::permissions().map(|(id, _)| id).collect();
        let built: Vec<&str> = Contract::get().operations().map(|operation| operation.id).collect();

        let distinct: BTreeSet<_> = listed.iter().copied().collect();
        assert_eq!(distinct.len(), listed.len(), "an operation is listed twice");
        assert_eq!(built.iter().copied().collect::<BTreeSet<_>>(), distinct);
        assert_eq!(built.len(), listed.len(), "two operations have one id");
    }

    #[test]
    fn a_pattern_loses_its_expressions() {
        assert_eq!(without_expressions("/v1/log/tile/{path:.*}"), "/v1/log/tile/{path}");
        assert_eq!(without_expressions("/a/{b}/c/{d:[0-9]+}/e"), "/a/{b}/c/{d}/e");
        assert_eq!(without_expressions("/a:b"), "/a:b");
    }
}
