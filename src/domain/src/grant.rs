//! Grants: what a project may consult.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::codebook::{Class, Codebook, Field};
use crate::ids::{ColumnName, DatasetName, GrantId, ProjectId};
use crate::limits::LimitsPatch;
use crate::time::{Date, Timestamp};

/// Which columns a grant covers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnScope {
    /// All columns of these classes, also those that a later codebook adds.
    Classes(BTreeSet<Class>),
    /// These columns and no others.
    Columns(BTreeSet<ColumnName>),
}

impl ColumnScope {
    /// Whether the scope covers a field.
    #[must_use]
    pub fn covers(&self, field: &Field) -> bool {
        match self {
            Self::Classes(classes) => classes.contains(&field.class),
            Self::Columns(columns) => columns.contains(&field.name),
        }
    }
}

/// Which rows a grant covers, by the codebook's time and Member State columns.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowBounds {
    /// First day covered, if bounded.
    pub from: Option<Date>,
    /// Last day covered, if bounded.
    pub until: Option<Date>,
    /// The Member States covered, if bounded; ISO 3166-1 alpha-2.
    pub member_states: Option<BTreeSet<String>>,
}

impl RowBounds {
    /// Whether nothing is bounded.
    #[must_use]
    pub fn is_unbounded(&self) -> bool {
        self.from.is_none() && self.until.is_none() && self.member_states.is_none()
    }
}

/// What a project may consult of one dataset, until when, and within which limits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Its id.
    pub id: GrantId,
    /// Whose it is.
    pub project: ProjectId,
    /// Of what.
    pub dataset: DatasetName,
    /// Which columns.
    pub columns: ColumnScope,
    /// Which rows.
    pub rows: RowBounds,
    /// The legal clause; `vetted` datasets must name one.
    pub basis: Option<String>,
    /// Limits that differ from the defaults.
    pub limits: LimitsPatch,
    /// Last day it holds.
    pub valid_until: Date,
    /// When the registrar gave it.
    pub granted_at: Timestamp,
    /// When it was taken back, if it was.
    pub revoked_at: Option<Timestamp>,
}

impl Grant {
    /// The fields of a codebook that this grant covers, in the codebook's order.
    pub fn fields<'a>(&'a self, codebook: &'a Codebook) -> impl Iterator<Item = &'a Field> {
        codebook.fields.iter().filter(|field| self.columns.covers(field))
    }
}
