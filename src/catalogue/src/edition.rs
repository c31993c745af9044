//! Editions as they were signed: each names one snapshot per dataset, and the edition before it.

use std::collections::BTreeMap;

use domain::canonical::CanonicalizeError;
use domain::edition::PreviousEdition;
use domain::{Date, Edition, EditionId, Timestamp};

use crate::seal::{Sealed, Sealer};
use crate::signed::Signed;
use crate::snapshot::Snapshot;
use crate::view::View;

/// An edition with the bytes that were signed.
pub type SignedEdition = Signed<Edition>;

impl SignedEdition {
    /// What it says.
    #[must_use]
    pub fn edition(&self) -> &Edition {
        self.document()
    }

    /// Its id, which a paper cites.
    #[must_use]
    pub fn id(&self) -> &EditionId {
        &self.document.id
    }

    /// Whether this edition is the one that comes right after another, or the first.
    pub(crate) fn follows(&self, before: Option<&Self>) -> bool {
        let previous = before.map(Self::as_previous);
        let number = before.map_or(1, |before| before.document.number + 1);
        let in_time = before.is_none_or(|before| before.document.as_of <= self.document.as_of);
        self.document.number == number && self.document.previous == previous && in_time
    }

    fn as_previous(&self) -> PreviousEdition {
        PreviousEdition { id: self.id().clone(), sha256: self.sha256 }
    }
}

/// Makes the edition that differs from the one before in these datasets, and signs it.
pub(crate) fn following(
    view: &View,
    changed: &[&Snapshot],
    as_of: Date,
    created: Timestamp,
    sealer: &Sealer,
) -> Result<SignedEdition, CanonicalizeError> {
    let before = view.newest();
    let number = before.map_or(1, |before| before.document.number + 1);
    let named = before.into_iter().flat_map(|before| &before.document.snapshots);
    // What was written anew since is named by what stands in its place.
    let named = named.map(|(dataset, named)| {
        let standing = view.resolve(dataset, &named.id);
        (dataset.clone(), standing.map_or_else(|| named.clone(), |standing| standing.reference()))
    });
    let mut snapshots: BTreeMap<_, _> = named.collect();
    snapshots.extend(changed.iter().map(|it| (it.dataset().clone(), it.reference())));
    let edition = Edition {
        id: EditionId::from_number(number),
        number,
        as_of,
        created,
        previous: before.map(|before| before.as_previous()),
        snapshots,
    };
    Signed::sign(edition, |edition| Sealed::Edition(&edition.id), sealer)
}
