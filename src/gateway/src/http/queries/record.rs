//! What a query's record looks like on the wire.

use audit::ReplayError;
use domain::{DatasetName, Notice, ProjectId, Role, SnapshotId, Timestamp};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::Application;
use crate::records::{Place, Record};

use super::body::NoticeBody;

/// The record of a query, as the log tells it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QueryBody {
    /// Its id.
    id: String,
    /// Where it is.
    state: State,
    /// The code of the problem, where it has no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    /// The SQL, unless the person who asked was erased.
    sql: Option<String>,
    /// Its parameters, likewise; not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<serde_json::Value>>)]
    parameters: Option<Value>,
    /// The edition asked.
    edition: String,
    /// The snapshots scanned.
    snapshots: Vec<SnapshotBody>,
    /// The media type of the answer.
    format: String,
    /// When it was asked.
    #[schema(value_type = String, format = DateTime)]
    asked_at: Timestamp,
    /// When it ended.
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<Timestamp>,
    /// Rows of the answer.
    rows: Option<u64>,
    /// Bytes of the answer.
    bytes: Option<u64>,
    /// Whether the answer was cut at a limit, as the caller allowed.
    truncated: Option<bool>,
    /// The digest of the answer's bytes.
    body_sha256: Option<String>,
    /// The digest of its rows, free of order and format.
    rows_sha256: Option<String>,
    /// What is told of the snapshots now.
    notices: Vec<NoticeNow>,
    /// Where its entries stand.
    log: LogPlaces,
    /// Where its answer can be fetched, as long as it is kept.
    result: Option<ResultPlace>,
    /// Why its answer was removed, where something that it read was taken out by law since.
    #[serde(skip_serializing_if = "Option::is_none")]
    purged: Option<PurgedBody>,
}

/// Why a stored answer was removed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PurgedBody {
    /// The dataset of which something was taken out.
    #[schema(value_type = String)]
    dataset: DatasetName,
    /// The entry of the log that says so.
    log_index: u64,
}

/// Where a query is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    /// It runs.
    Running,
    /// It has an answer.
    Answered,
    /// It was planned only, as asked.
    Planned,
    /// It was stopped: by a limit, by its project, or since a right was taken back.
    Stopped,
    /// It failed.
    Failed,
    /// The server ended in the middle of it.
    Unknown,
}

/// A snapshot that was scanned.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SnapshotBody {
    /// The dataset.
    #[schema(value_type = String)]
    dataset: DatasetName,
    /// Its snapshot.
    #[schema(value_type = String)]
    id: SnapshotId,
}

/// What is told of a snapshot that was scanned.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NoticeNow {
    /// What is told.
    #[serde(flatten)]
    #[schema(value_type = NoticeBody)]
    notice: Notice,
    /// Whether it came after the question was asked, so that its answer does not tell it.
    is_new: bool,
}

/// Where a query's entries stand in the log.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LogPlaces {
    /// The intent.
    intent: u64,
    /// The outcome.
    outcome: Option<u64>,
}

/// Where an answer can be fetched.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ResultPlace {
    /// Its address.
    href: String,
    /// Until when.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

/// A page of query records.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QueriesBody {
    /// The records, newest first.
    queries: Vec<QueryBody>,
    /// Those that wait for a worker or are planned, newest first, whatever the page: they have no
    /// record yet.
    waiting: Vec<WaitingBody>,
    /// What to send as `after` for the next page, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// A query that has no record yet.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WaitingBody {
    /// Its id, by which it can be cancelled.
    id: String,
    /// When it was asked.
    #[schema(value_type = String, format = DateTime)]
    asked_at: Timestamp,
}

impl State {
    /// The state that an outcome's word comes to.
    fn of(outcome: Option<&str>) -> Self {
        match outcome {
            None => Self::Running,
            Some("answered") => Self::Answered,
            Some("planned") => Self::Planned,
            Some("unknown") => Self::Unknown,
            Some("query_stopped") => Self::Stopped,
            Some(_) => Self::Failed,
        }
    }
}

impl QueryBody {
    /// A record on the wire.
    pub(crate) fn of(room: &Application, record: &Record) -> Self {
        let outcome = record.ended.as_ref().map(|ended| &ended.outcome);
        let word = outcome.map(|outcome| outcome.outcome.as_str());
        let state = if record.is_lost { State::Unknown } else { State::of(word) };
        let has_code = matches!(state, State::Stopped | State::Failed);
        let private = record.private.as_ref();
        let parameters = private.and_then(|private| private.parameters_json.as_deref());
        let snapshots = record.snapshots();
        Self {
            id: record.query.to_string(),
            state,
            code: outcome.filter(|_| has_code).map(|outcome| outcome.outcome.clone()),
            sql: private.and_then(|private| private.sql.clone()),
            parameters: parameters.and_then(|text| serde_json::from_str(text).ok()),
            edition: record.intent.edition.to_string(),
            snapshots: snapshots
                .map(|(dataset, id)| SnapshotBody { dataset: dataset.clone(), id: id.clone() })
                .collect(),
            format: record.intent.format.clone(),
            asked_at: record.asked_at,
            ended_at: record.ended.as_ref().map(|ended| ended.at),
            rows: outcome.and_then(|outcome| outcome.rows),
            bytes: outcome.and_then(|outcome| outcome.bytes),
            truncated: outcome.and_then(|outcome| outcome.truncated),
            body_sha256: outcome.and_then(|outcome| outcome.body_sha256).map(|it| it.to_string()),
            rows_sha256: outcome.and_then(|outcome| outcome.rows_sha256).map(|it| it.to_string()),
            notices: notices(room, record),
            log: LogPlaces {
                intent: record.intent_index.get(),
                outcome: record.ended.as_ref().map(|ended| ended.index.get()),
            },
            result: result_place(room, record),
            purged: room
                .records()
                .purged(record)
                .map(|(dataset, entry)| PurgedBody { dataset, log_index: entry.get() }),
        }
    }
}

/// What is told of a record's snapshots now.
fn notices(room: &Application, record: &Record) -> Vec<NoticeNow> {
    let now = room.notices(record.snapshots()).into_iter();
    let told = now.map(|notice| {
        let is_new = notice.matter.at().is_some_and(|at| record.asked_at < at);
        NoticeNow { notice, is_new }
    });
    told.collect()
}

/// The queries that a project asked in a role and that have no record yet.
fn waiting(room: &Application, project: &ProjectId, role: Role) -> Vec<WaitingBody> {
    let on_their_way = room.running().of(project, role).into_iter();
    let without = on_their_way.filter(|(query, _)| room.records().find(project, query).is_none());
    without.map(|(query, asked_at)| WaitingBody { id: query.to_string(), asked_at }).collect()
}

/// Where a record's answer can be fetched, if it has one that is still kept.
fn result_place(room: &Application, record: &Record) -> Option<ResultPlace> {
    let ended = record.ended.as_ref().filter(|ended| ended.outcome.body_sha256.is_some())?;
    let is_kept = room.spool().keeps(ended.at, room.clock().now());
    let is_kept = is_kept && room.records().purged(record).is_none();
    is_kept.then(|| ResultPlace {
        href: format!("/v1/queries/{}/result", record.query),
        expires_at: room.spool().expiry(ended.at),
    })
}

/// Reads the record that stands somewhere; waits for the disk.
///
/// # Errors
/// When the log cannot be read back.
pub(super) fn read(
    room: &Application,
    project: &ProjectId,
    place: Place,
) -> Result<Option<Record>, ReplayError> {
    let Some(record) = place.record(room.audit())? else { return Ok(None) };
    if record.ended.is_some() || room.running().runs(&record.query) {
        return Ok(Some(record));
    }
    // It does not run, so it has ended since it was looked up, or never will.
    let place = room.records().find(project, &record.query).unwrap_or(place);
    let record = place.record(room.audit())?;
    Ok(record.map(|record| Record { is_lost: record.ended.is_none(), ..record }))
}

impl QueriesBody {
    /// Reads a page of records; one more place than fits says that there is a next page.
    pub(crate) fn read(
        room: &Application,
        (project, role): (&ProjectId, Role),
        places: &[Place],
        limit: usize,
    ) -> Result<Self, ReplayError> {
        let mut queries = Vec::with_capacity(places.len().min(limit));
        let mut last = None;
        for place in places.iter().take(limit) {
            let Some(record) = read(room, project, *place)? else { continue };
            last = Some(record.query.to_string());
            if record.is_of(role) {
                // Lists of values may be long: a page of them would be longer than memory.
                queries.push(QueryBody { parameters: None, ..QueryBody::of(room, &record) });
            }
        }
        let next = last.filter(|_| limit < places.len());
        Ok(Self { queries, waiting: waiting(room, project, role), next })
    }
}
