//! The visitors' book, as those who write and read it see it.
#![expect(clippy::unwrap_used, reason = "a test may fail where it stands")]

use std::path::Path;
use std::sync::Arc;

use audit::entry::{Body, Denied, Intent, Outcome};
use audit::event::QuestionText;
use audit::{Actor, Attribution, Audit, Event, Recovery, Replayed};
use domain::change::Change;
use domain::limits::Usage;
use domain::project::LegalBasis;
use domain::{
    EditionId, FixedClock, Limits, Member, ProjectId, QueryId, Sha256Digest, Subject, Timestamp,
};
use ledger::{LeafIndex, Log, SigningKey};

const SQL: &str = "SELECT 'a literal that names someone' FROM listings";

struct Book {
    audit: Audit,
    recovery: Recovery,
}

/// Opens the book of a folder, as a server does at start.
fn open(folder: &Path) -> Book {
    let key_file = folder.join("log.key");
    if !key_file.exists() {
        SigningKey::generate("log.example").unwrap().save(&key_file).unwrap();
    }
    let key = SigningKey::load(&key_file).unwrap();
    let (log, log_recovery) =
        Log::open(&Audit::log_folder(folder), Arc::new(key), Arc::new(())).unwrap();
    let clock = FixedClock::at(Timestamp::parse("2026-11-23T18:20:31Z").unwrap());
    let (audit, recovery) =
        Audit::open(folder, Arc::new(log), &log_recovery, "0.1.0", Arc::new(clock)).unwrap();
    Book { audit, recovery }
}

fn ada_of(project: &str) -> Attribution {
    let actor = Actor {
        subject: Subject::parse("ada@university.example").unwrap(),
        role: "researcher".to_owned(),
        project: Some(ProjectId::parse(project).unwrap()),
        organisation: None,
    };
    Attribution { request_id: None, actor: Some(actor) }
}

fn question() -> QuestionText {
    QuestionText { sql: SQL.to_owned(), parameters_json: "[]".to_owned() }
}

fn intent(query: &str) -> Event {
    let intent = Intent {
        query: QueryId::parse(query).unwrap(),
        purpose_sha256: Sha256Digest::of(b"purpose"),
        legal_basis: LegalBasis::Art40_4,
        grants: Vec::new(),
        sql_commitment: None,
        plan_sha256: Sha256Digest::of(b"plan"),
        edition: EditionId::from_number(1),
        snapshots: std::collections::BTreeMap::new(),
        columns: std::collections::BTreeMap::new(),
        mode: "answer".to_owned(),
        on_limit: "stop".to_owned(),
        format: "text/csv".to_owned(),
        limits: Limits::default(),
        scan_bytes_estimate: 4096,
        sandbox: "process".to_owned(),
    };
    Event::Intent(Box::new(intent), question())
}

fn outcome(intent: LeafIndex, query: &str) -> Event {
    Event::Outcome(Outcome {
        intent: intent.get(),
        query: QueryId::parse(query).unwrap(),
        outcome: "answered".to_owned(),
        rows: Some(1),
        bytes: Some(2),
        truncated: Some(false),
        body_sha256: Some(Sha256Digest::of(b"1\n")),
        rows_sha256: Some(Sha256Digest::of(b"1")),
        charged: Usage { queries: 1, scan_bytes: 4096, result_bytes: 2 },
        duration_ms_class: 10,
        memory_peak_mb: Some(30),
    })
}

fn all(book: &Book) -> Vec<Replayed> {
    book.audit.replay(LeafIndex::FIRST).collect::<Result<_, _>>().unwrap()
}

#[test]
fn an_entry_shows_neither_the_question_nor_the_person_and_a_disclosure_shows_both() {
    let folder = tempfile::tempdir().unwrap();
    let book = open(folder.path());

    let index = book.audit.append_blocking(&ada_of("p-one"), intent("q-1")).unwrap();

    let stored = book.audit.log().record(index).unwrap().unwrap();
    let entry = String::from_utf8(stored.entry).unwrap();
    assert!(!entry.contains("literal") && !entry.contains("university"), "{entry}");
    let disclosed = book.audit.disclose(index).unwrap().unwrap();
    assert_eq!(disclosed.sql.as_deref(), Some(SQL));
    assert_eq!(disclosed.subject, ada_of("p-one").actor.map(|actor| actor.subject));
}

#[test]
fn a_sealed_part_is_not_readable_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let book = open(folder.path());

    book.audit.append_blocking(&ada_of("p-one"), intent("q-1")).unwrap();

    let bytes = std::fs::read(Audit::log_folder(folder.path()).join("entries")).unwrap();
    assert!(!bytes.windows(7).any(|window| window == b"literal"));
}

#[test]
fn one_person_is_one_actor_within_a_project_and_another_in_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let book = open(folder.path());
    let denied = || {
        Event::Denied(
            Denied {
                operation: "ask".to_owned(),
                code: "grant_missing".to_owned(),
                sql_commitment: None,
                edition: None,
            },
            Some(question()),
        )
    };

    for project in ["p-one", "p-one", "p-two"] {
        book.audit.append_blocking(&ada_of(project), denied()).unwrap();
    }

    let actors: Vec<_> = all(&book).into_iter().map(|replayed| replayed.entry.actor).collect();
    assert_eq!(actors[0], actors[1]);
    assert_ne!(actors[0], actors[2]);
}

#[test]
fn equal_questions_have_different_commitments() {
    let folder = tempfile::tempdir().unwrap();
    let book = open(folder.path());

    book.audit.append_blocking(&ada_of("p-one"), intent("q-1")).unwrap();
    book.audit.append_blocking(&ada_of("p-one"), intent("q-2")).unwrap();

    let commitments: Vec<_> = all(&book)
        .into_iter()
        .map(|replayed| {
            let Body::Intent(intent) = replayed.entry.body else {
                panic!("{:?}", replayed.entry.body)
            };
            intent.sql_commitment
        })
        .collect();
    assert_eq!(commitments.len(), 2);
    assert_ne!(commitments[0], commitments[1]);
}

#[test]
fn an_intent_that_a_crash_left_open_is_closed_as_unknown_and_charged() {
    let folder = tempfile::tempdir().unwrap();
    let book = open(folder.path());
    let closed = book.audit.append_blocking(&ada_of("p-one"), intent("q-1")).unwrap();
    book.audit.append_blocking(&ada_of("p-one"), outcome(closed, "q-1")).unwrap();
    let open_one = book.audit.append_blocking(&ada_of("p-one"), intent("q-2")).unwrap();
    drop(book);

    let book = open(folder.path());

    assert_eq!(book.recovery, Recovery { torn_bytes: 0, intents_closed: 1 });
    let entries = all(&book);
    let Body::Outcome(outcome) = &entries[3].entry.body else { panic!("{:?}", entries[3]) };
    assert_eq!((outcome.intent, outcome.outcome.as_str()), (open_one.get(), "unknown"));
    assert_eq!(outcome.charged.scan_bytes, 4096);
    assert_eq!(entries[3].entry.actor, entries[2].entry.actor);
    assert!(matches!(entries[4].entry.body, Body::Recover(_)));
}

#[test]
fn a_change_of_the_registry_comes_back_whole_for_replay() {
    let folder = tempfile::tempdir().unwrap();
    let change = Change::MemberAdded {
        member: Member {
            project: ProjectId::parse("p-one").unwrap(),
            subject: Subject::parse("grace@university.example").unwrap(),
            public_jwk: None,
            added_at: Timestamp::parse("2026-11-23T18:20:31Z").unwrap(),
        },
    };
    let book = open(folder.path());
    book.audit.append_blocking(&Attribution::default(), Event::Change(change.clone())).unwrap();
    drop(book);

    let book = open(folder.path());

    let replayed = all(&book).remove(0);
    assert_eq!(replayed.private.and_then(|private| private.change), Some(change));
    let text = serde_json::to_string(&replayed.entry).unwrap();
    assert!(!text.contains("grace"), "{text}");
}
