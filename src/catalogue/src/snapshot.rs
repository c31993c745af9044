//! One snapshot as it was published: its manifest, the seal on it, and the codebook it kept to.

use std::sync::Arc;

use domain::codebook::{Codebook, Field};
use domain::edition::SnapshotRef;
use domain::grant::RowBounds;
use domain::manifest::FindingVerdict;
use domain::question::{Mount, MountedField, MountedFile};
use domain::{DatasetName, Manifest, Sha256Digest, SnapshotId};

use crate::codebooks::StoredCodebook;

/// One snapshot as it was published; nothing of it ever changes.
#[derive(Debug)]
pub struct Snapshot {
    pub(crate) id: SnapshotId,
    pub(crate) manifest: Manifest,
    pub(crate) bytes: Vec<u8>,
    pub(crate) sha256: Sha256Digest,
    pub(crate) signature: String,
    pub(crate) codebook: Arc<StoredCodebook>,
}

impl Snapshot {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> &SnapshotId {
        &self.id
    }

    /// The dataset it is a version of.
    #[must_use]
    pub fn dataset(&self) -> &DatasetName {
        &self.manifest.name
    }

    /// What its manifest says.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Its manifest, byte for byte as it was signed.
    #[must_use]
    pub fn manifest_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The digest over its manifest's bytes.
    #[must_use]
    pub fn manifest_sha256(&self) -> Sha256Digest {
        self.sha256
    }

    /// The signed note over its manifest's digest.
    #[must_use]
    pub fn signature(&self) -> &str {
        &self.signature
    }

    /// The codebook that was enforced when it was published.
    #[must_use]
    pub fn codebook(&self) -> &Codebook {
        self.codebook.codebook()
    }

    /// That codebook with its bytes and digest.
    #[must_use]
    pub fn stored_codebook(&self) -> &Arc<StoredCodebook> {
        &self.codebook
    }

    /// Whether something was found in it for which the codebook wants a person to look first.
    #[must_use]
    pub fn is_held(&self) -> bool {
        let findings = &self.manifest.quality;
        findings.iter().any(|finding| finding.verdict == FindingVerdict::Held)
    }

    /// How editions and the log name it.
    #[must_use]
    pub fn reference(&self) -> SnapshotRef {
        SnapshotRef { id: self.id.clone(), manifest_sha256: self.sha256 }
    }

    /// Its files, in the manifest's order.
    #[must_use]
    pub fn files(&self) -> Vec<MountedFile> {
        let files = self.manifest.resources.iter().map(|resource| MountedFile {
            sha256: resource.hash.0,
            bytes: resource.bytes,
            row_count: resource.row_count,
            period: resource.period.clone(),
        });
        files.collect()
    }

    /// What a worker mounts of it: the fields that are covered and the rows within bounds; what
    /// the law takes out, [`crate::View::mount`] adds.
    pub(crate) fn mount(&self, covers: impl Fn(&Field) -> bool, rows: RowBounds) -> Mount {
        let codebook = self.codebook();
        let field = |name: &Option<_>| {
            name.as_ref()
                .and_then(|name: &domain::ColumnName| codebook.field(name.as_str()))
                .cloned()
        };
        let covered = codebook.fields.iter().filter(|field| covers(field));
        Mount {
            dataset: self.dataset().clone(),
            snapshot: self.id.clone(),
            fields: covered.map(|field| self.mounted(field)).collect(),
            rows,
            time_column: field(&codebook.time_column),
            member_state_column: field(&codebook.member_state_column),
            files: self.files(),
            sort_order: codebook.sort_order.clone(),
            redactions: None,
        }
    }

    fn mounted(&self, field: &Field) -> MountedField {
        let column = self.manifest.columns.iter().find(|column| column.name == field.name);
        MountedField { field: field.clone(), bytes: column.map_or(0, |column| column.bytes) }
    }
}
