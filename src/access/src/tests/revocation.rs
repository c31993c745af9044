//! What ends at once, running queries included.

use domain::change::Change;
use domain::project::ProjectState;
use domain::{DatasetName, LimitsPatch, Role, TokenId};

use super::authorize::{scan, verdict};
use super::{Desk, finish, grant_draft, subject};
use crate::{Denial, Standing, TokenRefused};

#[test]
fn a_revoked_token_ends_and_others_of_its_subject_go_on() {
    let desk = Desk::open();
    let (project, token) = desk.ada();
    let other = desk.token("ada", Role::Researcher, Some(&project));
    let token_id = desk.principal(&token).token_id;

    desk.apply(&Change::TokenRevoked { token_id, at: desk.now() });

    assert_eq!(desk.refusal(&token), Some(TokenRefused::TokenRevoked));
    assert_eq!(desk.refusal(&other), None);
}

#[test]
fn all_tokens_of_a_subject_until_now_end_and_a_new_one_works_at_once() {
    let desk = Desk::open();
    let (project, token) = desk.ada();
    let renewed = || desk.token("ada", Role::Researcher, Some(&project));
    let revoke = || {
        let (subject, at) = (subject("ada"), desk.now());
        desk.apply(&Change::SubjectRevoked { subject, at });
    };

    revoke();
    assert_eq!(desk.refusal(&token), Some(TokenRefused::SubjectRevoked));
    let second = renewed();
    assert_eq!(desk.refusal(&second), None);
    // The clock stands still: within the same second, another revocation must reach it too.
    revoke();
    assert_eq!(desk.refusal(&second), Some(TokenRefused::SubjectRevoked));
    let third = renewed();

    assert_eq!(desk.refusal(&third), None);
    let desk = desk.reopened();
    assert_eq!(desk.refusal(&second), Some(TokenRefused::SubjectRevoked));
    assert_eq!(desk.refusal(&third), None);
}

#[test]
fn a_removed_members_token_ends() {
    let desk = Desk::open();
    let (project, token) = desk.ada();

    desk.apply(&Change::MemberRemoved { project, subject: subject("ada") });

    assert_eq!(desk.refusal(&token), Some(TokenRefused::NotMember));
}

/// Whatever is taken back, the wait of a running query for it ends with the change itself.
#[test]
fn a_running_query_learns_of_each_thing_that_is_taken_back() {
    for taken in ["token", "subject", "member", "project", "grant"] {
        let (desk, standing, change, denial) = running(taken);

        let learned = finish(async {
            let waiting = desk.access.withdrawn(standing);
            let changing = async {
                tokio::task::yield_now().await;
                desk.apply(&change);
            };
            tokio::join!(waiting, changing).0
        });

        assert_eq!(learned, denial, "{taken}");
    }
}

/// A running query, and a change that takes something from under it.
fn running(taken: &str) -> (Desk, Standing, Change, Denial) {
    let desk = Desk::open();
    let (project, token) = desk.ada();
    let grant = desk.grant(grant_draft(&project, "ads"));
    let ada = desk.principal(&token);
    let scope = desk.access.scope(&ada).unwrap();
    let verdict = verdict([scan("ads", &["id"])]);
    let asked = LimitsPatch::default();
    let query = desk.authorize(&ada, &scope, verdict, &asked).unwrap();
    let (at, reason) = (desk.now(), "misuse".to_owned());
    let (change, denial) = match taken {
        "token" => (Change::TokenRevoked { token_id: ada.token_id, at }, Denial::TokenRevoked),
        "subject" => (Change::SubjectRevoked { subject: ada.subject, at }, Denial::TokenRevoked),
        "member" => (
            Change::MemberRemoved { project: project.clone(), subject: ada.subject },
            Denial::NotMember { project },
        ),
        "project" => (
            Change::ProjectStateSet {
                project: project.clone(),
                state: ProjectState::Suspended,
                reason,
            },
            Denial::ProjectSuspended { project },
        ),
        _ => (
            Change::GrantRevoked { project, grant: grant.clone(), at, reason },
            Denial::GrantExpired { dataset: DatasetName::parse("ads").unwrap(), grant },
        ),
    };
    let standing = query.standing();
    (desk, standing, change, denial)
}

#[test]
fn a_running_query_does_not_care_what_others_lose() {
    let desk = Desk::open();
    let (project, token) = desk.ada();
    let used = desk.grant(grant_draft(&project, "ads"));
    let unused = desk.grant(grant_draft(&project, "traders"));
    desk.member(&project, "bob");
    let standing = Standing::of(&desk.principal(&token));
    let (at, reason) = (desk.now(), "misuse".to_owned());

    let learned = finish(async {
        let others = async {
            desk.apply(&Change::TokenRevoked { token_id: TokenId::parse("t-else").unwrap(), at });
            desk.apply(&Change::SubjectRevoked { subject: subject("bob"), at });
            desk.apply(&Change::GrantRevoked {
                project: project.clone(),
                grant: unused,
                at,
                reason,
            });
            tokio::task::yield_now().await;
        };
        tokio::select! {
            biased;
            denial = desk.access.withdrawn(standing) => Some(denial),
            () = others => None,
        }
    });

    assert_eq!(learned, None, "{used}");
}
