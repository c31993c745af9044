//! Findings: what the manifest says about the data's quality, held against the codebook's limits.
//!
//! A limit is named by its rule, or by rule and column (`null_share.decision_facts`), which goes
//! before the rule alone. Shares are of the rows that were accepted in this run (of those read,
//! where the finding is about rejected or dropped ones); kept files were judged when they came.
//!
//! # Invariant
//! A limit of the codebook is either held against a finding here, or no row was there to break it.

use std::collections::BTreeMap;

use domain::ColumnName;
use domain::codebook::{LimitName, Quality, QualityRule};
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
        judge.finding(QualityRule::PrimaryKeyDuplicate, None, counts.duplicates, read),
        judge.finding(QualityRule::PrimaryKeyConflict, None, counts.conflicts, read),
        judge.finding(QualityRule::UnknownCategory, None, unknown, read),
    ];
    for (key, orphans) in columns.codebook.foreign_keys.iter().zip(&counts.orphans) {
        let field = key.fields.first();
        findings.push(match orphans {
            Some(orphans) => {
                judge.finding(QualityRule::ForeignKeyOrphan, field, *orphans, accepted)
            }
            None => judge.not_checked(QualityRule::ForeignKeyOrphan, field),
        });
    }
    for (place, tally) in tally.columns.iter().enumerate() {
        let name = Some(columns.name(place));
        if !judge.limits(QualityRule::NullShare, name).is_empty() {
            findings.push(judge.finding(QualityRule::NullShare, name, tally.nulls, accepted));
        }
        let noted = [
            (QualityRule::ColumnMissing, tally.absent),
            (QualityRule::ValueRenamed, tally.renamed),
            (QualityRule::SuccessorMissing, tally.successor_missing),
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
    /// The limits of a rule, the gravest first, and what goes beyond each.
    fn limits(&self, rule: QualityRule, field: Option<&ColumnName>) -> Vec<(f64, FindingVerdict)> {
        let own = LimitName { rule, column: field.cloned() };
        let general = LimitName { rule, column: None };
        let all = [
            (&self.quality.reject, FindingVerdict::Rejected),
            (&self.quality.hold, FindingVerdict::Held),
            (&self.quality.report, FindingVerdict::Exceeded),
        ];
        let limit = |(limits, verdict): (&BTreeMap<LimitName, f64>, FindingVerdict)| {
            let limit = limits.get(&own).or_else(|| limits.get(&general))?;
            Some((*limit, verdict))
        };
        all.into_iter().filter_map(limit).collect()
    }

    /// A count held against its limits: the gravest that is exceeded, else the nearest.
    fn finding(
        &self,
        rule: QualityRule,
        field: Option<&ColumnName>,
        count: u64,
        of: u64,
    ) -> Finding {
        let share = if of == 0 { 0.0 } else { count as f64 / of as f64 };
        let limits = self.limits(rule, field);
        let beyond = limits.iter().find(|(limit, _)| *limit < share).copied();
        let nearest = limits.iter().map(|(limit, _)| *limit).reduce(f64::min);
        Finding {
            rule: rule.as_str().to_owned(),
            field: field.cloned(),
            count,
            share,
            limit: beyond.map(|(limit, _)| limit).or(nearest),
            verdict: beyond.map_or(FindingVerdict::Ok, |(_, verdict)| verdict),
        }
    }

    fn not_checked(&self, rule: QualityRule, field: Option<&ColumnName>) -> Finding {
        Finding { verdict: FindingVerdict::NotChecked, ..self.finding(rule, field, 0, 0) }
    }
}
