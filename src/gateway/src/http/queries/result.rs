//! `/v1/queries/{id}/result`: the stored answer again, byte for byte.

use access::Denial;
use actix_web::{HttpRequest, HttpResponse, get, web};
use domain::question::Absence;
use domain::{DatasetName, Principal, QueryId};
use ledger::LeafIndex;

use crate::Application;
use crate::http::answer;
use crate::http::door::caller::Caller;
use crate::http::door::request::RequestContext;
use crate::http::problem::{Kind, Problem};
use crate::http::wire::accept;
use crate::http::wire::range::{self, Part};
use crate::records::{EndedRecord, Record};
use crate::spool::Stored;
use crate::withdraw::check_standing;

use super::body::AnswerBody;
use super::own_record;

/// Gives the stored answer of a query again.
///
/// In the form it was asked in, as long as it is kept. Each time is an entry of the log.
#[utoipa::path(
    tag = "queries",
    params(
        ("id" = String, Path, description = "The query's id."),
        ("Range" = Option<String>, Header, description = "One range of bytes."),
        ("If-Range" = Option<String>, Header, description = "The `ETag` that the range is of."),
        ("If-None-Match" = Option<String>, Header, description = "The `ETag` known already."),
    ),
    responses(
        (status = 200, description = "The answer.",
            content(
                (AnswerBody = "application/json"),
                (String = "application/x-ndjson"),
                (String = "text/csv"),
                (String = "application/vnd.apache.arrow.stream"),
                (String = "application/vnd.apache.parquet"),
            )),
        (status = 206, description = "The part asked for.",
            content(
                (String = "application/json"),
                (String = "application/x-ndjson"),
                (String = "text/csv"),
                (String = "application/vnd.apache.arrow.stream"),
                (String = "application/vnd.apache.parquet"),
            ),
            headers(("Content-Range" = String, description = "Which part of how many bytes."))),
        (status = 304, description = "The answer is the one known already."),
    ),
)]
#[get("/v1/queries/{id}/result")]
pub(crate) async fn fetch_result(
    room: web::Data<Application>,
    caller: Caller,
    context: RequestContext,
    request: HttpRequest,
    id: web::Path<QueryId>,
) -> Result<HttpResponse, Problem> {
    let record = own_record(&room, &caller, id.into_inner()).await?;
    may_fetch(&room, &caller, &context, &record).await?;
    let stored = find(&room, &record).await?;
    let format = record.format().ok_or_else(Problem::internal)?;
    accept::check(request.headers(), format)?;
    let etag = answer::etag(&stored.sha256);
    if range::is_known(request.headers(), &etag) {
        return Ok(answer::not_modified(&stored.sha256));
    }
    let part = range::part(request.headers(), &etag, stored.bytes.length());
    if part == Part::Outside {
        return Ok(answer::outside(stored.bytes.length()));
    }
    let attribution = room.attribution(&caller, &context);
    let released = room.release_again(&attribution, &record, stored).await?;
    Ok(answer::respond(&released.ok_or_else(Problem::internal)?, part))
}

/// Checks that what a question was answered under still holds, and that no snapshot that it was
/// answered from was withdrawn; a no is an entry.
async fn may_fetch(
    room: &Application,
    caller: &Caller,
    context: &RequestContext,
    record: &Record,
) -> Result<(), Problem> {
    let standing = check_standing(&room.catalogue().view(), record.snapshots());
    let problem = match (still_granted(room, caller.principal()?, record), standing) {
        (Err(denial), _) => Problem::from(&denial),
        (Ok(()), Err(withdrawn)) => Problem::from(&withdrawn),
        (Ok(()), Ok(())) => return Ok(()),
    };
    let attribution = room.attribution(caller, context);
    room.log_denied(&attribution, context.operation_id(), problem.kind().code()).await?;
    Err(problem.recorded())
}

/// Whether the project may work, and every grant that the question was answered under holds.
fn still_granted(room: &Application, principal: &Principal, record: &Record) -> Result<(), Denial> {
    let scope = room.access().scope(principal)?;
    for (dataset, _) in record.snapshots() {
        let absent = match scope.dataset(dataset) {
            Ok(_) => continue,
            Err(absence) => absence,
        };
        let dataset = dataset.clone();
        return Err(match absent {
            Absence::GrantExpired(grant) => Denial::GrantExpired { dataset, grant },
            Absence::GrantMissing | Absence::NotPublished => Denial::GrantMissing { dataset },
        });
    }
    let ended = record.intent.grants.iter().find(|(id, _)| scope.grants().all(|it| it.id != *id));
    match (ended, record.snapshots().next()) {
        (Some((grant, _)), Some((dataset, _))) => {
            Err(Denial::GrantExpired { dataset: dataset.clone(), grant: grant.clone() })
        }
        _ => Ok(()),
    }
}

/// The stored bytes of a query's answer.
async fn find(room: &web::Data<Application>, record: &Record) -> Result<Stored, Problem> {
    let Some(ended) = &record.ended else {
        return Err(if record.is_lost { unknown_end() } else { still_running() });
    };
    let Some(sha256) = ended.outcome.body_sha256 else {
        return Err(no_answer(room, record, ended));
    };
    if let Some((dataset, entry)) = room.records().purged(record) {
        return Err(purged(&dataset, entry));
    }
    if !room.spool().keeps(ended.at, room.clock().now()) {
        return Err(no_longer_kept());
    }
    let shared = web::Data::clone(room);
    let stored = web::block(move || shared.stored(sha256)).await;
    let stored = stored.map_err(|error| Problem::internal().logged(&error))?;
    let stored = stored.map_err(|error| Problem::internal().logged(&error))?;
    // A power cut may have left less of it than the log says.
    let whole = stored.filter(|stored| ended.outcome.bytes == Some(stored.bytes.length()));
    whole.ok_or_else(no_longer_kept)
}

/// The problem of an answer that is not there yet.
fn still_running() -> Problem {
    Kind::Conflict
        .problem("The query still runs; its answer can be fetched when its record says `answered`.")
        .retry_after_s(1)
}

/// The problem of a query whose end nobody knows.
fn unknown_end() -> Problem {
    Kind::NotFound
        .problem("The server ended in the middle of the query, so it has no answer. Ask again.")
}

/// The problem of an answer whose time is past.
fn no_longer_kept() -> Problem {
    Kind::NotFound.problem(
        "The answer is no longer kept. The same SQL with the same `as_of` gives the same rows.",
    )
}

/// The problem of an answer that was made before something was taken out of what it read.
fn purged(dataset: &DatasetName, entry: LeafIndex) -> Problem {
    Kind::ResultPurged.problem(format!(
        "After the answer was made, something was taken out of {dataset} by law (entry {} of the \
         log), so that the stored answer was removed. Ask again: the same SQL with the same \
         `as_of` gives the same rows without it.",
        entry.get()
    ))
}

/// The problem of a query that ended without an answer.
fn no_answer(room: &Application, record: &Record, ended: &EndedRecord) -> Problem {
    if let Some(problem) = room.running().problem_of(&record.query) {
        return problem;
    }
    let word = ended.outcome.outcome.as_str();
    match (word, Kind::of_code(word)) {
        ("planned", _) => {
            Kind::NotFound.problem("The query was only planned, as asked, so it has no answer.")
        }
        (_, Some(kind)) => kind.problem("The query ended without an answer. Ask again."),
        (_, None) => unknown_end(),
    }
}
