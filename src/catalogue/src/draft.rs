//! Drafts: what a worker hands back is believed only where it holds together.
//!
//! The worker has read hostile files, so its draft is checked like any outside input before the
//! gateway's key vouches for it.

use std::collections::{BTreeMap, BTreeSet};

use domain::codebook::{Codebook, InvalidPeriod, PeriodUnit};
use domain::manifest::{ColumnSummary, FileHash, Resource};
use domain::publication::{Draft, DraftFile};
use domain::{ColumnName, Sha256Digest};

use crate::layout::path_in_manifest;
use crate::snapshot::Snapshot;

/// How a draft contradicts its codebook, the snapshot before, or itself.
#[derive(Debug, thiserror::Error)]
pub enum DraftFault {
    /// A new file is not named like a file of the worker's own folder.
    #[error("names a file outside the worker's folder")]
    FileName,
    /// It keeps a file that the snapshot before does not have.
    #[error("keeps the file {0}, which the snapshot before does not have")]
    KeptUnknown(Sha256Digest),
    /// A file has a period where the dataset has none, or lacks one where it has.
    #[error("gives a period to a state, or none to a period's file")]
    PeriodMisplaced,
    /// A period is not written as the codebook's unit asks.
    #[error("has a period that {0}")]
    PeriodInvalid(#[from] InvalidPeriod),
    /// It keeps files of a period that it also brings anew.
    #[error("keeps files of the period {period} and brings it anew")]
    PeriodTwice {
        /// Which.
        period: String,
    },
    /// The periods it tells of are not those of its files.
    #[error("tells of other periods than its files have")]
    Coverage,
    /// Its rows do not add up.
    #[error("tells of {told} rows where its files have {counted}")]
    RowCount {
        /// What it says.
        told: u64,
        /// What its files say.
        counted: u64,
    },
    /// Its columns are not those of the codebook, in that order.
    #[error("has other columns than the codebook")]
    Columns,
    /// It tells the smallest or largest value of a column of which nobody may be told.
    #[error("tells values of the column {0}, which are not public")]
    Bounds(ColumnName),
}

/// Checks a draft and lays out the resources of the manifest it becomes.
///
/// # Errors
/// The first way in which it does not hold together.
pub(crate) fn resources(
    draft: &Draft,
    codebook: &Codebook,
    base: Option<&Snapshot>,
) -> Result<Vec<Resource>, DraftFault> {
    check_summaries(&draft.columns, codebook)?;
    let mut resources = kept(draft, codebook, base)?;
    let kept_periods: BTreeSet<_> =
        resources.iter().filter_map(|resource| resource.period.clone()).collect();
    let mut numbers: BTreeMap<Option<&str>, u64> = BTreeMap::new();
    for file in &draft.files {
        check_file(file, codebook.period_unit)?;
        if let Some(period) = file.period.as_ref().filter(|period| kept_periods.contains(*period)) {
            return Err(DraftFault::PeriodTwice { period: period.clone() });
        }
        let number = numbers.entry(file.period.as_deref()).or_default();
        resources.push(resource(codebook, file, *number));
        *number += 1;
    }
    // Stable, so that within a period the worker's order, which is the sort order, stays.
    resources.sort_by(|a, b| a.period.cmp(&b.period));
    check_sums(draft, &resources)?;
    Ok(resources)
}

/// The resources of the snapshot before that stay as they are.
fn kept(
    draft: &Draft,
    codebook: &Codebook,
    base: Option<&Snapshot>,
) -> Result<Vec<Resource>, DraftFault> {
    let before = base.map(|base| base.manifest.resources.as_slice()).unwrap_or_default();
    let find = |digest: &Sha256Digest| {
        let found = before.iter().find(|resource| resource.hash.0 == *digest);
        let found = found.cloned().ok_or(DraftFault::KeptUnknown(*digest))?;
        match codebook.period_unit.zip(found.period.as_deref()) {
            Some((unit, period)) => unit.first_day(period)?,
            None => return Err(DraftFault::PeriodMisplaced),
        };
        Ok(found)
    };
    draft.kept.iter().map(find).collect()
}

fn check_file(file: &DraftFile, unit: Option<PeriodUnit>) -> Result<(), DraftFault> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if file.file.is_empty() || file.file.starts_with('.') || !file.file.bytes().all(is_plain) {
        return Err(DraftFault::FileName);
    }
    match (unit, file.period.as_deref()) {
        (Some(unit), Some(period)) => {
            unit.first_day(period)?;
            Ok(())
        }
        (None, None) => Ok(()),
        (Some(_), None) | (None, Some(_)) => Err(DraftFault::PeriodMisplaced),
    }
}

fn resource(codebook: &Codebook, file: &DraftFile, number: u64) -> Resource {
    let dataset = &codebook.name;
    let name = match &file.period {
        Some(period) => format!("{dataset}-{period}-{number}"),
        None => format!("{dataset}-{number}"),
    };
    Resource {
        name,
        path: path_in_manifest(&file.sha256),
        format: "parquet".to_owned(),
        bytes: file.bytes,
        hash: FileHash(file.sha256),
        row_count: file.row_count,
        period: file.period.clone(),
    }
}

/// Checks that the columns are the codebook's and tell nothing that is not public.
pub(crate) fn check_summaries(
    columns: &[ColumnSummary],
    codebook: &Codebook,
) -> Result<(), DraftFault> {
    if columns.len() != codebook.fields.len() {
        return Err(DraftFault::Columns);
    }
    for (column, field) in columns.iter().zip(&codebook.fields) {
        if column.name != field.name || column.field_type != field.field_type {
            return Err(DraftFault::Columns);
        }
        let tells_values = column.min.is_some() || column.max.is_some();
        if tells_values && !codebook.shows_bounds(field) {
            return Err(DraftFault::Bounds(field.name.clone()));
        }
    }
    Ok(())
}

/// Checks that rows and periods are those of the files.
fn check_sums(draft: &Draft, resources: &[Resource]) -> Result<(), DraftFault> {
    let rows = resources.iter().map(|resource| resource.row_count);
    let counted = rows.fold(0, u64::saturating_add);
    if counted != draft.row_count {
        return Err(DraftFault::RowCount { told: draft.row_count, counted });
    }
    let periods: BTreeSet<_> =
        resources.iter().filter_map(|resource| resource.period.as_deref()).collect();
    if draft.coverage.periods.iter().map(String::as_str).eq(periods) {
        Ok(())
    } else {
        Err(DraftFault::Coverage)
    }
}
