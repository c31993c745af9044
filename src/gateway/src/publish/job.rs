//! What a publishing worker is told, and the files it is handed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::sync::Arc;

use catalogue::{Snapshot, StoredCodebook, View};
use domain::DatasetName;
use domain::codebook::Kind;
use domain::manifest::Resource;
use domain::publication::{PreviousFigures, PublishJob, ReferencedSnapshot, SourceFile};

use crate::publish::candidate::Candidate;
use crate::publish::{Order, OrderError, PublishError};
use crate::settings::PublishSettings;

/// A job with everything that goes with it.
pub(super) struct Prepared {
    pub(super) job: PublishJob,
    /// In the order that the job names them.
    pub(super) files: Vec<File>,
    pub(super) codebook: Arc<StoredCodebook>,
    /// The snapshot that is current now.
    pub(super) base: Option<Arc<Snapshot>>,
}

/// What was delivered for one dataset.
pub(super) struct Sources {
    /// The files.
    pub(super) files: Vec<SourceFile>,
    /// Where each begins, if they lie in one archive.
    pub(super) offsets: Vec<u64>,
    /// The one file, or the archive.
    pub(super) descriptor: File,
}

/// The edition that a dataset is published in.
#[derive(Debug, Default)]
pub(super) struct EditionSoFar {
    /// The datasets it brings; none where a dataset is published by itself.
    pub(super) datasets: BTreeSet<DatasetName>,
    /// Those that were drafted already.
    pub(super) candidates: Vec<Candidate>,
}

impl EditionSoFar {
    /// What the edition has of a dataset already.
    pub(super) fn find(&self, dataset: &DatasetName) -> Option<&Candidate> {
        self.candidates.iter().find(|candidate| candidate.dataset() == dataset)
    }
}

/// Prepares the job of an order on a view of the catalogue.
///
/// # Errors
/// When a file of a snapshot is not there as it should be.
pub(super) fn prepare(
    order: &Order,
    view: &View,
    sources: Sources,
    edition: &EditionSoFar,
    settings: &PublishSettings,
) -> Result<Prepared, PublishError> {
    let codebook = view.enforced(&order.dataset).ok_or(OrderError::DatasetUnknown)?;
    let base = view.current(&order.dataset);
    let kept = kept(base, codebook.codebook().kind);
    let mut files = vec![sources.descriptor];
    if let Some(base) = base.filter(|_| !kept.is_empty()) {
        open_all(view, base, &mut files)?;
    }
    let mut references = Vec::new();
    for target in targets(codebook) {
        if let Some(candidate) = edition.find(target) {
            candidate.open(view, &mut files)?;
            let files = candidate.files();
            references.push(ReferencedSnapshot { dataset: target.clone(), files });
        } else if let Some(current) = view.current(target)
            && !edition.datasets.contains(target)
        {
            open_all(view, current, &mut files)?;
            let files = current.files();
            references.push(ReferencedSnapshot { dataset: target.clone(), files });
        }
    }
    let job = PublishJob {
        codebook: codebook.codebook().clone(),
        as_of: order.as_of,
        period: order.wishes.period.clone(),
        sources: sources.files,
        offsets: sources.offsets,
        previous: base.map(|base| figures(base)),
        kept,
        references,
        rejects_max: order.wishes.rejects_max,
        // The other datasets of an edition point at its files, so they are made even where nothing
        // of it is kept.
        dry_run: order.wishes.dry_run && edition.datasets.is_empty(),
        memory_bytes: settings.memory_bytes,
        spill_bytes: settings.spill_bytes,
        expanded_bytes_max: settings.expanded_bytes_max,
    };
    Ok(Prepared { job, files, codebook: Arc::clone(codebook), base: base.cloned() })
}

/// What of the snapshot before is compared with what comes.
fn figures(snapshot: &Snapshot) -> PreviousFigures {
    let manifest = snapshot.manifest();
    let nulls = manifest.columns.iter().map(|column| (column.name.clone(), column.null_count));
    PreviousFigures {
        snapshot: snapshot.id().clone(),
        row_count: manifest.row_count,
        nulls: nulls.collect::<BTreeMap<_, _>>(),
    }
}

/// The files that stay unless the source brings their period anew.
fn kept(base: Option<&Arc<Snapshot>>, kind: Kind) -> Vec<Resource> {
    match kind {
        Kind::State => Vec::new(),
        Kind::Periods => base.map(|base| base.manifest().resources.clone()).unwrap_or_default(),
    }
}

/// The datasets that foreign keys point at, each once, but for the dataset itself.
pub(super) fn targets(codebook: &StoredCodebook) -> BTreeSet<&DatasetName> {
    let codebook = codebook.codebook();
    let all = codebook.foreign_keys.iter().map(|key| &key.reference.resource);
    all.filter(|target| **target != codebook.name).collect()
}

/// Opens every file of a snapshot, in its order.
fn open_all(view: &View, snapshot: &Snapshot, files: &mut Vec<File>) -> Result<(), PublishError> {
    for file in snapshot.files() {
        files.push(view.open_file(snapshot.dataset(), &file)?);
    }
    Ok(())
}
