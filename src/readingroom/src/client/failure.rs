//! What a command says when the server said no, or could not be reached.

use std::fmt;
use std::time::Duration;

use reqwest::blocking::Response;
use serde_json::Value;

use crate::output;

/// Why a request gave nothing.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The server explained itself (RFC 9457).
    Problem(Box<Value>),
    /// Something answered that is no reading room.
    Strange {
        /// Its status.
        status: u16,
    },
    /// Nothing answered.
    Unreachable {
        /// What was asked.
        what: String,
        /// Why.
        source: reqwest::Error,
    },
}

impl Failure {
    /// Reads the problem document of a response.
    pub(super) fn problem(response: Response) -> Self {
        let status = response.status().as_u16();
        match response.json::<Value>() {
            Ok(problem) if problem["code"].is_string() => Self::Problem(Box::new(problem)),
            _ => Self::Strange { status },
        }
    }

    pub(super) fn unreachable(what: &str, source: reqwest::Error) -> Self {
        Self::Unreachable { what: what.to_owned(), source }
    }

    /// The code of the problem, if it is one.
    pub(crate) fn code(&self) -> Option<&str> {
        match self {
            Self::Problem(problem) => problem["code"].as_str(),
            Self::Strange { .. } | Self::Unreachable { .. } => None,
        }
    }

    /// How long to wait, if it is only that requests came too fast.
    pub(super) fn too_fast(&self) -> Option<Duration> {
        let Self::Problem(problem) = self else { return None };
        let wait_s =
            problem["retry_after_s"].as_u64().filter(|_| self.code() == Some("rate_limited"));
        wait_s.map(Duration::from_secs)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Problem(problem) => write_problem(f, problem),
            Self::Strange { status } => {
                write!(
                    f,
                    "the answer (status {status}) is not that of a reading room; is the address right?"
                )
            }
            Self::Unreachable { what, source } => {
                let reason = if source.is_connect() {
                    "nothing answers there; is a server running?"
                } else if source.is_timeout() {
                    "it did not answer in time"
                } else {
                    "the connection broke or the answer could not be read"
                };
                write!(f, "{what}: {reason}")
            }
        }
    }
}

impl std::error::Error for Failure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unreachable { source, .. } => Some(source),
            Self::Problem(_) | Self::Strange { .. } => None,
        }
    }
}

/// The problem for a person: what, where, and each reject of a publication.
fn write_problem(f: &mut fmt::Formatter<'_>, problem: &Value) -> fmt::Result {
    let code = problem["code"].as_str().unwrap_or("problem");
    let detail = problem["detail"].as_str().or_else(|| problem["title"].as_str()).unwrap_or("");
    write!(f, "{code}: {detail}")?;
    if let (Some(line), Some(column)) =
        (problem["position"]["line"].as_u64(), problem["position"]["column"].as_u64())
    {
        write!(f, " (line {line}, column {column})")?;
    }
    let again = problem["retry_after_s"].as_u64();
    if let Some(seconds) = again.filter(|_| !detail.contains("again in")) {
        write!(f, " (again in {seconds} s)")?;
    }
    for reject in problem["report"]["rejects"].as_array().into_iter().flatten() {
        write!(f, "\n  {}", reject_line(reject))?;
    }
    Ok(())
}

/// One reject of a publication, as one line.
pub(crate) fn reject_line(reject: &Value) -> String {
    let mut line = output::cell(&reject["file"]);
    if let Some(number) = reject["line"].as_u64() {
        line.push_str(&format!(":{number}"));
    }
    if let Some(column) = reject["column"].as_str() {
        line.push_str(&format!(" [{column}]"));
    }
    let rule = reject["rule"].as_str().unwrap_or("");
    let detail = reject["detail"].as_str().unwrap_or("");
    line.push_str(&format!(" {rule}: {detail}"));
    match reject["count"].as_u64() {
        Some(count) if count > 1 => line.push_str(&format!(" ({} more like it)", count - 1)),
        _ => {}
    }
    line
}
