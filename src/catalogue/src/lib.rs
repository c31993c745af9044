//! The catalogue: which datasets, snapshots and editions there are, and that they are as signed.
//!
//! Floor 2. Knows `domain` and `ledger`'s signed notes; does not know SQL, Parquet, HTTP, who may
//! read what, nor what the log says. It digests data files and passes them on, unread.
//!
//! # Invariant
//! A snapshot never changes. What the catalogue shows was signed, and is shown only after the log
//! has it. At every instant, also after a crash, an edition is wholly there or not at all.
//!
//! # Rooms
//! - `codebooks`: what this program's datasets are; `layout`: where things lie.
//! - `snapshot`, `edition`, `view`: what there is to read; `listed`: what a list of it
//!   has; `notices`: what its readers are told;
//!   `version`: which snapshot an id or a day means; `withdrawal`: which are taken back.
//! - `draft`, `adopt`, `pending`: from a worker's draft to a new edition.
//! - `redactions`, `compact`, `tombstone`: what the law takes out, and what stays of a snapshot
//!   that was written anew without it.
//! - `load`, `verify`, `damage`: believing what is stored, and saying where not.
//! - `seal`, `signed`, `digest`, `folder`: signatures, digests and durable writing.

mod adopt;
mod codebooks;
mod compact;
mod damage;
mod digest;
mod draft;
mod edition;
#[cfg(test)]
mod fixture;
mod folder;
mod layout;
mod listed;
mod load;
mod notices;
mod pending;
mod redactions;
mod seal;
mod signed;
mod snapshot;
#[cfg(test)]
mod tests;
mod tombstone;
mod verify;
mod version;
mod view;
mod withdrawal;

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use domain::{DatasetName, Date, SnapshotId, Timestamp};
use ledger::{SigningKey, VerifyingKey};

pub use adopt::{AdoptError, Adoption};
pub use codebooks::{Codebooks, CodebooksError, StoredCodebook, embedded as embedded_codebooks};
pub use compact::{Compaction, PendingCompaction, Rewritten};
pub use damage::{Damage, DamageKind, DamagedSnapshot};
pub use draft::DraftFault;
pub use edition::SignedEdition;
pub use folder::FolderError;
pub use listed::Listed;
pub use pending::{Pending, ProposeError, ReopenError, Resolution, Unsettled};
pub use redactions::{DatasetRedactions, Recorded};
pub use signed::Signed;
pub use snapshot::Snapshot;
pub use tombstone::{SignedTombstone, Tombstone};
pub use verify::Verification;
pub use version::NoVersion;
pub use view::{NoEdition, SnapshotState, View};
pub use withdrawal::{Withdrawal, Withdrawn};

use layout::Layout;
use load::{LoadError, Loaded, Loader};
use pending::Part;
use seal::Sealer;

/// Why the catalogue could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The codebooks of this program are wrong.
    #[error(transparent)]
    Codebooks(#[from] CodebooksError),
    /// Something that an edition rests on is not what was signed.
    #[error("damaged: {0}")]
    Damaged(#[from] Damage),
    /// The data folder cannot be read or written.
    #[error(transparent)]
    Folder(#[from] FolderError),
}

/// The catalogue of one data folder, which this process owns.
#[derive(Debug)]
pub struct Catalogue {
    layout: Layout,
    sealer: Sealer,
    view: RwLock<Arc<View>>,
    /// Whether a publication is pending; also what keeps writers from each other.
    is_taken: Mutex<bool>,
    leftovers: Mutex<Leftovers>,
    damaged: Vec<DamagedSnapshot>,
}

/// What a crash left pending.
#[derive(Debug, Default)]
struct Leftovers {
    snapshots: Vec<Arc<Snapshot>>,
    edition: Option<Arc<SignedEdition>>,
    tombstones: Vec<Arc<SignedTombstone>>,
}

impl Catalogue {
    /// Opens the catalogue of a data folder with this program's codebooks.
    ///
    /// What a crash left half-written is swept. What it left finished but perhaps without its entry
    /// in the log is told by [`Catalogue::unsettled`], and must be resolved before anything is
    /// published.
    ///
    /// # Errors
    /// When a codebook is wrong, the folder cannot be read, or anything that an edition rests on is
    /// damaged: the error names the file.
    pub fn open(
        data_dir: &Path,
        signing: Arc<SigningKey>,
        former: &[VerifyingKey],
    ) -> Result<Self, OpenError> {
        Self::open_with(data_dir, signing, former, &codebooks::embedded()?)
    }

    fn open_with(
        data_dir: &Path,
        signing: Arc<SigningKey>,
        former: &[VerifyingKey],
        codebooks: &Codebooks,
    ) -> Result<Self, OpenError> {
        let layout = Layout::new(data_dir);
        let sealer = Sealer::new(signing, former);
        let loaded = Loader::new(&layout, &sealer, codebooks).load();
        let loaded = loaded.map_err(|error| match error {
            LoadError::Damaged(damage) => OpenError::Damaged(damage),
            LoadError::Folder(error) => OpenError::Folder(error),
        })?;
        let Loaded {
            view,
            pending_snapshots: snapshots,
            pending_edition: edition,
            pending_tombstones: tombstones,
            damaged,
        } = loaded;
        Ok(Self {
            layout,
            sealer,
            view: RwLock::new(Arc::new(view)),
            is_taken: Mutex::new(
                !snapshots.is_empty() || edition.is_some() || !tombstones.is_empty(),
            ),
            leftovers: Mutex::new(Leftovers { snapshots, edition, tombstones }),
            damaged,
        })
    }

    /// The catalogue as it is now.
    #[must_use]
    pub fn view(&self) -> Arc<View> {
        Arc::clone(&self.view.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Damaged snapshots that no edition names; they are left out of the view.
    #[must_use]
    pub fn damaged(&self) -> &[DamagedSnapshot] {
        &self.damaged
    }

    /// Makes a worker's draft durable as a snapshot that is pending.
    ///
    /// Publishing the same again gives the snapshot that is there, and stores nothing.
    ///
    /// # Errors
    /// [`AdoptError`]; then nothing is left behind.
    pub fn adopt(&self, adoption: Adoption<'_>) -> Result<Pending, AdoptError> {
        self.adopt_all(vec![adoption])
    }

    /// Makes the drafts of several datasets durable as snapshots that are pending together.
    ///
    /// # Errors
    /// [`AdoptError`]; then nothing is left behind of any of them.
    pub fn adopt_all(&self, adoptions: Vec<Adoption<'_>>) -> Result<Pending, AdoptError> {
        let mut is_taken = self.writing();
        if *is_taken {
            return Err(AdoptError::Unsettled);
        }
        let view = self.view();
        let mut parts = Vec::with_capacity(adoptions.len());
        for adoption in adoptions {
            let adopted = self.adopt_one(adoption, &view);
            match adopted {
                Ok(part) => parts.push(part),
                Err(error) => {
                    for part in parts.iter().filter(|part: &&Part| part.is_new) {
                        // Nothing more to say if it fails: the next start takes it back.
                        let _ = self.discard(&part.snapshot);
                    }
                    return Err(error);
                }
            }
        }
        *is_taken = true;
        Ok(Pending { parts, edition: None })
    }

    /// Stores one draft, unless its snapshot is there.
    fn adopt_one(&self, adoption: Adoption<'_>, view: &View) -> Result<Part, AdoptError> {
        let (draft, from) = (adoption.draft, adoption.folder);
        let snapshot = adopt::assemble(adoption, view, &self.sealer)?;
        // Of one that was written anew since, what stands in its place is there.
        let existing = view.resolve(snapshot.dataset(), snapshot.id()).cloned();
        adopt::check_existing(existing.as_deref(), &snapshot, view)?;
        let is_new = existing.is_none();
        let snapshot = existing.unwrap_or_else(|| Arc::new(snapshot));
        let store = || {
            adopt::take_in(&self.layout, snapshot.dataset(), &draft.files, from)?;
            adopt::store(&self.layout, &snapshot)
        };
        if is_new && let Err(error) = store() {
            // Nothing more to say if sweeping fails, too: the next start sweeps again.
            let _ = self.discard(&snapshot);
            return Err(error);
        }
        Ok(Part { snapshot, is_new })
    }

    /// Takes up snapshots that are there, of different datasets, to activate them together.
    ///
    /// # Errors
    /// When one is not there, or something else is pending.
    pub fn reopen(&self, wanted: &[(DatasetName, SnapshotId)]) -> Result<Pending, ReopenError> {
        let mut is_taken = self.writing();
        if *is_taken {
            return Err(ReopenError::Unsettled);
        }
        let view = self.view();
        let part = |(dataset, id): &(DatasetName, SnapshotId)| {
            let snapshot = view.snapshot(dataset, id).cloned().ok_or_else(|| {
                ReopenError::Unknown { dataset: dataset.clone(), snapshot: id.clone() }
            })?;
            Ok(Part { snapshot, is_new: false })
        };
        let parts = wanted.iter().map(part).collect::<Result<_, ReopenError>>()?;
        *is_taken = true;
        Ok(Pending { parts, edition: None })
    }

    /// Makes durable, as pending, the edition in which all pending snapshots are current.
    ///
    /// Where all of them are current already nothing is proposed.
    ///
    /// # Errors
    /// [`ProposeError`]; the snapshots are then still pending.
    pub fn propose(
        &self,
        pending: &mut Pending,
        as_of: Date,
        created: Timestamp,
    ) -> Result<(), ProposeError> {
        let _writing = self.writing();
        let view = self.view();
        let is_current = |snapshot: &Snapshot| {
            view.current(snapshot.dataset()).is_some_and(|current| current.id() == snapshot.id())
        };
        let changed: Vec<&Snapshot> =
            pending.snapshots().map(AsRef::as_ref).filter(|it| !is_current(it)).collect();
        if changed.is_empty() {
            return Ok(());
        }
        for snapshot in &changed {
            pending::check_proposal(&view, snapshot, as_of)?;
        }
        let edition = edition::following(&view, &changed, as_of, created, &self.sealer)?;
        let edition = Arc::clone(pending.edition.insert(Arc::new(edition)));
        // The seal first: an edition without one would be damage, a seal without an edition is not.
        folder::replace(&self.layout.edition_seal(edition.id()), edition.signature.as_bytes())?;
        folder::replace(&self.layout.pending_edition(edition.id()), &edition.bytes)?;
        Ok(())
    }

    /// Makes a pending publication visible, after the log has its entries.
    ///
    /// # Errors
    /// When the data folder cannot be written: then the next start completes it.
    pub fn settle(&self, pending: Pending) -> Result<(), FolderError> {
        let mut is_taken = self.writing();
        let new: Vec<_> = pending.new_snapshots().cloned().collect();
        self.reveal(&new, pending.edition.as_ref())?;
        *is_taken = false;
        Ok(())
    }

    /// Takes back a pending publication of which the log certainly has no entry.
    ///
    /// # Errors
    /// When the data folder cannot be written: then the next start takes it back.
    pub fn abandon(&self, pending: Pending) -> Result<(), FolderError> {
        let mut is_taken = self.writing();
        if let Some(edition) = &pending.edition {
            self.withdraw_edition(edition)?;
        }
        for snapshot in pending.new_snapshots() {
            self.discard(snapshot)?;
        }
        *is_taken = false;
        Ok(())
    }

    /// What a crash left between its making and its entries in the log: all of it belongs to one
    /// publication, since the next is not taken before. Snapshots before the edition.
    #[must_use]
    pub fn unsettled(&self) -> Vec<Unsettled> {
        let leftovers = self.leftovers.lock().unwrap_or_else(PoisonError::into_inner);
        let snapshots = leftovers.snapshots.iter().map(Arc::clone).map(Unsettled::Snapshot);
        let edition = leftovers.edition.iter().map(Arc::clone).map(Unsettled::Edition);
        let tombstones = leftovers.tombstones.iter().map(Arc::clone).map(Unsettled::Tombstone);
        snapshots.chain(tombstones).chain(edition).collect()
    }

    /// Completes what a crash left, of which the log has every entry, or takes all of it back, of
    /// which the log has none.
    ///
    /// # Errors
    /// When the data folder cannot be written.
    pub fn resolve(&self, resolution: Resolution) -> Result<(), FolderError> {
        let mut is_taken = self.writing();
        let mut leftovers = self.leftovers.lock().unwrap_or_else(PoisonError::into_inner);
        let Leftovers { snapshots, edition, tombstones } = &*leftovers;
        match resolution {
            Resolution::Complete => {
                self.reveal(snapshots, edition.as_ref())?;
                for stone in tombstones {
                    self.reveal_tombstone(stone)?;
                }
            }
            Resolution::TakeBack => {
                if let Some(edition) = edition {
                    self.withdraw_edition(edition)?;
                }
                for stone in tombstones {
                    tombstone::discard(&self.layout, stone)?;
                }
                for snapshot in snapshots {
                    self.discard(snapshot)?;
                }
            }
        }
        *leftovers = Leftovers::default();
        *is_taken = false;
        Ok(())
    }

    /// Reads every byte of a snapshot again and says which files are not what was signed.
    #[must_use]
    pub fn verify(&self, snapshot: &Snapshot) -> Verification {
        verify::verify(&self.layout, &self.sealer, snapshot)
    }

    /// Keeps writers from each other.
    fn writing(&self) -> MutexGuard<'_, bool> {
        self.is_taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives pending snapshots and their edition their names in the folder, one rename each, then
    /// shows all of them in the view at once.
    fn reveal(
        &self,
        snapshots: &[Arc<Snapshot>],
        edition: Option<&Arc<SignedEdition>>,
    ) -> Result<(), FolderError> {
        for snapshot in snapshots {
            let (dataset, id) = (snapshot.dataset(), snapshot.id());
            let pending = self.layout.pending_snapshot(dataset, id);
            folder::rename(&pending, &self.layout.snapshot(dataset, id))?;
        }
        if let Some(edition) = edition {
            let pending = self.layout.pending_edition(edition.id());
            folder::rename(&pending, &self.layout.edition(edition.id()))?;
        }
        self.change_view(|view| {
            for snapshot in snapshots {
                let all = view.snapshots.entry(snapshot.dataset().clone()).or_default();
                all.insert(snapshot.id().clone(), Arc::clone(snapshot));
            }
            view.editions.extend(edition.map(Arc::clone));
        });
        Ok(())
    }

    /// Removes a pending edition.
    fn withdraw_edition(&self, edition: &SignedEdition) -> Result<(), FolderError> {
        folder::discard(&self.layout.pending_edition(edition.id()))?;
        folder::remove(&self.layout.edition_seal(edition.id()))
    }

    /// Removes a pending snapshot, and the files that only it named.
    fn discard(&self, snapshot: &Snapshot) -> Result<(), FolderError> {
        let (dataset, id) = (snapshot.dataset(), snapshot.id());
        folder::discard(&self.layout.pending_snapshot(dataset, id))?;
        load::remove_files_of(snapshot, &self.view())
    }

    /// Puts a changed view in the place of the one that others may still be reading.
    fn change_view(&self, change: impl FnOnce(&mut View)) {
        let mut current = self.view.write().unwrap_or_else(PoisonError::into_inner);
        let mut view = View::clone(&current);
        change(&mut view);
        *current = Arc::new(view);
    }
}
