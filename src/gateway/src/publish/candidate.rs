//! Candidates: drafts that may become snapshots, each with what it was made from and for.

use std::fs::File;
use std::sync::Arc;

use catalogue::{Snapshot, StoredCodebook, View};
use domain::DatasetName;
use domain::manifest::FindingVerdict;
use domain::publication::Draft;
use domain::question::MountedFile;
use domain::task::RowChanges;
use sandbox::ScratchFolder;

use crate::publish::{Order, PublishError};

/// What a worker made of a source.
#[derive(Debug)]
pub(super) struct Drafted {
    pub(super) draft: Box<Draft>,
    /// Where the draft's files lie, until this is dropped.
    pub(super) folder: ScratchFolder,
}

/// A draft that may become a snapshot.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) order: Order,
    pub(super) codebook: Arc<StoredCodebook>,
    /// The snapshot that was current when the worker began.
    pub(super) base: Option<Arc<Snapshot>>,
    pub(super) drafted: Drafted,
    /// How many of its rows differ from those of its base.
    pub(super) changes: Option<RowChanges>,
}

impl Candidate {
    /// Which dataset it is of.
    pub(super) fn dataset(&self) -> &DatasetName {
        &self.order.dataset
    }

    /// Whether something was found for which a person must look first.
    pub(super) fn is_held(&self) -> bool {
        let findings = &self.drafted.draft.quality;
        findings.iter().any(|finding| finding.verdict == FindingVerdict::Held)
    }

    /// The files that were made for it.
    pub(super) fn new_files(&self) -> Vec<MountedFile> {
        let files = self.drafted.draft.files.iter().map(|file| MountedFile {
            sha256: file.sha256,
            bytes: file.bytes,
            row_count: file.row_count,
            period: file.period.clone(),
        });
        files.collect()
    }

    /// The files that it keeps of its base.
    fn kept_files(&self) -> Vec<MountedFile> {
        let before = self.base.as_ref().map(|base| base.files()).unwrap_or_default();
        let kept = &self.drafted.draft.kept;
        before.into_iter().filter(|file| kept.contains(&file.sha256)).collect()
    }

    /// All its files: the new ones, then those that it keeps.
    pub(super) fn files(&self) -> Vec<MountedFile> {
        self.new_files().into_iter().chain(self.kept_files()).collect()
    }

    /// Opens the files that were made for it; the worker that made them is gone.
    pub(super) fn open_new(&self, files: &mut Vec<File>) -> Result<(), PublishError> {
        for file in &self.drafted.draft.files {
            let path = self.drafted.folder.path().join(&file.file);
            files.push(File::open(path).map_err(PublishError::Scratch)?);
        }
        Ok(())
    }

    /// Opens some of the files that were made for it.
    pub(super) fn open_some(
        &self,
        wanted: &[MountedFile],
        files: &mut Vec<File>,
    ) -> Result<(), PublishError> {
        for wanted in wanted {
            let new = &self.drafted.draft.files;
            let file = new.iter().find(|file| file.sha256 == wanted.sha256);
            let file = file.ok_or(PublishError::Contents)?;
            let path = self.drafted.folder.path().join(&file.file);
            files.push(File::open(path).map_err(PublishError::Scratch)?);
        }
        Ok(())
    }

    /// Opens all its files, in the order of [`Candidate::files`].
    pub(super) fn open(&self, view: &View, files: &mut Vec<File>) -> Result<(), PublishError> {
        self.open_new(files)?;
        for file in self.kept_files() {
            files.push(view.open_file(self.dataset(), &file)?);
        }
        Ok(())
    }
}
