//! What a publishing worker is told, and the files it is handed.

use std::fs::File;
use std::sync::Arc;

use catalogue::{Snapshot, StoredCodebook, View};
use domain::DatasetName;
use domain::codebook::Kind;
use domain::manifest::Resource;
use domain::publication::{PublishJob, ReferencedSnapshot, SourceFile};

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

/// Prepares the job of an order on a view of the catalogue.
///
/// # Errors
/// When a file of a snapshot is not there as it should be.
pub(super) fn prepare(
    order: &Order,
    view: &View,
    source: &SourceFile,
    file: File,
    settings: &PublishSettings,
) -> Result<Prepared, PublishError> {
    let codebook = view.enforced(&order.dataset).ok_or(OrderError::DatasetUnknown)?;
    let base = view.current(&order.dataset);
    let kept = kept(base, codebook.codebook().kind);
    let references = references(view, codebook);
    let mut files = vec![file];
    if !kept.is_empty() {
        open_all(view, base, &mut files)?;
    }
    for target in references.iter().map(|reference| &reference.dataset) {
        open_all(view, view.current(target), &mut files)?;
    }
    let job = PublishJob {
        codebook: codebook.codebook().clone(),
        as_of: order.as_of,
        period: order.wishes.period.clone(),
        sources: vec![source.clone()],
        kept,
        references,
        rejects_max: order.wishes.rejects_max,
        dry_run: order.wishes.dry_run,
        memory_bytes: settings.memory_bytes,
        spill_bytes: settings.spill_bytes,
        expanded_bytes_max: settings.expanded_bytes_max,
    };
    Ok(Prepared { job, files, codebook: Arc::clone(codebook), base: base.cloned() })
}

/// The files that stay unless the source brings their period anew.
fn kept(base: Option<&Arc<Snapshot>>, kind: Kind) -> Vec<Resource> {
    match kind {
        Kind::State => Vec::new(),
        Kind::Periods => base.map(|base| base.manifest().resources.clone()).unwrap_or_default(),
    }
}

/// The current snapshots that foreign keys point at, each once, but for the dataset itself.
fn references(view: &View, codebook: &StoredCodebook) -> Vec<ReferencedSnapshot> {
    let codebook = codebook.codebook();
    let mut targets: Vec<&DatasetName> =
        codebook.foreign_keys.iter().map(|key| &key.reference.resource).collect();
    targets.sort();
    targets.dedup();
    targets.retain(|target| **target != codebook.name);
    let reference = |target: &DatasetName| {
        let files = view.current(target)?.files();
        Some(ReferencedSnapshot { dataset: target.clone(), files })
    };
    targets.into_iter().filter_map(reference).collect()
}

/// Opens every file of a snapshot, in its order.
fn open_all(
    view: &View,
    snapshot: Option<&Arc<Snapshot>>,
    files: &mut Vec<File>,
) -> Result<(), PublishError> {
    let Some(snapshot) = snapshot else { return Ok(()) };
    for file in snapshot.files() {
        files.push(view.open_file(snapshot.dataset(), &file)?);
    }
    Ok(())
}
