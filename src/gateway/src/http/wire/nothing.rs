//! Bodies of operations that need none, or may do without.

use std::future::Future;
use std::pin::Pin;

use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, dev};
use serde::Deserialize;

use crate::http::problem::Problem;
use crate::http::wire::json::{JsonBody, ReadsJson};

/// No body, or a JSON object without members; anything else is a mistake of the caller's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NoBody;

/// A JSON object without members.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NoMembers {}

impl ReadsJson for NoMembers {
    const BODY_BYTES_MAX: usize = 1 << 10;
}

/// A JSON body that may be left out.
#[derive(Debug)]
pub(crate) struct OptionalBody<T>(pub(crate) Option<T>);

impl<T: ReadsJson> FromRequest for OptionalBody<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut dev::Payload) -> Self::Future {
        let headers = request.headers();
        let length = headers.get(header::CONTENT_LENGTH);
        let is_there = length.is_some_and(|length| length.as_bytes() != b"0")
            || headers.contains_key(header::TRANSFER_ENCODING);
        if !is_there {
            return Box::pin(std::future::ready(Ok(Self(None))));
        }
        let body = JsonBody::<T>::from_request(request, payload);
        Box::pin(async move { body.await.map(|JsonBody(body)| Self(Some(body))) })
    }
}

impl FromRequest for NoBody {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut dev::Payload) -> Self::Future {
        let body = OptionalBody::<NoMembers>::from_request(request, payload);
        Box::pin(async move { body.await.map(|_| Self) })
    }
}
