//! Publishing over HTTP: a source comes in, its publication is watched and can be taken back. For
//! stewards.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap};
use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};
use domain::ids::PublicationId;
use domain::{DatasetName, Date, Role, SnapshotId};
use futures::StreamExt as _;
use serde::Deserialize;
use std::time::Duration;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::Application;
use crate::http::absent;
use crate::http::door::caller::Caller;
use crate::http::door::permission::{Permission, Permissions};
use crate::http::door::request::RequestContext;
use crate::http::problem::{Kind, Problem};
use crate::http::wire::digest;
use crate::http::wire::{Params, json};
use crate::publish::inbox::ReceiveError;
use crate::publish::label::Label;
use crate::publish::order::Wishes;
use crate::publish::{Delivery, DeliveryKey, Order, PublishError, Subject};

mod body;
mod edition;

use body::PublicationBody;

/// Who may call what here.
pub(crate) const PERMISSIONS: Permissions = &[
    ("publish", Permission::Roles(&[Role::Steward])),
    ("publish_edition", Permission::Roles(&[Role::Steward])),
    ("activate_edition", Permission::Roles(&[Role::Steward])),
    ("show_publication", Permission::Roles(&[Role::Steward])),
    ("cancel_publication", Permission::Roles(&[Role::Steward])),
];

/// The longest `Idempotency-Key`, in bytes.
const KEY_BYTES_MAX: usize = 255;

/// How long the rest of a source that is refused is read, so that the caller hears why.
const DRAINING: Duration = Duration::from_secs(10);

/// Registers the operations of this file.
pub(crate) fn operations(config: &mut ServiceConfig) {
    config.service(edition::publish_edition).service(edition::activate_edition);
    config.service(publish).service(show_publication).service(cancel_publication);
}

/// What a steward asks for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PublishParams {
    as_of: Option<Date>,
    period: Option<String>,
    supersedes: Option<SnapshotId>,
    reason: Option<String>,
    #[serde(default)]
    stage: bool,
    #[serde(default)]
    dry_run: bool,
    max_rejects: Option<u64>,
}

/// Publishes a source: reads, validates, lays out, signs, activates.
///
/// The body is the source's bytes: CSV, NDJSON or Parquet (each also with gzip or zstd), a zip of
/// the DSA Transparency Database as it is, or a tar of several files. The publication goes its way
/// when the source has arrived; ask for it at the address in `Location`.
#[utoipa::path(
    tag = "stewards",
    params(
        ("dataset" = String, Path, description = "The dataset's name."),
        ("as_of" = Option<String>, Query, format = Date, description = "The day whose state the source shows; today (UTC) unless given, and not before the newest edition's."),
        ("period" = Option<String>, Query, description = "The period it belongs to, where neither the source's name nor its rows tell."),
        ("supersedes" = Option<String>, Query, pattern = "^s-[a-z2-7]{20}$", description = "The snapshot this one replaces because that one was wrong; with `reason`."),
        ("reason" = Option<String>, Query, description = "Why."),
        ("stage" = Option<bool>, Query, description = "Stop before activation."),
        ("dry_run" = Option<bool>, Query, description = "Check everything, publish nothing."),
        ("max_rejects" = Option<u64>, Query, description = "How many rows may be rejected before the whole is."),
        ("Content-Disposition" = Option<String>, Header, description = "The source's name: `attachment; filename=\"…\"`."),
        ("Content-Digest" = Option<String>, Header, description = "The digest of the bytes, as `sha-256=:…:` (RFC 9530); what arrives otherwise is refused."),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes sending the same again harmless: the answer is the publication that is there."),
    ),
    request_body(
        description = "The source's bytes. Where the media type does not say what it is (gzip, \
            zstd, bytes), `Content-Disposition` must name it.",
        content(
            (String = "text/csv"),
            (String = "application/x-ndjson"),
            (String = "application/ndjson"),
            (String = "application/jsonl"),
            (String = "application/vnd.apache.parquet"),
            (String = "application/zip"),
            (String = "application/x-tar"),
            (String = "application/gzip"),
            (String = "application/zstd"),
            (String = "application/octet-stream"),
        ),
    ),
    responses((status = 202, description = "The source has arrived; its publication is on its way.",
        body = PublicationBody,
        headers(("Location" = String, description = "Where the publication is.")))),
)]
#[post("/v1/datasets/{dataset}/snapshots")]
pub(crate) async fn publish(
    room: web::Data<Application>,
    caller: Caller,
    context: RequestContext,
    dataset: web::Path<DatasetName>,
    params: Params<PublishParams>,
    request: HttpRequest,
    mut source: web::Payload,
) -> Result<HttpResponse, Problem> {
    let delivered = async {
        let wishes = wishes(params.0, room.settings().publish.rejects_max);
        let (view, today) = (room.catalogue().view(), room.clock().today());
        let order = Order::check(dataset.into_inner(), wishes, &view, today)?;
        check_length(request.headers(), room.settings().publish.source_bytes_max)?;
        let delivery = Delivery {
            label: Label::of(request.headers(), &order.dataset)?,
            key: delivery_key(request.headers(), &caller)?,
            digest: digest::stated(request.headers())?,
            request: context.id.clone(),
            attribution: room.attribution(&caller, &context),
            subject: Subject::Snapshot(order),
        };
        Ok(room.publish(delivery, &mut source).await?)
    };
    match delivered.await {
        Ok(publication) => accepted(&PublicationBody::of(&publication)),
        Err(refused) => {
            drain(source).await;
            Err(refused)
        }
    }
}

/// Shows a publication: where it stands, how far it is, what was found.
#[utoipa::path(
    tag = "stewards",
    params(("id" = String, Path, description = "The publication's id.")),
    responses((status = 200, description = "The publication.", body = PublicationBody)),
)]
#[get("/v1/publications/{id}")]
pub(crate) async fn show_publication(
    room: web::Data<Application>,
    id: web::Path<PublicationId>,
) -> Result<HttpResponse, Problem> {
    let publication = room.publications().find(&id).ok_or_else(|| absent::publication(&id))?;
    json(StatusCode::OK, &PublicationBody::of(&publication))
}

/// Takes back a publication that is on its way; nothing of it is published then.
#[utoipa::path(
    tag = "stewards",
    params(("id" = String, Path, description = "The publication's id.")),
    responses((status = 202, description = "It is being stopped.", body = PublicationBody)),
)]
#[delete("/v1/publications/{id}")]
pub(crate) async fn cancel_publication(
    room: web::Data<Application>,
    id: web::Path<PublicationId>,
) -> Result<HttpResponse, Problem> {
    room.publications().find(&id).ok_or_else(|| absent::publication(&id))?;
    let publication = room.publications().cancel(&id)?;
    json(StatusCode::ACCEPTED, &PublicationBody::of(&publication))
}

fn wishes(params: PublishParams, rejects_max: u64) -> Wishes {
    Wishes {
        as_of: params.as_of,
        period: params.period,
        supersedes: params.supersedes,
        reason: params.reason,
        stage: params.stage,
        dry_run: params.dry_run,
        rejects_max: params.max_rejects.unwrap_or(rejects_max),
    }
}

/// The answer to a delivery that has arrived.
fn accepted(body: &PublicationBody) -> Result<HttpResponse, Problem> {
    let mut response = json(StatusCode::ACCEPTED, body)?;
    let location = header::HeaderValue::from_str(&format!("/v1/publications/{}", body.id()))
        .expect("invariant: an id is visible ASCII");
    response.headers_mut().insert(header::LOCATION, location);
    Ok(response)
}

/// Checks the length that is announced, before any of it is read.
fn check_length(headers: &HeaderMap, bytes_max: u64) -> Result<(), PublishError> {
    let length = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    match length.and_then(|length| length.parse::<u64>().ok()) {
        Some(length) if bytes_max < length => Err(ReceiveError::TooLarge { bytes_max }.into()),
        Some(_) | None => Ok(()),
    }
}

/// What the steward wants the delivery to be known by.
///
/// # Source
/// draft-ietf-httpapi-idempotency-key-header: a string in quotes; without them it is taken, too.
fn delivery_key(headers: &HeaderMap, caller: &Caller) -> Result<Option<DeliveryKey>, Problem> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let key = value.to_str().unwrap_or_default().trim().trim_matches('"');
    if key.is_empty() || KEY_BYTES_MAX < key.len() {
        return Err(Kind::BodyInvalid.problem(format!(
            "`Idempotency-Key` is a text of 1 to {KEY_BYTES_MAX} visible characters."
        )));
    }
    let caller = match caller {
        Caller::Principal(principal) => format!("{} {}", principal.issuer, principal.subject),
        Caller::Operator(operator) => format!("operator {}", operator.user_id),
    };
    Ok(Some(DeliveryKey { caller, key: key.to_owned() }))
}

/// Reads the rest of a source that is refused: a connection that is closed while the caller still
/// writes would lose the answer that says why.
async fn drain(mut source: web::Payload) {
    let rest = async { while let Some(Ok(_)) = source.next().await {} };
    // Whoever sends for longer than this hears nothing.
    let _ = tokio::time::timeout(DRAINING, rest).await;
}
