//! From a draft to an edition, and what is refused on the way.

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use domain::grant::RowBounds;
use domain::{Sha256Digest, SnapshotId};

use crate::fixture::{Room, activate, day, name};
use crate::{AdoptError, DamageKind, DraftFault, ProposeError, ReopenError, SnapshotState};

/// The main story: what a steward published is what a worker is handed.
#[test]
fn a_published_snapshot_is_read_back_byte_for_byte() {
    let room = Room::new();
    let catalogue = room.open().unwrap();
    let snapshot = room.publish(&catalogue, "listings", day("2026-11-01"), &[(None, b"rows")]);

    let view = room.open().unwrap().view();

    let current = view.current(&name("listings")).unwrap();
    assert_eq!(current.id(), snapshot.id());
    assert_eq!(current.manifest_bytes(), snapshot.manifest_bytes());
    assert_eq!(view.state(current), SnapshotState::Current);
    let mut read = Vec::new();
    let mut file = view.open_file(&name("listings"), &current.files()[0]).unwrap();
    file.read_to_end(&mut read).unwrap();
    assert_eq!(read, b"rows");
}

#[test]
fn published_files_cannot_be_written() {
    let room = Room::new();
    let catalogue = room.open().unwrap();
    room.publish(&catalogue, "listings", day("2026-11-01"), &[(None, b"rows")]);

    for file in room.all_files() {
        let mode = fs::metadata(room.path().join(&file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o222, 0, "{}", file.display());
    }
}

/// Anyone can check a manifest with the public key and nothing else of ours.
#[test]
fn the_signature_beside_a_manifest_is_a_note_over_its_digest() {
    let room = Room::new();
    let catalogue = room.open().unwrap();
    let snapshot = room.publish(&catalogue, "listings", day("2026-11-01"), &[(None, b"rows")]);

    let note = fs::read(room.find("datapackage.json.sig")).unwrap();

    let text = room.key.verifying_key().verify_note(&note).unwrap();
    let digest = Sha256Digest::of(snapshot.manifest_bytes());
    let id = snapshot.id();
    assert_eq!(text, format!("reading-room/snapshot\nlistings {id}\nsha256:{digest}\n"));
}

#[test]
fn publishing_the_same_again_is_the_same_snapshot_and_no_new_edition() {
    let room = Room::new();
    let catalogue = room.open().unwrap();
    let first = room.publish(&catalogue, "listings", day("2026-11-01"), &[(None, b"rows")]);
    let files = room.all_files();

    let again = room.publish(&catalogue, "listings", day("2026-11-01"), &[(None, b"rows")]);

    assert_eq!(again.id(), first.id());
    assert_eq!(catalogue.view().editions().len(), 1);
    assert_eq!(room.all_files(), files);
}

/// A correction that turns out wrong is taken back by publishing the first again.
#[test]
fn publishing_a_former_snapshot_again_makes_it_current_again() {
    let room = Room::new();
    let catalogue = room.open().unwrap();
    let first = room.publish(&catalogue, "listings", day("2026-11-01"), &[(None, b"rows")]);
    let second = room.publish(&catalogue, "listings", day("2026-11-01"), &[(None, b"other")]);

    room.publish(&catalogue, "listings", day("2026-11-01"), &[(None, b"rows")]);

    let view = catalogue.view();
    assert_eq!(view.current(&name("listings")).unwrap().id(), first.id());
    assert_eq!(view.state(&second), SnapshotState::Former);
    assert_eq!(view.editions().len(), 3);
}

#[test]
fn a_new_period_leaves_the_files_of_the_others_untouched() {
    let room = Room::new();
    let catalogue = room.open().unwrap();
    let first = [(Some("2025-07-01"), b"first".as_slice())];
    room.publish(&catalogue, "notices", day("2026-11-01"), &first);
    let before = fs::metadata(room.find(".parquet")).unwrap().modified().unwrap();

    let second = [(Some("2025-07-02"), b"second".as_slice())];
    let both = room.publish(&catalogue, "notices", day("2026-11-02"), &second);

    assert_eq!(both.manifest().coverage.periods, ["2025-07-01", "2025-07-02"]);
    let kept = format!("{}.parquet", Sha256Digest::of(b"first"));
    assert_eq!(fs::metadata(room.find(&kept)).unwrap().modified().unwrap(), before);
    let names: Vec<_> = both.manifest().resources.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["notices-2025-07-01-0", "notices-2025-07-02-0"]);
}

/// A day costs a day, also when it comes a second time in a year of them.
#[test]
fn a_correction_of_one_day_of_a_year_writes_the_file_of_that_day_alone() {
    let room = Room::new();
    let catalogue = room.open().unwrap();
    let year: Vec<String> =
        day("2025-01-01").iter_days().take(365).map(|day| day.to_string()).collect();
    let parts: Vec<_> = year.iter().map(|day| (Some(day.as_str()), day.as_bytes())).collect();
    room.publish(&catalogue, "notices", day("2026-11-01"), &parts);
    let before = room.all_files();

    let right = [(Some("2025-07-01"), b"right".as_slice())];
    let corrected = room.publish(&catalogue, "notices", day("2026-11-02"), &right);

    let files = room.all_files().into_iter().filter(|file| !before.contains(file));
    let files: Vec<String> = files.map(|file| file.display().to_string()).collect();
    let data: Vec<&String> = files.iter().filter(|file| file.ends_with(".parquet")).collect();
    assert_eq!(data, [&format!("snapshots/notices/files/{}.parquet", Sha256Digest::of(b"right"))]);
    assert_eq!(corrected.manifest().resources.len(), 365);
    assert_eq!(corrected.manifest().coverage.periods, year);
}

#[test]
fn a_staged_snapshot_is_there_but_in_no_edition_until_it_is_activated() {
    let room = Room::new();
    let catalogue = room.open().unwrap();
    let staged = room.stage(&catalogue, "listings", day("2026-11-01"), &[(None, b"rows")]);
    assert_eq!(catalogue.view().state(&staged), SnapshotState::Staged);
    assert!(catalogue.view().newest().is_none());

    let pending = catalogue.reopen(&[(name("listings"), staged.id().clone())]).unwrap();
    activate(&catalogue, pending, day("2026-11-02")).unwrap();

    assert_eq!(catalogue.view().state(&staged), SnapshotState::Current);
}

/// Two periods staged beside each other: activating the second must not lose the first.
#[test]
fn a_staged_snapshot_of_periods_must_build_on_the_current_one() {
    let room = Room::new();
    let catalogue = room.open().unwrap();
    let date = day("2026-11-01");
    let staged = room.stage(&catalogue, "notices", date, &[(Some("2025-07-01"), b"first")]);
    let current = room.publish(&catalogue, "notices", date, &[(Some("2025-07-02"), b"second")]);

    let pending = catalogue.reopen(&[(name("notices"), staged.id().clone())]).unwrap();
    let refused = activate(&catalogue, pending, date).unwrap_err();

    let ProposeError::BaseNotCurrent { base: None, current: named } = refused else {
        panic!("{refused}");
    };
    assert_eq!(named, *current.id());
}

#[test]
fn a_second_publication_waits_until_the_first_is_settled() {
    let room = Room::new();
    let catalogue = room.open().unwrap();
    let draft = room.draft(&catalogue, "listings", &[(None, b"rows")]);
    let pending = room.adopt(&catalogue, "listings", day("2026-11-01"), &draft).unwrap();

    let refused = room.adopt(&catalogue, "listings", day("2026-11-01"), &draft);
    let there = pending.snapshots().next().unwrap().id().clone();
    let refused_too = catalogue.reopen(&[(name("listings"), there)]);

    assert!(matches!(refused, Err(AdoptError::Unsettled)));
    assert!(matches!(refused_too, Err(ReopenError::Unsettled)));
    catalogue.settle(pending).unwrap();
    let absent = SnapshotId::from_digest(&Sha256Digest::of(b""));
    assert!(catalogue.reopen(&[(name("notices"), absent)]).is_err());
}

#[test]
fn an_abandoned_publication_leaves_nothing_behind() {
    let room = Room::new();
    let catalogue = room.open().unwrap();
    room.publish(&catalogue, "listings", day("2026-11-01"), &[(None, b"rows")]);
    let files = room.all_files();
    let draft = room.draft(&catalogue, "listings", &[(None, b"other")]);
    let mut pending = room.adopt(&catalogue, "listings", day("2026-11-02"), &draft).unwrap();
    catalogue.propose(&mut pending, day("2026-11-02"), crate::fixture::now()).unwrap();

    catalogue.abandon(pending).unwrap();

    assert_eq!(room.all_files(), files);
    assert_eq!(catalogue.view().editions().len(), 1);
}

/// The worker read hostile files: what it says of its own files is computed again.
#[test]
fn a_file_that_is_not_what_the_draft_says_is_refused_and_leaves_nothing() {
    let room = Room::new();
    let catalogue = room.open().unwrap();
    let mut draft = room.draft(&catalogue, "listings", &[(None, b"rows")]);
    draft.files[0].sha256 = Sha256Digest::of(b"other");

    let refused = room.adopt(&catalogue, "listings", day("2026-11-01"), &draft);

    assert!(matches!(refused, Err(AdoptError::File(DamageKind::Digest { .. }))));
    draft = room.draft(&catalogue, "listings", &[(None, b"rows")]);
    draft.files[0].bytes = 3;
    let refused = room.adopt(&catalogue, "listings", day("2026-11-01"), &draft);
    assert!(matches!(refused, Err(AdoptError::File(DamageKind::Length { .. }))));
    assert!(room.all_files().is_empty());
}

#[test]
fn a_draft_that_names_a_file_elsewhere_or_a_link_is_refused() {
    let room = Room::new();
    let catalogue = room.open().unwrap();
    let date = day("2026-11-01");
    for outside in ["../keys/log.key", "/etc/passwd", "", "..", ".hidden", "a/b"] {
        let mut draft = room.draft(&catalogue, "listings", &[(None, b"rows")]);
        draft.files[0].file = outside.to_owned();
        let refused = room.adopt(&catalogue, "listings", date, &draft);
        assert!(matches!(refused, Err(AdoptError::Draft(DraftFault::FileName))), "{outside}");
    }
}

/// The manifest is served to anyone, so nobody's words may slip into it.
#[test]
fn a_draft_that_tells_values_of_free_text_is_refused() {
    let room = Room::new();
    let catalogue = room.open().unwrap();
    let mut draft = room.draft(&catalogue, "listings", &[(None, b"rows")]);
    draft.columns[1].min = Some("DE".into());
    assert!(room.adopt(&catalogue, "listings", day("2026-11-01"), &draft).is_ok());

    let other = Room::new();
    let catalogue = other.open().unwrap();
    let mut draft = other.draft(&catalogue, "listings", &[(None, b"rows")]);
    draft.columns[2].max = Some("Zebra of Jane Doe".into());
    let refused = other.adopt(&catalogue, "listings", day("2026-11-01"), &draft).unwrap_err();

    let text = "the worker's draft tells values of the column title, which are not public";
    assert_eq!(refused.to_string(), text);
}

#[test]
fn a_draft_that_does_not_add_up_is_refused() {
    let room = Room::new();
    let catalogue = room.open().unwrap();
    let draft = room.draft(&catalogue, "notices", &[(Some("2025-07-01"), b"rows")]);
    let fault = |change: &dyn Fn(&mut domain::publication::Draft)| {
        let mut draft = draft.clone();
        change(&mut draft);
        match room.adopt(&catalogue, "notices", day("2026-11-01"), &draft) {
            Err(AdoptError::Draft(fault)) => fault,
            other => panic!("{other:?}"),
        }
    };

    assert!(matches!(fault(&|it| it.row_count = 11), DraftFault::RowCount { .. }));
    assert!(matches!(fault(&|it| it.coverage.periods.clear()), DraftFault::Coverage));
    assert!(matches!(fault(&|it| it.columns.truncate(1)), DraftFault::Columns));
    assert!(matches!(fault(&|it| it.files[0].period = None), DraftFault::PeriodMisplaced));
    let other = || Some("2025-07".to_owned());
    assert!(matches!(fault(&|it| it.files[0].period = other()), DraftFault::PeriodInvalid(_)));
    let stranger = Sha256Digest::of(b"stranger");
    assert!(matches!(fault(&|it| it.kept.push(stranger)), DraftFault::KeptUnknown(_)));
}

#[test]
fn a_snapshot_that_supersedes_one_that_is_not_there_is_refused() {
    let room = Room::new();
    let catalogue = room.open().unwrap();
    let draft = room.draft(&catalogue, "listings", &[(None, b"rows")]);
    let view = catalogue.view();

    let refused = catalogue.adopt(crate::Adoption {
        codebook: Arc::clone(view.enforced(&name("listings")).unwrap()),
        base: None,
        as_of: day("2026-11-01"),
        created: crate::fixture::now(),
        publisher: "operator:1000".to_owned(),
        tool: "readingroom".to_owned(),
        supersedes: Some(SnapshotId::from_digest(&Sha256Digest::of(b""))),
        reason: Some("wrong".to_owned()),
        changes: None,
        draft: &draft,
        folder: room.path(),
    });

    assert!(matches!(refused, Err(AdoptError::SupersedesUnknown(_))));
}

#[test]
fn a_mount_has_the_covered_fields_and_what_bounds_rows() {
    let room = Room::new();
    let catalogue = room.open().unwrap();
    let part = (Some("2025-07-01"), b"rows".as_slice());
    let snapshot = room.publish(&catalogue, "notices", day("2026-11-01"), &[part]);

    let mount = snapshot.mount(|field| field.name.as_str() != "received", RowBounds::default());

    let fields: Vec<_> = mount.fields.iter().map(|it| (it.field.name.as_str(), it.bytes)).collect();
    assert_eq!(fields, [("notice_id", 100), ("listing_id", 100)]);
    assert_eq!(mount.time_column.unwrap().name.as_str(), "received");
    assert_eq!(mount.files, snapshot.files());
    assert_eq!(mount.files[0].sha256, Sha256Digest::of(b"rows"));
}
