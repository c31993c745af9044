//! A crash at any instant leaves the old or the new, and nothing in the way of the next.

use std::fs;

use crate::fixture::{Room, day, name, now};
use crate::{Catalogue, Unsettled};

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
        [Unsettled::Snapshot { .. }, Unsettled::Edition { .. }]
    ));

    catalogue.resolve(|_| true).unwrap();

    assert_eq!(current_bytes(&crashed, &catalogue), b"new");
    assert!(catalogue.unsettled().is_empty());
    let reopened = crashed.open().unwrap();
    assert_eq!(reopened.view().editions().len(), 2);
    assert!(reopened.unsettled().is_empty());
}

/// The log has the snapshot's entry, and the crash came before the edition's.
#[test]
fn a_snapshot_without_its_edition_stays_staged() {
    let room = Room::new();
    pending(&room);
    let crashed = room.crashed();
    let catalogue = crashed.open().unwrap();

    catalogue.resolve(|it| matches!(it, Unsettled::Snapshot { .. })).unwrap();

    assert_eq!(current_bytes(&crashed, &catalogue), b"old");
    assert_eq!(catalogue.view().snapshots(&name("listings")).len(), 2);
    crashed.publish(&catalogue, "listings", day("2026-11-02"), &[(None, b"new")]);
    assert_eq!(current_bytes(&crashed, &catalogue), b"new");
}

/// The two renames of a settlement are two instants; between them the edition is still pending.
#[test]
fn a_crash_between_snapshot_and_edition_completes_the_edition() {
    let room = Room::new();
    let catalogue = pending(&room);
    let Unsettled::Snapshot { snapshot, .. } = room.crashed().open().unwrap().unsettled().remove(0)
    else {
        panic!("snapshots come first");
    };
    drop(catalogue);
    let home = room.path().join("snapshots/listings");
    let pending = home.join(format!(".pending-{}", snapshot.id));
    fs::rename(pending, home.join(snapshot.id.as_str())).unwrap();

    let catalogue = room.open().unwrap();
    catalogue.resolve(|_| true).unwrap();

    assert_eq!(current_bytes(&room, &catalogue), b"new");
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
