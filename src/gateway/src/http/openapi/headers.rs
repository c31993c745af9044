//! The headers of responses, as the contract names them.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::schema::Type;
use utoipa::openapi::{Header, Object, Ref, RefOr, Response, Responses};

/// Of every response.
const EVERY: &[&str] = &["Reading-Room-Request", "traceparent"];

/// Of every response to a caller with a token.
const RATES: &[&str] = &["RateLimit-Policy", "RateLimit"];

/// Of every answer, also of a part of one.
const ANSWER: &[&str] = &[
    "Content-Length",
    "Accept-Ranges",
    "ETag",
    "Repr-Digest",
    "Reading-Room-Query",
    "Reading-Room-Edition",
    "Reading-Room-Snapshots",
    "Reading-Room-Rows-Sha256",
    "Reading-Room-Log-Index",
    "Reading-Room-Notices",
    "Reading-Room-Notice",
    "Reading-Room-Truncated",
    "Cache-Control",
    "Vary",
];

/// The operations that give answers.
const ANSWERING: &[&str] = &["ask", "fetch_result"];

/// All headers, by name, with a description and an example of each.
pub(super) fn components() -> BTreeMap<String, RefOr<Header>> {
    let digest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    let all: [(&str, &str, Value); 21] = [
        (
            "Reading-Room-Request",
            "The request's id, as in the server's log and in problems.",
            json!("0199b3f2-7c1e-7a60-9d7e-3f0c5a1b2c3d"),
        ),
        (
            "traceparent",
            "The caller's trace with our span in it (W3C Trace Context).",
            json!("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        ),
        (
            "RateLimit-Policy",
            "How much each policy allows (draft-ietf-httpapi-ratelimit-headers).",
            json!("\"principal\";q=60;w=60, \"project\";q=300;w=60"),
        ),
        ("RateLimit", "What is left of each policy.", json!("\"principal\";r=57;t=12")),
        ("Retry-After", "When asking again makes sense, in seconds.", json!(5)),
        (
            "WWW-Authenticate",
            "The same for every cause (RFC 6750).",
            json!("Bearer realm=\"reading-room\", error=\"invalid_token\""),
        ),
        ("ETag", "The digest of the bytes: a strong entity tag.", json!(format!("\"{digest}\""))),
        (
            "Repr-Digest",
            "The digest of the whole answer (RFC 9530).",
            json!("sha-256=:n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=:"),
        ),
        ("Reading-Room-Query", "The query's id.", json!("q-0199b3f27c1e7a609d7e3f0c5a1b2c3d")),
        ("Reading-Room-Edition", "The edition asked.", json!("e-212")),
        (
            "Reading-Room-Snapshots",
            "The snapshots scanned.",
            json!("listings@s-4oymiquy7qobjgx36tej"),
        ),
        (
            "Reading-Room-Rows-Sha256",
            "The digest of the rows, free of their order and of the format.",
            json!(digest),
        ),
        ("Reading-Room-Log-Index", "Where the outcome stands in the log.", json!(40118)),
        ("Reading-Room-Notices", "How many notices touch the snapshots used.", json!(0)),
        (
            "Reading-Room-Notice",
            "The notices, as a structured list (RFC 9651); those that do not fit into a header are \
             in the query's record only.",
            json!(
                "known_gap;dataset=\"statements_of_reasons\";snapshot=\"s-5fkesxbhx4s4wkpbz24y\";\
                 text=%\"statements_of_reasons: incomplete from 2025-02-01 to 2025-02-14: LU\""
            ),
        ),
        ("Reading-Room-Truncated", "What the answer was cut by, where it was.", json!("rows")),
        ("Cache-Control", "Answers are the caller's own.", json!("private")),
        ("Vary", "What an answer depends on.", json!("Authorization, Accept")),
        ("Content-Range", "Which part of how many bytes.", json!("bytes 0-1023/8120")),
        ("Content-Length", "The bytes of this response.", json!(8120)),
        ("Accept-Ranges", "Parts of a stored answer may be asked for.", json!("bytes")),
    ];
    all.into_iter()
        .map(|(name, description, example)| {
            let kind = if example.is_u64() { Type::Integer } else { Type::String };
            let header = HeaderBuilder::new()
                .schema(Some(Object::with_type(kind)))
                .description(Some(description))
                .example(Some(example))
                .build();
            (name.to_owned(), RefOr::T(header))
        })
        .collect()
}

/// Adds to the responses of an operation the headers that they have.
pub(super) fn add(responses: &mut Responses, id: &str, is_open: bool) {
    for (status, response) in &mut responses.responses {
        let RefOr::T(response) = response else { continue };
        name(response, EVERY);
        if !is_open && status != "401" {
            name(response, RATES);
        }
        match status.as_str() {
            "200" | "206" if ANSWERING.contains(&id) => name(response, ANSWER),
            "401" => name(response, &["WWW-Authenticate"]),
            "416" => name(response, &["Content-Range"]),
            "429" | "503" => name(response, &["Retry-After"]),
            _ => {}
        }
    }
}

/// Adds headers to a response, by reference; what it says itself of one stays.
fn name(response: &mut Response, names: &[&str]) {
    for name in names {
        let reference = Ref::new(format!("#/components/headers/{name}"));
        response.headers.entry((*name).to_owned()).or_insert(RefOr::Ref(reference));
    }
}
