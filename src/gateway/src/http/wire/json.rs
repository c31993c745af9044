//! JSON bodies: read strictly, with the place of what is wrong; written plainly.
//!
//! # Invariant
//! A body is never echoed: messages name fields and places, not values.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, HttpResponse, dev, web};
use bytes::BytesMut;
use futures::StreamExt as _;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::http::problem::{Kind, Problem};

/// How long a body may take to arrive: whoever sends a byte an hour keeps a connection for ever.
const BODY_TIMEOUT: Duration = Duration::from_secs(60);

/// A type that is read from a JSON body, with the most bytes that takes.
///
/// Types that implement it deny unknown fields.
pub trait ReadsJson: DeserializeOwned + 'static {
    /// The longest body that is read, in bytes.
    const BODY_BYTES_MAX: usize = 1 << 20;
}

/// A JSON body as extractor; a body that is not as the contract says becomes a problem.
#[derive(Debug)]
pub struct JsonBody<T>(pub T);

impl<T: ReadsJson> FromRequest for JsonBody<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut dev::Payload) -> Self::Future {
        let head = check_head::<T>(request);
        let payload = web::Payload::from_request(request, payload);
        Box::pin(async move {
            head?;
            let payload = payload.await.map_err(|_| unreadable())?;
            let body = read(payload, T::BODY_BYTES_MAX).await?;
            parse(&body).map(Self)
        })
    }
}

/// Checks what the headers already tell of the body.
fn check_head<T: ReadsJson>(request: &HttpRequest) -> Result<(), Problem> {
    let headers = request.headers();
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = media_type.map(|text| text.split(';').next().unwrap_or_default().trim());
    if !essence.is_some_and(|essence| essence.eq_ignore_ascii_case("application/json")) {
        return Err(Kind::UnsupportedMediaType
            .problem("Send the body as JSON, with `Content-Type: application/json`."));
    }
    let length = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    match length.and_then(|text| text.parse::<usize>().ok()) {
        Some(length) if T::BODY_BYTES_MAX < length => Err(too_large(T::BODY_BYTES_MAX)),
        Some(_) | None => Ok(()),
    }
}

/// Reads a body whole, up to a length.
pub(crate) async fn read(mut payload: web::Payload, bytes_max: usize) -> Result<BytesMut, Problem> {
    let mut body = BytesMut::new();
    let whole = async {
        while let Some(chunk) = payload.next().await {
            let chunk = chunk.map_err(|_| unreadable())?;
            if bytes_max < body.len() + chunk.len() {
                return Err(too_large(bytes_max));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(())
    };
    tokio::time::timeout(BODY_TIMEOUT, whole).await.map_err(|_| unreadable())??;
    Ok(body)
}

/// Reads a value from the bytes of a body.
fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err(Kind::BodyInvalid.problem("The body is empty; it must be a JSON object."));
    }
    let text = std::str::from_utf8(body).map_err(|error| {
        let offset = error.valid_up_to();
        Kind::BodyInvalid.problem(format!("The body is not UTF-8 at byte {offset}."))
    })?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let read = serde_path_to_error::deserialize::<_, Members<T>>(&mut deserializer);
    let Members(value) = read.map_err(explain)?;
    deserializer.end().map_err(|error| at_place("The body goes on after its end", &error))?;
    Ok(value)
}

/// A value read from a JSON object and from nothing else.
struct Members<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Members<T> {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        object(source).map(Self)
    }
}

/// Reads a struct from a JSON object; serde alone would take a list of its values, too.
///
/// # Errors
/// When it is no object, or one that does not fit.
pub(crate) fn object<'de, D, T>(source: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    source.deserialize_map(ObjectVisitor(PhantomData))
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(members))
    }
}

/// Turns a reading error into a problem that names the field, not the value.
fn explain(error: serde_path_to_error::Error<serde_json::Error>) -> Problem {
    let path = error.path().to_string();
    let inner = error.into_inner();
    if inner.is_syntax() || inner.is_eof() {
        return at_place("The body is not JSON", &inner);
    }
    let told = without_values(&inner.to_string());
    let whole = if path == "." { "The body".to_owned() } else { format!("`{path}`") };
    // Words of ours go on where the field's name ends; the reader's own stand for themselves.
    let is_of_field = ["is ", "has ", "does "].iter().any(|verb| told.starts_with(verb));
    let between = if is_of_field { "" } else { ":" };
    Kind::BodyInvalid.problem(format!("{whole}{between} {told}."))
}

/// A problem that names line and column of a body.
fn at_place(what: &str, error: &serde_json::Error) -> Problem {
    let (line, column) = (error.line(), error.column());
    Kind::BodyInvalid.problem(format!("{what}, at line {line}, column {column}."))
}

/// A reader's message without the caller's own values and without the trailing place.
fn without_values(message: &str) -> String {
    let message = message.rsplit_once(" at line ").map_or(message, |(before, _)| before);
    let Some((kind, rest)) = message.split_once(": ") else {
        return message.to_owned();
    };
    match (kind, rest.split_once(", expected ")) {
        ("invalid type" | "invalid value" | "invalid length", Some((_, expected))) => {
            format!("{kind}, expected {expected}")
        }
        _ => message.to_owned(),
    }
}

/// The problem of a body longer than allowed.
pub(crate) fn too_large(bytes_max: usize) -> Problem {
    Kind::TooLarge.problem(format!("The body may have at most {bytes_max} bytes here."))
}

/// The problem of a body that broke off.
pub(crate) fn unreadable() -> Problem {
    Kind::BodyInvalid.problem("The body could not be read to its end.")
}

/// A JSON answer.
///
/// # Errors
/// `internal` when the value cannot be JSON, which is a fault of ours.
pub fn json<T: Serialize>(status: StatusCode, value: &T) -> Result<HttpResponse, Problem> {
    let body = serde_json::to_vec(value).map_err(|error| Problem::internal().logged(&error))?;
    Ok(HttpResponse::build(status).content_type("application/json").body(body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        #[expect(dead_code, reason = "only its reading is tested")]
        limits: std::collections::BTreeMap<String, u64>,
    }

    fn detail(body: &[u8]) -> String {
        parse::<Sample>(body).unwrap_err().detail().to_owned()
    }

    #[test]
    fn an_unknown_field_is_named() {
        assert_eq!(
            detail(br#"{"limits": {}, "sqll": 1}"#),
            "`sqll`: unknown field `sqll`, expected `limits`."
        );
    }

    #[test]
    fn a_wrong_type_names_the_field_but_not_the_value() {
        assert_eq!(
            detail(br#"{"limits": {"rows": "secret"}}"#),
            "`limits.rows`: invalid type, expected u64."
        );
    }

    #[test]
    fn a_list_is_no_object_whatever_it_holds() {
        assert_eq!(detail(br#"[{"rows": 1}]"#), "The body: invalid type, expected an object.");
    }

    #[test]
    fn what_is_no_json_names_the_place() {
        assert_eq!(detail(b"{"), "The body is not JSON, at line 1, column 1.");
        assert_eq!(detail(b""), "The body is empty; it must be a JSON object.");
        assert_eq!(detail(b"\xff"), "The body is not UTF-8 at byte 0.");
        assert_eq!(
            detail(br#"{"limits": {}} x"#),
            "The body goes on after its end, at line 1, column 16."
        );
    }
}
