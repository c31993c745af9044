//! The draft: what a run made, for the gateway to sign; or the report of what it rejected.

use domain::Sha256Digest;
use domain::codebook::PeriodUnit;
use domain::manifest::{Coverage, FileHash, Source};
use domain::publication::{Draft, DraftFile, PublishJob, SourceFile};

use crate::columns::Columns;
use crate::failure::{PublishFailure, Unfit};
use crate::findings::{self, Counts};
use crate::layout::file::WrittenFile;
use crate::period::Periods;
use crate::published::Published;
use crate::rejects::Rejects;
use crate::summary;
use crate::tally::Tally;

/// What a run came to.
pub(crate) struct Outcome {
    /// The new files; none in a dry run.
    pub(crate) written: Vec<WrittenFile>,
    /// The files that stay, by their place in the job.
    pub(crate) kept: Vec<(usize, Published)>,
    /// What was added up.
    pub(crate) tally: Tally,
    /// What was counted beside it.
    pub(crate) counts: Counts,
    /// The digests of the sources.
    pub(crate) digests: Vec<Sha256Digest>,
}

/// The report where a run could not even count rows.
pub(crate) fn rejected(sources: &[SourceFile], unfit: Unfit) -> PublishFailure {
    let mut rejects = Rejects::default();
    let names: Vec<&str> = sources.iter().map(|source| source.name.as_str()).collect();
    rejects.add_unfit(&names.join(", "), unfit);
    PublishFailure::Rejected(rejects.into_report(0))
}

/// Puts the draft together.
///
/// # Errors
/// When a kept file cannot be read.
pub(crate) fn draft(
    job: &PublishJob,
    columns: &Columns,
    outcome: Outcome,
) -> Result<Draft, PublishFailure> {
    let Outcome { written, kept, tally, counts, digests } = outcome;
    let periods = columns.period_unit.map(Periods::new);
    let name = |begin: i32| periods.map(|periods| periods.name(begin));
    let files: Vec<DraftFile> = written
        .iter()
        .map(|file| DraftFile {
            file: file.name.clone(),
            bytes: file.bytes,
            sha256: file.sha256,
            row_count: u64::try_from(file.metadata.file_metadata().num_rows()).unwrap_or_default(),
            period: name(file.period),
        })
        .collect();
    let published: Vec<Published> = kept.iter().map(|(_, file)| file.clone()).collect();
    let stay: Vec<&domain::manifest::Resource> =
        kept.iter().map(|(place, _)| &job.kept[*place]).collect();
    // Files tell what a snapshot has; in a dry run there are none, so nothing is told of them.
    let summaries =
        if job.dry_run { Vec::new() } else { summary::columns(columns, &written, &published)? };
    let new = if job.dry_run {
        tally.rows_accepted() - counts.duplicates
    } else {
        files.iter().map(|file| file.row_count).sum()
    };
    let present = tally.periods.iter().filter_map(|begin| name(*begin));
    let present = present.chain(stay.iter().filter_map(|resource| resource.period.clone()));
    let quality = findings::findings(job, columns, &tally, &counts);
    let sources = sources(&job.sources, &tally, &digests, name);
    let rows_read = tally.rows_read();
    Ok(Draft {
        files,
        kept: stay.iter().map(|resource| resource.hash.0).collect(),
        row_count: new + stay.iter().map(|resource| resource.row_count).sum::<u64>(),
        coverage: coverage(columns.period_unit, present.collect()),
        columns: summaries,
        sources,
        quality,
        rejects: tally.rejects.into_report(rows_read),
    })
}

/// What was read, file by file.
fn sources(
    files: &[SourceFile],
    tally: &Tally,
    digests: &[Sha256Digest],
    name: impl Fn(i32) -> Option<String>,
) -> Vec<Source> {
    let sources = files.iter().zip(&tally.sources).zip(digests).map(|((file, tally), digest)| {
        let mut periods = tally.periods.iter();
        let period = match (periods.next(), periods.next()) {
            (Some(begin), None) => name(*begin),
            _ => None,
        };
        Source {
            name: file.name.clone(),
            bytes: file.bytes,
            hash: FileHash(*digest),
            rows_read: tally.rows_read,
            rows_rejected: tally.rows_rejected,
            rows_duplicate: tally.rows_duplicate,
            period,
        }
    });
    sources.collect()
}

/// Which periods there are, and which between them are not.
fn coverage(unit: Option<PeriodUnit>, mut present: Vec<String>) -> Coverage {
    let Some(unit) = unit else { return Coverage::default() };
    present.sort();
    present.dedup();
    let missing = unit.missing_between(present.iter().map(String::as_str));
    Coverage { missing: missing.unwrap_or_default(), periods: present }
}
