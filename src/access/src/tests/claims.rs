//! What a token must say: every claim, its type and its bounds.

use serde_json::{Value, json};

use super::Desk;
use crate::TokenRefused;

#[test]
fn the_kind_is_an_access_token_in_either_spelling_and_any_case() {
    let desk = Desk::open();

    for kind in ["at+jwt", "application/at+jwt", "AT+JWT", "Application/AT+JWT"] {
        assert_eq!(desk.tries(|card| card.header["typ"] = json!(kind)), None, "{kind}");
    }
    for kind in [json!("JWT"), json!("at+jwt "), json!("text/at+jwt"), json!(["at+jwt"]), json!("")]
    {
        let refused = desk.tries(|card| card.header["typ"] = kind.clone());
        assert_eq!(refused, Some(TokenRefused::Kind), "{kind}");
    }
    let kid = json!({"kid": "u-1"});
    assert_eq!(desk.tries(|card| card.header = kid), Some(TokenRefused::Kind));
}

#[test]
fn the_issuer_is_one_string_of_a_configured_issuer() {
    let desk = Desk::open();
    let wrong_type = Some(TokenRefused::ClaimType { claim: "iss" });

    let unknown = desk.tries(|card| card.claims["iss"] = json!("https://elsewhere.example"));
    assert_eq!(unknown, Some(TokenRefused::IssuerUnknown));
    let list = desk.tries(|card| card.claims["iss"] = json!([super::UNIVERSITY]));
    assert_eq!(list, wrong_type);
    let none = desk.tries(|card| card.without("iss"));
    assert_eq!(none, Some(TokenRefused::ClaimMissing { claim: "iss" }));
}

#[test]
fn the_audience_contains_us() {
    let desk = Desk::open();
    let audience = |audience: Value| desk.tries(|card| card.claims["aud"] = audience);
    let wrong_type = Some(TokenRefused::ClaimType { claim: "aud" });

    assert_eq!(audience(json!("reading-room")), None);
    assert_eq!(audience(json!(["else", "reading-room"])), None);
    assert_eq!(audience(json!("reading-room2")), Some(TokenRefused::Audience));
    assert_eq!(audience(json!(["else"])), Some(TokenRefused::Audience));
    assert_eq!(audience(json!([])), Some(TokenRefused::Audience));
    assert_eq!(audience(json!(["reading-room", 1])), wrong_type);
    assert_eq!(audience(json!({"reading-room": true})), wrong_type);
    assert_eq!(audience(json!(null)), wrong_type);
    let none = desk.tries(|card| card.without("aud"));
    assert_eq!(none, Some(TokenRefused::ClaimMissing { claim: "aud" }));
}

#[test]
fn every_claim_is_there_and_of_its_type() {
    let desk = Desk::open();
    let wrong = [
        ("sub", vec![json!(1), json!(""), json!("a b"), json!(["sam"]), json!("x".repeat(256))]),
        ("client_id", vec![json!(null), json!(""), json!({}), json!("a\nb")]),
        ("jti", vec![json!(7), json!(""), json!("x".repeat(256))]),
        ("exp", vec![json!("1795438800"), json!(1.5e9), json!(-1), json!(true), json!(u64::MAX)]),
        ("iat", vec![json!("1795438800"), json!(1_795_435_200.5), json!(null)]),
        ("roles", vec![json!("steward"), json!([1]), json!({"steward": true}), json!(null)]),
    ];

    for (claim, values) in wrong {
        let missing = desk.tries(|card| card.without(claim));
        assert_eq!(missing, Some(TokenRefused::ClaimMissing { claim }));
        for value in values {
            let refused = desk.tries(|card| card.claims[claim] = value.clone());
            assert_eq!(refused, Some(TokenRefused::ClaimType { claim }), "{claim}: {value}");
        }
    }
}

/// An issuer may list its own roles too, but with two of ours it is not clear which one asks.
#[test]
fn exactly_one_of_our_roles_is_used() {
    let desk = Desk::open();
    let roles = |roles: Value| desk.tries(|card| card.claims["roles"] = roles);

    assert_eq!(roles(json!(["student", "steward"])), None);
    assert_eq!(roles(json!(["student"])), Some(TokenRefused::RoleMissing));
    assert_eq!(roles(json!(["Steward"])), Some(TokenRefused::RoleMissing));
    assert_eq!(roles(json!([])), Some(TokenRefused::RoleMissing));
    assert_eq!(roles(json!(["steward", "registrar"])), Some(TokenRefused::RolesSeveral));
    assert_eq!(roles(json!(["steward", "steward"])), Some(TokenRefused::RolesSeveral));
}

#[test]
fn a_researcher_names_a_project_of_which_the_registry_says_that_it_is_theirs() {
    let desk = Desk::open();
    let (project, _) = desk.ada();
    let as_researcher = |project: Option<Value>, subject: &str| {
        desk.tries(|card| {
            card.claims["roles"] = json!(["researcher"]);
            card.claims["sub"] = json!(subject);
            if let Some(project) = project {
                card.claims["project"] = project;
            }
        })
    };

    assert_eq!(as_researcher(Some(json!(project)), "ada"), None);
    assert_eq!(as_researcher(Some(json!(project)), "bob"), Some(TokenRefused::NotMember));
    assert_eq!(as_researcher(Some(json!("p-none")), "ada"), Some(TokenRefused::NotMember));
    let wrong_type = Some(TokenRefused::ClaimType { claim: "project" });
    assert_eq!(as_researcher(Some(json!([project])), "ada"), wrong_type);
    assert_eq!(as_researcher(Some(json!("Fair trade")), "ada"), wrong_type);
    let missing = Some(TokenRefused::ClaimMissing { claim: "project" });
    assert_eq!(as_researcher(None, "ada"), missing);
}

#[test]
fn a_token_holds_for_a_day_at_most() {
    const DAY_S: i64 = 24 * 60 * 60;
    let desk = Desk::open();
    let now = desk.now().unix_s();
    let life = |life_s: i64| desk.tries(|card| card.claims["exp"] = json!(now + life_s));

    assert_eq!(life(DAY_S), None);
    assert_eq!(life(DAY_S + 1), Some(TokenRefused::Lifetime));
    assert_eq!(life(1), None);
    assert_eq!(life(0), Some(TokenRefused::Lifetime));
    assert_eq!(life(-1), Some(TokenRefused::Lifetime));
}

#[test]
fn clocks_may_be_half_a_minute_apart() {
    let desk = Desk::open();
    let now = desk.now().unix_s();
    let between = |issued_s: i64, expires_s: i64| {
        desk.tries(|card| {
            card.claims["iat"] = json!(now + issued_s);
            card.claims["exp"] = json!(now + expires_s);
        })
    };

    assert_eq!(between(-3_600, -29), None);
    assert_eq!(between(-3_600, -30), Some(TokenRefused::Expired));
    assert_eq!(between(30, 3_600), None);
    assert_eq!(between(31, 3_600), Some(TokenRefused::IssuedInFuture));
}

#[test]
fn a_token_that_does_not_hold_yet_is_refused() {
    let desk = Desk::open();
    let now = desk.now().unix_s();
    let not_before = |from: Value| desk.tries(|card| card.claims["nbf"] = from);

    assert_eq!(not_before(json!(now)), None);
    assert_eq!(not_before(json!(now + 30)), None);
    assert_eq!(not_before(json!(now + 31)), Some(TokenRefused::NotYetValid));
    let wrong_type = Some(TokenRefused::ClaimType { claim: "nbf" });
    assert_eq!(not_before(json!("soon")), wrong_type);
    assert_eq!(not_before(json!(null)), wrong_type);
}

#[test]
fn a_token_ends_while_the_clock_goes_on() {
    let desk = Desk::open();
    let (_, token) = desk.ada();
    assert_eq!(desk.refusal(&token), None);

    desk.clock.advance_s(3_600 + 30);

    assert_eq!(desk.refusal(&token), Some(TokenRefused::Expired));
}
