//! Codebooks: what a dataset's rows and columns are, and which values they may hold.
//!
//! One source for what a researcher reads and what the publish path enforces. Reading the YAML
//! file is the catalogue's work; here are its shape and its own rules.
//!
//! # Source
//! Frictionless Data Package v2 (Table Schema) for every word it has; the rest is ours.

mod check;
mod period;
mod predicate;
mod quality;

use serde::{Deserialize, Serialize};

pub use check::CodebookError;
pub use period::InvalidPeriod;
pub use predicate::{InvalidPredicate, Predicate};
pub use quality::{InvalidLimit, LimitName, Quality, QualityRule};

use crate::canonical::{self, CanonicalizeError};
use crate::ids::{ColumnName, DatasetName, Sha256Digest};
use crate::time::Date;

/// Who may be granted a dataset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// Publicly accessible data (DSA Art. 40(12)); it needs a grant all the same.
    Public,
    /// Vetted researchers only (DSA Art. 40(4)); a grant must name its clause.
    Vetted,
    /// Regulators and the trustee only.
    Oversight,
}

/// Whether a snapshot is the whole or a set of periods.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// One snapshot is the whole state at its date.
    State,
    /// One period is published at a time; the others are kept by digest.
    Periods,
}

/// How long one period of a [`Kind::Periods`] dataset is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PeriodUnit {
    /// A UTC day, written `2025-07-01`.
    Day,
    /// A calendar month, written `2025-07`.
    Month,
}

/// How protected a column is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Covered by any grant of the dataset.
    Public,
    /// Covered only by a grant that says so.
    Restricted,
    /// Links to a person outside; leaves only as a project's pseudonym.
    Identifier,
}

impl Class {
    /// The class as codebooks, grants and messages write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Restricted => "restricted",
            Self::Identifier => "identifier",
        }
    }
}

/// What the values of a column are; which Arrow type that is, the engine says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldType {
    /// Text.
    String,
    /// A 64-bit signed integer.
    Integer,
    /// A 64-bit floating point number.
    Number,
    /// An exact amount with 18 digits, two of them after the point.
    Decimal,
    /// True or false.
    Boolean,
    /// A calendar day.
    Date,
    /// A moment in UTC, to the microsecond.
    Datetime,
    /// A list of texts.
    List,
}

/// One allowed value, with its meaning where the code does not say it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Category {
    /// A code that explains itself.
    Code(String),
    /// A code and its meaning.
    Labelled {
        /// The code as it stands in the data.
        value: String,
        /// What it means.
        label: String,
    },
}

impl Category {
    /// The code as it stands in the data.
    #[must_use]
    pub fn value(&self) -> &str {
        match self {
            Self::Code(value) | Self::Labelled { value, .. } => value,
        }
    }
}

/// What a value must satisfy beyond its type.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Constraints {
    /// Smallest value allowed: a number, or a date or moment as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum: Option<serde_json::Value>,
    /// Largest value allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum: Option<serde_json::Value>,
    /// Longest text allowed, in characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_length: Option<u64>,
    /// Shortest text allowed, in characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_length: Option<u64>,
    /// A regular expression that the whole text matches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
}

/// One column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Its name.
    pub name: ColumnName,
    /// What its values are.
    #[serde(rename = "type")]
    pub field_type: FieldType,
    /// How protected it is.
    pub class: Class,
    /// Whether a row may lack it.
    pub nullable: bool,
    /// What it says about a row.
    pub description: String,
    /// The unit of a number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// The values allowed, where they are few; of a list, its items.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub categories: Option<Vec<Category>>,
    /// Texts that stand for "no value" in sources, beside the empty text.
    #[serde(default, rename = "missingValues", skip_serializing_if = "Vec::is_empty")]
    pub missing_values: Vec<String>,
    /// What a value must satisfy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub constraints: Option<Constraints>,
    /// The article the column answers to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub legal_source: Option<String>,
    /// The first schema version that has it.
    #[serde(default = "first_version")]
    pub since: u32,
    /// The column is null in every row that does not satisfy this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub null_unless: Option<Predicate>,
    /// Text that people wrote: its smallest and largest value are never published.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub free_text: bool,
    /// The publish path fills it from another column; sources need not have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub derived: Option<String>,
}

/// The first schema version of a codebook.
fn first_version() -> u32 {
    1
}

/// Columns whose values stand for a row of another dataset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForeignKey {
    /// The columns here.
    pub fields: Vec<ColumnName>,
    /// What they point at.
    pub reference: Reference,
}

/// What a foreign key points at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    /// The other dataset.
    pub resource: DatasetName,
    /// Its columns.
    pub fields: Vec<ColumnName>,
}

/// How long rows are kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// The column from which the time is counted.
    pub clock: ColumnName,
    /// How long: a number and `d`, `m` or `y`.
    pub keep: String,
    /// Why so long.
    pub basis: String,
}

/// A time for which the data is known to be incomplete.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownGap {
    /// First day.
    pub from: Date,
    /// Last day.
    pub until: Date,
    /// What is missing.
    pub note: String,
}

/// What changed with a schema version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangelogEntry {
    /// The version.
    pub schema_version: u32,
    /// Its date.
    pub date: Date,
    /// What changed.
    pub note: String,
}

/// What a dataset's rows and columns are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Codebook {
    /// The dataset.
    pub name: DatasetName,
    /// A line that names it.
    pub title: String,
    /// What it holds.
    pub description: String,
    /// The articles it answers to.
    pub legal_basis: Vec<String>,
    /// Who may be granted it.
    pub tier: Tier,
    /// What one row is about.
    pub row_unit: String,
    /// Whether a snapshot is the whole or a set of periods.
    pub kind: Kind,
    /// How long a period is; of [`Kind::Periods`] only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period_unit: Option<PeriodUnit>,
    /// The columns that identify a row.
    #[serde(rename = "primaryKey")]
    pub primary_key: Vec<ColumnName>,
    /// What points where.
    #[serde(default, rename = "foreignKeys")]
    pub foreign_keys: Vec<ForeignKey>,
    /// The order in which rows are laid out.
    pub sort_order: Vec<ColumnName>,
    /// The column that a grant's date window bounds, and by which periods are told apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_column: Option<ColumnName>,
    /// The column that a grant's Member States bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member_state_column: Option<ColumnName>,
    /// How long rows are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention: Option<Retention>,
    /// The newest version of the columns below.
    pub schema_version: u32,
    /// Times for which the data is known to be incomplete.
    #[serde(default)]
    pub known_gaps: Vec<KnownGap>,
    /// The columns.
    pub fields: Vec<Field>,
    /// How much of which flaw is borne, and what happens beyond it.
    #[serde(default)]
    pub quality: Quality,
    /// The column by which a comparison of two snapshots groups its counts; the first coded column
    /// of the sort order unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diff_by: Option<ColumnName>,
    /// What changed when.
    pub changelog: Vec<ChangelogEntry>,
}

impl Codebook {
    /// The field with a name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name.as_str() == name)
    }

    /// Whether a manifest, which anyone may read, may tell the smallest and largest value of a field.
    #[must_use]
    pub fn shows_bounds(&self, field: &Field) -> bool {
        self.tier == Tier::Public && field.class == Class::Public && !field.free_text
    }

    /// The column by which a comparison of two snapshots groups its counts, if there is one whose
    /// codes anyone may be told.
    #[must_use]
    pub fn group_column(&self) -> Option<&Field> {
        let is_told = |field: &&Field| {
            field.field_type == FieldType::String
                && field.class == Class::Public
                && field.categories.is_some()
        };
        match &self.diff_by {
            Some(name) => self.field(name.as_str()).filter(is_told),
            None => {
                let mut sorted =
                    self.sort_order.iter().filter_map(|name| self.field(name.as_str()));
                sorted.find(is_told)
            }
        }
    }

    /// The digest that manifests name: over the codebook's canonical JSON.
    ///
    /// # Errors
    /// Never for a codebook that [`Codebook::check`] accepts.
    pub fn digest(&self) -> Result<Sha256Digest, CanonicalizeError> {
        canonical::digest(self)
    }
}
