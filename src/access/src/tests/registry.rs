//! The registry: applied twice is applied once, and a crash takes nothing that the log has.

use std::fs;

use domain::change::Change;
use domain::project::ProjectState;
use domain::{Member, Project, ProjectId, Timestamp, TokenId};
use proptest::prelude::*;
use tempfile::TempDir;

use super::{Desk, grant_draft, subject};
use crate::RegistryError;
use crate::registry::{Holdings, ProjectPage, Registry};

/// A log of changes, as a year might bring them.
fn changes(desk: &Desk) -> Vec<Change> {
    let turn = super::finish(desk.access.turn());
    let created = turn.new_project(super::project_draft("Fair trade")).unwrap();
    let Change::ProjectCreated { project } = &created else { panic!("{created:?}") };
    let project = project.id.clone();
    let member = |who: &str| {
        let (project, subject) = (project.clone(), subject(who));
        Member { project, subject, public_jwk: None, added_at: desk.now() }
    };
    let at = desk.now();
    let grant = domain::Grant {
        id: domain::GrantId::parse("g-1").unwrap(),
        project: project.clone(),
        dataset: domain::DatasetName::parse("ads").unwrap(),
        columns: grant_draft(&project, "ads").columns,
        rows: domain::grant::RowBounds::default(),
        basis: None,
        limits: domain::LimitsPatch::default(),
        valid_until: super::day("2027-12-31"),
        granted_at: at,
        revoked_at: None,
    };
    let (id, reason) = (grant.id.clone(), "misuse".to_owned());
    let state = |state| {
        let (project, reason) = (project.clone(), "an audit".to_owned());
        Change::ProjectStateSet { project, state, reason }
    };
    vec![
        created.clone(),
        Change::MemberAdded { member: member("ada") },
        Change::MemberAdded { member: member("bob") },
        Change::GrantAdded { grant },
        state(ProjectState::Suspended),
        Change::SubjectRevoked { subject: subject("bob"), at },
        Change::SubjectRevoked { subject: subject("bob"), at },
        Change::MemberRemoved { project: project.clone(), subject: subject("bob") },
        Change::TokenRevoked { token_id: TokenId::parse("t-1").unwrap(), at },
        state(ProjectState::Active),
        Change::GrantRevoked { project: project.clone(), grant: id, at, reason },
        Change::MemberAdded { member: member("bob") },
    ]
}

fn opened(folder: &TempDir) -> Registry {
    Registry::open(&folder.path().join("registry.sqlite")).unwrap()
}

/// What is held after a log was applied from its beginning.
fn replayed(changes: &[Change]) -> Holdings {
    let folder = TempDir::new().unwrap();
    let registry = opened(&folder);
    for (index, change) in (0..).zip(changes) {
        registry.apply(index, change).unwrap();
    }
    registry.held().clone()
}

#[test]
fn applied_twice_is_applied_once() {
    let changes = changes(&Desk::open());
    let folder = TempDir::new().unwrap();
    let registry = opened(&folder);

    for (index, change) in (0..).zip(&changes) {
        registry.apply(index, change).unwrap();
        registry.apply(index, change).unwrap();
        for (earlier, change) in (0..index).zip(&changes) {
            registry.apply(earlier, change).unwrap();
        }
    }

    assert_eq!(*registry.held(), replayed(&changes));
    assert_eq!(registry.held().applied(), 12);
}

#[test]
fn what_was_applied_is_there_after_a_restart() {
    let changes = changes(&Desk::open());
    let folder = TempDir::new().unwrap();

    for (index, change) in (0..).zip(&changes) {
        opened(&folder).apply(index, change).unwrap();
        let done = usize::try_from(index).unwrap() + 1;

        assert_eq!(*opened(&folder).held(), replayed(&changes[..done]));
    }
}

/// Killed at any moment, the files are what they were then; the log gives what is missing.
#[test]
fn a_killed_registry_catches_up_from_the_log() {
    let changes = changes(&Desk::open());
    let whole = replayed(&changes);
    let folder = TempDir::new().unwrap();
    let running = opened(&folder);

    for killed_at in 0..changes.len() {
        running.apply(killed_at as u64, &changes[killed_at]).unwrap();
        let left = TempDir::new().unwrap();
        for file in fs::read_dir(folder.path()).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), left.path().join(file.file_name())).unwrap();
        }

        let registry = opened(&left);
        let applied = registry.held().applied();
        for (index, change) in (0..).zip(&changes).skip(usize::try_from(applied).unwrap()) {
            registry.apply(index, change).unwrap();
        }

        assert_eq!(*registry.held(), whole, "killed after {killed_at}");
    }
}

/// Without its write-ahead log the file may be older; it is never wrong.
#[test]
fn a_registry_that_lost_its_last_writes_catches_up_too() {
    let changes = changes(&Desk::open());
    let folder = TempDir::new().unwrap();
    let running = opened(&folder);
    for (index, change) in (0..).zip(&changes) {
        running.apply(index, change).unwrap();
    }
    let left = TempDir::new().unwrap();
    let file = "registry.sqlite";
    fs::copy(folder.path().join(file), left.path().join(file)).unwrap();

    let registry = opened(&left);
    assert!(registry.held().applied() < 12);
    for (index, change) in (0..).zip(&changes) {
        registry.apply(index, change).unwrap();
    }

    assert_eq!(*registry.held(), replayed(&changes));
}

/// What the log has, holds; and the file stays behind until a start reads the log again.
#[test]
fn after_a_failed_write_memory_is_right_and_the_file_never_skips_an_entry() {
    let changes = changes(&Desk::open());
    let folder = TempDir::new().unwrap();
    let registry = opened(&folder);
    registry.apply(0, &changes[0]).unwrap();
    let other = rusqlite::Connection::open(folder.path().join("registry.sqlite")).unwrap();
    other.execute_batch("ALTER TABLE members RENAME TO hidden").unwrap();

    let failed = registry.apply(1, &changes[1]);
    other.execute_batch("ALTER TABLE hidden RENAME TO members").unwrap();
    let next = registry.apply(2, &changes[2]);

    assert!(matches!(failed, Err(RegistryError::Sqlite(_))), "{failed:?}");
    assert!(matches!(next, Err(RegistryError::Behind)), "{next:?}");
    assert_eq!(*registry.held(), replayed(&changes[..3]));
    drop((registry, other));
    let restarted = opened(&folder);
    assert_eq!(restarted.held().applied(), 1);
    restarted.apply(1, &changes[1]).unwrap();
    restarted.apply(2, &changes[2]).unwrap();
    assert_eq!(*restarted.held(), replayed(&changes[..3]));
}

#[test]
fn a_change_of_a_project_that_was_never_recorded_is_no_change() {
    let changes = changes(&Desk::open());
    let folder = TempDir::new().unwrap();
    let registry = opened(&folder);

    let refused = registry.apply(0, &changes[1]);

    assert!(matches!(refused, Err(RegistryError::ProjectUnknown)));
    assert_eq!(*registry.held(), Holdings::default());
}

#[test]
fn entries_that_concern_nothing_here_are_not_read_again() {
    let desk = Desk::open();
    let project = desk.project("Fair trade");
    desk.access.note_applied(40).unwrap();
    desk.access.note_applied(7).unwrap();

    let desk = desk.reopened();

    assert_eq!(desk.access.applied(), 40);
    assert!(desk.access.project(&project).is_some());
    let closed = ProjectState::Closed;
    let old =
        Change::ProjectStateSet { project: project.clone(), state: closed, reason: String::new() };
    desk.access.apply(39, &old).unwrap();
    assert_eq!(desk.access.project(&project).unwrap().state, ProjectState::Active);
}

#[test]
fn a_file_of_something_else_is_left_alone() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("registry.sqlite");
    fs::write(&path, "a diary, and none of your business").unwrap();
    assert!(matches!(Registry::open(&path), Err(RegistryError::Sqlite(_))));
    fs::remove_file(&path).unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("CREATE TABLE diary (page TEXT)").unwrap();
    drop(other);
    assert!(matches!(Registry::open(&path), Err(RegistryError::Foreign)));
    fs::remove_file(&path).unwrap();
    drop(Registry::open(&path).unwrap());
    let later = rusqlite::Connection::open(&path).unwrap();
    later.pragma_update(None, "user_version", 99).unwrap();
    drop(later);

    assert!(matches!(Registry::open(&path), Err(RegistryError::Later { found: 99, known: 1 })));
}

#[test]
fn the_file_is_the_operators_alone_and_keeps_nothing_of_who_was_removed() {
    use std::os::unix::fs::PermissionsExt as _;

    let desk = Desk::open();
    let project = desk.project("Fair trade");
    desk.member(&project, "ada.lovelace@university.example");
    let removed = subject("ada.lovelace@university.example");
    desk.apply(&Change::MemberRemoved { project, subject: removed });

    let desk = desk.reopened();

    let path = desk.folder.path().join("registry.sqlite");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let bytes = fs::read(&path).unwrap();
    assert!(!bytes.windows(8).any(|window| window == b"lovelace"));
}

#[test]
fn projects_are_read_in_pages() {
    let desk = Desk::open();
    let made: Vec<ProjectId> = ["Cars", "Ads", "Books"].map(|title| desk.project(title)).into();
    let page = |after: Option<&ProjectId>| {
        let projects = desk.access.projects(ProjectPage { after, projects_max: 2 });
        projects.into_iter().map(|project: Project| project.id).collect::<Vec<_>>()
    };

    let first = page(None);

    assert_eq!(first, [made[1].clone(), made[2].clone()]);
    assert_eq!(page(first.last()), [made[0].clone()]);
    assert!(page(Some(&made[0])).is_empty());
}

#[test]
fn the_oversight_project_is_there_without_being_recorded() {
    let desk = Desk::open();
    let id = ProjectId::parse("p-oversight").unwrap();

    assert_eq!(desk.access.project(&id).unwrap().id, id);
    assert!(desk.access.projects(ProjectPage { after: None, projects_max: 9 }).is_empty());
    assert!(Timestamp::parse(super::NOON).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Any changes of two projects, with restarts at any place, come to the same as without.
    #[test]
    fn restarts_change_nothing(
        picks in prop::collection::vec((0_usize..12, any::<bool>()), 1..40),
    ) {
        let desk = Desk::open();
        let known = changes(&desk);
        let log: Vec<Change> = std::iter::once(known[0].clone())
            .chain(picks.iter().map(|(pick, _)| known[*pick].clone()))
            .collect();
        let folder = TempDir::new().unwrap();
        let mut registry = opened(&folder);

        for (index, change) in (0..).zip(&log) {
            registry.apply(index, change).unwrap();
            if index > 0 && picks[usize::try_from(index).unwrap() - 1].1 {
                drop(registry);
                registry = opened(&folder);
            }
        }

        prop_assert_eq!(registry.held().clone(), replayed(&log));
    }
}
