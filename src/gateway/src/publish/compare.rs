//! How two snapshots differ, as a worker tells it.
//!
//! Snapshots never change, so what was told once is kept; files that both have are never opened.

use std::fs::File;
use std::sync::Arc;

use catalogue::{Snapshot, View};
use domain::codebook::Codebook;
use domain::question::MountedFile;
use domain::task::{CompareTask, Comparison, RowChanges, Task, TaskEnd};

use crate::Application;
use crate::publish::PublishError;
use crate::publish::candidate::Candidate;
use crate::publish::publications::Underway;

impl Application {
    /// How two snapshots of one dataset differ.
    ///
    /// # Errors
    /// [`PublishError`].
    pub async fn compare(
        &self,
        from: &Snapshot,
        to: &Snapshot,
    ) -> Result<Arc<Comparison>, PublishError> {
        let known = self.publications().comparisons();
        if let Some(comparison) = known.find(from.id(), to.id()) {
            return Ok(comparison);
        }
        let view = self.catalogue().view();
        let (before, after) = (from.files(), to.files());
        let (gone, new) = (only_in(&before, &after), only_in(&after, &before));
        let mut files = open(&view, from, &gone)?;
        files.extend(open(&view, to, &new)?);
        let task = self.comparison(from.codebook(), to.codebook(), gone, new);
        let comparison = Arc::new(compared(self.perform_alone(&task, files).await?)?);
        known.keep(from.id(), to.id(), &comparison);
        Ok(comparison)
    }

    /// How many rows of a draft differ from the snapshot before; nothing where there is none, or
    /// its rows cannot be compared.
    pub(super) async fn changes(
        &self,
        candidate: &Candidate,
        underway: &mut Underway,
    ) -> Result<Option<RowChanges>, PublishError> {
        let Some(base) = &candidate.base else { return Ok(None) };
        let (before, after) = (base.files(), candidate.files());
        let (gone, new) = (only_in(&before, &after), only_in(&after, &before));
        if gone.is_empty() && new.is_empty() {
            return Ok(Some(RowChanges::default()));
        }
        let view = self.catalogue().view();
        let mut files = open(&view, base, &gone)?;
        candidate.open_some(&new, &mut files)?;
        let task = self.comparison(base.codebook(), candidate.codebook.codebook(), gone, new);
        Ok(compared(self.perform(&task, files, underway).await?)?.rows)
    }

    fn comparison(
        &self,
        former: &Codebook,
        later: &Codebook,
        from: Vec<MountedFile>,
        to: Vec<MountedFile>,
    ) -> Task {
        Task::Compare(Box::new(CompareTask {
            codebook: later.clone(),
            former: former.clone(),
            from,
            to,
            memory_bytes: self.settings().publish.memory_bytes,
            spill_bytes: self.settings().publish.spill_bytes,
        }))
    }
}

/// The files of one snapshot that the other does not have.
fn only_in(these: &[MountedFile], those: &[MountedFile]) -> Vec<MountedFile> {
    let is_shared = |file: &MountedFile| those.iter().any(|other| other.sha256 == file.sha256);
    these.iter().filter(|file| !is_shared(file)).cloned().collect()
}

fn open(
    view: &View,
    snapshot: &Snapshot,
    files: &[MountedFile],
) -> Result<Vec<File>, PublishError> {
    files.iter().map(|file| Ok(view.open_file(snapshot.dataset(), file)?)).collect()
}

fn compared(end: TaskEnd) -> Result<Comparison, PublishError> {
    match end {
        TaskEnd::Compared(comparison) => Ok(comparison),
        TaskEnd::Listed(_) | TaskEnd::Orphans(_) | TaskEnd::Rejected(_) | TaskEnd::DiskFull => {
            Err(PublishError::Contents)
        }
    }
}
