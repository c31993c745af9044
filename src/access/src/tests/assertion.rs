//! Members who sign with their own key.

use domain::change::Change;
use domain::project::ProjectState;
use domain::{ProjectId, Role};
use serde_json::json;

use super::forge::{Forge, Forger};
use super::{Desk, order, subject};
use crate::{Algorithm, AssertionError, Assertor, TokenRefused};

const URL: &str = "https://room.example";

impl Desk {
    /// What a member signs; for this server's token endpoint, and one minute.
    fn statement(&self, who: &str, id: &str) -> Forge {
        let now = self.now().unix_s();
        let claims = json!({
            "iss": who, "sub": who, "aud": format!("{URL}/v1/token"), "iat": now, "exp": now + 60,
            "jti": id,
        });
        Forge::new(json!({"typ": "JWT"}), claims)
    }

    fn asserts(&self, assertion: &str) -> Result<Assertor, TokenRefused> {
        let urls = [format!("{URL}/")];
        self.access.assertion(assertion, &urls).map_err(|error| match error {
            AssertionError::Unauthenticated(refused) => refused.reason(),
            AssertionError::Registry(error) => panic!("{error}"),
        })
    }

    /// What becomes of a changed statement of Ada's.
    fn changed(&self, key: &Forger, change: impl FnOnce(&mut Forge)) -> Option<TokenRefused> {
        let mut statement = self.statement("ada", "changed");
        change(&mut statement);
        self.asserts(&statement.signed_by(key)).err()
    }
}

fn ada_with_key(algorithm: Algorithm) -> (Desk, ProjectId, Forger) {
    let desk = Desk::open();
    let key = Forger::new(algorithm, "ada's");
    let project = desk.project("Fair trade");
    desk.member_with_key(&project, "ada", Some(&key));
    (desk, project, key)
}

#[test]
fn a_member_gets_a_token_for_a_signature_of_any_algorithm() {
    for algorithm in Algorithm::ALL {
        let (desk, project, key) = ada_with_key(algorithm);

        let ada = desk.asserts(&desk.statement("ada", "1").signed_by(&key)).unwrap();

        assert_eq!(ada, Assertor { subject: subject("ada"), project: project.clone() });
        let token = desk.access.issue(&order("ada", Role::Researcher, Some(&project))).unwrap();
        assert_eq!(desk.refusal(&token.token), None);
    }
}

/// Also across a restart: who copied it in flight must not be able to wait for one.
#[test]
fn an_assertion_is_taken_once() {
    let (desk, _, key) = ada_with_key(Algorithm::EdDsa);
    let assertion = desk.statement("ada", "1").signed_by(&key);
    assert!(desk.asserts(&assertion).is_ok());

    assert_eq!(desk.asserts(&assertion), Err(TokenRefused::Replayed));
    let desk = desk.reopened();
    assert_eq!(desk.asserts(&assertion), Err(TokenRefused::Replayed));
    desk.clock.advance_s(89);
    assert_eq!(desk.asserts(&assertion), Err(TokenRefused::Replayed));
    desk.clock.advance_s(1);
    assert_eq!(desk.asserts(&assertion), Err(TokenRefused::Expired));
    assert!(desk.asserts(&desk.statement("ada", "2").signed_by(&key)).is_ok());
}

#[test]
fn a_refused_assertion_uses_up_nothing() {
    let (desk, _, key) = ada_with_key(Algorithm::EdDsa);
    let stranger = Forger::new(Algorithm::EdDsa, "mallory's");
    let forged = desk.statement("ada", "1").signed_by(&stranger);

    assert_eq!(desk.asserts(&forged), Err(TokenRefused::Signature));

    assert!(desk.asserts(&desk.statement("ada", "1").signed_by(&key)).is_ok());
}

#[test]
fn an_assertion_is_for_this_server() {
    let (desk, _, key) = ada_with_key(Algorithm::EdDsa);
    let mut id = 0;
    let mut audience = |audience: serde_json::Value| {
        id += 1;
        desk.changed(&key, |statement| {
            statement.claims["aud"] = audience;
            statement.claims["jti"] = json!(id.to_string());
        })
    };

    for ours in ["reading-room", "https://reading-room.example", URL, &format!("{URL}/")] {
        assert_eq!(audience(json!(ours)), None, "{ours}");
    }
    assert_eq!(audience(json!([format!("{URL}/v1/token")])), None);
    for other in ["https://room.example.evil/v1/token", "https://room.example/v1/tokens", ""] {
        assert_eq!(audience(json!(other)), Some(TokenRefused::Audience), "{other}");
    }
}

#[test]
fn an_assertion_says_the_same_of_issuer_and_subject_and_is_short_lived() {
    let (desk, _, key) = ada_with_key(Algorithm::EdDsa);
    let now = desk.now().unix_s();
    let missing = |claim| Some(TokenRefused::ClaimMissing { claim });

    let other = desk.changed(&key, |statement| statement.claims["iss"] = json!("bob"));
    assert_eq!(other, Some(TokenRefused::IssuerNotSubject));
    let long = desk.changed(&key, |statement| statement.claims["exp"] = json!(now + 301));
    assert_eq!(long, Some(TokenRefused::Lifetime));
    for claim in ["iss", "sub", "aud", "iat", "exp", "jti"] {
        let refused = desk.changed(&key, |statement| statement.without(claim));
        assert_eq!(refused, missing(claim));
    }
    let critical = desk.changed(&key, |statement| statement.header["crit"] = json!([]));
    assert_eq!(critical, Some(TokenRefused::Critical));
}

#[test]
fn an_access_token_is_no_assertion_and_an_assertion_no_access_token() {
    let (desk, project, key) = ada_with_key(Algorithm::EdDsa);
    let kind = desk.changed(&key, |statement| statement.header["typ"] = json!("at+jwt"));
    let token = desk.token("ada", Role::Researcher, Some(&project));

    assert_eq!(kind, Some(TokenRefused::Kind));
    assert_eq!(desk.asserts(&token), Err(TokenRefused::Kind));
    let assertion = desk.statement("ada", "1").signed_by(&key);
    assert_eq!(desk.refusal(&assertion), Some(TokenRefused::Kind));
}

#[test]
fn only_the_members_own_key_counts() {
    let (desk, project, ada) = ada_with_key(Algorithm::EdDsa);
    let bob = Forger::new(Algorithm::EdDsa, "bob's");
    desk.member_with_key(&project, "bob", Some(&bob));
    desk.member(&project, "cyn");

    let as_ada = desk.asserts(&desk.statement("ada", "1").signed_by(&bob));
    assert_eq!(as_ada, Err(TokenRefused::Signature));
    let keyless = desk.asserts(&desk.statement("cyn", "1").signed_by(&bob));
    assert_eq!(keyless, Err(TokenRefused::KeyUnknown));
    let stranger = desk.asserts(&desk.statement("dan", "1").signed_by(&bob));
    assert_eq!(stranger, Err(TokenRefused::KeyUnknown));
    let named = desk.changed(&ada, |statement| {
        statement.header["kid"] = json!(bob.thumbprint());
    });
    assert_eq!(named, Some(TokenRefused::KeyUnknown));
    let own = desk.changed(&ada, |statement| statement.header["kid"] = json!(ada.thumbprint()));
    assert_eq!(own, None);
}

#[test]
fn a_new_key_replaces_the_old_one_and_a_removed_member_has_none() {
    let (desk, project, old) = ada_with_key(Algorithm::EdDsa);
    let new = Forger::new(Algorithm::Es256, "ada's new");
    desk.member_with_key(&project, "ada", Some(&new));

    let with_old = desk.asserts(&desk.statement("ada", "1").signed_by(&old));
    assert_eq!(with_old, Err(TokenRefused::Algorithm));
    assert!(desk.asserts(&desk.statement("ada", "2").signed_by(&new)).is_ok());
    let subject = subject("ada");
    desk.apply(&Change::MemberRemoved { project, subject });
    let removed = desk.asserts(&desk.statement("ada", "3").signed_by(&new));
    assert_eq!(removed, Err(TokenRefused::KeyUnknown));
}

#[test]
fn who_works_under_several_projects_names_one() {
    let (desk, fair, key) = ada_with_key(Algorithm::EdDsa);
    let rare = desk.project("Rare goods");
    desk.member_with_key(&rare, "ada", Some(&key));
    let signs = |id: &str, project: Option<&ProjectId>| {
        let mut statement = desk.statement("ada", id);
        if let Some(project) = project {
            statement.claims["project"] = json!(project);
        }
        desk.asserts(&statement.signed_by(&key)).map(|ada| ada.project)
    };

    assert_eq!(signs("1", None), Err(TokenRefused::ProjectAmbiguous));
    assert_eq!(signs("2", Some(&rare)), Ok(rare.clone()));
    let stranger = desk.project("Someone else's");
    assert_eq!(signs("3", Some(&stranger)), Err(TokenRefused::KeyUnknown));
    let (state, reason) = (ProjectState::Suspended, "an audit".to_owned());
    desk.apply(&Change::ProjectStateSet { project: fair.clone(), state, reason });
    assert_eq!(signs("4", None), Ok(rare));
    assert_eq!(signs("5", Some(&fair)), Ok(fair));
}
