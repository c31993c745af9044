//! What the tests of this room share: two small datasets, and drafts as a worker would make them.
//!
//! The files are not Parquet. This room never looks, and so proves it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::codebook::Codebook;
use domain::manifest::{ColumnSummary, Coverage};
use domain::publication::{Draft, DraftFile, RejectReport};
use domain::{DatasetName, Date, Sha256Digest, Timestamp};
use ledger::SigningKey;
use tempfile::TempDir;

use crate::codebooks::{Codebooks, StoredCodebook};
use crate::{
    AdoptError, Adoption, Catalogue, OpenError, Pending, ProposeError, Resolution, Snapshot,
};

/// A dataset of which a snapshot is the whole.
pub(crate) const CODEBOOK_LISTINGS: &str = r"
name: listings
title: Listings
description: Offers on the platform.
legal_basis: [DSA Art. 40(12)]
tier: public
row_unit: listing
kind: state
primaryKey: [listing_id]
sort_order: [listing_id]
schema_version: 1
fields:
  - {name: listing_id, type: string, class: public, nullable: false, description: Its id.}
  - {name: member_state, type: string, class: public, nullable: false, description: Where., categories: [DE, FR]}
  - {name: title, type: string, class: public, nullable: true, free_text: true, description: Its title.}
changelog: [{schema_version: 1, date: 2026-11-23, note: First version.}]
";

/// A dataset that is published a day at a time.
pub(crate) const CODEBOOK_NOTICES: &str = r"
name: notices
title: Notices
description: Notices of illegal content.
legal_basis: [DSA Art. 16]
tier: public
row_unit: notice
kind: periods
period_unit: day
time_column: received
primaryKey: [notice_id]
foreignKeys:
  - {fields: [listing_id], reference: {resource: listings, fields: [listing_id]}}
sort_order: [received, notice_id]
schema_version: 1
known_gaps: [{from: 2025-02-01, until: 2025-02-14, note: Counts for LU were lost.}]
fields:
  - {name: notice_id, type: string, class: public, nullable: false, description: Its id.}
  - {name: listing_id, type: string, class: public, nullable: true, description: About what.}
  - {name: received, type: date, class: public, nullable: false, description: When.}
changelog: [{schema_version: 1, date: 2026-11-23, note: First version.}]
";

/// A data folder with one key, which can be closed, tampered with, copied and opened again.
pub(crate) struct Room {
    folder: TempDir,
    scratch: TempDir,
    pub(crate) key: Arc<SigningKey>,
}

/// A period, `None` of a state, and the bytes of its one file.
pub(crate) type Part<'a> = (Option<&'a str>, &'a [u8]);

impl Room {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            scratch: tempfile::tempdir().unwrap(),
            key: Arc::new(SigningKey::generate("room.example").unwrap()),
        }
    }

    /// The folder in which drafts lie.
    pub(crate) fn scratch(&self) -> &Path {
        self.scratch.path()
    }

    /// A copy of the folder as it is at this instant: what a crash now would leave.
    pub(crate) fn crashed(&self) -> Self {
        let copy = Self { key: Arc::clone(&self.key), ..Self::new() };
        copy_folder(self.path(), copy.path());
        copy
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn open(&self) -> Result<Catalogue, OpenError> {
        Catalogue::open_with(self.path(), Arc::clone(&self.key), &[], &codebooks())
    }

    /// Opens it after a crash of which the log has no entries.
    pub(crate) fn open_unlogged(&self) -> Catalogue {
        let catalogue = self.open().unwrap();
        catalogue.resolve(Resolution::TakeBack).unwrap();
        catalogue
    }

    /// The one file below the data folder whose path ends so.
    pub(crate) fn find(&self, end: &str) -> PathBuf {
        let found =
            self.all_files().into_iter().filter(|path| path.to_str().unwrap().ends_with(end));
        let found: Vec<_> = found.collect();
        assert_eq!(found.len(), 1, "{end}: {found:?}");
        self.path().join(&found[0])
    }

    /// Every file below the data folder, relative to it.
    pub(crate) fn all_files(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        let mut folders = vec![self.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let entry = entry.unwrap();
                let (kind, path) = (entry.file_type().unwrap(), entry.path());
                if kind.is_dir() {
                    folders.push(path);
                } else if kind.is_file() {
                    files.push(path.strip_prefix(self.path()).unwrap().to_owned());
                }
            }
        }
        files.sort();
        files
    }

    /// Does what a worker does: writes files into its folder and tells what they are.
    pub(crate) fn draft(&self, catalogue: &Catalogue, dataset: &str, parts: &[Part<'_>]) -> Draft {
        let name = name(dataset);
        let view = catalogue.view();
        let codebook = view.enforced(&name).unwrap().codebook();
        let mut files = Vec::new();
        for (index, (period, bytes)) in parts.iter().enumerate() {
            let file = format!("{index}.parquet");
            fs::write(self.scratch.path().join(&file), bytes).unwrap();
            let sha256 = Sha256Digest::of(bytes);
            let period = period.map(str::to_owned);
            files.push(DraftFile {
                file,
                bytes: bytes.len() as u64,
                sha256,
                row_count: 10,
                period,
            });
        }
        let fresh: Vec<_> = parts.iter().filter_map(|(period, _)| *period).collect();
        let before = view.current(&name).map(|base| base.manifest().resources.clone());
        let mut kept = before.unwrap_or_default();
        kept.retain(|it| it.period.as_deref().is_some_and(|period| !fresh.contains(&period)));
        let mut periods: Vec<String> = fresh.iter().map(|&period| period.to_owned()).collect();
        periods.extend(kept.iter().filter_map(|resource| resource.period.clone()));
        periods.sort();
        Draft {
            row_count: 10 * (files.len() + kept.len()) as u64,
            files,
            kept: kept.iter().map(|resource| resource.hash.0).collect(),
            coverage: Coverage { periods, missing: Vec::new() },
            columns: columns(codebook),
            sources: Vec::new(),
            quality: Vec::new(),
            rejects: RejectReport::default(),
        }
    }

    /// Adopts a draft of a dataset as of a day.
    pub(crate) fn adopt(
        &self,
        catalogue: &Catalogue,
        dataset: &str,
        as_of: Date,
        draft: &Draft,
    ) -> Result<Pending, AdoptError> {
        catalogue.adopt(adoption(catalogue, dataset, as_of, draft, self.scratch.path()))
    }

    /// Publishes some files, as the gateway does when the log takes every entry.
    pub(crate) fn publish(
        &self,
        catalogue: &Catalogue,
        dataset: &str,
        as_of: Date,
        parts: &[Part<'_>],
    ) -> Arc<Snapshot> {
        let draft = self.draft(catalogue, dataset, parts);
        let pending = self.adopt(catalogue, dataset, as_of, &draft).unwrap();
        activate(catalogue, pending, as_of).unwrap()
    }

    /// Publishes without activating.
    pub(crate) fn stage(
        &self,
        catalogue: &Catalogue,
        dataset: &str,
        as_of: Date,
        parts: &[Part<'_>],
    ) -> Arc<Snapshot> {
        let draft = self.draft(catalogue, dataset, parts);
        let pending = self.adopt(catalogue, dataset, as_of, &draft).unwrap();
        let snapshot = only(&pending);
        catalogue.settle(pending).unwrap();
        snapshot
    }

    /// Stores the drafts of several datasets, pending together; each has one file of these bytes.
    pub(crate) fn adopt_edition(
        &self,
        catalogue: &Catalogue,
        as_of: Date,
        members: &[(&str, Part<'_>)],
    ) -> Result<Pending, AdoptError> {
        let drafts: Vec<_> = members
            .iter()
            .map(|(dataset, part)| {
                // Each worker has a folder of its own.
                let folder = tempfile::tempdir_in(self.scratch.path()).unwrap();
                let draft = self.draft(catalogue, dataset, &[*part]);
                fs::rename(self.scratch.path().join("0.parquet"), folder.path().join("0.parquet"))
                    .unwrap();
                (*dataset, draft, folder)
            })
            .collect();
        let adoptions = drafts.iter().map(|(dataset, draft, folder)| {
            adoption(catalogue, dataset, as_of, draft, folder.path())
        });
        catalogue.adopt_all(adoptions.collect())
    }
}

/// A draft that becomes the next snapshot of a dataset.
fn adoption<'a>(
    catalogue: &Catalogue,
    dataset: &str,
    as_of: Date,
    draft: &'a Draft,
    folder: &'a Path,
) -> Adoption<'a> {
    let view = catalogue.view();
    Adoption {
        codebook: Arc::clone(view.enforced(&name(dataset)).unwrap()),
        base: view.current(&name(dataset)).cloned(),
        as_of,
        created: now(),
        publisher: "operator:1000".to_owned(),
        tool: "readingroom 0.1.0".to_owned(),
        supersedes: None,
        reason: None,
        changes: None,
        draft,
        folder,
    }
}

/// The one snapshot of a pending publication.
pub(crate) fn only(pending: &Pending) -> Arc<Snapshot> {
    let mut snapshots = pending.snapshots();
    let only = snapshots.next().unwrap();
    assert!(snapshots.next().is_none());
    Arc::clone(only)
}

/// Makes a pending snapshot current, as the gateway does when the log takes every entry.
pub(crate) fn activate(
    catalogue: &Catalogue,
    mut pending: Pending,
    as_of: Date,
) -> Result<Arc<Snapshot>, ProposeError> {
    if let Err(error) = catalogue.propose(&mut pending, as_of, now()) {
        catalogue.abandon(pending).unwrap();
        return Err(error);
    }
    let snapshot = only(&pending);
    catalogue.settle(pending).unwrap();
    Ok(snapshot)
}

pub(crate) fn codebooks() -> Codebooks {
    let texts = [CODEBOOK_LISTINGS, CODEBOOK_NOTICES];
    let read = texts.map(|text| serde_saphyr::from_str::<Codebook>(text).unwrap());
    let stored = read
        .map(|codebook| (codebook.name.clone(), Arc::new(StoredCodebook::new(codebook).unwrap())));
    BTreeMap::from(stored)
}

fn columns(codebook: &Codebook) -> Vec<ColumnSummary> {
    let column = |field: &domain::codebook::Field| ColumnSummary {
        name: field.name.clone(),
        field_type: field.field_type,
        bytes: 100,
        null_count: 0,
        distinct_estimate: 7,
        min: None,
        max: None,
    };
    codebook.fields.iter().map(column).collect()
}

fn copy_folder(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if let Ok(linked) = fs::read_link(&path) {
            std::os::unix::fs::symlink(linked, &target).unwrap();
        } else if path.is_dir() {
            fs::create_dir(&target).unwrap();
            copy_folder(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

/// Changes one byte of a file that nobody may change.
pub(crate) fn flip_byte(path: &Path, index: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[index] ^= 1;
    overwrite(path, &bytes);
}

/// Puts other bytes into a file that nobody may change.
pub(crate) fn overwrite(path: &Path, bytes: &[u8]) {
    fs::remove_file(path).unwrap();
    fs::write(path, bytes).unwrap();
}

pub(crate) fn name(dataset: &str) -> DatasetName {
    DatasetName::parse(dataset).unwrap()
}

pub(crate) fn day(text: &str) -> Date {
    text.parse().unwrap()
}

pub(crate) fn now() -> Timestamp {
    Timestamp::parse("2026-11-23T18:20:31.114210Z").unwrap()
}
