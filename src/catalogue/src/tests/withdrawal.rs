//! What is withdrawn is refused by name, and names the one before.

use domain::Notice;

use crate::fixture::{Room, day, name, now};
use crate::{AdoptError, Withdrawal};

fn withdrawal(reason: &str) -> Withdrawal {
    Withdrawal { reason: reason.to_owned(), at: now() }
}

#[test]
fn a_withdrawn_snapshot_names_the_last_one_before_it_that_stands() {
    let room = Room::new();
    let catalogue = room.open().unwrap();
    let dataset = name("listings");
    let publish =
        |date, rows: &[u8]| room.publish(&catalogue, "listings", day(date), &[(None, rows)]);
    let first = publish("2026-10-01", b"first");
    let second = publish("2026-11-01", b"second");
    let third = publish("2026-11-02", b"third");

    catalogue.withdraw(&dataset, second.id(), withdrawal("wrong export"));
    catalogue.withdraw(&dataset, third.id(), withdrawal("wrong again"));

    let view = catalogue.view();
    let no = view.check_standing(&dataset, third.id()).unwrap_err();
    assert_eq!(no.before, Some((first.id().clone(), day("2026-10-01"))));
    let said = no.to_string();
    assert!(said.contains("“wrong again”") && said.contains(first.id().as_str()), "{said}");
    assert!(view.check_standing(&dataset, first.id()).is_ok());
    assert_eq!(view.current(&dataset).unwrap().id(), third.id(), "it is not skipped");
    let told: Vec<_> = view.notices(&third).iter().map(Notice::to_string).collect();
    let line = format!("listings: {} was withdrawn on 2026-11-23: wrong again", third.id());
    assert_eq!(told, [line]);

    catalogue.reinstate(&dataset, third.id());
    assert!(catalogue.view().check_standing(&dataset, third.id()).is_ok());
}

/// Publishing the same bytes again must not bring back in silence what a person took back.
#[test]
fn what_is_withdrawn_does_not_come_back_by_publishing_it_again() {
    let room = Room::new();
    let catalogue = room.open().unwrap();
    let wrong = room.publish(&catalogue, "listings", day("2026-11-01"), &[(None, b"rows")]);
    catalogue.withdraw(&name("listings"), wrong.id(), withdrawal("wrong export"));

    let draft = room.draft(&catalogue, "listings", &[(None, b"rows")]);
    let again = room.adopt(&catalogue, "listings", day("2026-11-01"), &draft);

    assert!(matches!(again, Err(AdoptError::Withdrawn(id)) if id == *wrong.id()));
    room.publish(&catalogue, "listings", day("2026-11-02"), &[(None, b"right")]);
}
