//! Findings: what the manifest says about the data's quality, held against the codebook's limits.
//!
//! A limit is named by its rule, or by rule and column (`null_share.decision_facts`), which goes
//! before the rule alone. Shares are of the rows that were accepted in this run (of those read,
//! where the finding is about rejected or dropped ones); kept files were judged when they came.
//!
//! # Invariant
//! A limit of the codebook is either held against a finding here, or no row was there to break it.

use domain::ColumnName;
use domain::codebook::Quality;
use domain::manifest::{Finding, FindingVerdict};

use crate::columns::Columns;
use crate::failure::Unfit;
use crate::rule::Rule;
use crate::tally::Tally;

/// What was counted beside the tally.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    /// Rows that equal another one.
    pub(crate) duplicates: u64,
    /// Rows in conflict with another one.
    pub(crate) conflicts: u64,
    /// For each foreign key, the rows that point at nothing, where that could be told.
    pub(crate) orphans: Vec<Option<u64>>,
}

/// The findings of a run.
pub(crate) fn findings(columns: &Columns, tally: &Tally, counts: &Counts) -> Vec<Finding> {
    let (read, accepted) = (tally.rows_read(), tally.rows_accepted() + counts.conflicts);
    let quality = &columns.codebook.quality;
    let judge = Judge { quality };
    let unknown = tally.rejects.count_of(Rule::Category);
    let mut findings = vec![
        judge.finding("primary_key_duplicate", None, counts.duplicates, read),
        judge.finding("primary_key_conflict", None, counts.conflicts, read),
        judge.finding("unknown_category", None, unknown, read),
    ];
    for (key, orphans) in columns.codebook.foreign_keys.iter().zip(&counts.orphans) {
        let field = key.fields.first();
        findings.push(match orphans {
            Some(orphans) => judge.finding("foreign_key_orphan", field, *orphans, accepted),
            None => judge.not_checked("foreign_key_orphan", field),
        });
    }
    for (place, tally) in tally.columns.iter().enumerate() {
        let name = Some(columns.name(place));
        if judge.limit("null_share", name).is_some() {
            findings.push(judge.finding("null_share", name, tally.nulls, accepted));
        }
        let noted = [
            ("column_missing", tally.absent),
            ("value_renamed", tally.renamed),
            ("successor_missing", tally.successor_missing),
        ];
        for (rule, count) in noted.into_iter().filter(|(_, count)| 0 < *count) {
            findings.push(judge.finding(rule, name, count, accepted));
        }
    }
    findings
}

/// Why nothing can be published, if a finding is beyond a limit that rejects.
pub(crate) fn beyond(finding: &Finding) -> Option<Unfit> {
    if finding.verdict != FindingVerdict::Rejected {
        return None;
    }
    let rule = match finding.rule.as_str() {
        "unknown_category" => Rule::Category,
        "foreign_key_orphan" => Rule::ForeignKey,
        "primary_key_duplicate" | "primary_key_conflict" => Rule::PrimaryKey,
        "column_missing" => Rule::Header,
        _ => Rule::NotNull,
    };
    let limit = finding.limit.unwrap_or_default();
    let Finding { rule: name, count, share, .. } = finding;
    let detail = format!(
        "{name}: {count} rows, a share of {share}, where the codebook bears at most {limit}"
    );
    let unfit = Unfit::new(rule, detail);
    Some(match &finding.field {
        Some(field) => unfit.of_column(field),
        None => unfit,
    })
}

/// Holds findings against limits.
struct Judge<'a> {
    quality: &'a Quality,
}

impl Judge<'_> {
    /// The limit of a rule, and what goes beyond it.
    fn limit(&self, rule: &str, field: Option<&ColumnName>) -> Option<(f64, FindingVerdict)> {
        let own = field.map(|field| format!("{rule}.{field}"));
        let names = || own.as_deref().into_iter().chain([rule]);
        let rejecting = names().find_map(|name| self.quality.reject.get(name));
        let reporting = names().find_map(|name| self.quality.report.get(name));
        let reject = rejecting.map(|limit| (*limit, FindingVerdict::Rejected));
        reject.or_else(|| reporting.map(|limit| (*limit, FindingVerdict::Exceeded)))
    }

    fn finding(&self, rule: &str, field: Option<&ColumnName>, count: u64, of: u64) -> Finding {
        let share = if of == 0 { 0.0 } else { count as f64 / of as f64 };
        let limit = self.limit(rule, field);
        let beyond = limit.filter(|(limit, _)| *limit < share);
        Finding {
            rule: rule.to_owned(),
            field: field.cloned(),
            count,
            share,
            limit: limit.map(|(limit, _)| limit),
            verdict: beyond.map_or(FindingVerdict::Ok, |(_, verdict)| verdict),
        }
    }

    fn not_checked(&self, rule: &str, field: Option<&ColumnName>) -> Finding {
        Finding { verdict: FindingVerdict::NotChecked, ..self.finding(rule, field, 0, 0) }
    }
}
