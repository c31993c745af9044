//! How two snapshots differ, as a worker tells it and as their readers see them.
//!
//! What was told once is kept until more is taken out; files that both have are never opened.

use std::collections::BTreeSet;
use std::fs::File;
use std::sync::Arc;

use catalogue::{Snapshot, View, Withdrawn};
use domain::Sha256Digest;
use domain::codebook::Codebook;
use domain::question::MountedFile;
use domain::task::{CompareTask, Comparison, RowChanges, SeenSnapshot, Task, TaskEnd};

use crate::Application;
use crate::publish::PublishError;
use crate::publish::candidate::Candidate;
use crate::publish::publications::Underway;
use crate::withdraw::check_standing;

/// Why two snapshots are not compared.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    /// One of them was withdrawn.
    #[error(transparent)]
    Withdrawn(#[from] Box<Withdrawn>),
    /// No worker came to an end with it.
    #[error(transparent)]
    Worker(#[from] PublishError),
}

impl Application {
    /// How two snapshots of one dataset differ, as of now.
    ///
    /// # Errors
    /// [`CompareError`].
    pub async fn compare(
        &self,
        from: &Snapshot,
        to: &Snapshot,
    ) -> Result<Arc<Comparison>, CompareError> {
        let known = self.publications().comparisons();
        // Round again after each comparison: more may have been taken out, or back, meanwhile.
        loop {
            let view = self.catalogue().view();
            // What was compacted meanwhile has other files, under another id.
            let [from, to] = [from, to].map(|named| {
                view.resolve(named.dataset(), named.id()).map_or(named, |standing| &**standing)
            });
            let both = [from, to].map(|snapshot| (snapshot.dataset(), snapshot.id()));
            check_standing(&view, both).map_err(Box::new)?;
            let redactions = view.redactions(to.dataset()).map_or(0, |list| list.count());
            if let Some(comparison) = known.find(from.id(), to.id(), redactions) {
                return Ok(comparison);
            }
            let (before, after) = differing(
                seen(&view, from.codebook(), from.files()),
                seen(&view, to.codebook(), to.files()),
            );
            let mut files = open(&view, &before)?;
            files.extend(open(&view, &after)?);
            let task = self.comparison(before, after);
            let comparison = compared(self.perform_alone(&task, files).await?)?;
            known.keep(from.id(), to.id(), redactions, comparison);
        }
    }

    /// How many rows of a draft differ from the snapshot before; nothing where there is none, or
    /// its rows cannot be compared.
    pub(super) async fn changes(
        &self,
        candidate: &Candidate,
        underway: &mut Underway,
    ) -> Result<Option<RowChanges>, PublishError> {
        let Some(base) = &candidate.base else { return Ok(None) };
        let view = self.catalogue().view();
        let (before, after) = differing(
            seen(&view, base.codebook(), base.files()),
            seen(&view, candidate.codebook.codebook(), candidate.files()),
        );
        if before.files.is_empty() && after.files.is_empty() {
            return Ok(Some(RowChanges::default()));
        }
        let mut files = open(&view, &before)?;
        candidate.open_some(&after.files, &mut files)?;
        files.extend(open_keys(&view, &after)?);
        let task = self.comparison(before, after);
        Ok(compared(self.perform(&task, files, underway).await?)?.rows)
    }

    fn comparison(&self, from: SeenSnapshot, to: SeenSnapshot) -> Task {
        let settings = &self.settings().publish;
        let (memory_bytes, spill_bytes) = (settings.memory_bytes, settings.spill_bytes);
        Task::Compare(Box::new(CompareTask { from, to, memory_bytes, spill_bytes }))
    }
}

/// A snapshot as its readers see it.
fn seen(view: &View, codebook: &Codebook, files: Vec<MountedFile>) -> SeenSnapshot {
    let list = view.redactions(&codebook.name);
    let list = list.filter(|list| !files.iter().all(|file| list.is_clean(&file.sha256)));
    let (files, redactions) = match list.map(|list| list.mounted(codebook)) {
        None => (files, None),
        Some(Some(redactions)) => (files, Some(Box::new(redactions))),
        // Its rows cannot be told apart by what redactions name them by, so nobody sees any.
        Some(None) => (Vec::new(), None),
    };
    SeenSnapshot { codebook: codebook.clone(), files, redactions }
}

/// Two snapshots without the files that both have, in which nobody sees a difference.
fn differing(mut one: SeenSnapshot, mut other: SeenSnapshot) -> (SeenSnapshot, SeenSnapshot) {
    let digests = |seen: &SeenSnapshot| -> BTreeSet<Sha256Digest> {
        seen.files.iter().map(|file| file.sha256).collect()
    };
    let (of_one, of_other) = (digests(&one), digests(&other));
    one.files.retain(|file| !of_other.contains(&file.sha256));
    other.files.retain(|file| !of_one.contains(&file.sha256));
    (one, other)
}

/// Opens what comes with a snapshot: its files, then the keys of redactions.
fn open(view: &View, seen: &SeenSnapshot) -> Result<Vec<File>, PublishError> {
    let files = seen.files.iter().map(|file| view.open_file(&seen.codebook.name, file));
    let mut files: Vec<File> = files.collect::<Result<_, _>>()?;
    files.extend(open_keys(view, seen)?);
    Ok(files)
}

/// Opens the keys of what is taken out of a snapshot, if it is by key.
fn open_keys(view: &View, seen: &SeenSnapshot) -> Result<Option<File>, PublishError> {
    let is_by_key = seen.redactions.as_ref().is_some_and(|it| it.keys.is_some());
    let list = view.redactions(&seen.codebook.name).filter(|_| is_by_key);
    Ok(list.map(|list| list.open_keys()).transpose().map_err(PublishError::Keys)?.flatten())
}

fn compared(end: TaskEnd) -> Result<Comparison, PublishError> {
    match end {
        TaskEnd::Compared(comparison) => Ok(comparison),
        TaskEnd::Listed(_)
        | TaskEnd::Orphans(_)
        | TaskEnd::Columns(_)
        | TaskEnd::Rejected(_)
        | TaskEnd::DiskFull => Err(PublishError::Contents),
    }
}
