//! What the grants cover, and how a no is explained.

use std::collections::BTreeSet;

use domain::change::Change;
use domain::codebook::Class;
use domain::grant::{ColumnScope, RowBounds};
use domain::limits::LimitRaised;
use domain::project::ProjectState;
use domain::question::Absence;
use domain::verdict::Scan;
use domain::{
    ColumnName, DatasetName, Limits, LimitsPatch, Principal, ProjectId, Role, Sha256Digest,
    SnapshotId, Verdict,
};

use super::{Desk, day, grant_draft, subject};
use crate::{Authorized, Denial, GrantDraft};

/// A scan that claims every column to be public, as a hijacked worker would.
pub(super) fn scan(dataset: &str, columns: &[&str]) -> Scan {
    let column = |name: &&str| (ColumnName::parse(name).unwrap(), Class::Public);
    Scan {
        dataset: DatasetName::parse(dataset).unwrap(),
        snapshot: SnapshotId::from_digest(&Sha256Digest::of(dataset.as_bytes())),
        columns: columns.iter().map(column).collect(),
    }
}

pub(super) fn verdict(scans: impl IntoIterator<Item = Scan>) -> Verdict {
    Verdict {
        scans: scans.into_iter().collect(),
        columns: Vec::new(),
        scan_bytes: 0,
        plan_sha256: Sha256Digest::of(b"plan"),
        explanation: None,
    }
}

fn dataset(name: &str) -> DatasetName {
    DatasetName::parse(name).unwrap()
}

fn columns(names: &[&str]) -> ColumnScope {
    ColumnScope::Columns(names.iter().map(|name| ColumnName::parse(name).unwrap()).collect())
}

impl Desk {
    fn authorizes(&self, who: &Principal, scans: &[Scan]) -> Result<Authorized, Denial> {
        let scope = self.access.scope(who)?;
        let verdict = verdict(scans.to_vec());
        self.authorize(who, &scope, verdict, &LimitsPatch::default())
    }

    fn sets(&self, project: &ProjectId, state: ProjectState) {
        let reason = "an audit".to_owned();
        self.apply(&Change::ProjectStateSet { project: project.clone(), state, reason });
    }
}

/// Ada, with what she is granted of `ads`.
fn granted(change: impl FnOnce(&mut GrantDraft)) -> (Desk, ProjectId, Principal) {
    let desk = Desk::open();
    let (project, token) = desk.ada();
    let mut draft = grant_draft(&project, "ads");
    change(&mut draft);
    desk.grant(draft);
    let ada = desk.principal(&token);
    (desk, project, ada)
}

#[test]
fn a_verdict_within_the_grant_is_authorized_and_names_it() {
    let (desk, project, ada) = granted(|_| {});

    let authorized = desk.authorizes(&ada, &[scan("ads", &["id", "member_state"])]).unwrap();

    assert_eq!(authorized.project().id, project);
    assert_eq!(authorized.grants(), desk.access.grants(&project));
    assert_eq!(authorized.verdict().scans, [scan("ads", &["id", "member_state"])]);
    assert_eq!(*authorized.limits(), Limits::default());
}

/// The worker's word on a column's class counts for nothing.
#[test]
fn a_column_outside_the_grant_is_named_with_what_would_pass() {
    let (desk, project, ada) = granted(|_| {});
    let grant = desk.access.grants(&project)[0].id.clone();

    let denial = desk.authorizes(&ada, &[scan("ads", &["id", "email"])]).unwrap_err();

    let expected = Denial::ColumnNotGranted {
        dataset: dataset("ads"),
        column: ColumnName::parse("email").unwrap(),
        class: Some(Class::Restricted),
        grants: vec![grant],
    };
    assert_eq!(denial, expected);
    assert_eq!(
        denial.explanation(),
        "ads.email is class `restricted`, which g-1 does not cover. Leave the column out, or ask \
         the registrar to extend the grant."
    );
}

#[test]
fn a_column_that_no_codebook_has_is_outside_every_grant() {
    let (desk, _, ada) = granted(|draft| {
        draft.columns = ColumnScope::Classes(BTreeSet::from([Class::Public, Class::Restricted]));
    });

    let denial = desk.authorizes(&ada, &[scan("ads", &["hidden"])]).unwrap_err();

    assert!(matches!(denial, Denial::ColumnNotGranted { class: None, .. }), "{denial}");
}

#[test]
fn a_grant_of_columns_covers_these_and_no_others() {
    let (desk, _, ada) = granted(|draft| draft.columns = columns(&["id", "email"]));

    assert!(desk.authorizes(&ada, &[scan("ads", &["id", "email"])]).is_ok());

    let denial = desk.authorizes(&ada, &[scan("ads", &["member_state"])]).unwrap_err();
    assert!(matches!(denial, Denial::ColumnNotGranted { .. }), "{denial}");
}

#[test]
fn a_dataset_without_a_grant_is_named() {
    let (desk, _, ada) = granted(|_| {});
    let scope = desk.access.scope(&ada).unwrap();
    let missing = |name| Denial::GrantMissing { dataset: dataset(name) };

    let denial = desk.authorizes(&ada, &[scan("ads", &["id"]), scan("traders", &["id"])]);

    assert_eq!(denial.unwrap_err(), missing("traders"));
    assert_eq!(scope.dataset(&dataset("traders")).err(), Some(Absence::GrantMissing));
    let unknown = desk.authorizes(&ada, &[scan("nothing", &["id"])]);
    assert_eq!(unknown.unwrap_err(), missing("nothing"));
}

#[test]
fn a_grant_holds_through_its_last_day() {
    let (desk, project, ada) = granted(|draft| draft.valid_until = Some(day("2026-11-23")));
    assert!(desk.authorizes(&ada, &[scan("ads", &["id"])]).is_ok());

    desk.clock.advance_s(12 * 60 * 60);

    let scope = desk.access.scope(&ada).unwrap();
    let grant = desk.access.grants(&project)[0].id.clone();
    let absence = Absence::GrantExpired(grant.clone());
    assert_eq!(scope.dataset(&dataset("ads")).err(), Some(absence));
    let expired = Denial::GrantExpired { dataset: dataset("ads"), grant };
    assert_eq!(desk.authorizes(&ada, &[scan("ads", &["id"])]).unwrap_err(), expired);
}

#[test]
fn a_revoked_grant_ends_at_once() {
    let (desk, project, ada) = granted(|_| {});
    let grant = desk.access.grants(&project)[0].id.clone();
    let (at, reason) = (desk.now(), "misuse".to_owned());

    desk.apply(&Change::GrantRevoked { project, grant: grant.clone(), at, reason });

    let expired = Denial::GrantExpired { dataset: dataset("ads"), grant };
    assert_eq!(desk.authorizes(&ada, &[scan("ads", &["id"])]).unwrap_err(), expired);
}

#[test]
fn a_project_asks_only_while_it_may_work() {
    let (desk, project, ada) = granted(|_| {});
    let asks = || desk.access.scope(&ada).err();
    let named = || project.clone();

    desk.sets(&project, ProjectState::Suspended);
    assert_eq!(asks(), Some(Denial::ProjectSuspended { project: named() }));
    desk.sets(&project, ProjectState::Active);
    assert_eq!(asks(), None);
    desk.clock.advance_s(-2 * 24 * 60 * 60);
    let valid_from = day("2026-11-22");
    assert_eq!(asks(), Some(Denial::ProjectNotYetValid { project: named(), valid_from }));
    desk.clock.advance_s(406 * 24 * 60 * 60);
    let valid_until = day("2027-12-31");
    assert_eq!(asks(), Some(Denial::ProjectExpired { project: named(), valid_until }));
    desk.sets(&project, ProjectState::Closed);
    assert_eq!(asks(), Some(Denial::ProjectClosed { project: named() }));
}

#[test]
fn a_removed_member_asks_nothing_any_more() {
    let (desk, project, ada) = granted(|_| {});

    desk.apply(&Change::MemberRemoved { project: project.clone(), subject: subject("ada") });

    assert_eq!(desk.access.scope(&ada).err(), Some(Denial::NotMember { project }));
}

#[test]
fn each_role_consults_what_is_its_own() {
    let desk = Desk::open();
    let all = [scan("ads", &["email"]), scan("traders", &["id"]), scan("access_log", &["id"])];

    for role in [Role::Steward, Role::Registrar] {
        let denial = desk.access.scope(&desk.asks(role)).err();
        assert_eq!(denial, Some(Denial::RoleAsksNothing { role }));
    }
    let regulator = desk.authorizes(&desk.asks(Role::Regulator), &all).unwrap();
    assert!(regulator.grants().is_empty());
    assert_eq!(regulator.project().id.as_str(), "p-oversight");
    let auditor = desk.asks(Role::Auditor);
    assert!(desk.authorizes(&auditor, &all[2..]).is_ok());
    let denial = desk.authorizes(&auditor, &all[..1]).unwrap_err();
    let expected = Denial::TierNotPermitted { dataset: dataset("ads"), role: Role::Auditor };
    assert_eq!(denial, expected);
}

/// Two grants of the same rows add up; both are named in the log.
#[test]
fn grants_of_one_dataset_add_up_in_their_columns() {
    let (desk, project, ada) = granted(|draft| draft.columns = columns(&["id"]));
    let mut more = grant_draft(&project, "ads");
    more.columns = columns(&["email"]);
    desk.grant(more);

    let authorized = desk.authorizes(&ada, &[scan("ads", &["id", "email"])]).unwrap();

    assert_eq!(authorized.grants().len(), 2);
}

/// A mount has one bound of rows; columns of one grant must not come with rows of another.
#[test]
fn of_grants_over_different_rows_the_newest_holds() {
    let (desk, project, ada) = granted(|draft| draft.columns = columns(&["id", "email"]));
    let rows = RowBounds { from: Some(day("2026-01-01")), ..RowBounds::default() };
    let mut newer = desk.access.grants(&project)[0].clone();
    newer.id = domain::GrantId::parse("g-2").unwrap();
    newer.rows = rows.clone();
    newer.columns = columns(&["id"]);
    // As an older version of the checks might have let it into the log.
    desk.apply(&Change::GrantAdded { grant: newer });

    let scope = desk.access.scope(&ada).unwrap();

    assert_eq!(*scope.dataset(&dataset("ads")).unwrap().rows(), rows);
    assert_eq!(scope.grants().count(), 1);
    assert!(desk.authorizes(&ada, &[scan("ads", &["email"])]).is_err());
}

/// The worker mounted what the grants said at planning; it must not run with that later.
#[test]
fn a_grant_that_changed_since_planning_is_not_used() {
    let (desk, project, ada) = granted(|_| {});
    let planned = desk.access.scope(&ada).unwrap();
    let mut more = grant_draft(&project, "ads");
    more.columns = columns(&["email"]);
    desk.grant(more);

    let verdict = verdict([scan("ads", &["id"])]);
    let denial = desk.authorize(&ada, &planned, verdict, &LimitsPatch::default());

    assert_eq!(denial.unwrap_err(), Denial::GrantChanged { dataset: dataset("ads") });
}

#[test]
fn the_lowest_limits_of_the_datasets_used_count() {
    let (desk, project, ada) = granted(|draft| {
        draft.limits = LimitsPatch { rows: Some(10), ..LimitsPatch::default() };
    });
    let mut traders = grant_draft(&project, "traders");
    traders.limits = LimitsPatch { rows: Some(1 << 40), wall_ms: Some(5), ..traders.limits };
    desk.grant(traders);
    let (ads, traders) = (scan("ads", &["id"]), scan("traders", &["id"]));
    let limits = |scans: &[Scan]| *desk.authorizes(&ada, scans).unwrap().limits();

    let both = limits(&[ads.clone(), traders.clone()]);

    assert_eq!((both.rows, both.wall_ms), (10, 5));
    assert_eq!(limits(&[ads]), Limits { rows: 10, ..Limits::default() });
    let expected = Limits { rows: 1 << 40, wall_ms: 5, ..Limits::default() };
    assert_eq!(limits(&[traders]), expected);
    let scope = desk.access.scope(&ada).unwrap();
    assert_eq!((scope.limits().rows, scope.limits().wall_ms), (1 << 40, 60_000));
    assert_eq!(limits(&[]), *scope.limits());
}

#[test]
fn a_caller_lowers_limits_and_never_raises_them() {
    let (desk, _, ada) = granted(|draft| {
        draft.limits = LimitsPatch { rows: Some(10), ..LimitsPatch::default() };
    });
    let asks = |rows| {
        let asked = LimitsPatch { rows: Some(rows), ..LimitsPatch::default() };
        let scope = desk.access.scope(&ada).unwrap();
        let verdict = verdict([scan("ads", &["id"])]);
        desk.authorize(&ada, &scope, verdict, &asked).map(|query| query.limits().rows)
    };

    assert_eq!(asks(9), Ok(9));
    let raised = LimitRaised { name: domain::limits::LimitName::Rows, allowed: 10, asked: 11 };
    assert_eq!(asks(11), Err(Denial::LimitRaised(raised)));
}

#[test]
fn a_plan_that_would_read_too_much_is_told_so_before_it_runs() {
    let (desk, _, ada) = granted(|draft| {
        draft.limits = LimitsPatch { scan_bytes: Some(100), ..LimitsPatch::default() };
    });
    let scope = desk.access.scope(&ada).unwrap();
    let reads = |scan_bytes| {
        let verdict = Verdict { scan_bytes, ..verdict([scan("ads", &["id"])]) };
        desk.authorize(&ada, &scope, verdict, &LimitsPatch::default()).err()
    };

    assert_eq!(reads(100), None);
    assert_eq!(reads(101), Some(Denial::ScanTooLarge { allowed: 100, asked: 101 }));
}

/// An old snapshot has the columns of its own codebook: one that is gone today may be granted, and
/// one whose class was raised since is what it is today.
#[test]
fn a_column_is_what_its_own_codebook_and_todays_say() {
    let (desk, _, ada) = granted(|_| {});
    let scope = desk.access.scope(&ada).unwrap();
    let mut old = super::codebooks().remove(0);
    old.fields[3].class = domain::codebook::Class::Public;
    old.fields[0].name = ColumnName::parse("gone").unwrap();
    let reads = |column: &str| {
        let verdict = verdict([scan("ads", &[column])]);
        desk.access.authorize(&ada, &scope, (verdict, &[&old]), &LimitsPatch::default()).map(drop)
    };

    assert_eq!(reads("gone"), Ok(()));
    assert!(matches!(reads("id"), Err(Denial::ColumnNotGranted { .. })), "it was not there then");
    assert!(matches!(reads("email"), Err(Denial::ColumnNotGranted { .. })), "it is restricted now");
    let unknown = verdict([scan("ads", &["gone"])]);
    let unknown = desk.access.authorize(&ada, &scope, (unknown, &[]), &LimitsPatch::default());
    assert_eq!(unknown.unwrap_err(), Denial::GrantChanged { dataset: dataset("ads") });
}
