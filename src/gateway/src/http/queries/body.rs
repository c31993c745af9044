//! What a question and a verdict look like on the wire.

use std::sync::Arc;

use domain::question::OnLimit;
use domain::{Date, Format, Limits, LimitsPatch, Notice, Principal};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ask::{Asking, Planned, Purpose};
use crate::http::door::request::RequestContext;
use crate::http::grants::LimitsBody;
use crate::http::problem::{Kind, Problem};
use crate::http::wire::ReadsJson;
use crate::http::wire::json::object;

/// A question.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "sql": "SELECT category, count(*) AS statements FROM statements_of_reasons WHERE \
            platform_name = $1 GROUP BY category ORDER BY statements DESC",
    "parameters": ["Example Market"],
    "as_of": "2026-11-01",
    "limits": {"wall_ms": 10000},
}))]
pub(crate) struct AskBody {
    /// One query in SQL.
    sql: String,
    /// The values of `$1, $2 …`, typed by the plan; each may be a list.
    #[serde(default)]
    #[schema(value_type = Vec<serde_json::Value>)]
    parameters: Vec<serde_json::Value>,
    /// Ask the newest edition not later than this day; the newest of all unless given.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Date)]
    as_of: Option<Date>,
    /// Limits to lower; none may be raised above what the grant gives.
    #[serde(default, deserialize_with = "object")]
    #[schema(value_type = LimitsBody)]
    limits: LimitsPatch,
    /// What happens at the row or byte limit.
    #[serde(default)]
    #[schema(value_type = String, pattern = "^(stop|truncate)$", default = "stop")]
    on_limit: OnLimit,
    /// Plan only, and tell what the query would do.
    #[serde(default)]
    dry_run: bool,
    /// As `dry_run`, with the plan as text.
    #[serde(default)]
    explain: bool,
}

/// Longest statement, in bytes; the worker holds to the same.
const SQL_BYTES_MAX: usize = 16 << 10;

impl ReadsJson for AskBody {
    /// Room for a list of 100 000 identifiers as a parameter, not for files.
    const BODY_BYTES_MAX: usize = 4 << 20;
}

impl AskBody {
    /// The question that a principal asks with it.
    pub(crate) fn asking(
        self,
        principal: &Arc<Principal>,
        context: &RequestContext,
        format: Format,
    ) -> Result<Asking, Problem> {
        if SQL_BYTES_MAX < self.sql.len() {
            let detail = format!(
                "The statement has {} bytes, and may have {SQL_BYTES_MAX}. Send values as \
                 parameters, which may be lists.",
                self.sql.len()
            );
            return Err(Kind::QueryRefused.problem(detail));
        }
        let parameters_json = serde_json::to_string(&self.parameters)
            .map_err(|error| Problem::internal().logged(&error))?;
        let purpose = match (self.explain, self.dry_run) {
            (true, _) => Purpose::Explain,
            (false, true) => Purpose::DryRun,
            (false, false) => Purpose::Answer,
        };
        Ok(Asking {
            principal: Arc::clone(principal),
            request: context.id.clone(),
            query: context.query_id(),
            sql: self.sql,
            parameters_json,
            as_of: self.as_of,
            limits: self.limits,
            on_limit: self.on_limit,
            format,
            purpose,
        })
    }
}

/// What a question is replied to in JSON: its answer, or its verdict.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its schema is used; answers are bytes from a worker")]
#[serde(untagged)]
pub(crate) enum AskReply {
    /// The answer.
    Answer(AnswerBody),
    /// The verdict.
    Plan(PlanBody),
}

/// An answer as JSON; no ids or times inside, so that equal answers are equal bytes.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its schema is used; answers are bytes from a worker")]
#[schema(example = json!({
    "columns": [{"name": "category", "type": "string"}, {"name": "statements", "type": "integer"}],
    "rows": [["STATEMENT_CATEGORY_SCAMS_AND_FRAUD", 214]],
    "row_count": 1,
    "truncated": false,
    "notices": [],
}))]
pub(crate) struct AnswerBody {
    /// The columns, in order.
    columns: Vec<ColumnBody>,
    /// The rows; each has one value for each column.
    #[schema(value_type = Vec<Vec<serde_json::Value>>)]
    rows: Vec<Vec<serde_json::Value>>,
    /// How many rows there are.
    row_count: u64,
    /// Whether the answer was cut at a limit, as `on_limit` allowed.
    truncated: bool,
    /// Known gaps and corrections that touch the snapshots used.
    notices: Vec<NoticeBody>,
}

/// What a reader must know of a snapshot that an answer rests on; which members there are beside
/// the first three depends on the kind.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its schema is used; it is written as domain::Notice")]
pub(crate) struct NoticeBody {
    /// `known_gap`, `correction`, `redaction` or `withdrawal`.
    #[schema(example = "known_gap")]
    kind: String,
    /// The dataset.
    dataset: String,
    /// The snapshot that was used.
    snapshot: String,
    /// First day of a known gap.
    #[schema(format = Date)]
    from: Option<String>,
    /// Last day of a known gap.
    #[schema(format = Date)]
    until: Option<String>,
    /// What is missing in a known gap.
    note: Option<String>,
    /// The snapshot that was published in place of one that was wrong.
    superseded_by: Option<String>,
    /// Why the snapshot was corrected or withdrawn.
    reason: Option<String>,
    /// Why something was redacted, by law: `art16`, `art17`, `dsa30_5`, `dsa39_3`, `order`, `retention`.
    ground: Option<String>,
    /// Whole rows that were redacted.
    rows: Option<u64>,
    /// Cells that were redacted, of rows that stayed.
    cells: Option<u64>,
    /// What these counts are of: `named` by redactions of the dataset, or `removed` from this snapshot.
    counted: Option<String>,
    /// Rows of before this day were redacted, too.
    #[schema(format = Date)]
    before: Option<String>,
    /// When the correction became current, the last redaction on the ground was recorded, or the
    /// snapshot was withdrawn.
    #[schema(format = DateTime)]
    at: Option<String>,
}

/// A column of an answer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ColumnBody {
    /// Its name.
    name: String,
    /// Its type.
    #[serde(rename = "type")]
    column_type: String,
}

/// A verdict: what a query would consult and give.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlanBody {
    /// The query's id.
    query: String,
    /// The edition it was planned on.
    edition: String,
    /// The snapshots it would scan.
    scans: Vec<ScanBody>,
    /// The columns it would give.
    columns: Vec<ColumnBody>,
    /// Estimate of the bytes it would read.
    scan_bytes: u64,
    /// The limits that would hold.
    #[schema(value_type = LimitsInForce)]
    limits: Limits,
    /// The digest of the vetted plan.
    plan_sha256: String,
    /// The plan as text, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    plan: Option<String>,
    /// What would be told of the snapshots.
    #[schema(value_type = Vec<NoticeBody>)]
    notices: Vec<Notice>,
    /// The place of its outcome in the log.
    log_index: u64,
}

/// One snapshot that a query would scan.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ScanBody {
    /// The dataset.
    dataset: String,
    /// Its snapshot.
    snapshot: String,
    /// The columns it would read.
    columns: Vec<String>,
}

/// The limits of one query.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its schema is used; it is written as domain::Limits")]
pub(crate) struct LimitsInForce {
    /// Milliseconds of planning and running.
    wall_ms: u64,
    /// Bytes of memory.
    memory_bytes: u64,
    /// Bytes spilled to disk.
    spill_bytes: u64,
    /// Bytes read from snapshots.
    scan_bytes: u64,
    /// Rows of the answer.
    rows: u64,
    /// Bytes of the answer.
    bytes: u64,
}

impl PlanBody {
    /// A verdict on the wire.
    pub(crate) fn of(planned: &Planned) -> Self {
        let verdict = &planned.verdict;
        let scans = verdict.scans.iter().map(|scan| ScanBody {
            dataset: scan.dataset.to_string(),
            snapshot: scan.snapshot.to_string(),
            columns: scan.columns.iter().map(|(column, _)| column.to_string()).collect(),
        });
        let columns = verdict.columns.iter().map(|column| ColumnBody {
            name: column.name.clone(),
            column_type: column.column_type.clone(),
        });
        Self {
            query: planned.query.to_string(),
            edition: planned.edition.to_string(),
            scans: scans.collect(),
            columns: columns.collect(),
            scan_bytes: verdict.scan_bytes,
            limits: planned.limits,
            plan_sha256: verdict.plan_sha256.to_string(),
            plan: verdict.explanation.clone(),
            notices: planned.notices.clone(),
            log_index: planned.log_index.get(),
        }
    }
}
