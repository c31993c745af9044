//! What grants look like on the wire.

use std::collections::BTreeSet;

use access::{ColumnOf, GrantDraft, GrantWarning};
use domain::codebook::Class;
use domain::grant::{ColumnScope, RowBounds};
use domain::{ColumnName, DatasetName, Date, Grant, GrantId, LimitsPatch, ProjectId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::problem::{Kind, Problem};
use crate::http::wire::ReadsJson;
use crate::http::wire::json::object;

/// What a project is to consult.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "dataset": "listings", "classes": ["public"], "rows_from": "2026-01-01",
    "limits": {"wall_ms": 120_000},
}))]
pub(crate) struct NewGrantBody {
    /// The dataset.
    #[schema(value_type = String, example = "listings")]
    dataset: DatasetName,
    /// Only these columns; not together with `classes`.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    columns: Option<BTreeSet<ColumnName>>,
    /// All columns of these classes; `public` unless columns or classes are named.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    classes: Option<BTreeSet<Class>>,
    /// First day of the rows covered.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Date)]
    rows_from: Option<Date>,
    /// Last day of the rows covered.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Date)]
    rows_until: Option<Date>,
    /// Member States of the rows covered, ISO 3166-1 alpha-2.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    member_states: Option<BTreeSet<String>>,
    /// The legal clause; datasets of the tier `vetted` need one.
    #[serde(default)]
    basis: Option<String>,
    /// Limits that differ from the defaults.
    #[serde(default, deserialize_with = "object")]
    #[schema(value_type = LimitsBody)]
    limits: LimitsPatch,
    /// Last day of the grant; the project's unless given.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Date)]
    valid_until: Option<Date>,
}

impl ReadsJson for NewGrantBody {}

impl NewGrantBody {
    /// What the registrar says with it.
    pub(super) fn draft(self, project: ProjectId) -> Result<GrantDraft, Problem> {
        let columns = match (self.columns, self.classes) {
            (Some(_), Some(_)) => {
                return Err(Kind::BodyInvalid.problem(
                    "`columns` and `classes` say the same thing twice; give one of them.",
                ));
            }
            (Some(columns), None) => ColumnScope::Columns(columns),
            (None, Some(classes)) => ColumnScope::Classes(classes),
            (None, None) => ColumnScope::Classes(BTreeSet::from([Class::Public])),
        };
        Ok(GrantDraft {
            project,
            dataset: self.dataset,
            columns,
            rows: RowBounds {
                from: self.rows_from,
                until: self.rows_until,
                member_states: self.member_states,
            },
            basis: self.basis,
            limits: self.limits,
            valid_until: self.valid_until,
        })
    }
}

/// Limits of a query that differ from the defaults.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its schema is used; it is read as domain::LimitsPatch")]
#[serde(deny_unknown_fields)]
pub(crate) struct LimitsBody {
    /// Milliseconds of planning and running.
    wall_ms: Option<u64>,
    /// Bytes of memory.
    memory_bytes: Option<u64>,
    /// Bytes spilled to disk.
    spill_bytes: Option<u64>,
    /// Bytes read from snapshots.
    scan_bytes: Option<u64>,
    /// Rows of the answer.
    rows: Option<u64>,
    /// Bytes of the answer.
    bytes: Option<u64>,
}

/// A page of grants.
#[derive(Serialize, ToSchema)]
pub(crate) struct GrantList {
    /// In the order in which they were given.
    pub(crate) grants: Vec<GrantBody>,
    /// The `after` of the next page, if there is one.
    pub(crate) next: Option<String>,
}

/// What a project may consult of one dataset.
#[derive(Serialize, ToSchema)]
pub(crate) struct GrantBody {
    /// Its id.
    #[schema(value_type = String, example = "g-17")]
    id: GrantId,
    /// The dataset.
    #[schema(value_type = String, example = "listings")]
    dataset: DatasetName,
    /// The columns, where they are named one by one.
    #[schema(value_type = Option<Vec<String>>)]
    columns: Option<BTreeSet<ColumnName>>,
    /// The classes of the columns, where it covers whole classes.
    #[schema(value_type = Option<Vec<String>>)]
    classes: Option<BTreeSet<Class>>,
    /// First day of the rows covered, if bounded.
    #[schema(value_type = Option<String>, format = Date)]
    rows_from: Option<Date>,
    /// Last day of the rows covered, if bounded.
    #[schema(value_type = Option<String>, format = Date)]
    rows_until: Option<Date>,
    /// Member States of the rows covered, if bounded.
    #[schema(value_type = Option<Vec<String>>)]
    member_states: Option<BTreeSet<String>>,
    /// The legal clause, where it names one.
    basis: Option<String>,
    /// Limits that differ from the defaults.
    #[schema(value_type = LimitsBody)]
    limits: LimitsPatch,
    /// Last day it holds.
    #[schema(value_type = String, format = Date)]
    valid_until: Date,
    /// When it was given.
    #[schema(value_type = String, format = DateTime)]
    granted_at: Timestamp,
    /// When it was taken back, if it was.
    #[schema(value_type = Option<String>, format = DateTime)]
    revoked_at: Option<Timestamp>,
}

impl GrantBody {
    /// What is shown of a grant.
    pub(crate) fn of(grant: &Grant) -> Self {
        let (columns, classes) = match &grant.columns {
            ColumnScope::Columns(columns) => (Some(columns.clone()), None),
            ColumnScope::Classes(classes) => (None, Some(classes.clone())),
        };
        Self {
            id: grant.id.clone(),
            dataset: grant.dataset.clone(),
            columns,
            classes,
            rows_from: grant.rows.from,
            rows_until: grant.rows.until,
            member_states: grant.rows.member_states.clone(),
            basis: grant.basis.clone(),
            limits: grant.limits,
            valid_until: grant.valid_until,
            granted_at: grant.granted_at,
            revoked_at: grant.revoked_at,
        }
    }
}

/// A new grant.
#[derive(Serialize, ToSchema)]
pub(super) struct AddedGrantBody {
    /// What the project may consult of one dataset.
    #[serde(flatten)]
    grant: GrantBody,
    /// Which pseudonyms it undoes, with what the project holds already. The grant holds all the same.
    warnings: Vec<GrantWarningBody>,
}

impl AddedGrantBody {
    /// What is shown of a new grant.
    pub(super) fn of(grant: &Grant, warnings: &[GrantWarning]) -> Self {
        let warnings = warnings.iter().map(GrantWarningBody::of).collect();
        Self { grant: GrantBody::of(grant), warnings }
    }
}

/// Two columns that the project may consult, of which one undoes the pseudonyms of the other.
#[derive(Serialize, ToSchema)]
struct GrantWarningBody {
    /// The column that leaves as pseudonyms.
    identifier: ColumnOfBody,
    /// The column that tells whose they are.
    told_by: ColumnOfBody,
    /// How it does: `same_values` in the clear, as a `key` of the rows behind them, or as
    /// `free_text` where a name may stand.
    #[schema(example = "same_values")]
    by: &'static str,
    /// The same as a sentence, and what would avoid it.
    detail: String,
}

impl GrantWarningBody {
    fn of(warning: &GrantWarning) -> Self {
        Self {
            identifier: ColumnOfBody::of(&warning.identifier),
            told_by: ColumnOfBody::of(&warning.told_by),
            by: warning.by.as_str(),
            detail: warning.explanation(),
        }
    }
}

/// One column of one dataset.
#[derive(Serialize, ToSchema)]
struct ColumnOfBody {
    /// The dataset.
    #[schema(value_type = String, example = "listings")]
    dataset: DatasetName,
    /// Its column.
    #[schema(value_type = String, example = "trader_id")]
    column: ColumnName,
}

impl ColumnOfBody {
    fn of(of: &ColumnOf) -> Self {
        Self { dataset: of.dataset.clone(), column: of.column.clone() }
    }
}
