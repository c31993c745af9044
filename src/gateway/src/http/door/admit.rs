//! The inner ring: who asks, how often, and whether the operation is open to it.
//!
//! # Order
//! It runs before any extractor, so that a body of someone who may not send one is never read.
//! It must stay middleware: extractors are polled together, so none can promise to fail first.
//!
//! # Invariant
//! A handler of an operation that is not open to anyone runs only with a caller that it admits.

use std::sync::Arc;
use std::time::Instant;

use access::RateDecision;
use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _, HttpResponse, web};

use crate::Application;
use crate::http::door::caller::{Caller, Operator, not_permitted};
use crate::http::door::contract::{Contract, Operation};
use crate::http::door::permission::Permission;
use crate::http::door::rate_fields;
use crate::http::door::request::{RequestContext, nothing_here, room};
use crate::http::problem::{Kind, Problem, chain, unauthenticated};
use crate::http::wire::accept;

/// The name by which a caller at the control socket calls itself.
const ACTOR_HEADER: &str = "reading-room-actor";

/// Who is at the other end of a control socket; of connections that came through it only.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer {
    /// The user id, as the kernel tells it.
    pub(crate) user_id: u32,
}

/// Lets a request in, or answers no.
pub(crate) async fn admit(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<EitherBody<BoxBody, impl MessageBody + 'static>>, Error> {
    let context = request.extensions().get::<RequestContext>().cloned();
    let context = context.expect("invariant: the outer ring numbers every request");
    let admitted = match context.operation {
        // Fail closed: what the contract does not have, no handler gets to see.
        None => Err((nothing_here(request.request()), None)),
        Some(Operation { permission: Permission::Anyone, .. }) => Ok(None),
        Some(operation) => check(&request, &context, operation).await,
    };
    let admitted = match (admitted, refuse_form(&request, &context)) {
        (Ok(decision), Some(problem)) => Err((problem, decision)),
        (admitted, _) => admitted,
    };
    match admitted {
        Ok(decision) => {
            let response = next.call(request).await?;
            let mut response = match log_refusal(&response, &context).await {
                None => response.map_into_right_body(),
                Some(problem) => {
                    let failed = HttpResponse::from_error(problem).map_into_left_body();
                    response.into_response(failed)
                }
            };
            name_rates(response.headers_mut(), decision.as_ref());
            Ok(response)
        }
        Err((problem, decision)) => {
            let mut response = request.error_response(problem).map_into_left_body();
            name_rates(response.headers_mut(), decision.as_ref());
            Ok(response)
        }
    }
}

/// The problem of a caller who accepts no form that the operation has; questions and their
/// answers see to that themselves.
fn refuse_form(request: &ServiceRequest, context: &RequestContext) -> Option<Problem> {
    let offered = Contract::get().media_types(context.operation?.id);
    let is_acceptable = offered.is_empty() || accept::accepts(request.headers(), offered);
    (!is_acceptable).then(|| accept::not_acceptable(offered.iter().map(String::as_str)))
}

/// Makes the entry of an act that was refused by its handler durable, unless the handler did; a
/// problem where the log takes none.
///
/// Acts are what changes something or asks something. A look at what is not there is none, or
/// whoever waits for an answer would fill the log.
async fn log_refusal<B>(
    response: &ServiceResponse<B>,
    context: &RequestContext,
) -> Option<Problem> {
    let problem = response.response().error()?.as_error::<Problem>()?;
    let is_act = response.request().method() != Method::GET;
    if !is_act || problem.is_recorded() || !problem.kind().status().is_client_error() {
        return None;
    }
    let caller = response.request().extensions().get::<Caller>().cloned()?;
    let room = response.request().app_data::<web::Data<Application>>()?;
    let attribution = room.attribution(&caller, context);
    let code = problem.kind().code();
    room.log_denied(&attribution, context.operation_id(), code).await.err().map(Problem::from)
}

/// A no, with the rates as far as they were counted.
type Rejection = (Problem, Option<RateDecision>);

/// Authenticates, counts, and looks up the permission; on a yes the request has its caller.
async fn check(
    request: &ServiceRequest,
    context: &RequestContext,
    operation: Operation,
) -> Result<Option<RateDecision>, Rejection> {
    let room = room(request);
    let begun = Instant::now();
    let caller = authenticate(request, &room).await.map_err(|problem| (problem, None))?;
    room.phase("authenticate", begun);
    let decision = match &caller {
        Caller::Principal(principal) => Some(room.access().rate(principal)),
        Caller::Operator(_) => None,
    };
    if let Some(limited) = decision.as_ref().and_then(|decision| decision.limited) {
        // Counted, as strangers are: one by one they would let a loop fill the log.
        room.flood().count(room.clock().now());
        return Err((Problem::from(&limited), decision));
    }
    if !operation.permission.admits(&caller) {
        return Err((deny(&room, &caller, context, operation).await, decision));
    }
    request.extensions_mut().insert(caller);
    Ok(decision)
}

/// Says who asks: by the token, or, at the control socket without one, the operator.
async fn authenticate(request: &ServiceRequest, room: &Application) -> Result<Caller, Problem> {
    let mut fields = request.headers().get_all(header::AUTHORIZATION);
    match (fields.next(), fields.next(), request.conn_data::<Peer>()) {
        (None, None, Some(peer)) => operator(request.headers(), *peer),
        (Some(field), None, _) => {
            let principal = match bearer(field) {
                Some(token) => room.access().authenticate(token).await.map_err(|refused| {
                    tracing::info!(reason = %refused.reason(), "a token was refused");
                }),
                None => Err(()),
            };
            let principal = principal.map_err(|()| stranger(room))?;
            tracing::Span::current().record("principal.role", principal.role.as_str());
            Ok(Caller::Principal(Arc::new(principal)))
        }
        _ => Err(stranger(room)),
    }
}

/// The token of an `Authorization` field.
fn bearer(field: &HeaderValue) -> Option<&str> {
    let (scheme, token) = field.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim_matches(' '))
}

/// Counts a request without a valid token, and says no.
fn stranger(room: &Application) -> Problem {
    room.flood().count(room.clock().now());
    unauthenticated()
}

/// The operator at the control socket, with the name it gives itself.
fn operator(headers: &HeaderMap, peer: Peer) -> Result<Caller, Problem> {
    let mut actor = None;
    if let Some(field) = headers.get(ACTOR_HEADER) {
        let text = field.to_str().ok().filter(|text| is_name(text)).ok_or_else(|| {
            Kind::BodyInvalid.problem(
                "`Reading-Room-Actor` is a name of 1 to 64 letters, digits, `.`, `-`, `_` or `@`.",
            )
        })?;
        actor = Some(text.to_owned());
    }
    Ok(Caller::Operator(Operator { user_id: peer.user_id, actor }))
}

/// Whether a text can stand in the log as the name of someone at the control socket.
fn is_name(text: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-_@".contains(&byte);
    (1..=64).contains(&text.len()) && text.bytes().all(is_allowed)
}

/// Makes the entry of an operation that is not open to the caller durable.
async fn deny(
    room: &Application,
    caller: &Caller,
    context: &RequestContext,
    operation: Operation,
) -> Problem {
    let problem = not_permitted();
    let attribution = room.attribution(caller, context);
    match room.log_denied(&attribution, operation.id, problem.kind().code()).await {
        Ok(()) => problem.recorded(),
        Err(failure) => Problem::from(failure),
    }
}

/// Adds the two fields that tell how much may still be asked.
fn name_rates(headers: &mut HeaderMap, decision: Option<&RateDecision>) {
    let Some(decision) = decision else { return };
    match rate_fields::of(decision) {
        Ok((policy, state)) => {
            headers.insert(rate_fields::POLICY, policy);
            headers.insert(rate_fields::STATE, state);
        }
        Err(error) => tracing::error!(cause = %chain(&error), "the rate fields cannot be written"),
    }
}
