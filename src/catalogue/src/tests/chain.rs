//! Editions: which one answers for a date, and that they form one chain.

use crate::fixture::{Room, activate, day, name};
use crate::{NoEdition, ProposeError};

#[test]
fn a_date_finds_the_newest_edition_not_later() {
    let room = Room::new();
    let catalogue = room.open().unwrap();
    for date in ["2026-10-01", "2026-10-01", "2026-11-01"] {
        let bytes = format!("{date} {}", catalogue.view().editions().len());
        room.publish(&catalogue, "listings", day(date), &[(None, bytes.as_bytes())]);
    }
    let view = catalogue.view();
    let on = |date: &str| view.edition(Some(day(date))).map(|edition| edition.id().as_str());

    assert_eq!(on("2026-10-01"), Ok("e-2"));
    assert_eq!(on("2026-10-31"), Ok("e-2"));
    assert_eq!(on("2026-11-01"), Ok("e-3"));
    assert_eq!(view.edition(None).map(|edition| edition.id().as_str()), Ok("e-3"));
    let earliest = day("2026-10-01");
    assert_eq!(on("2026-09-30"), Err(NoEdition::BeforeFirst { earliest }));
}

#[test]
fn before_anything_is_published_there_is_no_edition() {
    let view = Room::new().open().unwrap().view();

    assert_eq!(view.edition(None).err(), Some(NoEdition::NothingPublished));
    assert!(view.codebook(&name("listings")).is_some());
}

#[test]
fn each_edition_differs_in_one_dataset_and_names_the_one_before() {
    let room = Room::new();
    let catalogue = room.open().unwrap();
    let date = day("2026-11-01");
    let listings = room.publish(&catalogue, "listings", date, &[(None, b"rows")]);
    let notices = room.publish(&catalogue, "notices", date, &[(Some("2025-07-01"), b"rows")]);

    let view = room.open().unwrap().view();

    let second = view.newest().unwrap().edition();
    assert_eq!(second.snapshots[&name("listings")], listings.reference());
    assert_eq!(second.snapshots[&name("notices")], notices.reference());
    let first = &view.editions()[0];
    assert_eq!(second.previous.as_ref().unwrap().sha256, first.sha256());
    assert_eq!(view.edition_by_id(first.id()).unwrap().edition().snapshots.len(), 1);
}

#[test]
fn editions_never_go_back_in_time() {
    let room = Room::new();
    let catalogue = room.open().unwrap();
    room.publish(&catalogue, "listings", day("2026-11-02"), &[(None, b"rows")]);
    let draft = room.draft(&catalogue, "listings", &[(None, b"other")]);
    let pending = room.adopt(&catalogue, "listings", day("2026-11-01"), &draft).unwrap();

    let refused = activate(&catalogue, pending, day("2026-11-01")).unwrap_err();

    let newest = day("2026-11-02");
    assert!(matches!(refused, ProposeError::AsOfBeforeNewest { newest: named } if named == newest));
}

#[test]
fn a_day_finds_the_snapshot_that_was_current_then() {
    let room = Room::new();
    let catalogue = room.open().unwrap();
    let first = room.publish(&catalogue, "listings", day("2026-10-01"), &[(None, b"first")]);
    let second = room.publish(&catalogue, "listings", day("2026-11-01"), &[(None, b"second")]);
    let view = catalogue.view();
    let on = |date: &str| view.snapshot_at(&name("listings"), day(date)).unwrap().unwrap().id();

    assert_eq!((on("2026-10-31"), on("2026-11-01")), (first.id(), second.id()));
    assert_eq!(
        view.snapshot_at(&name("notices"), day("2026-11-01")).unwrap().map(|it| it.id()),
        None
    );
}

/// Whoever reads goes on reading what it took hold of.
#[test]
fn a_view_does_not_change_while_it_is_held() {
    let room = Room::new();
    let catalogue = room.open().unwrap();
    let before = catalogue.view();

    room.publish(&catalogue, "listings", day("2026-10-01"), &[(None, b"first")]);

    assert!(before.newest().is_none());
    assert!(catalogue.view().newest().is_some());
}
