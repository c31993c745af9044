//! One publication of a dataset at a time, and what becomes of each.

use actix_web::http::header::{self, HeaderMap, HeaderValue};
use audit::Attribution;
use domain::RequestId;
use domain::publication::RejectReport;

use super::*;
use crate::publish::label::Label;
use crate::publish::order::{EditionWishes, Wishes};
use crate::publish::{EditionOrder, Order};

fn publications() -> (tempfile::TempDir, Publications) {
    let folder = tempfile::tempdir().unwrap();
    let publications = Publications::open(folder.path().join("inbox")).unwrap();
    (folder, publications)
}

fn delivery(dataset: &str, key: Option<&str>) -> Delivery {
    let dataset = DatasetName::parse(dataset).unwrap();
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv"));
    Delivery {
        digest: None,
        label: Label::of(&headers, &dataset).unwrap(),
        subject: Subject::Snapshot(Order {
            dataset,
            as_of: "2026-11-01".parse().unwrap(),
            wishes: Wishes::default(),
        }),
        key: key.map(|key| DeliveryKey { caller: "stella".to_owned(), key: key.to_owned() }),
        request: RequestId::parse("0199aa00-0000-7000-8000-000000000000").unwrap(),
        attribution: Attribution::default(),
    }
}

fn now() -> Timestamp {
    Timestamp::parse("2026-11-23T12:00:00Z").unwrap()
}

fn place(publications: &Publications, delivery: &Delivery) -> Place {
    match publications.enter(delivery).unwrap() {
        Entrance::New(place) => place,
        Entrance::Known(_) => panic!("it is new"),
    }
}

/// Registers a delivery whose bytes were these.
fn begin(
    publications: &Publications,
    delivery: &Delivery,
    bytes: &[u8],
) -> (Publication, Underway) {
    place(publications, delivery).register(Receipt {
        id: PublicationId::from_uuid(uuid::Uuid::now_v7()),
        created: now(),
        subject: delivery.subject.clone(),
        source: delivery.label.source(bytes.len() as u64),
        source_sha256: Sha256Digest::of(bytes),
        key: delivery.key.clone(),
    })
}

fn end(underway: Underway, end: Result<Success, PublishError>) {
    underway.end(&end, now(), |problem| problem);
}

fn success() -> Result<Success, PublishError> {
    let state = PublicationState::Checked;
    let report = Some(Report::default());
    Ok(Success { state, snapshot: None, edition: None, report, members: Vec::new() })
}

#[test]
fn a_second_delivery_of_a_dataset_waits_until_the_first_has_ended() {
    let (_folder, publications) = publications();
    let (first, underway) = begin(&publications, &delivery("listings", None), b"rows");

    let second = publications.enter(&delivery("listings", None)).err();
    let other = publications.enter(&delivery("traders", None));

    let id = first.receipt.id;
    assert!(
        matches!(second, Some(PublishError::Busy { publication: Some(on_its_way), .. }) if on_its_way == id)
    );
    assert!(other.is_ok());
    end(underway, success());
    assert!(publications.enter(&delivery("listings", None)).is_ok());
    assert_eq!(publications.find(&id).unwrap().state, PublicationState::Checked);
}

/// Keys point from one dataset to another, so nothing else is published while an edition is.
#[test]
fn an_edition_and_a_dataset_wait_for_each_other() {
    let (_folder, publications) = publications();
    let listings = delivery("listings", None);
    let as_of = "2026-11-01".parse().unwrap();
    let order = EditionOrder { as_of, wishes: EditionWishes::default() };
    let edition = Delivery { subject: Subject::Edition(order), ..listings.clone() };

    let taken = place(&publications, &listings);
    assert!(matches!(publications.enter(&edition), Err(PublishError::Busy { .. })));
    drop(taken);
    let (first, underway) = begin(&publications, &edition, b"tar");
    let second = publications.enter(&listings).err();

    let id = first.receipt.id;
    assert!(matches!(
        second,
        Some(PublishError::Busy { dataset: None, publication: Some(on_its_way) })
            if on_its_way == id
    ));
    end(underway, success());
    assert!(publications.enter(&edition).is_ok());
    assert!(publications.enter(&listings).is_ok());
}

/// The connection broke off while the source was received: the handler's future is dropped.
#[test]
fn a_delivery_that_breaks_off_gives_its_place_up() {
    let (_folder, publications) = publications();
    let taken = place(&publications, &delivery("listings", None));
    assert!(publications.enter(&delivery("listings", None)).is_err());

    drop(taken);

    assert!(publications.enter(&delivery("listings", None)).is_ok());
}

#[test]
fn the_same_delivery_under_the_same_key_is_the_same_publication() {
    let (_folder, publications) = publications();
    let delivery = delivery("listings", Some("monday"));
    let (first, underway) = begin(&publications, &delivery, b"rows");

    let again = || match publications.enter(&delivery).unwrap() {
        Entrance::Known(known) => known,
        Entrance::New(_) => panic!("it is known"),
    };

    let same = again().confirm(&delivery.subject, Sha256Digest::of(b"rows")).unwrap();
    assert_eq!(same.receipt.id, first.receipt.id);
    let other = again().confirm(&delivery.subject, Sha256Digest::of(b"other"));
    assert!(matches!(other, Err(PublishError::KeyReused { .. })));
    let mut stranger = delivery.clone();
    stranger.key.as_mut().unwrap().caller = "somebody else".to_owned();
    assert!(matches!(publications.enter(&stranger), Err(PublishError::Busy { .. })));
    end(underway, success());
}

#[test]
fn a_publication_can_be_taken_back_until_it_is_made_visible() {
    let (_folder, publications) = publications();
    let (first, mut stopped) = begin(&publications, &delivery("listings", None), b"rows");
    let (second, mut late) = begin(&publications, &delivery("traders", None), b"rows");

    publications.cancel(&first.receipt.id).unwrap();
    assert!(matches!(stopped.commit(), Err(PublishError::Cancelled)));
    end(stopped, Err(PublishError::Cancelled));
    late.commit().unwrap();

    assert_eq!(publications.cancel(&second.receipt.id), Err(CancelError::TooLate));
    assert_eq!(publications.cancel(&first.receipt.id), Err(CancelError::Ended));
    assert_eq!(publications.find(&first.receipt.id).unwrap().state, PublicationState::Cancelled);
    let nobodys = PublicationId::parse("b-1").unwrap();
    assert_eq!(publications.cancel(&nobodys), Err(CancelError::Unknown));
    end(late, success());
}

#[test]
fn a_rejected_publication_tells_what_was_found() {
    let (_folder, publications) = publications();
    let (first, underway) = begin(&publications, &delivery("listings", None), b"rows");
    let report = RejectReport { rows_rejected: 2, rows_read: 9, rejects: Vec::new() };

    end(underway, Err(PublishError::Rejected(Box::new(report))));

    let ended = publications.find(&first.receipt.id).unwrap();
    assert_eq!(ended.state, PublicationState::Rejected);
    assert_eq!(ended.report.unwrap().rows_rejected, 2);
    let detail = ended.problem.unwrap().detail().to_owned();
    assert!(detail.starts_with("2 of 9 rows break the codebook"), "{detail}");
}

/// A fault of ours must not keep a dataset from being published again.
#[test]
fn a_publication_that_vanishes_without_an_end_has_failed() {
    let (_folder, publications) = publications();
    let (first, underway) = begin(&publications, &delivery("listings", None), b"rows");

    drop(underway);

    let vanished = publications.find(&first.receipt.id).unwrap();
    assert_eq!(vanished.state, PublicationState::Failed);
    assert!(vanished.problem.is_some());
    assert!(publications.enter(&delivery("listings", None)).is_ok());
}

#[test]
fn only_so_many_ended_publications_are_remembered() {
    let (_folder, publications) = publications();
    let (first, underway) = begin(&publications, &delivery("listings", Some("first")), b"rows");
    end(underway, success());
    for _ in 0..ENDED_MAX {
        let (_, underway) = begin(&publications, &delivery("listings", None), b"rows");
        end(underway, success());
    }

    assert_eq!(publications.find(&first.receipt.id), None);
    assert!(matches!(
        publications.enter(&delivery("listings", Some("first"))),
        Ok(Entrance::New(_))
    ));
}

#[tokio::test]
async fn closing_stops_what_can_be_stopped_and_waits_for_the_rest() {
    let (_folder, publications) = publications();
    let (_, mut underway) = begin(&publications, &delivery("listings", None), b"rows");

    publications.stop_all();
    let reason = underway.stopped().await;
    end(underway, Err(reason));

    publications.idle().await;
    assert!(matches!(publications.enter(&delivery("listings", None)), Ok(Entrance::New(_))));
}
