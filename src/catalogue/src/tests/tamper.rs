//! Whoever changes one byte is found out, and the file is named.

use std::fs;

use ledger::SigningKey;

use crate::fixture::{Room, day, flip_byte, name, overwrite};
use crate::{Catalogue, DamageKind, OpenError};

fn published() -> (Room, Catalogue) {
    let room = Room::new();
    let catalogue = room.open().unwrap();
    room.publish(&catalogue, "listings", day("2026-11-01"), &[(None, b"rows of listings")]);
    (room, catalogue)
}

fn refusal(room: &Room) -> String {
    match room.open() {
        Err(OpenError::Damaged(damage)) => damage.to_string(),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("a damaged folder opened"),
    }
}

#[test]
fn verifying_an_untouched_snapshot_reads_every_byte_and_finds_nothing() {
    let (_room, catalogue) = published();
    let view = catalogue.view();

    let verification = catalogue.verify(view.current(&name("listings")).unwrap());

    assert_eq!((verification.files, verification.bytes), (1, 16));
    assert!(verification.damages.is_empty());
}

/// A flipped byte keeps the length, so only reading every byte finds it.
#[test]
fn a_flipped_byte_of_a_data_file_is_found_by_verifying() {
    let (room, catalogue) = published();
    flip_byte(&room.find(".parquet"), 7);
    assert!(room.open().is_ok());
    let view = catalogue.view();

    let verification = catalogue.verify(view.current(&name("listings")).unwrap());

    let [damage] = verification.damages.as_slice() else { panic!("{verification:?}") };
    assert!(damage.file.starts_with("snapshots/listings/files"));
    assert!(matches!(damage.kind, DamageKind::Digest { .. }));
}

#[test]
fn each_flipped_byte_of_manifest_seal_and_codebook_keeps_the_room_closed() {
    let (room, catalogue) = published();
    let view = catalogue.view();
    for file in ["datapackage.json", "codebook.json", "datapackage.json.sig"] {
        let path = room.find(file);
        let whole = fs::read(&path).unwrap();
        for index in 0..whole.len() {
            flip_byte(&path, index);
            let said = refusal(&room);
            assert!(said.starts_with("snapshots/listings/s-"), "{file} {index}: {said}");
            overwrite(&path, &whole);
        }
        flip_byte(&path, 0);
        let verification = catalogue.verify(view.current(&name("listings")).unwrap());
        assert_eq!(verification.damages.len(), 1, "{file}");
        overwrite(&path, &whole);
    }
    assert!(room.open().is_ok());
}

#[test]
fn each_flipped_byte_of_an_edition_keeps_the_room_closed() {
    let (room, _) = published();
    for file in ["e-1.json", "e-1.json.sig"] {
        let path = room.find(file);
        let whole = fs::read(&path).unwrap();
        for index in 0..whole.len() {
            flip_byte(&path, index);
            assert!(refusal(&room).starts_with("editions/e-1.json"), "{file} {index}");
            overwrite(&path, &whole);
        }
    }
}

#[test]
fn a_missing_or_cut_data_file_keeps_the_room_closed() {
    let (room, catalogue) = published();
    let path = room.find(".parquet");
    overwrite(&path, b"rows");
    let said = refusal(&room);
    assert!(said.ends_with("has 4 bytes where the manifest says 16"), "{said}");
    let view = catalogue.view();
    let file = &view.current(&name("listings")).unwrap().files()[0];
    assert!(view.open_file(&name("listings"), file).is_err());

    fs::remove_file(&path).unwrap();

    assert!(refusal(&room).ends_with(".parquet: is missing"));
    let verification = catalogue.verify(view.current(&name("listings")).unwrap());
    assert!(matches!(verification.damages[0].kind, DamageKind::Missing));
}

/// A link could lead a worker's descriptor to a key.
#[test]
fn a_link_in_the_place_of_a_data_file_is_not_followed() {
    let (room, catalogue) = published();
    let path = room.find(".parquet");
    let elsewhere = room.path().join("elsewhere");
    fs::rename(&path, &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
    let view = catalogue.view();

    let opened =
        view.open_file(&name("listings"), &view.current(&name("listings")).unwrap().files()[0]);

    assert!(matches!(opened.unwrap_err().kind, DamageKind::Unreadable(_)));
    assert!(refusal(&room).ends_with("is missing"));
}

/// Somebody with a key of their own signs anew: the folder trusts its own key only.
#[test]
fn a_folder_signed_by_another_key_is_not_believed() {
    let (mut room, _) = published();

    room.key = SigningKey::generate("room.example").unwrap().into();

    let said = refusal(&room);
    assert!(said.starts_with("editions/e-1.json: has no valid signature"), "{said}");
}

#[test]
fn a_missing_edition_in_the_chain_is_named() {
    let (room, catalogue) = published();
    room.publish(&catalogue, "listings", day("2026-11-02"), &[(None, b"more")]);
    fs::remove_file(room.find("e-1.json")).unwrap();

    assert_eq!(refusal(&room), "editions/e-1.json: is missing");
}

/// Two editions that were both signed, in each other's place.
#[test]
fn editions_cannot_be_swapped() {
    let (room, catalogue) = published();
    room.publish(&catalogue, "listings", day("2026-11-02"), &[(None, b"more")]);
    for end in ["json", "json.sig"] {
        let (first, second) = (room.find(&format!("e-1.{end}")), room.find(&format!("e-2.{end}")));
        let (one, two) = (fs::read(&first).unwrap(), fs::read(&second).unwrap());
        overwrite(&first, &two);
        overwrite(&second, &one);
    }

    assert_eq!(
        refusal(&room),
        "editions/e-1.json: is not what the signature beside it was made for"
    );
}

#[test]
fn a_snapshot_that_an_edition_names_and_that_is_gone_is_named() {
    let (room, catalogue) = published();
    let id = catalogue.view().current(&name("listings")).unwrap().id().clone();
    fs::remove_dir_all(room.path().join("snapshots/listings").join(id.as_str())).unwrap();

    let said = refusal(&room);

    assert!(said.starts_with("editions/e-1.json: names the snapshot"), "{said}");
}

/// What no edition rests on may be damaged without closing the room; nothing of it is swept.
#[test]
fn a_damaged_staged_snapshot_is_left_out_and_told() {
    let (room, catalogue) = published();
    let staged = room.stage(&catalogue, "listings", day("2026-11-02"), &[(None, b"staged")]);
    let path = room.path().join("snapshots/listings").join(staged.id().as_str());
    flip_byte(&path.join("datapackage.json"), 10);
    let files = room.all_files();

    let opened = room.open().unwrap();

    assert_eq!(opened.damaged().len(), 1);
    assert!(opened.view().snapshot(&name("listings"), staged.id()).is_none());
    assert_eq!(room.all_files(), files);
}
