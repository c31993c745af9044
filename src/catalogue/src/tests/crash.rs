//! A crash at any instant leaves the old or the new, and nothing in the way of the next.

use std::fs;

use domain::SnapshotId;

use crate::fixture::{Part, Room, day, name, now};
use crate::{Catalogue, Resolution, Unsettled};

/// A room with one edition, and a second publication that is durable but not in the log.
fn pending(room: &Room) -> Catalogue {
    let catalogue = room.open().unwrap();
    room.publish(&catalogue, "listings", day("2026-11-01"), &[(None, b"old")]);
    let draft = room.draft(&catalogue, "listings", &[(None, b"new")]);
    let mut pending = room.adopt(&catalogue, "listings", day("2026-11-02"), &draft).unwrap();
    catalogue.propose(&mut pending, day("2026-11-02"), now()).unwrap();
    drop(pending);
    catalogue
}

fn current_bytes(room: &Room, catalogue: &Catalogue) -> Vec<u8> {
    let view = catalogue.view();
    let file = view.current(&name("listings")).unwrap().files()[0].sha256;
    fs::read(room.find(&format!("{file}.parquet"))).unwrap()
}

#[test]
fn a_crash_before_the_log_has_it_undoes_a_publication() {
    let room = Room::new();
    pending(&room);
    let crashed = room.crashed();

    let catalogue = crashed.open_unlogged();

    assert_eq!(current_bytes(&crashed, &catalogue), b"old");
    assert_eq!(catalogue.view().snapshots(&name("listings")).len(), 1);
    let left = crashed.all_files();
    assert!(left.iter().all(|file| !file.to_str().unwrap().contains("/.")), "{left:?}");
    assert_eq!(left.len(), 6);
}

#[test]
fn a_crash_after_the_log_has_it_completes_a_publication() {
    let room = Room::new();
    pending(&room);
    let crashed = room.crashed();
    let catalogue = crashed.open().unwrap();
    assert!(matches!(
        catalogue.unsettled().as_slice(),
        [Unsettled::Snapshot(_), Unsettled::Edition(_)]
    ));

    catalogue.resolve(Resolution::Complete).unwrap();

    assert_eq!(current_bytes(&crashed, &catalogue), b"new");
    assert!(catalogue.unsettled().is_empty());
    let reopened = crashed.open().unwrap();
    assert_eq!(reopened.view().editions().len(), 2);
    assert!(reopened.unsettled().is_empty());
}

/// The renames of a settlement are instants of their own; between them the rest is still pending.
#[test]
fn a_crash_between_snapshot_and_edition_completes_the_edition() {
    let room = Room::new();
    let catalogue = pending(&room);
    let Unsettled::Snapshot(snapshot) = room.crashed().open().unwrap().unsettled().remove(0) else {
        panic!("snapshots come first");
    };
    drop(catalogue);
    reveal(&room, "listings", snapshot.id());

    let catalogue = room.open().unwrap();
    catalogue.resolve(Resolution::Complete).unwrap();

    assert_eq!(current_bytes(&room, &catalogue), b"new");
}

/// What a settlement does to one snapshot.
fn reveal(room: &Room, dataset: &str, id: &SnapshotId) {
    let home = room.path().join("snapshots").join(dataset);
    fs::rename(home.join(format!(".pending-{id}")), home.join(id.as_str())).unwrap();
}

/// The members of an edition that is published over an older one of listings alone.
const MEMBERS: [(&str, Part<'_>); 2] =
    [("listings", (None, b"new")), ("notices", (Some("2026-11-02"), b"notices"))];

/// A room with one edition of listings, and a whole edition that is durable but not in the log.
fn pending_edition(room: &Room, is_proposed: bool) -> Vec<SnapshotId> {
    let catalogue = room.open().unwrap();
    room.publish(&catalogue, "listings", day("2026-11-01"), &[(None, b"old")]);
    let date = day("2026-11-02");
    let mut pending = room.adopt_edition(&catalogue, date, &MEMBERS).unwrap();
    if is_proposed {
        catalogue.propose(&mut pending, date, now()).unwrap();
    }
    pending.snapshots().map(|snapshot| snapshot.id().clone()).collect()
}

/// An edition of several datasets is there as a whole, or nothing of it is.
#[test]
fn a_crash_at_any_point_of_an_edition_leaves_the_old_or_the_whole_new_one() {
    for is_proposed in [false, true] {
        for resolution in [Resolution::TakeBack, Resolution::Complete] {
            let room = Room::new();
            pending_edition(&room, is_proposed);
            let crashed = room.crashed();
            let catalogue = crashed.open().unwrap();
            assert_eq!(catalogue.unsettled().len(), if is_proposed { 3 } else { 2 });

            catalogue.resolve(resolution).unwrap();

            let is_new = is_proposed && resolution == Resolution::Complete;
            let expected = if is_new { "new" } else { "old" };
            assert_eq!(current_bytes(&crashed, &catalogue), expected.as_bytes());
            let view = crashed.open().unwrap().view();
            assert_eq!(view.current(&name("notices")).is_some(), is_new);
            let is_there = resolution == Resolution::Complete;
            assert_eq!(view.snapshots(&name("notices")).len(), usize::from(is_there));
            let left = crashed.all_files();
            assert!(left.iter().all(|file| !file.to_str().unwrap().contains("/.")), "{left:?}");
            // Nothing blocks the next.
            room_publishes_again(&crashed, &catalogue);
        }
    }
}

/// The renames of an edition's settlement, one by one: each crash between them is completed.
#[test]
fn a_crash_between_the_renames_of_an_edition_completes_it() {
    for renamed in 0..=2 {
        let room = Room::new();
        let ids = pending_edition(&room, true);
        for ((dataset, _), id) in MEMBERS.iter().zip(&ids).take(renamed) {
            reveal(&room, dataset, id);
        }

        let catalogue = room.open().unwrap();
        assert_eq!(catalogue.unsettled().len(), 3 - renamed);
        catalogue.resolve(Resolution::Complete).unwrap();

        let view = room.open().unwrap().view();
        for ((dataset, _), id) in MEMBERS.iter().zip(&ids) {
            assert_eq!(view.current(&name(dataset)).unwrap().id(), id);
        }
        assert_eq!(view.editions().len(), 2);
    }
}

/// Taking an edition back is several removals; a crash between them takes back the rest.
#[test]
fn a_crash_while_an_edition_is_taken_back_takes_it_back() {
    let room = Room::new();
    let ids = pending_edition(&room, true);
    fs::remove_file(room.path().join("editions/.pending-e-2.json")).unwrap();
    let home = room.path().join("snapshots/listings");
    fs::remove_dir_all(home.join(format!(".pending-{}", ids[0]))).unwrap();

    let catalogue = room.open().unwrap();
    catalogue.resolve(Resolution::TakeBack).unwrap();

    assert_eq!(current_bytes(&room, &catalogue), b"old");
    assert!(catalogue.view().snapshots(&name("notices")).is_empty());
    room_publishes_again(&room, &catalogue);
}

/// The same edition once more gives the same ids, and is then there as a whole.
fn room_publishes_again(room: &Room, catalogue: &Catalogue) {
    let date = day("2026-11-02");
    let mut pending = room.adopt_edition(catalogue, date, &MEMBERS).unwrap();
    catalogue.propose(&mut pending, date, now()).unwrap();
    let ids: Vec<_> = pending.snapshots().map(|snapshot| snapshot.id().clone()).collect();
    catalogue.settle(pending).unwrap();
    let view = catalogue.view();
    let current: Vec<_> = MEMBERS
        .iter()
        .map(|(dataset, _)| view.current(&name(dataset)).unwrap().id().clone())
        .collect();
    assert_eq!(ids, current);
    assert_eq!(view.editions().len(), 2);
}

/// One member that cannot be stored takes the others back with it.
#[test]
fn an_edition_of_which_one_draft_is_wrong_leaves_nothing() {
    let room = Room::new();
    let catalogue = room.open().unwrap();
    let bad = [MEMBERS[0], ("notices", (Some("yesterday"), b"notices".as_slice()))];

    let refused = room.adopt_edition(&catalogue, day("2026-11-02"), &bad);

    assert!(matches!(refused, Err(crate::AdoptError::Draft(_))));
    assert!(room.all_files().is_empty());
}

/// What a publication had begun to write when the power went: each under its temporary name.
#[test]
fn half_written_things_are_swept_and_do_not_block_the_next_publication() {
    let room = Room::new();
    let catalogue = room.open().unwrap();
    room.publish(&catalogue, "listings", day("2026-11-01"), &[(None, b"old")]);
    let files = room.all_files();
    let home = room.path().join("snapshots/listings");
    fs::write(home.join("files/.tmp-abc"), b"half").unwrap();
    let orphan = domain::Sha256Digest::of(b"orphan");
    fs::write(home.join(format!("files/{orphan}.parquet")), b"orphan").unwrap();
    fs::create_dir(home.join(".tmp-s-aaaaaaaaaaaaaaaaaaaa")).unwrap();
    fs::write(home.join(".tmp-s-aaaaaaaaaaaaaaaaaaaa/codebook.json"), b"{").unwrap();
    fs::write(room.path().join("editions/.tmp-xyz"), b"half").unwrap();
    fs::write(room.path().join("editions/e-2.json.sig"), b"half").unwrap();

    let catalogue = room.open().unwrap();

    assert_eq!(room.all_files(), files);
    room.publish(&catalogue, "listings", day("2026-11-02"), &[(None, b"new")]);
    assert_eq!(current_bytes(&room, &catalogue), b"new");
}

#[test]
fn nothing_is_published_before_what_a_crash_left_is_resolved() {
    let room = Room::new();
    pending(&room);
    let catalogue = room.crashed().open().unwrap();

    let draft = room.draft(&catalogue, "listings", &[(None, b"third")]);
    let refused = room.adopt(&catalogue, "listings", day("2026-11-02"), &draft);

    assert!(matches!(refused, Err(crate::AdoptError::Unsettled)));
}

/// Names that are none of ours are nobody's business here.
#[test]
fn a_strangers_file_in_the_folders_is_left_alone() {
    let room = Room::new();
    let catalogue = room.open().unwrap();
    room.publish(&catalogue, "listings", day("2026-11-01"), &[(None, b"old")]);
    let strange = room.path().join("snapshots/listings/files/README");
    fs::write(&strange, b"mine").unwrap();
    fs::write(room.path().join("snapshots/.DS_Store"), b"").unwrap();

    room.open().unwrap();

    assert!(strange.is_file());
}
