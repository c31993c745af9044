//! Which no an operation may give, as the contract says it.

use std::collections::BTreeMap;

use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::example::{Example, ExampleBuilder};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder, Responses};

use super::Facts;
use crate::http::door::permission::Permission;
use crate::http::problem::{Kind, PROBLEM_MEDIA_TYPE};

/// A problem document (RFC 9457).
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its schema is used; problems are written by http::problem")]
pub(crate) struct ProblemBody {
    /// The problem's page.
    #[serde(rename = "type")]
    problem_type: String,
    /// The word to compare in programs.
    code: String,
    /// The status of the response.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// A line that names it.
    title: String,
    /// What was wrong and what would pass.
    detail: String,
    /// The request: `urn:request:` and its id.
    instance: String,
    /// The place in the SQL text.
    position: Option<PositionBody>,
    /// The limit that it is about.
    limit: Option<LimitBody>,
    /// The kind of run-time failure.
    failure: Option<String>,
    /// When asking again makes sense, in seconds.
    retry_after_s: Option<u64>,
    /// The rate limits or budgets that were violated.
    #[serde(rename = "violated-policies")]
    violated_policies: Option<Vec<String>>,
    /// What was rejected, of a publication.
    #[schema(value_type = Option<Object>)]
    report: Option<Value>,
}

/// A place in the SQL text, both from one.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) struct PositionBody {
    line: u64,
    column: u64,
}

/// A limit: what it allows, and what was asked or reached.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) struct LimitBody {
    name: String,
    allowed: u64,
    asked: Option<u64>,
    unit: String,
}

/// What a question can come to, from its reading to its end.
const ASKING: &[Kind] = &[
    Kind::GrantMissing,
    Kind::GrantExpired,
    Kind::ProjectSuspended,
    Kind::ColumnNotGranted,
    Kind::SqlInvalid,
    Kind::QueryRefused,
    Kind::TableUnknown,
    Kind::ColumnUnknown,
    Kind::NotFound,
    Kind::NotAcceptable,
    Kind::Conflict,
    Kind::SnapshotWithdrawn,
    Kind::QuotaExceeded,
    Kind::QueryStopped,
    Kind::QueryFailed,
    Kind::WorkerLost,
    Kind::TooBusy,
];

/// What fetching an answer can come to: its query may have ended without one.
const FETCHING: &[Kind] = &[
    Kind::NotAcceptable,
    Kind::Conflict,
    Kind::ResultPurged,
    Kind::SnapshotWithdrawn,
    Kind::RangeNotSatisfiable,
    Kind::QueryStopped,
    Kind::QueryFailed,
    Kind::WorkerLost,
    Kind::TooBusy,
];

/// What comparing snapshots can come to.
const COMPARING: &[Kind] = &[
    Kind::GrantMissing,
    Kind::GrantExpired,
    Kind::ProjectSuspended,
    Kind::SnapshotWithdrawn,
    Kind::PublishRejected,
    Kind::WorkerLost,
    Kind::TooBusy,
];

/// The problems that an operation may give.
pub(super) fn kinds(id: &str, facts: &Facts) -> Vec<Kind> {
    let mut kinds = own(id).to_vec();
    kinds.push(Kind::Internal);
    if facts.permission != Permission::Anyone {
        let closed = [Kind::Unauthenticated, Kind::NotPermitted, Kind::RateLimited];
        kinds.extend(closed);
        kinds.push(Kind::LogUnavailable);
    }
    if facts.has_content {
        kinds.push(Kind::NotAcceptable);
    }
    if facts.has_path_parameters {
        kinds.push(Kind::NotFound);
    }
    if facts.has_other_parameters || facts.has_body {
        kinds.push(Kind::BodyInvalid);
    }
    if facts.has_body {
        kinds.push(Kind::TooLarge);
    }
    // OAuth has no status but 400 for a form that is none (RFC 6749 §5.2).
    if facts.has_body && id != "trade_assertion" {
        kinds.push(Kind::UnsupportedMediaType);
    }
    kinds.sort_by_key(|kind| (kind.status_code(), kind.code()));
    kinds.dedup();
    kinds
}

/// The problems of one operation alone.
fn own(id: &str) -> &'static [Kind] {
    match id {
        "ask" => ASKING,
        "fetch_result" => FETCHING,
        "cancel_query" | "cancel_publication" => &[Kind::Conflict],
        "publish" | "publish_edition" | "activate" | "withdraw" => &[Kind::Conflict, Kind::TooBusy],
        "activate_edition" => &[Kind::NotFound, Kind::Conflict, Kind::TooBusy],
        "show_changes" => COMPARING,
        "redact" => &[Kind::TooBusy],
        "compact_dataset" | "apply_retention" => &[Kind::Conflict, Kind::TooBusy, Kind::WorkerLost],
        "metrics" | "list_editions" => &[Kind::NotFound],
        "trade_assertion" => &[Kind::LogUnavailable, Kind::TooBusy],
        "add_member" | "add_grant" | "revoke_grant" | "suspend_project" | "close_project" => {
            &[Kind::Conflict, Kind::TooBusy]
        }
        "remove_member" => &[Kind::Conflict, Kind::TooBusy],
        "create_project" | "revoke_token" => &[Kind::TooBusy],
        _ => &[],
    }
}

/// Adds problems to the responses of an operation, by status; what it says itself of one stays.
pub(super) fn add(responses: &mut Responses, kinds: &[Kind]) {
    for of_status in kinds.chunk_by(|a, b| a.status_code() == b.status_code()) {
        let Some(first) = of_status.first() else { continue };
        let codes: Vec<&str> = of_status.iter().map(|kind| kind.code()).collect();
        let examples = codes.iter().map(|code| {
            let reference = Ref::new(format!("#/components/examples/{code}"));
            ((*code).to_owned(), RefOr::Ref(reference))
        });
        let mut content =
            ContentBuilder::new().schema(Some(Ref::from_schema_name("ProblemBody"))).build();
        content.examples = examples.collect();
        let response = ResponseBuilder::new()
            .description(format!("`{}`.", codes.join("`, `")))
            .content(PROBLEM_MEDIA_TYPE, content)
            .build();
        let status = first.status_code().to_string();
        responses.responses.entry(status).or_insert(RefOr::T(response));
    }
}

/// Takes the responses that are problems out of an operation and leaves references to shared ones,
/// which are named by the codes they may have.
pub(super) fn share(
    responses: &mut Responses,
    is_open: bool,
    shared: &mut BTreeMap<String, RefOr<Response>>,
) {
    for response in responses.responses.values_mut() {
        let RefOr::T(whole) = &*response else { continue };
        let Some(RefOr::T(content)) = whole.content.get(PROBLEM_MEDIA_TYPE) else { continue };
        let codes: Vec<&str> = content.examples.keys().map(String::as_str).collect();
        // Whoever has no token is told of no rates.
        let name = format!("{}{}", if is_open { "open." } else { "" }, codes.join("."));
        let reference = RefOr::Ref(Ref::new(format!("#/components/responses/{name}")));
        shared.insert(name, std::mem::replace(response, reference));
    }
}

/// An example of each problem: the one of its page.
pub(super) fn examples() -> BTreeMap<String, RefOr<Example>> {
    let examples = Kind::ALL.iter().map(|kind| {
        let example =
            ExampleBuilder::new().summary(kind.title()).value(Some(on_page(kind.page()))).build();
        (kind.code().to_owned(), RefOr::T(example))
    });
    examples.collect()
}

/// The example on a page: its first block of JSON.
fn on_page(page: &str) -> Value {
    let block = page.split_once("```json\n").and_then(|(_, rest)| rest.split_once("```"));
    let (json, _) = block.expect("invariant: every page has an example");
    serde_json::from_str(json).expect("invariant: the example of every page is JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What no operation answers with: 405 is of methods that the contract does not have, and a
    /// rejection is told in the publication's record.
    const NOT_ANSWERED: &[Kind] = &[Kind::MethodNotAllowed, Kind::PublishRejected];

    #[test]
    fn every_kind_is_what_some_operation_may_give_and_its_example_is_of_it() {
        let yaml = crate::http::Contract::get().yaml();

        for kind in Kind::ALL {
            let example = on_page(kind.page());
            assert_eq!(example["code"], kind.code());
            assert_eq!(example["status"], kind.status_code());
            assert_eq!(example["title"], kind.title());
            let reference = format!("#/components/examples/{}", kind.code());
            let is_given = yaml.contains(&reference);
            assert!(is_given || NOT_ANSWERED.contains(kind), "no operation gives {kind:?}");
        }
    }
}
