//! What a reader is told of the snapshots that an answer rests on.

use std::sync::Arc;

use domain::Notice;

use crate::fixture::{Part, Room, activate, day, name, now, only};
use crate::{Adoption, Catalogue, Snapshot};

/// Publishes some files in place of a snapshot that was wrong; staged only where no day is given.
fn correct(
    room: &Room,
    catalogue: &Catalogue,
    wrong: &Snapshot,
    parts: &[Part<'_>],
    current: bool,
) -> Arc<Snapshot> {
    let dataset = wrong.dataset().clone();
    let draft = room.draft(catalogue, dataset.as_str(), parts);
    let view = catalogue.view();
    let pending = catalogue
        .adopt(Adoption {
            codebook: Arc::clone(view.enforced(&dataset).unwrap()),
            base: view.current(&dataset).cloned(),
            as_of: day("2026-11-02"),
            created: now(),
            publisher: "operator:1000".to_owned(),
            tool: "readingroom".to_owned(),
            supersedes: Some(wrong.id().clone()),
            reason: Some("the titles were cut".to_owned()),
            changes: None,
            draft: &draft,
            folder: room.scratch(),
        })
        .unwrap();
    if current {
        return activate(catalogue, pending, day("2026-11-02")).unwrap();
    }
    let snapshot = only(&pending);
    catalogue.settle(pending).unwrap();
    snapshot
}

fn told(catalogue: &Catalogue, snapshot: &Snapshot) -> Vec<String> {
    catalogue.view().notices(snapshot).iter().map(Notice::to_string).collect()
}

/// Whoever used the wrong one is told of each correction since, in their order, and nobody of one
/// that is only staged.
#[test]
fn a_corrected_snapshot_names_each_correction_since() {
    let room = Room::new();
    let catalogue = room.open().unwrap();
    let wrong = room.publish(&catalogue, "listings", day("2026-11-01"), &[(None, b"cut")]);
    let staged = correct(&room, &catalogue, &wrong, &[(None, b"staged")], false);
    assert_eq!(told(&catalogue, &wrong), [""; 0]);

    let better = correct(&room, &catalogue, &wrong, &[(None, b"better")], true);
    let best = correct(&room, &catalogue, &better, &[(None, b"best")], true);

    let line = |old: &Snapshot, new: &Snapshot| {
        let (old, new) = (old.id(), new.id());
        format!("listings: {old} was corrected by {new} on 2026-11-23: the titles were cut")
    };
    let mut both = [line(&wrong, &better), line(&wrong, &best)];
    both.sort();
    let mut found = told(&catalogue, &wrong);
    found.sort();
    assert_eq!(found, both);
    assert_eq!(told(&catalogue, &better), [line(&better, &best)]);
    assert_eq!(told(&catalogue, &best), [""; 0]);
    assert_eq!(told(&catalogue, &staged), [""; 0]);
    assert_eq!(told(&room.open().unwrap(), &wrong).len(), 2, "and after a restart");
}

/// A gap is told where the snapshot covers its time: of periods from the first to the last, of a
/// state all that was before.
#[test]
fn a_known_gap_is_told_of_snapshots_that_cover_its_time() {
    let room = Room::new();
    let catalogue = room.open().unwrap();
    let days = |first: &'static str, last: &'static str| {
        [(Some(first), b"a".as_slice()), (Some(last), b"b".as_slice())]
    };
    let early =
        room.publish(&catalogue, "notices", day("2026-11-01"), &days("2025-01-01", "2025-01-31"));
    let around =
        room.publish(&catalogue, "notices", day("2026-11-01"), &days("2025-01-30", "2025-02-20"));
    let listings = room.publish(&catalogue, "listings", day("2026-11-01"), &[(None, b"rows")]);

    let gap = "notices: incomplete from 2025-02-01 to 2025-02-14: Counts for LU were lost.";
    assert_eq!(told(&catalogue, &early), [""; 0]);
    assert_eq!(told(&catalogue, &around), [gap]);
    assert_eq!(told(&catalogue, &listings), [""; 0]);
    assert!(catalogue.view().current(&name("notices")).is_some());
}
