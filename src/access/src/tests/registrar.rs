//! What a registrar may write into the log, and what is told otherwise.

use std::collections::BTreeSet;

use domain::change::Change;
use domain::codebook::Class;
use domain::grant::{ColumnScope, RowBounds};
use domain::limits::LimitName;
use domain::project::{LegalBasis, ProjectState};
use domain::{ColumnName, GrantId, LimitsPatch, ProjectId};
use serde_json::json;

use super::forge::Forger;
use super::{Desk, day, finish, grant_draft, project_draft, subject};
use crate::{Algorithm, ChangeRefused, GrantDraft, KeyRefused, ProjectDraft};

impl Desk {
    fn refuses_project(&self, change: impl FnOnce(&mut ProjectDraft)) -> Option<ChangeRefused> {
        let mut draft = project_draft("Fair trade");
        change(&mut draft);
        finish(self.access.turn()).new_project(draft).err()
    }

    fn refuses_grant(
        &self,
        project: &ProjectId,
        dataset: &str,
        change: impl FnOnce(&mut GrantDraft),
    ) -> Option<ChangeRefused> {
        let mut draft = grant_draft(project, dataset);
        change(&mut draft);
        finish(self.access.turn()).new_grant(draft).err()
    }

    fn refuses(&self, change: &Change) -> Option<ChangeRefused> {
        finish(self.access.turn()).check(change).err()
    }
}

fn state_set(project: &ProjectId, state: ProjectState) -> Change {
    Change::ProjectStateSet { project: project.clone(), state, reason: "an audit".to_owned() }
}

#[test]
fn ids_come_from_titles_and_are_never_given_twice() {
    let desk = Desk::open();

    let ids = ["Fair trade", "Fair trade", "Prüfung: Preise & Märkte?", "公平", &"x".repeat(199)]
        .map(|title| desk.project(title).to_string());

    assert_eq!(
        ids[..4],
        [
            "p-fair-trade-1".to_owned(),
            "p-fair-trade-2".to_owned(),
            "p-pr-fung-preise-m-rkte-3".to_owned(),
            "p-project-4".to_owned(),
        ]
    );
    assert_eq!(ids[4], format!("p-{}-5", "x".repeat(40)));
    let project = ProjectId::parse(&ids[0]).unwrap();
    let first = desk.grant(grant_draft(&project, "ads"));
    let second = desk.grant(grant_draft(&project, "ads"));
    assert_eq!((first.as_str(), second.as_str()), ("g-1", "g-2"));
}

#[test]
fn the_days_of_a_project_are_in_order() {
    let desk = Desk::open();
    let refused = |change: fn(&mut ProjectDraft)| match desk.refuses_project(change) {
        Some(ChangeRefused::DatesDisordered { earlier, later, .. }) => Some((earlier, later)),
        refused => panic!("{refused:?}"),
    };

    let decided = refused(|draft| draft.decided = day("2026-08-31"));
    assert_eq!(decided, Some(("applied", "decided")));
    let from = refused(|draft| draft.valid_from = day("2026-09-30"));
    assert_eq!(from, Some(("decided", "valid_from")));
    let until = refused(|draft| draft.valid_until = day("2026-11-21"));
    assert_eq!(until, Some(("valid_from", "valid_until")));
    assert_eq!(desk.refuses_project(|draft| draft.valid_until = draft.valid_from), None);
}

#[test]
fn the_facts_of_a_project_are_there() {
    let desk = Desk::open();
    let field = |change: fn(&mut ProjectDraft)| match desk.refuses_project(change) {
        Some(ChangeRefused::Text { field, .. }) => field,
        refused => panic!("{refused:?}"),
    };

    assert_eq!(field(|draft| draft.title = " ".to_owned()), "title");
    assert_eq!(field(|draft| draft.title = "x".repeat(201)), "title");
    assert_eq!(field(|draft| draft.purpose = String::new()), "purpose");
    assert_eq!(field(|draft| draft.purpose = "a\0b".to_owned()), "purpose");
    assert_eq!(field(|draft| draft.request_id = "\u{1b}[2J".to_owned()), "request_id");
    let oversight = desk.refuses_project(|draft| draft.legal_basis = LegalBasis::Oversight);
    assert!(matches!(oversight, Some(ChangeRefused::Oversight { .. })));
}

#[test]
fn a_project_is_suspended_taken_up_again_and_closed_for_good() {
    let desk = Desk::open();
    let (project, _) = desk.ada();
    let closed = Some(ChangeRefused::ProjectClosed { project: project.clone() });
    let unchanged = Some(ChangeRefused::StateUnchanged { project: project.clone() });

    assert_eq!(desk.refuses(&state_set(&project, ProjectState::Active)), unchanged);
    desk.apply(&state_set(&project, ProjectState::Suspended));
    assert_eq!(desk.refuses(&state_set(&project, ProjectState::Suspended)), unchanged);
    assert_eq!(desk.refuses(&state_set(&project, ProjectState::Active)), None);
    desk.apply(&state_set(&project, ProjectState::Closed));

    assert_eq!(desk.refuses(&state_set(&project, ProjectState::Active)), closed);
    assert_eq!(desk.refuses_grant(&project, "ads", |_| {}), closed);
    let turn = finish(desk.access.turn());
    assert_eq!(turn.new_member(project.clone(), subject("bob"), None).err(), closed);
    let removed = Change::MemberRemoved { project, subject: subject("ada") };
    assert_eq!(turn.check(&removed).err(), None);
}

#[test]
fn nothing_is_written_of_a_project_that_there_is_not() {
    let desk = Desk::open();
    let project = ProjectId::parse("p-none").unwrap();
    let unknown = Some(ChangeRefused::ProjectUnknown { project: project.clone() });
    let oversight = ProjectId::parse("p-oversight").unwrap();

    assert_eq!(desk.refuses_grant(&project, "ads", |_| {}), unknown);
    assert_eq!(desk.refuses(&state_set(&project, ProjectState::Closed)), unknown);
    let removed = Change::MemberRemoved { project: project.clone(), subject: subject("ada") };
    assert_eq!(desk.refuses(&removed), unknown);
    let turn = finish(desk.access.turn());
    assert_eq!(turn.new_member(project, subject("ada"), None).err(), unknown);
    let standing = turn.new_member(oversight.clone(), subject("ada"), None).err();
    assert_eq!(standing, Some(ChangeRefused::Oversight { project: oversight }));
}

#[test]
fn a_members_key_is_public_strong_and_their_own() {
    let desk = Desk::open();
    let (project, _) = desk.ada();
    let key = Forger::new(Algorithm::EdDsa, "ada's");
    desk.member_with_key(&project, "ada", Some(&key));
    let adds = |who: &str, jwk: &serde_json::Value| {
        finish(desk.access.turn()).new_member(project.clone(), subject(who), Some(jwk)).err()
    };
    let mut private = key.jwk();
    private["d"] = json!("AAAA");

    assert_eq!(adds("ada", &key.jwk()), None);
    assert_eq!(adds("bob", &key.jwk()), Some(ChangeRefused::KeyTaken));
    assert_eq!(adds("bob", &private), Some(ChangeRefused::Key(KeyRefused::Private)));
    assert_eq!(adds("bob", &json!("ssh-ed25519 AAAA")), Some(ChangeRefused::Key(KeyRefused::Type)));
    let kept = desk.access.members(&project)[0].public_jwk.clone().unwrap();
    assert!(kept.get("kid").is_none(), "only what the key needs is kept: {kept}");
    // Added again without a key, the key stays.
    desk.member(&project, "ada");
    assert_eq!(desk.access.members(&project)[0].public_jwk, Some(kept));
}

#[test]
fn a_grant_fits_its_datasets_tier() {
    let desk = Desk::open();
    let (project, _) = desk.ada();
    let dataset = |name| domain::DatasetName::parse(name).unwrap();

    let vetted = desk.refuses_grant(&project, "traders", |draft| draft.basis = None);
    assert_eq!(vetted, Some(ChangeRefused::BasisMissing { dataset: dataset("traders") }));
    assert_eq!(desk.refuses_grant(&project, "traders", |_| {}), None);
    assert_eq!(desk.refuses_grant(&project, "ads", |draft| draft.basis = None), None);
    let oversight = desk.refuses_grant(&project, "access_log", |_| {});
    assert_eq!(oversight, Some(ChangeRefused::OversightOnly { dataset: dataset("access_log") }));
    let unknown = desk.refuses_grant(&project, "nothing", |_| {});
    assert_eq!(unknown, Some(ChangeRefused::DatasetUnknown { dataset: dataset("nothing") }));
}

#[test]
fn a_grant_covers_columns_that_there_are() {
    let desk = Desk::open();
    let (project, _) = desk.ada();
    let columns = |columns| desk.refuses_grant(&project, "ads", |draft| draft.columns = columns);
    let named = |name| ColumnScope::Columns(BTreeSet::from([ColumnName::parse(name).unwrap()]));

    assert_eq!(columns(named("email")), None);
    assert!(matches!(columns(named("e_mail")), Some(ChangeRefused::ColumnUnknown { .. })));
    let none = columns(ColumnScope::Columns(BTreeSet::new()));
    assert!(matches!(none, Some(ChangeRefused::ColumnsEmpty { .. })));
    let none = columns(ColumnScope::Classes(BTreeSet::from([Class::Identifier])));
    assert!(matches!(none, Some(ChangeRefused::ColumnsEmpty { .. })));
}

/// A bound by a column that the dataset does not have would hold nothing back.
#[test]
fn rows_are_bounded_only_by_what_the_dataset_has() {
    let desk = Desk::open();
    let (project, _) = desk.ada();
    let rows = |dataset, rows| desk.refuses_grant(&project, dataset, |draft| draft.rows = rows);
    let from = RowBounds { from: Some(day("2026-01-01")), ..RowBounds::default() };
    let of = |states: &[&str]| RowBounds {
        member_states: Some(states.iter().map(|&state| state.to_owned()).collect()),
        ..RowBounds::default()
    };

    assert_eq!(rows("ads", from.clone()), None);
    assert!(matches!(rows("traders", from), Some(ChangeRefused::RowsUnbounded { .. })));
    assert_eq!(rows("ads", of(&["DE", "FR"])), None);
    for states in [&["XX"][..], &["de"], &["DE", "Germany"]] {
        let refused = rows("ads", of(states));
        assert!(matches!(refused, Some(ChangeRefused::MemberStateUnknown { .. })), "{states:?}");
    }
    assert!(matches!(rows("ads", of(&[])), Some(ChangeRefused::RowsUnbounded { .. })));
    assert!(matches!(rows("traders", of(&["DE"])), Some(ChangeRefused::RowsUnbounded { .. })));
    let (from, until) = (Some(day("2026-02-01")), Some(day("2026-01-31")));
    let backwards = RowBounds { from, until, member_states: None };
    assert!(matches!(rows("ads", backwards), Some(ChangeRefused::DatesDisordered { .. })));
}

#[test]
fn a_grant_lies_within_its_project_and_the_operators_limits() {
    let desk = Desk::open();
    let (project, _) = desk.ada();
    let until =
        |until| desk.refuses_grant(&project, "ads", |draft| draft.valid_until = Some(day(until)));
    let rows = |rows| {
        desk.refuses_grant(&project, "ads", |draft| {
            draft.limits = LimitsPatch { rows: Some(rows), ..LimitsPatch::default() };
        })
    };

    assert_eq!(until("2027-12-31"), None);
    assert!(matches!(until("2028-01-01"), Some(ChangeRefused::DatesDisordered { .. })));
    assert!(matches!(until("2026-11-21"), Some(ChangeRefused::DatesDisordered { .. })));
    let (limit, allowed_max) = (LimitName::Rows, 1 << 40);
    let out_of_range = Some(ChangeRefused::LimitOutOfRange { limit, allowed_max });
    assert_eq!(rows(1 << 40), None);
    assert_eq!(rows((1 << 40) + 1), out_of_range);
    assert_eq!(rows(0), out_of_range);
}

#[test]
fn two_live_grants_never_leave_in_doubt_which_rows_go_with_which_columns() {
    let desk = Desk::open();
    let (project, _) = desk.ada();
    let first = desk.grant(grant_draft(&project, "ads"));
    let bounded = |draft: &mut GrantDraft| draft.rows.from = Some(day("2026-01-01"));

    let refused = desk.refuses_grant(&project, "ads", bounded);

    let dataset = domain::DatasetName::parse("ads").unwrap();
    assert_eq!(refused, Some(ChangeRefused::RowsDiffer { dataset, grant: first.clone() }));
    let (at, reason) = (desk.now(), "replaced".to_owned());
    desk.apply(&Change::GrantRevoked { project: project.clone(), grant: first, at, reason });
    assert_eq!(desk.refuses_grant(&project, "ads", bounded), None);
}

#[test]
fn what_is_taken_back_was_there() {
    let desk = Desk::open();
    let (project, _) = desk.ada();
    let grant = desk.grant(grant_draft(&project, "ads"));
    let revokes = |grant: &GrantId| {
        let (project, grant) = (project.clone(), grant.clone());
        Change::GrantRevoked { project, grant, at: desk.now(), reason: "misuse".to_owned() }
    };
    let other = GrantId::parse("g-9").unwrap();

    let unknown = desk.refuses(&revokes(&other));
    assert!(matches!(unknown, Some(ChangeRefused::GrantUnknown { .. })));
    desk.apply(&revokes(&grant));
    let again = desk.refuses(&revokes(&grant));
    assert_eq!(again, Some(ChangeRefused::GrantUsed { grant }));
    let stranger = Change::MemberRemoved { project, subject: subject("bob") };
    assert!(matches!(desk.refuses(&stranger), Some(ChangeRefused::MemberUnknown { .. })));
}

/// A second registrar waits, so that no two changes get one id.
#[test]
fn registrars_take_turns() {
    let desk = Desk::open();

    finish(async {
        let first = desk.access.turn().await;
        let change = first.new_project(project_draft("Fair trade")).unwrap();
        let second = desk.access.turn();
        tokio::pin!(second);
        tokio::select! {
            biased;
            _ = &mut second => panic!("two turns at one time"),
            () = tokio::task::yield_now() => {}
        }
        first.apply(0, &change).unwrap();
        drop(first);

        let next = second.await.new_project(project_draft("Fair trade")).unwrap();

        let Change::ProjectCreated { project } = next else { panic!("{next:?}") };
        assert_eq!(project.id.as_str(), "p-fair-trade-2");
    });
}
