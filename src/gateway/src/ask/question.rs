//! What the worker is told: the question, what may be consulted, and what there is beside that.

use std::sync::Arc;

use access::Scope;
use catalogue::{SignedEdition, Snapshot, View};
use domain::codebook::Codebook;
use domain::question::{Absence, KnownDataset, Mount};
use domain::{DatasetName, Question, Verdict};

use crate::ask::{AskError, Asking, Purpose};

/// A question as the worker gets it, with the instant of the catalogue that it is asked of.
pub(crate) struct Prepared {
    pub(crate) question: Question,
    pub(crate) edition: Arc<SignedEdition>,
    view: Arc<View>,
}

/// Prepares a question: the granted columns and rows of one edition's snapshots.
///
/// # Errors
/// When there is no edition for the date, or the caller asks for more than the grants give.
pub(crate) fn prepare(
    view: Arc<View>,
    scope: &Scope,
    asking: &Asking,
) -> Result<Prepared, AskError> {
    let edition = Arc::clone(view.edition(asking.as_of)?);
    let limits = scope.limits().lowered_by(&asking.limits)?;
    let (mut mounts, mut known) = (Vec::new(), Vec::new());
    for dataset in view.datasets() {
        let Some(stored) = view.codebook(dataset) else { continue };
        let snapshot = view.in_edition(edition.edition(), dataset);
        let mounted = mount(&view, scope, dataset, snapshot);
        known.push(known_dataset(stored.codebook(), mounted.as_ref().err().cloned()));
        mounts.extend(mounted);
    }
    let question = Question {
        sql: asking.sql.clone(),
        parameters_json: asking.parameters_json.clone(),
        as_of: edition.edition().as_of,
        limits,
        on_limit: asking.on_limit,
        format: asking.format,
        explain: asking.purpose == Purpose::Explain,
        mounts,
        known,
    };
    Ok(Prepared { question, edition, view })
}

/// What of a dataset may be consulted, or why nothing.
fn mount(
    view: &View,
    scope: &Scope,
    dataset: &DatasetName,
    snapshot: Option<&Arc<Snapshot>>,
) -> Result<Mount, Absence> {
    let granted = scope.dataset(dataset)?;
    let snapshot = snapshot.ok_or(Absence::NotPublished)?;
    Ok(view.mount(snapshot, |field| granted.covers(field), granted.rows().clone()))
}

/// What messages may say of a dataset: the catalogue is public.
fn known_dataset(codebook: &Codebook, absence: Option<Absence>) -> KnownDataset {
    let columns = codebook.fields.iter().map(|field| (field.name.clone(), field.class));
    KnownDataset {
        name: codebook.name.clone(),
        tier: codebook.tier,
        columns: columns.collect(),
        absence,
    }
}

impl Prepared {
    /// The catalogue at the instant that the question is asked of.
    pub(crate) fn view(&self) -> &View {
        &self.view
    }

    /// The snapshots that a verdict scans, in its order.
    pub(crate) fn scanned(&self, verdict: &Verdict) -> Vec<Arc<Snapshot>> {
        let scans = verdict.scans.iter();
        let snapshots = scans.filter_map(|scan| self.view.snapshot(&scan.dataset, &scan.snapshot));
        snapshots.cloned().collect()
    }

    /// Opens the files that a verdict scans, in the order in which the worker expects them.
    ///
    /// # Errors
    /// When a file is not there or not as long as its manifest says.
    pub(crate) fn open_files(&self, verdict: &Verdict) -> Result<Vec<std::fs::File>, AskError> {
        let mut files = Vec::new();
        for scan in &verdict.scans {
            let mut mounts = self.question.mounts.iter();
            let is_scanned =
                |mount: &&Mount| mount.dataset == scan.dataset && mount.snapshot == scan.snapshot;
            let Some(mount) = mounts.find(is_scanned) else { continue };
            for file in &mount.files {
                files.push(self.view.open_file(&scan.dataset, file)?);
            }
            if mount.redacted_keys().is_some() {
                let redactions = self.view.redactions(&scan.dataset);
                let keys = redactions.map(|redactions| redactions.open_keys()).transpose();
                files.extend(keys.map_err(AskError::Keys)?.flatten());
            }
        }
        Ok(files)
    }
}
