//! What the law takes out: under every mount at once, out of the files by compaction, and a crash
//! at any instant leaves the old or the new.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::Arc;

use domain::grant::RowBounds;
use domain::manifest::ColumnSummary;
use domain::publication::DraftFile;
use domain::redaction::{Ground, RedactedRows, Redaction, RedactionCount};
use domain::{ColumnName, Sha256Digest};

use crate::fixture::{Part, Room, day, name, now};
use crate::{
    Catalogue, Compaction, OpenError, PendingCompaction, Resolution, Rewritten, SignedEdition,
    Snapshot, Unsettled,
};

fn redaction(key: &str, columns: &[&str]) -> Redaction {
    let column = |name: &&str| ColumnName::parse(name).unwrap();
    Redaction {
        dataset: name("listings"),
        ground: Ground::Art17,
        reason: "a request".to_owned(),
        columns: columns.iter().map(column).collect(),
        rows: RedactedRows::Keys {
            columns: vec![column(&"listing_id")],
            keys: BTreeSet::from([vec![key.to_owned()]]),
        },
    }
}

/// Two editions of one dataset, each of one file.
fn two_editions(room: &Room) -> Catalogue {
    let catalogue = room.open().unwrap();
    room.publish(&catalogue, "listings", day("2026-11-01"), &[(None, b"old with a name")]);
    room.publish(&catalogue, "listings", day("2026-11-02"), &[(None, b"new with a name")]);
    catalogue
}

/// Writes a snapshot's one file anew, as a worker would.
fn compact(room: &Room, catalogue: &Catalogue, snapshot: &Arc<Snapshot>) -> PendingCompaction {
    let old = snapshot.files()[0].sha256;
    let bytes = format!("written anew from {old}");
    let folder = tempfile::tempdir_in(room.path().parent().unwrap()).unwrap();
    fs::write(folder.path().join("0.parquet"), &bytes).unwrap();
    let file = DraftFile {
        file: "0.parquet".to_owned(),
        bytes: bytes.len() as u64,
        sha256: Sha256Digest::of(bytes.as_bytes()),
        row_count: 9,
        period: None,
    };
    let columns: Vec<ColumnSummary> = snapshot.manifest().columns.clone();
    let folder_path = folder.path().to_owned();
    let rewritten = BTreeMap::from([(old, Rewritten { files: vec![file], folder: folder_path })]);
    let compaction = Compaction {
        snapshot,
        rewritten: &rewritten,
        columns,
        removed: [(Ground::Art17, RedactionCount { rows: 1, cells: 0 })].into(),
        redactions: 1,
        created: now(),
        tool: "readingroom 0.1.0".to_owned(),
    };
    catalogue.compact(&compaction).unwrap()
}

fn snapshots(catalogue: &Catalogue) -> Vec<Arc<Snapshot>> {
    catalogue.view().snapshots(&name("listings")).into_iter().cloned().collect()
}

/// Whether any file of the room holds some bytes.
fn holds(room: &Room, bytes: &[u8]) -> bool {
    let files = room.all_files();
    files.iter().any(|file| {
        let content = fs::read(room.path().join(file)).unwrap();
        content.windows(bytes.len()).any(|window| window == bytes)
    })
}

#[test]
fn what_is_taken_out_is_mounted_with_every_snapshot_and_survives_a_restart() {
    let room = Room::new();
    let catalogue = two_editions(&room);
    catalogue.redact(7, now(), redaction("l-1", &["member_state"])).unwrap();
    catalogue.redact(7, now(), redaction("l-9", &[])).unwrap();

    for catalogue in [catalogue, room.open_unlogged()] {
        let view = catalogue.view();
        let list = view.redactions(&name("listings")).unwrap();
        assert_eq!(list.count(), 1, "an entry counts once");
        for snapshot in snapshots(&catalogue) {
            let mount = view.mount(&snapshot, |_| true, RowBounds::default());
            let redactions = mount.redactions.as_ref().unwrap();
            assert_eq!(redactions.fields[0].name.as_str(), "listing_id");
            assert!(mount.fields[1].field.nullable, "its cells may be null now");
            let keys = list.open_keys().unwrap().unwrap();
            assert_eq!(keys.metadata().unwrap().len(), mount.redacted_keys().unwrap().bytes);
            let written = std::io::Write::write_all(&mut &keys, b"other keys");
            assert!(written.is_err(), "nobody can change them");
        }
    }
}

#[test]
fn a_torn_last_line_is_cut_off_and_a_changed_one_is_damage() {
    let room = Room::new();
    let catalogue = two_editions(&room);
    catalogue.redact(7, now(), redaction("l-1", &[])).unwrap();
    catalogue.redact(8, now(), redaction("l-2", &[])).unwrap();
    drop(catalogue);
    let list = room.find("redactions/listings.jsonl");
    let whole = fs::read_to_string(&list).unwrap();

    fs::write(&list, &whole[..whole.len() - 10]).unwrap();
    let count = room.open_unlogged().view().redactions(&name("listings")).unwrap().count();
    assert_eq!(count, 1);
    fs::write(&list, whole.replacen("l-1", "l-3", 1)).unwrap();

    assert!(
        matches!(room.open(), Err(OpenError::Damaged(damage)) if damage.file.ends_with("listings.jsonl"))
    );
}

/// A disk that was full for a moment: what was in force unwritten is written with the next.
#[test]
fn a_redaction_that_could_not_be_written_is_written_with_the_next() {
    let room = Room::new();
    let catalogue = two_editions(&room);
    catalogue.redact(7, now(), redaction("l-1", &[])).unwrap();
    let home = room.path().join("redactions");
    let away = room.path().join("elsewhere");
    fs::rename(&home, &away).unwrap();

    assert!(catalogue.redact(8, now(), redaction("l-2", &[])).is_err());
    assert_eq!(catalogue.view().redactions(&name("listings")).unwrap().count(), 2, "in force");
    fs::rename(&away, &home).unwrap();
    catalogue.redact(9, now(), redaction("l-3", &[])).unwrap();

    let count = room.open_unlogged().view().redactions(&name("listings")).unwrap().count();
    assert_eq!(count, 3);
}

#[test]
fn a_compacted_snapshot_leaves_a_tombstone_and_editions_go_on() {
    let room = Room::new();
    let catalogue = two_editions(&room);
    let edition = catalogue.view().editions()[0].bytes().to_vec();
    let view = catalogue.view();
    let of = |edition: &Arc<SignedEdition>| {
        Arc::clone(view.in_edition(edition.edition(), &name("listings")).unwrap())
    };
    let olds: Vec<_> = view.editions().iter().map(of).collect();
    for old in &olds {
        let pending = compact(&room, &catalogue, old);
        catalogue.settle_compaction(pending).unwrap();
    }

    for catalogue in [catalogue, room.open_unlogged()] {
        let view = catalogue.view();
        assert_eq!(view.editions()[0].bytes(), edition, "a signed edition never changes");
        for (old, edition) in olds.iter().zip(view.editions()) {
            let standing = view.in_edition(edition.edition(), &name("listings")).unwrap();
            assert_ne!(standing.id(), old.id());
            assert!(view.snapshot(&name("listings"), old.id()).is_none());
            let stone = view.tombstone(&name("listings"), old.id()).unwrap().tombstone().clone();
            assert_eq!(stone.snapshot, old.reference());
            assert_eq!(stone.successor, standing.reference());
            assert!(catalogue.verify(standing).damages.is_empty());
        }
        assert_eq!(view.state(view.current(&name("listings")).unwrap()).as_str(), "current");
    }
    assert!(!holds(&room, b"with a name"));
}

/// A new edition of another dataset names what stands there now.
#[test]
fn a_later_edition_names_the_successor() {
    let room = Room::new();
    let catalogue = two_editions(&room);
    let current = Arc::clone(catalogue.view().current(&name("listings")).unwrap());
    let pending = compact(&room, &catalogue, &current);
    let successor = pending.snapshot().reference();
    catalogue.settle_compaction(pending).unwrap();

    room.publish(&catalogue, "notices", day("2026-11-03"), &[(Some("2026-11-03"), b"day")]);

    let view = catalogue.view();
    let newest = view.newest().unwrap().edition();
    assert_eq!(newest.snapshots[&name("listings")], successor);
    assert_eq!(room.open_unlogged().view().editions().len(), 3);
}

#[test]
fn a_crash_before_the_log_has_it_leaves_the_old_snapshot() {
    let room = Room::new();
    let catalogue = two_editions(&room);
    let current = Arc::clone(catalogue.view().current(&name("listings")).unwrap());
    let before = room.all_files();
    drop(compact(&room, &catalogue, &current));

    let crashed = room.crashed();
    let catalogue = crashed.open_unlogged();

    assert_eq!(catalogue.view().current(&name("listings")).unwrap().id(), current.id());
    assert_eq!(crashed.all_files(), before, "nothing is left over");
    assert!(holds(&crashed, b"new with a name"));
}

#[test]
fn a_crash_after_the_log_has_it_completes_the_compaction() {
    let room = Room::new();
    let catalogue = two_editions(&room);
    let current = Arc::clone(catalogue.view().current(&name("listings")).unwrap());
    let pending = compact(&room, &catalogue, &current);
    let successor = pending.snapshot().id().clone();
    drop(pending);
    let crashed = room.crashed();
    let catalogue = crashed.open().unwrap();
    assert!(matches!(
        catalogue.unsettled().as_slice(),
        [Unsettled::Snapshot(_), Unsettled::Tombstone(_)]
    ));

    catalogue.resolve(Resolution::Complete).unwrap();

    assert_eq!(catalogue.view().current(&name("listings")).unwrap().id(), &successor);
    assert!(!holds(&crashed, b"new with a name"));
    assert!(crashed.open().unwrap().unsettled().is_empty());
}

/// The power went while the tombstone was being written: its seal comes first.
#[test]
fn what_a_crash_left_of_a_tombstone_that_never_came_to_be_is_swept() {
    let room = Room::new();
    let catalogue = two_editions(&room);
    let current = Arc::clone(catalogue.view().current(&name("listings")).unwrap());
    let before = room.all_files();
    let folder = room.path().join("snapshots/listings").join(current.id().as_str());
    fs::write(folder.join("redacted.json.sig"), "a seal").unwrap();
    fs::write(folder.join(".tmp-1a2b3c"), "half a tomb").unwrap();

    let catalogue = room.open_unlogged();

    assert!(catalogue.view().snapshot(&name("listings"), current.id()).is_some());
    assert_eq!(room.all_files(), before);
}

/// The tombstone stands, and the power went before the old manifest was removed.
#[test]
fn what_a_crash_left_of_a_compacted_snapshot_is_swept() {
    let room = Room::new();
    let catalogue = two_editions(&room);
    let current = Arc::clone(catalogue.view().current(&name("listings")).unwrap());
    let pending = compact(&room, &catalogue, &current);
    catalogue.settle_compaction(pending).unwrap();
    let folder = room.path().join("snapshots/listings").join(current.id().as_str());
    fs::write(folder.join("datapackage.json"), current.manifest_bytes()).unwrap();
    fs::write(folder.join("datapackage.json.sig"), current.signature()).unwrap();

    let catalogue = room.open_unlogged();

    assert!(catalogue.view().tombstone(&name("listings"), current.id()).is_some());
    let mut left: Vec<_> =
        fs::read_dir(folder).unwrap().map(|it| it.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["redacted.json", "redacted.json.sig"]);
}

/// What only a damaged snapshot names is there when its missing file is back.
#[test]
fn a_compaction_leaves_the_other_files_of_a_damaged_snapshot_alone() {
    let room = Room::new();
    let catalogue = two_editions(&room);
    let parts: &[Part<'_>] = &[(None, b"staged, missing"), (None, b"staged, there")];
    let staged = room.stage(&catalogue, "listings", day("2026-11-03"), parts);
    drop(catalogue);
    let missing = room.find(&format!("{}.parquet", staged.files()[0].sha256));
    let away = room.path().join("away");
    fs::rename(&missing, &away).unwrap();
    let catalogue = room.open_unlogged();
    assert_eq!(catalogue.damaged().len(), 1);

    let current = Arc::clone(catalogue.view().current(&name("listings")).unwrap());
    let pending = compact(&room, &catalogue, &current);
    catalogue.settle_compaction(pending).unwrap();

    assert!(!holds(&room, b"new with a name"));
    assert!(holds(&room, b"staged, there"));
    fs::rename(&away, &missing).unwrap();
    let catalogue = room.open_unlogged();
    assert!(catalogue.damaged().is_empty());
    let staged = Arc::clone(catalogue.view().snapshot(&name("listings"), staged.id()).unwrap());
    assert!(catalogue.verify(&staged).damages.is_empty());
}

#[test]
fn a_clean_file_is_mounted_as_it_is_until_more_is_taken_out() {
    let room = Room::new();
    let catalogue = two_editions(&room);
    catalogue.redact(7, now(), redaction("l-1", &["member_state"])).unwrap();
    let files = snapshots(&catalogue).iter().map(|it| it.files()[0].sha256).collect();
    catalogue.note_clean(&name("listings"), &files, 1).unwrap();

    for catalogue in [&catalogue, &room.open_unlogged()] {
        let view = catalogue.view();
        let current = view.current(&name("listings")).unwrap();
        let mount = view.mount(current, |_| true, RowBounds::default());
        assert!(mount.redactions.is_none());
        assert!(mount.fields[1].field.nullable, "cells that were nulled stay null");
    }
    catalogue.redact(8, now(), redaction("l-2", &[])).unwrap();
    let view = catalogue.view();
    let current = view.current(&name("listings")).unwrap();
    assert!(view.mount(current, |_| true, RowBounds::default()).redactions.is_some());
}
