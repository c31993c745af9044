//! Problem documents (RFC 9457): the only place where an error meets a status.
//!
//! Each [`Kind`] has a page `docs/problems/<slug>.md`; a test checks both ways.
//!
//! # Invariant
//! `detail` is written here or by the room that said no, for the reader. The texts of engines,
//! files and keys go to the log, once, under the request id.
#![deny(clippy::wildcard_enum_match_arm)]

mod asking;
mod publishing;
mod redacting;
mod registering;

use std::borrow::Cow;
use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use domain::outcome::FailureKind;
use domain::publication::RejectReport;
use domain::verdict::Position;
use domain::{RequestId, limits::LimitName};
use serde::Serialize;

pub(crate) use asking::log_unavailable;

/// The base of problem types unless the configuration names another.
pub const PROBLEM_BASE_URL: &str = "https://reading-room.example/problems/";

/// The media type of problem documents.
pub const PROBLEM_MEDIA_TYPE: &str = "application/problem+json";

/// Declares every kind with its code, status and title, so that none can lack one.
macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $code:literal, $slug:literal, $status:literal,
        $title:literal;)+) => {
        /// The closed list of what can be said no to; each is a page of `docs/problems/`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Kind {
            $($(#[$doc])* $kind,)+
        }

        impl Kind {
            /// All kinds, in the order of the interface.
            pub const ALL: &'static [Self] = &[$(Self::$kind),+];

            /// The code that clients compare.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self { $(Self::$kind => $code,)+ }
            }

            /// The page's file name without its ending, and the last part of `type`.
            #[must_use]
            pub fn slug(self) -> &'static str {
                match self { $(Self::$kind => $slug,)+ }
            }

            /// Its page.
            #[must_use]
            pub fn page(self) -> &'static str {
                match self {
                    $(Self::$kind => {
                        include_str!(concat!("../../../../docs/problems/", $slug, ".md"))
                    })+
                }
            }

            /// The status it is sent with, as a number.
            #[must_use]
            pub fn status_code(self) -> u16 {
                match self { $(Self::$kind => $status,)+ }
            }

            /// The line that names it.
            #[must_use]
            pub fn title(self) -> &'static str {
                match self { $(Self::$kind => $title,)+ }
            }
        }
    };
}

kinds! {
    /// No token, or one that fails any check.
    Unauthenticated = "unauthenticated", "unauthenticated", 401, "A valid token is needed";
    /// The role has no such operation.
    NotPermitted = "not_permitted", "not-permitted", 403, "Your role has no such operation";
    /// The project has no grant of a dataset.
    GrantMissing = "grant_missing", "grant-missing", 403, "Your project has no grant of a dataset";
    /// The project's grant of a dataset has ended.
    GrantExpired = "grant_expired", "grant-expired", 403, "Your project's grant of a dataset has ended";
    /// The project is suspended, closed or outside its period.
    ProjectSuspended = "project_suspended", "project-suspended", 403, "Your project may not work now";
    /// A column lies outside the grant.
    ColumnNotGranted = "column_not_granted", "column-not-granted", 403, "A column is outside your grant";
    /// The SQL text does not parse or plan.
    SqlInvalid = "sql_invalid", "sql-invalid", 400, "The SQL text does not parse or plan";
    /// The query asks for what is never allowed.
    QueryRefused = "query_refused", "query-refused", 400, "The query asks for what is never allowed";
    /// There is no such dataset.
    TableUnknown = "table_unknown", "table-unknown", 400, "There is no such dataset";
    /// There is no such column.
    ColumnUnknown = "column_unknown", "column-unknown", 400, "There is no such column";
    /// The request's body or parameters are not as the contract says.
    BodyInvalid = "body_invalid", "body-invalid", 400, "The request is not as the contract says";
    /// There is nothing here, or nothing that the caller may know of.
    NotFound = "not_found", "not-found", 404, "There is nothing here";
    /// The address exists, the method does not.
    MethodNotAllowed = "method_not_allowed", "method-not-allowed", 405, "This address has no such method";
    /// None of the accepted media types is one of ours.
    NotAcceptable = "not_acceptable", "not-acceptable", 406, "No accepted media type can be given";
    /// The state of things does not allow it.
    Conflict = "conflict", "conflict", 409, "It conflicts with the state of things";
    /// The stored answer was made before something that it read was taken out by law.
    ResultPurged = "result_purged", "result-purged", 410, "The stored answer was taken out by law";
    /// A snapshot that would be read was withdrawn.
    SnapshotWithdrawn = "snapshot_withdrawn", "snapshot-withdrawn", 410, "The snapshot was withdrawn";
    /// The body is larger than allowed.
    TooLarge = "too_large", "too-large", 413, "The body is too large";
    /// The body's media type is not one that the operation reads.
    UnsupportedMediaType = "unsupported_media_type", "unsupported-media-type", 415, "The body's media type is not read here";
    /// The range lies outside the stored answer.
    RangeNotSatisfiable = "range_not_satisfiable", "range-not-satisfiable", 416, "The range lies outside the answer";
    /// The sources break the codebook.
    PublishRejected = "publish_rejected", "publish-rejected", 422, "The sources break the codebook";
    /// A daily budget or the number of queries at one time is used up.
    QuotaExceeded = "quota_exceeded", "quota-exceeded", 429, "A quota is used up";
    /// Too many requests in a short time.
    RateLimited = "rate_limited", "rate-limited", 429, "Too many requests";
    /// The query hit a limit while it ran.
    QueryStopped = "query_stopped", "query-stopped", 422, "The query was stopped";
    /// The query failed on a value.
    QueryFailed = "query_failed", "query-failed", 422, "The query failed on a value";
    /// The worker ended in the middle of the query.
    WorkerLost = "worker_lost", "worker-lost", 500, "The worker ended in the middle of the query";
    /// A fault of ours.
    Internal = "internal", "internal", 500, "Something failed here";
    /// No worker is free, and the queue is full.
    TooBusy = "too_busy", "too-busy", 503, "Too busy";
    /// The log accepts no entries, so nothing is released.
    LogUnavailable = "log_unavailable", "log-unavailable", 503, "The log accepts no entries";
}

impl Kind {
    /// The kind with a code.
    #[must_use]
    pub fn of_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.code() == code)
    }

    /// The status it is sent with.
    #[must_use]
    pub fn status(self) -> StatusCode {
        StatusCode::from_u16(self.status_code()).expect("invariant: the list has real statuses")
    }

    /// A problem of this kind, with a detail for the reader that says what would pass.
    pub fn problem(self, detail: impl Into<Cow<'static, str>>) -> Problem {
        Problem {
            kind: self,
            detail: detail.into(),
            instance: None,
            type_base: None,
            members: Box::default(),
            is_recorded: false,
        }
    }
}

/// What a problem says beyond its detail, where it fits.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
struct Members {
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<Position>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<LimitMember>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<FailureKind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_s: Option<u64>,
    #[serde(rename = "violated-policies", skip_serializing_if = "Vec::is_empty")]
    violated_policies: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    report: Option<RejectReport>,
    /// The word that OAuth has for it (RFC 6749 §5.2), of the token endpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'static str>,
    /// Sent as `Allow`, not in the body.
    #[serde(skip)]
    allow: Option<String>,
}

/// The limit that a problem is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LimitMember {
    /// Its name: one of `limits`, or a daily budget's.
    pub name: Cow<'static, str>,
    /// How much is allowed.
    pub allowed: u64,
    /// How much was asked or reached, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked: Option<u64>,
    /// The unit of both.
    pub unit: Cow<'static, str>,
}

impl LimitMember {
    /// A limit of one query.
    #[must_use]
    pub fn of(name: LimitName, allowed: u64, asked: Option<u64>) -> Self {
        Self { name: name.as_str().into(), allowed, asked, unit: name.unit().into() }
    }
}

/// One no, ready to be sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    kind: Kind,
    detail: Cow<'static, str>,
    instance: Option<RequestId>,
    type_base: Option<String>,
    members: Box<Members>,
    /// Whether the log has it already.
    is_recorded: bool,
}

/// The document as it is sent.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(rename = "type")]
    problem_type: String,
    code: &'static str,
    status: u16,
    title: &'static str,
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<String>,
    #[serde(flatten)]
    members: &'a Members,
}

impl Problem {
    /// A fault of ours; what it was goes to the log by [`Problem::logged`].
    #[must_use]
    pub fn internal() -> Self {
        Kind::Internal.problem(
            "The fault is on our side and was recorded under this request's id. \
             It counts against nobody; asking again may succeed.",
        )
    }

    /// Which kind it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What it tells the reader.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// Notes that the log has it.
    #[must_use]
    pub(crate) fn recorded(mut self) -> Self {
        self.is_recorded = true;
        self
    }

    /// Whether the log has it.
    pub(crate) fn is_recorded(&self) -> bool {
        self.is_recorded
    }

    /// Names the place in the SQL text.
    #[must_use]
    pub fn at(mut self, position: Option<Position>) -> Self {
        self.members.position = position;
        self
    }

    /// Names the limit it is about.
    #[must_use]
    pub fn limit(mut self, limit: LimitMember) -> Self {
        self.members.limit = Some(limit);
        self
    }

    /// Names the kind of run-time failure.
    #[must_use]
    pub fn failure(mut self, failure: FailureKind) -> Self {
        self.members.failure = Some(failure);
        self
    }

    /// Says when asking again may succeed; also sent as `Retry-After`.
    #[must_use]
    pub fn retry_after_s(mut self, seconds: u64) -> Self {
        self.members.retry_after_s = Some(seconds);
        self
    }

    /// Names the rate limit or budget policies that were violated.
    #[must_use]
    pub fn violated(mut self, policies: Vec<String>) -> Self {
        self.members.violated_policies = policies;
        self
    }

    /// Adds the report on rejected sources.
    #[must_use]
    pub fn report(mut self, report: RejectReport) -> Self {
        self.members.report = Some(report);
        self
    }

    /// Adds the word that OAuth has for it; it is sent as plain JSON then, as OAuth clients expect.
    #[must_use]
    pub fn oauth(mut self, error: &'static str) -> Self {
        self.members.error = Some(error);
        self
    }

    /// Names the methods that the address has, sent as `Allow`.
    #[must_use]
    pub fn allow(mut self, methods: String) -> Self {
        self.members.allow = Some(methods);
        self
    }

    /// Names the request and the base of the problem's type; the door does this, once.
    #[must_use]
    pub(crate) fn for_request(mut self, request: &RequestId, type_base: &str) -> Self {
        self.instance = Some(request.clone());
        self.type_base = Some(type_base.to_owned());
        self
    }

    /// Writes the cause to the server's log, with its whole chain; the request's span has the id.
    #[must_use]
    pub fn logged(self, cause: &dyn std::error::Error) -> Self {
        let chain = chain(cause);
        if self.kind.status().is_server_error() {
            tracing::error!(code = self.kind.code(), cause = %chain, "a request failed");
        } else {
            tracing::debug!(code = self.kind.code(), cause = %chain, "a request was answered no");
        }
        self
    }

    /// The document's bytes.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let base = self.type_base.as_deref().unwrap_or(PROBLEM_BASE_URL);
        let document = Document {
            problem_type: format!("{base}{}", self.kind.slug()),
            code: self.kind.code(),
            status: self.kind.status_code(),
            title: self.kind.title(),
            detail: &self.detail,
            instance: self.instance.as_ref().map(|id| format!("urn:request:{id}")),
            members: &self.members,
        };
        serde_json::to_vec(&document).expect("invariant: a problem has only JSON members")
    }
}

/// An error and all its sources, in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

/// A sentence's first letter is a capital.
fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_uppercase().to_string());
    first.unwrap_or_default() + characters.as_str()
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind.code(), self.detail)
    }
}

impl std::error::Error for Problem {}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.kind.status()
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.kind.status());
        let is_oauth = self.members.error.is_some();
        let media_type = if is_oauth { "application/json" } else { PROBLEM_MEDIA_TYPE };
        response.insert_header((header::CONTENT_TYPE, media_type));
        response.insert_header((header::CACHE_CONTROL, "no-store"));
        if let Some(seconds) = self.members.retry_after_s {
            response.insert_header((header::RETRY_AFTER, seconds.to_string()));
        }
        if let Some(methods) = &self.members.allow {
            response.insert_header((header::ALLOW, methods.as_str()));
        }
        if self.kind == Kind::Unauthenticated {
            let challenge = HeaderValue::from_static(CHALLENGE);
            response.insert_header((header::WWW_AUTHENTICATE, challenge));
        }
        response.body(self.to_bytes())
    }
}

/// The challenge of every 401 (RFC 6750 §3): the same for every cause.
pub(crate) const CHALLENGE: &str = "Bearer realm=\"reading-room\", error=\"invalid_token\"";

/// The problem of every 401: the same for every cause, which only the log names.
#[must_use]
pub fn unauthenticated() -> Problem {
    Kind::Unauthenticated.problem(
        "Send `Authorization: Bearer <token>` with a token of a configured issuer that is in \
         force and meant for this service.",
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_kind_has_its_page_and_every_page_its_kind() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/problems");
        let pages: BTreeSet<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name != "README.md")
            .collect();

        let kinds = Kind::ALL.iter().map(|kind| format!("{}.md", kind.slug())).collect();

        assert_eq!(pages, kinds);
    }

    #[test]
    fn every_page_names_the_code_and_the_status_of_its_kind() {
        for kind in Kind::ALL {
            let page = kind.page();

            assert_eq!(kind.slug(), kind.code().replace('_', "-"));
            assert!(page.starts_with(&format!("# `{}`", kind.code())), "{kind:?}");
            assert!(page.contains(&format!("Status {}", kind.status_code())), "{kind:?}");
        }
    }

    #[test]
    fn a_problem_says_what_fits_and_leaves_out_what_does_not() {
        let request = RequestId::parse("0199aa00-0000-7000-8000-000000000000").unwrap();
        let problem = Kind::ColumnNotGranted
            .problem("Leave the column out.")
            .at(Some(Position { line: 1, column: 8 }))
            .for_request(&request, PROBLEM_BASE_URL);

        let document: serde_json::Value = serde_json::from_slice(&problem.to_bytes()).unwrap();

        assert_eq!(
            document,
            serde_json::json!({
                "type": "https://reading-room.example/problems/column-not-granted",
                "code": "column_not_granted",
                "status": 403,
                "title": "A column is outside your grant",
                "detail": "Leave the column out.",
                "instance": "urn:request:0199aa00-0000-7000-8000-000000000000",
                "position": {"line": 1, "column": 8},
            })
        );
    }
}
