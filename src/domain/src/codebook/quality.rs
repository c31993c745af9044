//! Limits on flaws: what the publish path counts, how much of it is borne, and what happens beyond.
//!
//! # Shape
//! ```yaml
//! quality:
//!   reject: {unknown_category: 0, foreign_key_orphan.trader_id: 0.05}
//!   hold: {rows_drop: 0.2, null_share_jump: 0.1}
//!   report: {null_share.title: 0.001}
//!   order: [[submitted_at, decided_at]]
//! ```
//! A limit is named by its rule, or by rule and column, which goes before the rule alone. It is a
//! share between 0 and 1; a finding that is greater goes beyond it. Where one rule has several
//! limits, the gravest that is exceeded counts: `reject`, then `hold`, then `report`.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::ids::ColumnName;

/// What the publish path counts in every publication.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum QualityRule {
    /// Rows that lack the column, of the rows accepted; per column.
    NullShare,
    /// Values that are none of the column's categories, of the rows read.
    UnknownCategory,
    /// Values beyond the column's constraints, of the rows read.
    OutOfRange,
    /// Rows that equal another one and were dropped, of the rows read.
    PrimaryKeyDuplicate,
    /// Rows with the key of another but other values, of the rows accepted.
    PrimaryKeyConflict,
    /// Rows whose foreign key points at nothing in the edition, of the rows accepted; named by the
    /// key's first column.
    ForeignKeyOrphan,
    /// Rows in which the later moment of a pair of `order` is before the earlier, of the rows
    /// accepted; named by the later column.
    TimeOrder,
    /// Rows of files that lack a column as a whole, of the rows accepted; per column.
    ColumnMissing,
    /// Rows whose value was renamed to that of a newer schema, of the rows accepted; per column.
    ValueRenamed,
    /// Rows with a value that has no successor in a newer schema, of the rows accepted; per column.
    SuccessorMissing,
    /// Rows fewer than in the snapshot before, of the rows there; of a dataset in periods, in the
    /// periods that come anew.
    RowsDrop,
    /// How much greater a column's share of nulls is than in the snapshot before; per column.
    NullShareJump,
}

impl QualityRule {
    /// All rules.
    pub const ALL: [Self; 12] = [
        Self::NullShare,
        Self::UnknownCategory,
        Self::OutOfRange,
        Self::PrimaryKeyDuplicate,
        Self::PrimaryKeyConflict,
        Self::ForeignKeyOrphan,
        Self::TimeOrder,
        Self::ColumnMissing,
        Self::ValueRenamed,
        Self::SuccessorMissing,
        Self::RowsDrop,
        Self::NullShareJump,
    ];

    /// The rule as codebooks and manifests write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NullShare => "null_share",
            Self::UnknownCategory => "unknown_category",
            Self::OutOfRange => "out_of_range",
            Self::PrimaryKeyDuplicate => "primary_key_duplicate",
            Self::PrimaryKeyConflict => "primary_key_conflict",
            Self::ForeignKeyOrphan => "foreign_key_orphan",
            Self::TimeOrder => "time_order",
            Self::ColumnMissing => "column_missing",
            Self::ValueRenamed => "value_renamed",
            Self::SuccessorMissing => "successor_missing",
            Self::RowsDrop => "rows_drop",
            Self::NullShareJump => "null_share_jump",
        }
    }

    /// Whether a limit of it may name a column.
    #[must_use]
    pub fn has_columns(self) -> bool {
        !matches!(self, Self::PrimaryKeyDuplicate | Self::PrimaryKeyConflict | Self::RowsDrop)
    }

    fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.as_str() == name)
    }
}

/// What a limit is on: a rule, or a rule at one column.
///
/// # Shape
/// `rule` or `rule.column`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LimitName {
    /// What is counted.
    pub rule: QualityRule,
    /// Where, if it is about one column.
    pub column: Option<ColumnName>,
}

/// A limit is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidLimit {
    /// Its rule is none of those there are.
    #[error("`{0}` is none of the rules of quality")]
    Rule(String),
    /// Its column is none.
    #[error("`{0}` names no column")]
    Column(String),
    /// The rule is about whole rows.
    #[error("`{0}` is about rows, not about one column")]
    RowsOnly(&'static str),
}

impl FromStr for LimitName {
    type Err = InvalidLimit;

    fn from_str(text: &str) -> Result<Self, InvalidLimit> {
        let (rule, column) = match text.split_once('.') {
            Some((rule, column)) => (rule, Some(column)),
            None => (text, None),
        };
        let rule = QualityRule::parse(rule).ok_or_else(|| InvalidLimit::Rule(rule.to_owned()))?;
        let Some(column) = column else { return Ok(Self { rule, column: None }) };
        if !rule.has_columns() {
            return Err(InvalidLimit::RowsOnly(rule.as_str()));
        }
        let column =
            ColumnName::parse(column).map_err(|_| InvalidLimit::Column(column.to_owned()))?;
        Ok(Self { rule, column: Some(column) })
    }
}

impl fmt::Display for LimitName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.rule.as_str())?;
        match &self.column {
            Some(column) => write!(f, ".{column}"),
            None => Ok(()),
        }
    }
}

impl TryFrom<String> for LimitName {
    type Error = InvalidLimit;

    fn try_from(text: String) -> Result<Self, InvalidLimit> {
        text.parse()
    }
}

impl From<LimitName> for String {
    fn from(name: LimitName) -> Self {
        name.to_string()
    }
}

/// How much of a flaw the publish path bears, as a share of the rows, and what happens beyond.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quality {
    /// Beyond the share, nothing is published.
    #[serde(default)]
    pub reject: BTreeMap<LimitName, f64>,
    /// Beyond the share, the snapshot waits until a person activates it with a reason.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub hold: BTreeMap<LimitName, f64>,
    /// Beyond the share, the finding stands in the manifest as exceeded.
    #[serde(default)]
    pub report: BTreeMap<LimitName, f64>,
    /// Pairs of dates or moments of which the first is not later than the second.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub order: Vec<(ColumnName, ColumnName)>,
}

impl Quality {
    /// All limits, whatever happens beyond them.
    pub fn limits(&self) -> impl Iterator<Item = (&LimitName, f64)> {
        let all = self.reject.iter().chain(&self.hold).chain(&self.report);
        all.map(|(name, share)| (name, *share))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_names_a_rule_and_perhaps_a_column() {
        let known: LimitName = "null_share.title".parse().unwrap();

        assert_eq!(known.rule, QualityRule::NullShare);
        assert_eq!(known.to_string(), "null_share.title");
        for rule in QualityRule::ALL {
            assert_eq!(rule.as_str().parse::<LimitName>().unwrap().to_string(), rule.as_str());
        }
    }

    #[test]
    fn a_limit_on_nothing_that_is_counted_is_refused() {
        let refused = |text: &str| text.parse::<LimitName>().unwrap_err();

        assert_eq!(refused("nul_share"), InvalidLimit::Rule("nul_share".to_owned()));
        assert_eq!(refused("null_share.A"), InvalidLimit::Column("A".to_owned()));
        assert_eq!(refused("rows_drop.title"), InvalidLimit::RowsOnly("rows_drop"));
    }
}
