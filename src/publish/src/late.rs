//! Foreign keys of new files whose targets were made after them.
//!
//! The datasets of one edition may point at each other in a circle. Each is validated by itself
//! first; then its files are read once more, only the columns that point.

use std::fs::File;
use std::path::Path;

use domain::codebook::QualityRule;
use domain::publication::Reject;
use domain::task::{OrphansFound, OrphansTask};

use crate::columns::Columns;
use crate::failure::Fault;
use crate::findings::{self, Judge};
use crate::fingerprint::{Encoder, reference_entry};
use crate::orphans::{Reference, Target};
use crate::published::{Published, columns_of};
use crate::source::section::Section;
use crate::source::sections;

/// Counts the rows of new files that point at nothing in the task's snapshots.
///
/// # Errors
/// When the descriptors are not those that the task names, or a file cannot be read.
pub(crate) fn orphans(
    task: &OrphansTask,
    files: Vec<File>,
    scratch: &Path,
) -> Result<OrphansFound, Fault> {
    let columns = Columns::new(task.codebook.clone())?;
    let referenced = task.references.iter().flat_map(|snapshot| &snapshot.files);
    let lengths = task.files.iter().chain(referenced).map(|file| file.bytes);
    let mut sections = sections(files, lengths)?.into_iter();
    let new: Vec<Section> = sections.by_ref().take(task.files.len()).collect();
    let new = new.into_iter().map(Published::open).collect::<Result<Vec<_>, _>>()?;
    let targets: Vec<Vec<Section>> = task
        .references
        .iter()
        .map(|snapshot| sections.by_ref().take(snapshot.files.len()).collect())
        .collect();
    let memory_bytes = task.memory_bytes / 4;
    let all = Reference::all(&columns, &task.references, &targets, memory_bytes, scratch);
    let rows = task.files.iter().map(|file| file.row_count).sum();
    let judge = Judge { quality: &columns.codebook.quality };
    let mut found = OrphansFound::default();
    for (key, mut reference) in columns.codebook.foreign_keys.iter().zip(all) {
        if !matches!(reference.target, Target::Snapshot(..)) {
            continue;
        }
        for file in &new {
            point(&mut reference, file, &columns)?;
        }
        let count = reference.orphans(&[], &columns, memory_bytes, scratch)?;
        let Some(count) = count else { continue };
        let finding =
            judge.finding(QualityRule::ForeignKeyOrphan, key.fields.first(), count.rows, rows);
        let finding = findings::against(finding, key.reference.resource.as_str());
        found.rejects.extend(verdict(&finding, &columns));
        found.findings.push(finding);
    }
    Ok(found)
}

/// Adds what the rows of a file point at.
fn point(reference: &mut Reference, file: &Published, columns: &Columns) -> Result<(), Fault> {
    let places = reference.fields.clone();
    let mut row_number = 0;
    let mut scratch = Vec::new();
    for batch in file.read(places.iter().map(|place| columns.name(*place)), None)? {
        let values = columns_of(batch, columns, places.iter().copied())?;
        let rows = values.first().map_or(0, |column| column.len());
        let encoder = Encoder::new(&values);
        let mut entries = Vec::with_capacity(rows);
        for row in 0..rows {
            row_number += 1;
            if let Some(hash) = encoder.reference(row, &mut scratch) {
                entries.push(reference_entry(hash, row_number));
            }
        }
        reference.extend(&entries, &[])?;
    }
    Ok(())
}

/// The reject of a finding that goes beyond a limit that rejects.
fn verdict(finding: &domain::manifest::Finding, columns: &Columns) -> Option<Reject> {
    let unfit = findings::beyond(finding)?;
    Some(Reject {
        file: columns.codebook.name.to_string(),
        line: unfit.line,
        column: unfit.column,
        rule: unfit.rule.as_str().to_owned(),
        detail: unfit.detail,
        count: finding.count,
    })
}
