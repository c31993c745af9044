//! The outermost ring: the request's id, its trace, its span, and how a no is rendered.
//!
//! # Invariant
//! Whatever happens inside, a panic too, the caller gets a whole response with the request's id,
//! and a no is a problem document.

use std::future::{Ready, ready};
use std::panic::AssertUnwindSafe;
use std::time::Instant;

use actix_web::body::MessageBody;
use actix_web::dev::{self, ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{
    Error, FromRequest, HttpMessage as _, HttpRequest, HttpResponse, ResponseError as _, web,
};
use domain::{QueryId, RequestId};
use futures::FutureExt as _;
use tracing::Instrument as _;

use crate::Application;
use crate::http::door::contract::{Contract, Operation};
use crate::http::door::trace::Trace;
use crate::http::problem::{Kind, Problem};
use crate::http::wire::params::not_found;

/// Carries the request's id to the caller.
const REQUEST_HEADER: HeaderName = HeaderName::from_static("reading-room-request");

/// W3C Trace Context.
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// What the door knows of a request before anything else.
#[derive(Clone, Debug)]
pub struct RequestContext {
    /// The id that log, caller and problem share; never taken from outside.
    pub id: RequestId,
    /// The operation asked for, if the contract has one at this address with this method.
    pub operation: Option<Operation>,
    /// When the request's head had arrived.
    pub begun: Instant,
    uuid: uuid::Uuid,
    trace: Trace,
}

impl RequestContext {
    fn new(operation: Option<Operation>, traceparent: Option<&str>) -> Self {
        let uuid = uuid::Uuid::now_v7();
        let (id, trace) = (RequestId::from_uuid(uuid), Trace::continued(traceparent));
        Self { id, operation, begun: Instant::now(), uuid, trace }
    }

    /// The id of the query that this request asks: the same number, so that the log tells both.
    #[must_use]
    pub fn query_id(&self) -> QueryId {
        QueryId::from_uuid(self.uuid)
    }

    /// The operation's name for logs and metrics.
    #[must_use]
    pub fn operation_id(&self) -> &'static str {
        self.operation.map_or("unknown", |operation| operation.id)
    }
}

impl FromRequest for RequestContext {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut dev::Payload) -> Self::Future {
        ready(request.extensions().get::<Self>().cloned().ok_or_else(Problem::internal))
    }
}

/// Numbers a request, lets it through, and sees to it that an answer goes back.
pub(crate) async fn surround(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse, Error> {
    let room = room(&request);
    answer_head_as_get(&mut request);
    let operation = Contract::get().operation(&request);
    let traceparent = request.headers().get(TRACEPARENT).and_then(|value| value.to_str().ok());
    let context = RequestContext::new(operation, traceparent);
    request.extensions_mut().insert(context.clone());
    let span = tracing::info_span!(
        "request",
        request.id = %context.id,
        trace.id = context.trace.trace_id(),
        operation = context.operation_id(),
        principal.role = tracing::field::Empty,
    );
    let inner = AssertUnwindSafe(next.call(request)).catch_unwind();
    let ended = inner.instrument(span.clone()).await;
    let _entered = span.enter();
    let mut result = rendered(ended, &context, room.settings().problem_base_url.as_str());
    if let Ok(response) = &mut result {
        name_request(response.headers_mut(), &context);
    }
    note(&room, &context, &result);
    result
}

/// The application that every request is served by.
pub(crate) fn room(request: &ServiceRequest) -> web::Data<Application> {
    let room = request.app_data::<web::Data<Application>>();
    web::Data::clone(room.expect("invariant: the server is built with its application"))
}

/// Serves HEAD by the operation of GET; the connection sends its headers and leaves the body out.
fn answer_head_as_get(request: &mut ServiceRequest) {
    if request.method() == Method::HEAD {
        request.head_mut().method = Method::GET;
    }
}

/// Turns whatever came back into a response, every no a problem document.
fn rendered(
    ended: std::thread::Result<Result<ServiceResponse<impl MessageBody + 'static>, Error>>,
    context: &RequestContext,
    type_base: &str,
) -> Result<ServiceResponse, Error> {
    let response = match ended {
        Ok(Ok(response)) => response.map_into_boxed_body(),
        Ok(Err(error)) => {
            let problem = problem_of(&error, error.as_response_error().status_code());
            return Err(problem.for_request(&context.id, type_base).into());
        }
        Err(_) => {
            tracing::error!("an operation panicked");
            return Err(Problem::internal().for_request(&context.id, type_base).into());
        }
    };
    let Some(error) = response.response().error() else {
        return Ok(response);
    };
    let problem = problem_of(error, response.status()).for_request(&context.id, type_base);
    let mut rendered = problem.error_response();
    for (name, value) in response.headers() {
        if !rendered.headers().contains_key(name) {
            rendered.headers_mut().append(name.clone(), value.clone());
        }
    }
    Ok(response.into_response(rendered))
}

/// The problem behind an error: our own, or what the framework's comes to.
fn problem_of(error: &Error, status: StatusCode) -> Problem {
    if let Some(problem) = error.as_error::<Problem>() {
        return problem.clone();
    }
    let kind = match status {
        StatusCode::NOT_FOUND => Kind::NotFound,
        StatusCode::METHOD_NOT_ALLOWED => Kind::MethodNotAllowed,
        StatusCode::NOT_ACCEPTABLE => Kind::NotAcceptable,
        StatusCode::PAYLOAD_TOO_LARGE => Kind::TooLarge,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Kind::UnsupportedMediaType,
        status if status.is_client_error() => Kind::BodyInvalid,
        _ => {
            tracing::error!(cause = %error, "the framework failed");
            return Problem::internal();
        }
    };
    kind.problem("The request is not as the contract says; see `GET /openapi.yaml`.")
}

/// Tells the caller which request this was, and forbids guessing at the body's type.
fn name_request(headers: &mut HeaderMap, context: &RequestContext) {
    let valid = "invariant: ids are visible ASCII";
    let id = HeaderValue::from_str(context.id.as_str()).expect(valid);
    let trace = HeaderValue::from_str(&context.trace.to_string()).expect(valid);
    headers.insert(REQUEST_HEADER, id);
    headers.insert(TRACEPARENT, trace);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}

/// Counts the request, and writes one line of it to the server's log.
fn note(room: &Application, context: &RequestContext, result: &Result<ServiceResponse, Error>) {
    let status = match result {
        Ok(response) => response.status(),
        Err(error) => error.as_response_error().status_code(),
    };
    let elapsed = context.begun.elapsed();
    room.metrics().request(context.operation_id(), status.as_u16(), elapsed);
    let elapsed_us = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
    tracing::info!(status = status.as_u16(), elapsed_us, "request answered");
}

/// The problem of what no operation takes: 405 where the address has others, else 404.
pub(crate) fn nothing_here(request: &HttpRequest) -> Problem {
    let Some(methods) = Contract::get().methods(request) else { return not_found() };
    let problem = Kind::MethodNotAllowed.problem(format!("This address has {methods}."));
    problem.allow(methods.to_owned())
}

/// Answers what the router has no handler for, should it ever come so far.
pub(crate) async fn no_operation(request: HttpRequest) -> Result<HttpResponse, Problem> {
    Err(nothing_here(&request))
}
