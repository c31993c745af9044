//! `/v1/token` and `/v1/tokens`: how tokens of the embedded issuer come and go.
//!
//! A member trades an assertion for a token (RFC 7523); a registrar issues and revokes them.

mod form;

use access::{AssertionError, IssuedToken, TokenOrder, Turn};
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, post, web};
use domain::change::Change;
use domain::{ProjectId, Role, Subject, Timestamp, TokenId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::Application;
use crate::http::door::caller::Caller;
use crate::http::door::permission::{Permission, Permissions};
use crate::http::door::request::RequestContext;
use crate::http::problem::{Kind, Problem};
use crate::http::wire::{JsonBody, ReadsJson, json};
use crate::register::RegisterError;

use form::TokenForm;

/// Who may call what here.
pub(crate) const PERMISSIONS: Permissions = &[
    ("trade_assertion", Permission::Anyone),
    ("issue_token", Permission::Roles(&[Role::Registrar])),
    ("revoke_token", Permission::Roles(&[Role::Registrar])),
];

/// The longest form that is read, in bytes: an assertion has 8 KiB at most.
const FORM_BYTES_MAX: usize = 16 << 10;

/// How long a token holds unless the registrar says, in seconds: eight hours.
const TTL_S_DEFAULT: u64 = 8 * 60 * 60;

/// Registers the operations of this file.
pub(crate) fn operations(config: &mut ServiceConfig) {
    config.service(trade_assertion).service(issue_token).service(revoke_token);
}

/// A token that an assertion was traded for (RFC 6749 §5.1).
#[derive(Serialize, ToSchema)]
struct AccessTokenBody {
    /// The token.
    access_token: String,
    /// `Bearer`.
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// How long it holds, in seconds.
    #[schema(example = 3600)]
    expires_in: i64,
}

/// Why there is no token: a problem document with the word that OAuth has for it (RFC 6749 §5.2).
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its schema is used; problems are written by http::problem")]
#[schema(example = json!({
    "type": "https://reading-room.example/problems/unauthenticated", "code": "unauthenticated",
    "status": 401, "title": "A valid token is needed", "error": "invalid_client",
    "detail": "The assertion is not taken.",
    "instance": "urn:request:0199b3f2-7c1e-7a60-9d7e-3f0c5a1b2c3d",
}))]
pub(crate) struct TokenRefusal {
    /// The problem's page.
    #[serde(rename = "type")]
    problem_type: String,
    /// The word to compare in programs.
    code: String,
    /// The status of the response.
    status: u16,
    /// A line that names it.
    title: String,
    /// What was wrong and what would pass.
    detail: String,
    /// The request: `urn:request:` and its id.
    instance: String,
    /// OAuth's word: `invalid_request`, `invalid_client` or `unsupported_grant_type`.
    error: String,
}

/// Trades a member's client assertion for a token of one hour (RFC 7523 §2.2).
///
/// The assertion is a JWT that the member's own key signs: `iss` and `sub` the member, `aud` this
/// address, `exp` at most five minutes after `iat`, a `jti` that is used once; `project` where the
/// member has several.
#[utoipa::path(
    tag = "access",
    request_body(content = TokenForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "The token.", body = AccessTokenBody),
        (status = 400, description = "`body_invalid`.", body = TokenRefusal,
            content_type = "application/json"),
        (status = 401, description = "`unauthenticated`.", body = TokenRefusal,
            content_type = "application/json"),
    ),
)]
#[post("/v1/token")]
pub(crate) async fn trade_assertion(
    room: web::Data<Application>,
    context: RequestContext,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let form = TokenForm::read(&request, payload, FORM_BYTES_MAX).await?;
    let begun = room.clock().now();
    let traded = room.trade(&context.id, form.client_assertion).await;
    let token = traded.map_err(|error| not_taken(&room, error))?;
    let body = AccessTokenBody {
        access_token: token.token,
        token_type: "Bearer",
        expires_in: token.expires_at.unix_s() - begun.unix_s(),
    };
    private(json(StatusCode::OK, &body)?)
}

/// The problem of an assertion that gives no token; why it is not taken is for the log alone.
fn not_taken(room: &Application, error: RegisterError) -> Problem {
    if let RegisterError::Assertion(AssertionError::Unauthenticated(refused)) = &error {
        tracing::info!(reason = %refused.reason(), "an assertion was refused");
        room.flood().count(room.clock().now());
        let detail = "The assertion is not taken. Sign a new one with the key that the registrar \
                      has of you: `iss` and `sub` you, `aud` this address, `iat` now, `exp` at \
                      most five minutes later, a `jti` not used before, and `project` where you \
                      work under several.";
        return Kind::Unauthenticated.problem(detail).oauth("invalid_client");
    }
    Problem::from(error)
}

/// A token that a registrar wants for someone.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"subject": "ada", "role": "researcher", "project": "p-fair-trade-1"}))]
struct NewTokenBody {
    /// For whom.
    #[schema(value_type = String, min_length = 1, max_length = 255)]
    subject: Subject,
    /// As what: `researcher`, `steward`, `registrar`, `regulator` or `auditor`.
    #[schema(
        value_type = String,
        pattern = "^(researcher|steward|registrar|regulator|auditor)$",
    )]
    role: Role,
    /// For which project; researchers only, and always.
    #[serde(default)]
    #[schema(value_type = Option<String>, pattern = "^p-[0-9a-z-]{1,62}$")]
    project: Option<ProjectId>,
    /// For how long, in seconds; eight hours unless given, 24 at most.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 86400)]
    ttl_s: Option<u64>,
    /// The software that will use it (RFC 9068).
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    client_id: Option<Subject>,
}

impl ReadsJson for NewTokenBody {}

/// A token that was issued; it is shown once.
#[derive(Serialize, ToSchema)]
struct TokenBody {
    /// The token itself; whoever has it is let in.
    token: String,
    /// Its id, by which it can be revoked.
    #[schema(value_type = String)]
    token_id: TokenId,
    /// When it ends.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

/// Issues a token of the embedded issuer.
#[utoipa::path(
    tag = "access",
    request_body = NewTokenBody,
    responses((status = 201, description = "The token; it is shown once.", body = TokenBody)),
)]
#[post("/v1/tokens")]
pub(crate) async fn issue_token(
    room: web::Data<Application>,
    caller: Caller,
    context: RequestContext,
    JsonBody(body): JsonBody<NewTokenBody>,
) -> Result<HttpResponse, Problem> {
    let order = TokenOrder {
        client_id: body.client_id.unwrap_or_else(|| body.subject.clone()),
        subject: body.subject,
        role: body.role,
        project: body.project,
        ttl_s: body.ttl_s.unwrap_or(TTL_S_DEFAULT),
    };
    let act = room.act(&caller, &context);
    let IssuedToken { token, token_id, expires_at } = room.issue(&act, &order).await?;
    private(json(StatusCode::CREATED, &TokenBody { token, token_id, expires_at })?)
}

/// What is to stop working: one token, or all of someone's.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"subject": "ada"}))]
struct RevokeBody {
    /// One token, by its `jti`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    token_id: Option<TokenId>,
    /// All tokens of someone that were issued until now.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    subject: Option<Subject>,
}

impl ReadsJson for RevokeBody {}

/// Revokes a token, or all of someone's; what runs under them ends within a second.
#[utoipa::path(
    tag = "access",
    request_body = RevokeBody,
    responses((status = 204, description = "They work no longer.")),
)]
#[post("/v1/tokens/revoke")]
pub(crate) async fn revoke_token(
    room: web::Data<Application>,
    caller: Caller,
    context: RequestContext,
    JsonBody(body): JsonBody<RevokeBody>,
) -> Result<HttpResponse, Problem> {
    let at = room.clock().now();
    let change = match (body.token_id, body.subject) {
        (Some(token_id), None) => Change::TokenRevoked { token_id, at },
        (None, Some(subject)) => Change::SubjectRevoked { subject, at },
        (None, None) | (Some(_), Some(_)) => {
            return Err(Kind::BodyInvalid.problem("Give either `token_id` or `subject`."));
        }
    };
    let checked = move |turn: &Turn<'_>| turn.check(&change).map(|()| change);
    room.change(room.act(&caller, &context), checked).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Sees to it that nobody keeps a response with a token in it (RFC 6749 §5.1).
fn private(mut response: HttpResponse) -> Result<HttpResponse, Problem> {
    let never = header::HeaderValue::from_static("no-store");
    response.headers_mut().insert(header::CACHE_CONTROL, never);
    Ok(response)
}
