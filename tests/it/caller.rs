//! Callers by privilege, and what comes back to them.

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use reqwest::Method;
use reqwest::blocking::{RequestBuilder, Response};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};

use crate::room::Room;
use crate::wait::until;

/// Someone with a token, or nobody.
#[derive(Clone)]
pub(crate) struct Caller<'a> {
    pub room: &'a Room,
    pub token: Option<String>,
}

/// A whole response.
#[derive(Debug)]
pub(crate) struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Caller<'_> {
    /// A request of this caller.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.room.http.request(method, format!("{}{path}", self.room.url));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// Gets a path.
    pub(crate) fn get(&self, path: &str) -> Response {
        self.request(Method::GET, path).send().unwrap()
    }

    /// The JSON at a path, which must be there.
    pub(crate) fn json(&self, path: &str) -> Value {
        Answer::of(self.get(path)).json()
    }

    /// Posts JSON to a path.
    pub(crate) fn post(&self, path: &str, body: &Value) -> Response {
        self.request(Method::POST, path).json(body).send().unwrap()
    }

    /// Deletes a path.
    pub(crate) fn delete(&self, path: &str) -> Response {
        self.request(Method::DELETE, path).send().unwrap()
    }

    /// Asks a question, as CSV.
    pub(crate) fn ask(&self, sql: &str) -> Response {
        self.ask_with(&json!({"sql": sql}), "text/csv")
    }

    /// Asks a question with everything it may carry.
    pub(crate) fn ask_with(&self, body: &Value, accept: &str) -> Response {
        let request = self.request(Method::POST, "/v1/queries").header("Accept", accept);
        request.json(body).send().unwrap()
    }

    /// The answer to a question, as CSV.
    pub(crate) fn csv(&self, sql: &str) -> String {
        Answer::of(self.ask(sql)).good().text()
    }

    /// The answer to a question with everything it may carry, as CSV.
    pub(crate) fn csv_with(&self, body: &Value) -> String {
        Answer::of(self.ask_with(body, "text/csv")).good().text()
    }

    /// The problem that a question meets.
    pub(crate) fn problem(&self, sql: &str) -> Value {
        problem(self.ask(sql))
    }

    /// Sends a question on its way without waiting for it; gives the query's id.
    pub(crate) fn send(&self, sql: &str) -> String {
        let request = self.request(Method::POST, "/v1/queries").header("Prefer", "respond-async");
        let accepted = Answer::of(request.json(&json!({"sql": sql})).send().unwrap());
        assert_eq!(accepted.status, 202, "{}", accepted.text());
        let location = accepted.header("location");
        location.rsplit('/').next().unwrap().to_owned()
    }

    /// What the server knows of a query.
    pub(crate) fn record(&self, query: &str) -> Value {
        self.json(&format!("/v1/queries/{query}"))
    }

    /// What the server knows of a query that has ended.
    pub(crate) fn ended(&self, query: &str) -> Value {
        until("the query's end", || {
            let record = self.record(query);
            (record["state"] != "running").then_some(record)
        })
    }
}

impl Answer {
    /// Reads a response to its end.
    pub(crate) fn of(response: Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Self { status, headers, body: response.bytes().unwrap().to_vec() }
    }

    /// This answer, if it is one.
    pub(crate) fn good(self) -> Self {
        assert!((200..300).contains(&self.status), "{}: {}", self.status, self.text());
        self
    }

    /// A header, or the empty text.
    pub(crate) fn header(&self, name: &str) -> String {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        let value = self.headers.get(name).map(HeaderValue::to_str);
        value.map(|value| value.unwrap().to_owned()).unwrap_or_default()
    }

    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON, which a good answer holds.
    pub(crate) fn json(self) -> Value {
        serde_json::from_slice(&self.good().body).unwrap()
    }

    /// Checks what must stand with every answer of a query; gives the digest of its rows.
    pub(crate) fn checked(&self) -> String {
        assert_eq!(self.header("content-length"), self.body.len().to_string());
        assert_eq!(self.header("etag"), format!("\"{}\"", sha256(&self.body)));
        let digest = STANDARD.encode(digest::digest(&digest::SHA256, &self.body));
        assert_eq!(self.header("repr-digest"), format!("sha-256=:{digest}:"));
        assert_eq!(self.header("cache-control"), "private");
        assert_eq!(self.header("vary"), "Authorization, Accept");
        assert!(self.header("reading-room-edition").starts_with("e-"), "{self:?}");
        assert!(!self.header("reading-room-query").is_empty(), "{self:?}");
        assert!(self.header("reading-room-log-index").parse::<u64>().is_ok(), "{self:?}");
        let rows = self.header("reading-room-rows-sha256");
        assert!(rows.len() == 64 && rows.bytes().all(|byte| byte.is_ascii_hexdigit()), "{rows}");
        rows
    }
}

/// The problem document of a refusal.
pub(crate) fn problem(response: Response) -> Value {
    let answer = Answer::of(response);
    assert!(400 <= answer.status, "{}: {}", answer.status, answer.text());
    assert_eq!(answer.header("content-type"), "application/problem+json", "{answer:?}");
    let problem: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(problem["status"], answer.status, "{problem}");
    problem
}

/// The claims of a token, unchecked.
pub(crate) fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

/// A SHA-256 in hexadecimal digits.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    let digest = digest::digest(&digest::SHA256, bytes);
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}
