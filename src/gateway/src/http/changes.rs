//! `/v1/datasets/{dataset}/changes`: how two snapshots of a dataset differ. Counts only: whoever
//! has a grant of the dataset may ask, whatever rows and columns it covers, and stewards may.

use std::collections::BTreeSet;
use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get, web};
use catalogue::{Snapshot, View};
use domain::question::Absence;
use domain::task::{Comparison, RowChanges};
use domain::{ColumnName, DatasetName, Date, Role, SnapshotId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::Application;
use crate::http::absent;
use crate::http::door::caller::Caller;
use crate::http::door::permission::{Permission, Permissions};
use crate::http::door::request::RequestContext;
use crate::http::problem::{Kind, Problem};
use crate::http::wire::{Params, json};

mod codebooks;

use codebooks::{CodebookChanges, SchemaChanges};

/// Who may call what here.
pub(crate) const PERMISSIONS: Permissions = &[(
    "show_changes",
    Permission::Roles(&[Role::Researcher, Role::Steward, Role::Regulator, Role::Auditor]),
)];

/// Registers the operations of this file.
pub(crate) fn operations(config: &mut ServiceConfig) {
    config.service(show_changes);
}

/// Which snapshots to compare.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChangesParams {
    from: Option<String>,
    to: Option<String>,
}

/// How two snapshots of a dataset differ.
#[derive(Serialize, ToSchema)]
struct ChangesBody {
    /// The dataset.
    #[schema(value_type = String, example = "listings")]
    dataset: DatasetName,
    /// The earlier one.
    from: SidePart,
    /// The later one.
    to: SidePart,
    /// How many rows differ; none where the two have no key in common.
    rows: Option<RowsPart>,
    /// The column by which `groups` are told.
    #[schema(value_type = Option<String>, example = "category_id")]
    by: Option<ColumnName>,
    /// The same by category, where rows differ.
    groups: Vec<GroupPart>,
    /// In how many of the changed rows which column differs.
    columns: Vec<ColumnPart>,
    /// What changed in the columns themselves.
    schema: SchemaChanges,
    /// What changed in the codebook.
    codebook: CodebookChanges,
    /// Which periods came, went, or have other files.
    periods: PeriodsPart,
    /// Files that both have.
    files_shared: usize,
}

/// One of the two.
#[derive(Serialize, ToSchema)]
struct SidePart {
    /// Its id.
    #[schema(value_type = String)]
    snapshot: SnapshotId,
    /// The day whose state it shows.
    #[schema(value_type = String, format = Date)]
    as_of: Date,
    /// Its rows, as its manifest has them.
    row_count: u64,
}

/// How many rows differ.
#[derive(Serialize, ToSchema)]
struct RowsPart {
    /// Only the later one has their key.
    added: u64,
    /// Only the earlier one has their key.
    removed: u64,
    /// Both have their key, with other values.
    changed: u64,
}

/// How many rows of one category differ.
#[derive(Serialize, ToSchema)]
struct GroupPart {
    /// The category's code; none of rows that lack one, `(other)` of codes that only the earlier
    /// codebook has.
    value: Option<String>,
    /// How many rows.
    #[serde(flatten)]
    rows: RowsPart,
}

/// In how many changed rows one column differs.
#[derive(Serialize, ToSchema)]
struct ColumnPart {
    /// The column.
    #[schema(value_type = String)]
    name: ColumnName,
    /// How many rows.
    rows: u64,
}

/// Which periods differ.
#[derive(Serialize, ToSchema)]
struct PeriodsPart {
    /// Only the later one has them.
    added: Vec<String>,
    /// Only the earlier one has them.
    removed: Vec<String>,
    /// Both have them, with other files.
    changed: Vec<String>,
}

/// Tells how two snapshots of a dataset differ: counts of rows, never their values.
///
/// Counted is what a reader sees: what the law takes out is in neither of them, whether their files
/// were written anew or not. A withdrawn snapshot is refused. A large comparison takes as long as
/// reading the files that differ; what was compared once is told at once.
#[utoipa::path(
    tag = "catalogue",
    params(
        ("dataset" = String, Path, description = "The dataset's name."),
        ("from" = Option<String>, Query, description = "The earlier one: a snapshot's id, or a day whose edition has it; the one before `to` unless given."),
        ("to" = Option<String>, Query, description = "The later one, likewise; the current one unless given."),
    ),
    responses((status = 200, description = "How they differ.", body = ChangesBody)),
)]
#[get("/v1/datasets/{dataset}/changes")]
pub(crate) async fn show_changes(
    room: web::Data<Application>,
    caller: Caller,
    context: RequestContext,
    dataset: web::Path<DatasetName>,
    params: Params<ChangesParams>,
) -> Result<HttpResponse, Problem> {
    let view = room.catalogue().view();
    view.codebook(&dataset).ok_or_else(|| absent::dataset(&view, &dataset))?;
    check_grant(&room, &caller, &context, &dataset).await?;
    let to = match &params.0.to {
        Some(to) => find(&view, &dataset, "to", to)?,
        None => view.current(&dataset).cloned().ok_or_else(|| absent::current(&view, &dataset))?,
    };
    let from = match &params.0.from {
        Some(from) => find(&view, &dataset, "from", from)?,
        None => before(&view, &to)?,
    };
    let comparison = room.compare(&from, &to).await?;
    json(StatusCode::OK, &ChangesBody::of(&from, &to, &comparison))
}

/// Whether the caller has a live grant of the dataset; stewards and the operator need none.
async fn check_grant(
    room: &Application,
    caller: &Caller,
    context: &RequestContext,
    dataset: &DatasetName,
) -> Result<(), Problem> {
    let Caller::Principal(principal) = caller else { return Ok(()) };
    if principal.role == Role::Steward {
        return Ok(());
    }
    let granted = room.access().scope(principal).and_then(|scope| {
        scope.dataset(dataset).map(|_| ()).map_err(|absence| {
            let dataset = dataset.clone();
            match absence {
                Absence::GrantExpired(grant) => access::Denial::GrantExpired { dataset, grant },
                Absence::GrantMissing | Absence::NotPublished => {
                    access::Denial::GrantMissing { dataset }
                }
            }
        })
    });
    let Err(denial) = granted else { return Ok(()) };
    let problem = Problem::from(&denial);
    let attribution = room.attribution(caller, context);
    room.log_denied(&attribution, context.operation_id(), problem.kind().code()).await?;
    Err(problem.recorded())
}

/// The snapshot that a text names.
fn find(
    view: &View,
    dataset: &DatasetName,
    name: &str,
    text: &str,
) -> Result<Arc<Snapshot>, Problem> {
    if let Ok(id) = SnapshotId::parse(text) {
        let found = view.resolve(dataset, &id).cloned();
        return found.ok_or_else(|| absent::snapshot(view, dataset, &id));
    }
    let day: Date = text.parse().map_err(|_| {
        Kind::BodyInvalid.problem(format!(
            "`{name}` is neither a snapshot's id nor a day; write it as `s-…` or `2026-11-01`."
        ))
    })?;
    view.snapshot_at(dataset, day)?.cloned().ok_or_else(|| {
        Kind::NotFound.problem(format!("On {day} nothing of {dataset} had been published yet."))
    })
}

/// The snapshot that was current before one was made.
fn before(view: &View, to: &Snapshot) -> Result<Arc<Snapshot>, Problem> {
    let previous = to.manifest().previous.as_ref();
    let found = previous.and_then(|id| view.resolve(to.dataset(), id)).cloned();
    found.ok_or_else(|| {
        Kind::NotFound.problem(format!(
            "Before {} there was nothing; name in `from` what to compare it with.",
            to.id()
        ))
    })
}

impl ChangesBody {
    fn of(from: &Snapshot, to: &Snapshot, comparison: &Comparison) -> Self {
        let side = |snapshot: &Snapshot| SidePart {
            snapshot: snapshot.id().clone(),
            as_of: snapshot.manifest().as_of,
            row_count: snapshot.manifest().row_count,
        };
        let groups = comparison
            .groups
            .iter()
            .map(|group| GroupPart { value: group.value.clone(), rows: RowsPart::of(&group.rows) });
        let columns = comparison
            .columns
            .iter()
            .map(|column| ColumnPart { name: column.name.clone(), rows: column.rows });
        let files = |snapshot: &Snapshot| -> BTreeSet<_> {
            snapshot.files().iter().map(|file| file.sha256).collect()
        };
        Self {
            dataset: to.dataset().clone(),
            from: side(from),
            to: side(to),
            rows: comparison.rows.as_ref().map(RowsPart::of),
            by: comparison.by.clone(),
            groups: groups.collect(),
            columns: columns.collect(),
            schema: SchemaChanges::between(from.codebook(), to.codebook()),
            codebook: CodebookChanges::between(from.stored_codebook(), to.stored_codebook()),
            periods: PeriodsPart::between(from, to),
            files_shared: files(from).intersection(&files(to)).count(),
        }
    }
}

impl RowsPart {
    fn of(rows: &RowChanges) -> Self {
        Self { added: rows.added, removed: rows.removed, changed: rows.changed }
    }
}

impl PeriodsPart {
    fn between(from: &Snapshot, to: &Snapshot) -> Self {
        let periods = |snapshot: &Snapshot| -> BTreeSet<String> {
            snapshot.manifest().coverage.periods.iter().cloned().collect()
        };
        let files = |snapshot: &Snapshot, period: &String| -> BTreeSet<_> {
            let files = snapshot.files().into_iter();
            let of = files.filter(|file| file.period.as_ref() == Some(period));
            of.map(|file| file.sha256).collect()
        };
        let (before, after) = (periods(from), periods(to));
        let is_changed = |period: &&String| files(from, period) != files(to, period);
        Self {
            added: after.difference(&before).cloned().collect(),
            removed: before.difference(&after).cloned().collect(),
            changed: before.intersection(&after).filter(is_changed).cloned().collect(),
        }
    }
}
