//! Where everything of the catalogue lies in the data folder.
//!
//! # Shape
//! ```text
//! snapshots/<dataset>/files/<sha256>.parquet
//! snapshots/<dataset>/<snapshot-id>/datapackage.json, datapackage.json.sig, codebook.json,
//!                                   files -> ../files, so that the folder is a whole Data Package
//! snapshots/<dataset>/<snapshot-id>/redacted.json, redacted.json.sig   (of one that was compacted)
//! redactions/<dataset>.jsonl, <dataset>.clean.json
//! editions/e-<number>.json, e-<number>.json.sig
//! ```

use std::path::{Path, PathBuf};

use domain::{DatasetName, EditionId, Sha256Digest, SnapshotId};

use crate::folder::PENDING_PREFIX;

/// The manifest of a snapshot.
pub(crate) const MANIFEST_FILE: &str = "datapackage.json";

/// The seal on that manifest.
pub(crate) const MANIFEST_SEAL_FILE: &str = "datapackage.json.sig";

/// The codebook that was enforced.
pub(crate) const CODEBOOK_FILE: &str = "codebook.json";

/// The folder of content-addressed files in a dataset's folder.
pub(crate) const FILES_FOLDER: &str = "files";

/// Paths in one data folder.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    data_dir: PathBuf,
}

impl Layout {
    pub(crate) fn new(data_dir: &Path) -> Self {
        Self { data_dir: data_dir.to_owned() }
    }

    pub(crate) fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    pub(crate) fn snapshots(&self) -> PathBuf {
        self.data_dir.join("snapshots")
    }

    pub(crate) fn dataset(&self, dataset: &DatasetName) -> PathBuf {
        self.snapshots().join(dataset.as_str())
    }

    pub(crate) fn files(&self, dataset: &DatasetName) -> PathBuf {
        self.dataset(dataset).join(FILES_FOLDER)
    }

    pub(crate) fn file(&self, dataset: &DatasetName, sha256: &Sha256Digest) -> PathBuf {
        self.files(dataset).join(file_name(sha256))
    }

    pub(crate) fn snapshot(&self, dataset: &DatasetName, id: &SnapshotId) -> PathBuf {
        self.dataset(dataset).join(id.as_str())
    }

    pub(crate) fn pending_snapshot(&self, dataset: &DatasetName, id: &SnapshotId) -> PathBuf {
        self.dataset(dataset).join(format!("{PENDING_PREFIX}{id}"))
    }

    pub(crate) fn editions(&self) -> PathBuf {
        self.data_dir.join("editions")
    }

    pub(crate) fn edition(&self, id: &EditionId) -> PathBuf {
        self.editions().join(format!("{id}.json"))
    }

    pub(crate) fn edition_seal(&self, id: &EditionId) -> PathBuf {
        self.editions().join(format!("{id}.json.sig"))
    }

    pub(crate) fn pending_edition(&self, id: &EditionId) -> PathBuf {
        self.editions().join(format!("{PENDING_PREFIX}{id}.json"))
    }

    /// A path as messages tell it: relative to the data folder.
    pub(crate) fn relative(&self, path: &Path) -> PathBuf {
        path.strip_prefix(&self.data_dir).unwrap_or(path).to_owned()
    }
}

/// The name of a content-addressed file.
pub(crate) fn file_name(sha256: &Sha256Digest) -> String {
    format!("{sha256}.parquet")
}

/// Where a manifest says that a content-addressed file lies: through the link beside it.
pub(crate) fn path_in_manifest(sha256: &Sha256Digest) -> String {
    format!("{FILES_FOLDER}/{}", file_name(sha256))
}

/// The digest that a content-addressed file is named by, if it is one.
pub(crate) fn digest_of_name(name: &str) -> Option<Sha256Digest> {
    Sha256Digest::parse(name.strip_suffix(".parquet")?).ok()
}
