//! What the worker is told: the question, what may be consulted, and what there is beside that.

use std::sync::Arc;

use access::{Denial, Scope};
use catalogue::{SignedEdition, Snapshot, View};
use domain::codebook::{Class, Codebook, Field};
use domain::question::{Absence, KnownDataset, Mount, MountedField, PINS_MAX, Pin, VersionWanted};
use domain::{ColumnName, DatasetName, Question, SnapshotId, Verdict};
use sandbox::protocol::ProtocolError;

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
        pins: Vec::new(),
        known,
    };
    Ok(Prepared { question, edition, view })
}

/// What of a dataset may be consulted, or why nothing.
///
/// A column must be covered by what its own codebook says of it, and by what today's does: a class
/// that was raised since holds for old snapshots, too. So does hiding what is an identifier today.
fn mount(
    view: &View,
    scope: &Scope,
    dataset: &DatasetName,
    snapshot: Option<&Arc<Snapshot>>,
) -> Result<Mount, Absence> {
    let granted = scope.dataset(dataset)?;
    let snapshot = snapshot.ok_or(Absence::NotPublished)?;
    let today = view.enforced(dataset).map(|stored| stored.codebook());
    let covers = |field: &Field| {
        let now = today.and_then(|codebook| codebook.field(field.name.as_str()));
        granted.covers(field) && now.is_none_or(|now| granted.covers(now))
    };
    let mut mount = view.mount(snapshot, covers, granted.rows().clone());
    for MountedField { field, .. } in &mut mount.fields {
        let now = today.and_then(|codebook| codebook.field(field.name.as_str()));
        if now.is_some_and(|now| now.class == Class::Identifier) {
            field.class = Class::Identifier;
        }
    }
    Ok(mount)
}

/// What messages may say of a dataset: the catalogue is public.
fn known_dataset(codebook: &Codebook, absence: Option<Absence>) -> KnownDataset {
    KnownDataset {
        name: codebook.name.clone(),
        tier: codebook.tier,
        columns: columns(codebook),
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

    /// The snapshots that a verdict scans, and those that the statement pins, scanned or not.
    pub(crate) fn consulted(&self, verdict: &Verdict) -> Vec<(DatasetName, SnapshotId)> {
        let scans = verdict.scans.iter().map(|scan| (scan.dataset.clone(), scan.snapshot.clone()));
        let pins = self.question.pins.iter().map(|pin| &pin.mount);
        scans.chain(pins.map(|mount| (mount.dataset.clone(), mount.snapshot.clone()))).collect()
    }

    /// Resolves the versions that a statement pins, once.
    ///
    /// # Errors
    /// A version that is not there, or whose dataset may not be consulted; a worker that asks for
    /// more than it may, or again.
    pub(crate) fn pin(
        &mut self,
        scope: &Scope,
        wanted: Vec<VersionWanted>,
    ) -> Result<(), AskError> {
        if wanted.is_empty() || PINS_MAX < wanted.len() || !self.question.pins.is_empty() {
            let source = ProtocolError::Unexpected { name: "versions" };
            return Err(AskError::Worker(source.into()));
        }
        for VersionWanted { dataset, version, position } in wanted {
            let snapshot = self
                .view
                .version(&dataset, &version)
                .map_err(|none| AskError::Version { none: Box::new(none), position })?;
            let mount = mount(&self.view, scope, &dataset, Some(snapshot))
                .map_err(|absence| denial(&dataset, absence))?;
            let columns = columns(snapshot.codebook());
            self.question.pins.push(Pin { version, mount, columns });
        }
        Ok(())
    }

    /// Opens the files that a verdict scans, in the order in which the worker expects them.
    ///
    /// # Errors
    /// When a file is not there or not as long as its manifest says.
    pub(crate) fn open_files(&self, verdict: &Verdict) -> Result<Vec<std::fs::File>, AskError> {
        let mut files = Vec::new();
        for (dataset, file) in self.question.files(verdict) {
            if self.question.is_of_keys(dataset, file) {
                let redactions = self.view.redactions(dataset);
                let keys = redactions.map(|redactions| redactions.open_keys()).transpose();
                files.extend(keys.map_err(AskError::Keys)?.flatten());
            } else {
                files.push(self.view.open_file(dataset, file)?);
            }
        }
        Ok(files)
    }
}

/// All columns of a codebook with their class.
fn columns(codebook: &Codebook) -> Vec<(ColumnName, Class)> {
    codebook.fields.iter().map(|field| (field.name.clone(), field.class)).collect()
}

/// Why a dataset may not be consulted, whatever its version.
fn denial(dataset: &DatasetName, absence: Absence) -> Denial {
    let dataset = dataset.clone();
    match absence {
        Absence::GrantExpired(grant) => Denial::GrantExpired { dataset, grant },
        Absence::GrantMissing | Absence::NotPublished => Denial::GrantMissing { dataset },
    }
}
