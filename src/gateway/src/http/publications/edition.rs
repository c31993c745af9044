//! Editions over HTTP: several datasets delivered, validated and activated together. For stewards.

use std::collections::BTreeMap;
use std::fmt;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, post, web};
use domain::{DatasetName, Date, SnapshotId};
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

use super::body::PublicationBody;
use super::{accepted, check_length, delivery_key, drain};
use crate::Application;
use crate::http::absent;
use crate::http::door::caller::Caller;
use crate::http::door::request::RequestContext;
use crate::http::editions::EditionBody;
use crate::http::problem::{Kind, Problem};
use crate::http::wire::digest;
use crate::http::wire::{JsonBody, Params, ReadsJson, json};
use crate::publish::label::Label;
use crate::publish::order::EditionWishes;
use crate::publish::{Delivery, EditionOrder, Reason, Subject};

/// What a steward asks for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EditionParams {
    as_of: Option<Date>,
    #[serde(default)]
    stage: bool,
    #[serde(default)]
    dry_run: bool,
    max_rejects: Option<u64>,
}

/// Publishes several datasets together: validated together, activated together or not at all.
///
/// The body is a tar archive with one folder for each dataset, named after it, which holds what
/// would be delivered for that dataset alone. Keys may point from one of them to another; datasets
/// that the archive does not bring stay as they are. The publication goes its way when the archive
/// has arrived; ask for it at the address in `Location`.
#[utoipa::path(
    tag = "stewards",
    params(
        ("as_of" = Option<String>, Query, format = Date, description = "The day whose state the sources show; today (UTC) unless given, and not before the newest edition's."),
        ("stage" = Option<bool>, Query, description = "Stop before activation."),
        ("dry_run" = Option<bool>, Query, description = "Check everything, publish nothing."),
        ("max_rejects" = Option<u64>, Query, description = "How many rows of each dataset may be rejected before the whole is."),
        ("Content-Disposition" = Option<String>, Header, description = "The archive's name: `attachment; filename=\"…\"`."),
        ("Content-Digest" = Option<String>, Header, description = "The digest of the bytes, as `sha-256=:…:` (RFC 9530); what arrives otherwise is refused."),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes sending the same again harmless: the answer is the publication that is there."),
    ),
    request_body(
        description = "A tar archive with one folder for each dataset.",
        content((String = "application/x-tar")),
    ),
    responses((status = 202, description = "The archive has arrived; its publication is on its way.",
        body = PublicationBody,
        headers(("Location" = String, description = "Where the publication is.")))),
)]
#[post("/v1/editions")]
pub(super) async fn publish_edition(
    room: web::Data<Application>,
    caller: Caller,
    context: RequestContext,
    params: Params<EditionParams>,
    request: HttpRequest,
    mut source: web::Payload,
) -> Result<HttpResponse, Problem> {
    let delivered = async {
        let EditionParams { as_of, stage, dry_run, max_rejects } = params.0;
        let rejects_max = max_rejects.unwrap_or(room.settings().publish.rejects_max);
        let wishes = EditionWishes { as_of, stage, dry_run, rejects_max };
        let (view, today) = (room.catalogue().view(), room.clock().today());
        let order = EditionOrder::check(wishes, &view, today)?;
        check_length(request.headers(), room.settings().publish.source_bytes_max)?;
        let delivery = Delivery {
            label: Label::of_edition(request.headers())?,
            key: delivery_key(request.headers(), &caller)?,
            digest: digest::stated(request.headers())?,
            request: context.id.clone(),
            attribution: room.attribution(&caller, &context),
            subject: Subject::Edition(order),
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

/// Snapshots that are to become current together.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "snapshots": {"listings": "s-4oymiquy7qobjgx36tej", "notices": "s-g7wvdcioc2r7p7iaaaqm"},
    "reason": "the drop is the holiday; checked with the notices team",
}))]
pub(super) struct ActivateEditionBody {
    /// By dataset.
    #[schema(value_type = Object)]
    #[serde(deserialize_with = "each_once")]
    snapshots: BTreeMap<DatasetName, SnapshotId>,
    /// Why: up to 1000 characters, which the log has as they are; needed where one is held.
    reason: Option<String>,
}

impl ReadsJson for ActivateEditionBody {}

/// Reads snapshots by dataset; of one that is named twice nobody knows which is meant.
fn each_once<'de, D: Deserializer<'de>>(
    source: D,
) -> Result<BTreeMap<DatasetName, SnapshotId>, D::Error> {
    struct EachOnce;

    impl<'de> Visitor<'de> for EachOnce {
        type Value = BTreeMap<DatasetName, SnapshotId>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object of snapshots by dataset")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
            let mut read = BTreeMap::new();
            while let Some((dataset, id)) = members.next_entry::<DatasetName, SnapshotId>()? {
                if read.contains_key(&dataset) {
                    return Err(A::Error::custom(format!("{dataset} is named twice")));
                }
                read.insert(dataset, id);
            }
            Ok(read)
        }
    }

    source.deserialize_map(EachOnce)
}

/// Makes snapshots of several datasets the current ones, all in one new edition.
#[utoipa::path(
    tag = "stewards",
    request_body = ActivateEditionBody,
    responses((status = 200, description = "The edition in which they are current.", body = EditionBody)),
)]
#[post("/v1/editions/activate")]
pub(super) async fn activate_edition(
    room: web::Data<Application>,
    caller: Caller,
    context: RequestContext,
    JsonBody(body): JsonBody<ActivateEditionBody>,
) -> Result<HttpResponse, Problem> {
    let attribution = room.attribution(&caller, &context);
    let reason = body.reason.as_deref().map(Reason::parse).transpose()?;
    let wanted: Vec<_> = body.snapshots.into_iter().collect();
    if wanted.is_empty() {
        return Err(Kind::BodyInvalid.problem("`snapshots` names none; name at least one."));
    }
    let view = room.catalogue().view();
    for (dataset, id) in &wanted {
        view.snapshot(dataset, id).ok_or_else(|| absent::snapshot(&view, dataset, id))?;
    }
    let edition = room.activate(wanted, reason, attribution).await?;
    json(StatusCode::OK, &EditionBody::of(&edition))
}
