//! Findings: what the manifest says about the data's quality, held against the codebook's limits.
//!
//! The rules and how limits are named: `domain::codebook::Quality`. Shares are of the rows that
//! were accepted in this run (of those read, where the finding is about rejected or dropped ones);
//! kept files were judged when they came.
//!
//! # Invariant
//! A limit of the codebook is either held against a finding here, or no row was there to break it.

use std::collections::BTreeMap;

use domain::ColumnName;
use domain::codebook::{Kind, LimitName, Quality, QualityRule};
use domain::manifest::{Finding, FindingVerdict};
use domain::publication::{PreviousFigures, PublishJob};

use crate::columns::Columns;
use crate::failure::Unfit;
use crate::orphans::Orphans;
use crate::period::Periods;
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
    pub(crate) orphans: Vec<Option<Orphans>>,
}

/// The findings of a run.
pub(crate) fn findings(
    job: &PublishJob,
    columns: &Columns,
    tally: &Tally,
    counts: &Counts,
) -> Vec<Finding> {
    let (read, accepted) = (tally.rows_read(), tally.rows_accepted() + counts.conflicts);
    let judge = Judge { quality: &columns.codebook.quality };
    let mut findings = vec![
        judge.finding(QualityRule::PrimaryKeyDuplicate, None, counts.duplicates, read),
        judge.finding(QualityRule::PrimaryKeyConflict, None, counts.conflicts, read),
    ];
    refused(&judge, columns, tally, &mut findings);
    for (key, orphans) in columns.codebook.foreign_keys.iter().zip(&counts.orphans) {
        let (rule, field) = (QualityRule::ForeignKeyOrphan, key.fields.first());
        let finding = match orphans {
            Some(orphans) => judge.finding(rule, field, orphans.rows, accepted),
            None => judge.not_checked(rule, field),
        };
        findings.push(against(finding, key.reference.resource.as_str()));
    }
    for ((earlier, later), count) in columns.codebook.quality.order.iter().zip(&tally.disorder) {
        let finding = judge.finding(QualityRule::TimeOrder, Some(later), *count, accepted);
        findings.push(against(finding, earlier.as_str()));
    }
    of_columns(&judge, columns, tally, accepted, &mut findings);
    let before = Before { job, columns, tally, rows: accepted.saturating_sub(counts.duplicates) };
    before.rows_drop(&judge, &mut findings);
    before.null_share_jumps(&judge, accepted, &mut findings);
    findings
}

/// What values were refused for: in all, and column by column where there were any.
fn refused(judge: &Judge<'_>, columns: &Columns, tally: &Tally, findings: &mut Vec<Finding>) {
    let read = tally.rows_read();
    let rules = [
        (QualityRule::UnknownCategory, Rule::Category),
        (QualityRule::OutOfRange, Rule::Constraint),
    ];
    for (rule, of_rows) in rules {
        findings.push(judge.finding(rule, None, tally.rejects.count_of(of_rows), read));
        for place in 0..columns.all.len() {
            let name = columns.name(place);
            let count = tally.rejects.count_at(of_rows, name);
            if 0 < count {
                findings.push(judge.finding(rule, Some(name), count, read));
            }
        }
    }
}

/// What is told of each column.
fn of_columns(
    judge: &Judge<'_>,
    columns: &Columns,
    tally: &Tally,
    accepted: u64,
    findings: &mut Vec<Finding>,
) {
    for (place, tally) in tally.columns.iter().enumerate() {
        let name = Some(columns.name(place));
        let has_limit = !judge.limits(QualityRule::NullShare, name).is_empty();
        if columns.all[place].field.nullable || has_limit {
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
}

/// What changed since the snapshot before.
struct Before<'a> {
    job: &'a PublishJob,
    columns: &'a Columns,
    tally: &'a Tally,
    /// Rows that come.
    rows: u64,
}

impl Before<'_> {
    /// The rows of the snapshot before that what comes takes the place of.
    fn rows_replaced(&self, previous: &PreviousFigures) -> Option<u64> {
        let Some(unit) = self.columns.period_unit.filter(|_| self.is_in_periods()) else {
            return Some(previous.row_count);
        };
        let periods = Periods::new(unit);
        let comes_anew = |period: &Option<String>| {
            let begin = period.as_deref().and_then(|period| periods.parse(period).ok());
            begin.is_some_and(|begin| self.tally.periods.contains(&begin))
        };
        let replaced = self.job.kept.iter().filter(|resource| comes_anew(&resource.period));
        replaced.map(|resource| resource.row_count).reduce(|sum, rows| sum + rows)
    }

    fn is_in_periods(&self) -> bool {
        self.job.codebook.kind == Kind::Periods
    }

    /// How many rows fewer there are.
    fn rows_drop(&self, judge: &Judge<'_>, findings: &mut Vec<Finding>) {
        let rule = QualityRule::RowsDrop;
        let previous = self.job.previous.as_ref();
        let replaced = previous.and_then(|previous| {
            self.rows_replaced(previous).map(|rows| (previous.snapshot.as_str(), rows))
        });
        match replaced {
            Some((snapshot, rows)) => {
                let lost = rows.saturating_sub(self.rows);
                findings.push(against(judge.finding(rule, None, lost, rows), snapshot));
            }
            None if judge.limits(rule, None).is_empty() => {}
            None => findings.push(judge.not_checked(rule, None)),
        }
    }

    /// How much emptier each column is, where a limit is set on that.
    fn null_share_jumps(&self, judge: &Judge<'_>, accepted: u64, findings: &mut Vec<Finding>) {
        let rule = QualityRule::NullShareJump;
        for (place, tally) in self.tally.columns.iter().enumerate() {
            let name = self.columns.name(place);
            let is_wanted = self.columns.all[place].field.nullable
                && !judge.limits(rule, Some(name)).is_empty()
                && 0 < accepted;
            let Some(previous) = self.job.previous.as_ref().filter(|_| is_wanted) else { continue };
            let Some(nulls) = previous.nulls.get(name).filter(|_| 0 < previous.row_count) else {
                continue;
            };
            let share = share(tally.nulls, accepted) - share(*nulls, previous.row_count);
            let finding = judge.judged(rule, Some(name), tally.nulls, share.max(0.0));
            findings.push(against(finding, previous.snapshot.as_str()));
        }
    }
}

/// A finding with what it was held against.
pub(crate) fn against(finding: Finding, what: &str) -> Finding {
    Finding { against: Some(what.to_owned()), ..finding }
}

/// A count as a share of rows.
fn share(count: u64, of: u64) -> f64 {
    if of == 0 { 0.0 } else { count as f64 / of as f64 }
}

/// Whether a finding of values that rows were rejected for says only what is told already: by the
/// rows themselves, where they are too many anyhow, or by the finding of one column.
pub(crate) fn is_told(finding: &Finding, all: &[Finding], are_too_many: bool) -> bool {
    let rules = [QualityRule::UnknownCategory, QualityRule::OutOfRange];
    let is_of_rows = rules.iter().any(|rule| rule.as_str() == finding.rule);
    let of_column = |other: &Finding| {
        other.rule == finding.rule
            && other.field.is_some()
            && other.verdict == FindingVerdict::Rejected
    };
    is_of_rows && (are_too_many || (finding.field.is_none() && all.iter().any(of_column)))
}

/// Where a finding is beyond a limit that rejects: the file, why nothing can be published, and how
/// many rows.
pub(crate) fn verdict(
    finding: &Finding,
    columns: &Columns,
    tally: &Tally,
    counts: &Counts,
) -> Option<(String, Unfit, u64)> {
    let unfit = beyond(finding)?;
    let keys = columns.codebook.foreign_keys.iter().zip(&counts.orphans);
    let first = keys.filter(|(key, _)| {
        finding.rule == QualityRule::ForeignKeyOrphan.as_str()
            && key.fields.first() == finding.field.as_ref()
            && finding.against.as_deref() == Some(key.reference.resource.as_str())
    });
    let first = first.filter_map(|(_, orphans)| orphans.as_ref()?.first).next();
    Some(match first {
        Some(location) => {
            let (path, line) = tally.place(location);
            (path, unfit.at_line(line), finding.count)
        }
        None => (columns.codebook.name.to_string(), unfit, finding.count),
    })
}

/// Why nothing can be published, if a finding is beyond a limit that rejects.
pub(crate) fn beyond(finding: &Finding) -> Option<Unfit> {
    if finding.verdict != FindingVerdict::Rejected {
        return None;
    }
    let rule = match finding.rule.as_str() {
        "unknown_category" => Rule::Category,
        "out_of_range" => Rule::Constraint,
        "foreign_key_orphan" => Rule::ForeignKey,
        "primary_key_duplicate" | "primary_key_conflict" => Rule::PrimaryKey,
        "column_missing" => Rule::Header,
        "null_share" => Rule::NotNull,
        "time_order" => Rule::TimeOrder,
        _ => Rule::Quality,
    };
    let limit = finding.limit.unwrap_or_default();
    let Finding { rule: name, count, share, .. } = finding;
    let what = finding.against.as_ref().map(|what| format!(" against {what}")).unwrap_or_default();
    let detail = format!(
        "{name}{what}: {count} rows, a share of {share}, where the codebook bears at most {limit}"
    );
    let unfit = Unfit::new(rule, detail);
    Some(match &finding.field {
        Some(field) => unfit.of_column(field),
        None => unfit,
    })
}

/// Holds findings against limits.
pub(crate) struct Judge<'a> {
    /// The codebook's limits.
    pub(crate) quality: &'a Quality,
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

    /// A count held against its limits, as a share of rows.
    pub(crate) fn finding(
        &self,
        rule: QualityRule,
        field: Option<&ColumnName>,
        count: u64,
        of: u64,
    ) -> Finding {
        self.judged(rule, field, count, share(count, of))
    }

    /// A share held against its limits: the gravest that is exceeded, else the nearest.
    fn judged(
        &self,
        rule: QualityRule,
        field: Option<&ColumnName>,
        count: u64,
        share: f64,
    ) -> Finding {
        let limits = self.limits(rule, field);
        let beyond = limits.iter().find(|(limit, _)| *limit < share).copied();
        let nearest = limits.iter().map(|(limit, _)| *limit).reduce(f64::min);
        Finding {
            rule: rule.as_str().to_owned(),
            field: field.cloned(),
            against: None,
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
