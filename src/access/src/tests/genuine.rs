//! Tokens that are let in, and by whose key: issuers, algorithms, `kid`.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::{ProjectId, Role, SystemClock};
use serde_json::json;
use tempfile::TempDir;

use super::forge::Forger;
use super::{Desk, UNIVERSITY, order, subject};
use crate::issuer::{IssuerRefused, KeySetRefused};
use crate::token::Signed;
use crate::{
    Access, Algorithm, IssueRefused, IssuerKey, IssuerSettings, KeySource, OpenError, Options,
    RateClock, Settings, TokenRefused, VerifyingKey,
};

#[test]
fn a_member_with_a_token_is_a_principal() {
    let desk = Desk::open();
    let (project, token) = desk.ada();

    let ada = desk.principal(&token);

    assert_eq!(ada.subject, subject("ada"));
    assert_eq!(ada.role, Role::Researcher);
    assert_eq!(ada.project, Some(project));
    assert_eq!(ada.issuer, "https://reading-room.example");
    assert_eq!(ada.client_id, "test");
    assert_eq!(ada.issued_at, desk.now());
    assert_eq!(ada.expires_at, desk.now().plus_s(3_600));
}

/// The embedded issuer is one of the issuers, and every role may come from it.
#[test]
fn each_role_has_its_token_and_its_project() {
    let desk = Desk::open();
    let oversight = Some(ProjectId::parse("p-oversight").unwrap());

    for (role, project) in [
        (Role::Steward, None),
        (Role::Registrar, None),
        (Role::Regulator, oversight.clone()),
        (Role::Auditor, oversight),
    ] {
        let principal = desk.asks(role);

        assert_eq!((principal.role, principal.project), (role, project));
    }
}

#[test]
fn the_embedded_issuers_keys_are_public_and_check_its_tokens() {
    let desk = Desk::open();
    let token = desk.token("sam", Role::Steward, None);

    let keys = desk.access.jwks();

    let jwk = &keys["keys"][0];
    let key = VerifyingKey::from_jwk(jwk, Algorithm::EdDsa).unwrap();
    assert_eq!(jwk["kid"], key.thumbprint());
    assert!(jwk.get("d").is_none());
    assert!(Signed::parse(&token).unwrap().verify(&key).is_ok());
}

#[test]
fn the_embedded_issuer_gives_no_token_that_nobody_could_use() {
    let desk = Desk::open();
    let (project, _) = desk.ada();
    let stranger = ProjectId::parse("p-stranger").unwrap();
    let mut long = order("sam", Role::Steward, None);
    long.ttl_s = 24 * 60 * 60 + 1;
    let mut none = long.clone();
    none.ttl_s = 0;

    for (order, refused) in [
        (long, IssueRefused::Ttl),
        (none, IssueRefused::Ttl),
        (order("ada", Role::Researcher, None), IssueRefused::ProjectMissing),
        (
            order("ada", Role::Researcher, Some(&stranger)),
            IssueRefused::ProjectUnknown { project: stranger.clone() },
        ),
        (
            order("bob", Role::Researcher, Some(&project)),
            IssueRefused::NotMember { subject: subject("bob"), project: project.clone() },
        ),
        (
            order("sam", Role::Steward, Some(&project)),
            IssueRefused::ProjectNotForRole { role: Role::Steward },
        ),
    ] {
        assert_eq!(desk.access.issue(&order), Err(refused));
    }
    let mut day = order("sam", Role::Steward, None);
    day.ttl_s = 24 * 60 * 60;
    let token = desk.access.issue(&day).unwrap().token;
    assert_eq!(desk.refusal(&token), None);
}

#[test]
fn each_algorithm_is_taken_from_the_issuer_that_signs_with_it() {
    for algorithm in Algorithm::ALL {
        let desk = Desk::with(Forger::new(algorithm, "u-1"), |_| {});

        assert_eq!(desk.tries(|_| {}), None, "{algorithm}");
    }
}

/// One RSA key can do both, but its issuer does one.
#[test]
fn another_algorithm_than_the_issuers_is_refused_though_the_key_could_do_it() {
    for (issuers, tokens) in
        [(Algorithm::Rs256, Algorithm::Ps256), (Algorithm::Ps256, Algorithm::Rs256)]
    {
        let desk = Desk::with(Forger::new(issuers, "u-1"), |_| {});

        let refused = desk.tries(|card| card.header["alg"] = json!(tokens.as_str()));

        assert_eq!(refused, Some(TokenRefused::Algorithm));
    }
}

#[test]
fn a_key_is_found_by_issuer_and_kid_and_by_nothing_else() {
    let other = Forger::new(Algorithm::EdDsa, "o-1");
    let other_keys = json!({"keys": [other.jwk()]}).to_string();
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("other.jwks");
    std::fs::write(&file, other_keys).unwrap();
    let desk = Desk::with(Forger::new(Algorithm::EdDsa, "u-1"), |settings| {
        settings.issuers.push(IssuerSettings {
            issuer: "https://other.example".to_owned(),
            algorithm: Algorithm::EdDsa,
            keys: KeySource::File(file),
            roles: BTreeSet::from(Role::ALL),
        });
    });
    let unknown = Some(TokenRefused::KeyUnknown);
    let missing = Some(TokenRefused::KeyIdMissing);

    assert_eq!(desk.tries(|card| card.header["kid"] = json!("u-2")), unknown);
    assert_eq!(desk.tries(|card| card.header["kid"] = json!(["u-1"])), missing);
    assert_eq!(desk.tries(|card| card.header["kid"] = json!(null)), missing);
    assert_eq!(desk.tries(|card| card.header = json!({"typ": "at+jwt"})), missing);
    // The other issuer's good key does not sign for the university, nor the other way round.
    let mut card = desk.card();
    card.header["kid"] = json!("o-1");
    assert_eq!(desk.refusal(&card.signed_by(&other)), unknown);
    let mut card = desk.card();
    card.claims["iss"] = json!("https://other.example");
    assert_eq!(desk.refusal(&card.signed_by(&desk.university)), unknown);
    let mut card = desk.card();
    card.claims["iss"] = json!("https://other.example");
    card.header["kid"] = json!("o-1");
    assert_eq!(desk.refusal(&card.signed_by(&other)), None);
}

#[test]
fn an_issuer_gives_only_the_roles_that_are_its_to_give() {
    let desk = Desk::with(Forger::new(Algorithm::EdDsa, "u-1"), |settings| {
        settings.issuers[0].roles = BTreeSet::from([Role::Researcher]);
    });

    assert_eq!(desk.tries(|_| {}), Some(TokenRefused::RoleNotOfIssuer));
}

#[test]
fn keys_that_cannot_be_used_are_left_out_and_a_set_without_any_is_refused() {
    let good = Forger::new(Algorithm::EdDsa, "good").jwk();
    let for_encryption = json!({"kty": "OKP", "crv": "X25519", "x": good["x"], "kid": "enc"});
    let mut nameless = Forger::new(Algorithm::EdDsa, "x").jwk();
    nameless.as_object_mut().unwrap().remove("kid");
    let refusal = |keys: serde_json::Value| match opened_with(&keys) {
        Ok(_) => None,
        Err(OpenError::Issuer(refused)) => Some(refused),
        Err(OpenError::Registry(error)) => panic!("{error}"),
    };

    assert!(refusal(json!({"keys": [for_encryption, nameless, good]})).is_none());
    let empty = refusal(json!({"keys": [for_encryption]}));
    assert!(matches!(empty, Some(IssuerRefused::Keys { source: KeySetRefused::Empty, .. })));
    let twice = refusal(json!({"keys": [good, good]}));
    assert!(matches!(twice, Some(IssuerRefused::Keys { source: KeySetRefused::KeyIdTwice, .. })));
    let form = refusal(json!([good]));
    assert!(matches!(form, Some(IssuerRefused::Keys { source: KeySetRefused::Form(_), .. })));
}

#[test]
fn two_issuers_of_one_name_are_refused_at_start() {
    let desk = Desk::open();
    let mut settings = desk.settings.clone();
    settings.issuer = UNIVERSITY.to_owned();

    let opened = opened(&desk.folder, settings);

    assert!(matches!(opened, Err(OpenError::Issuer(IssuerRefused::Twice { .. }))));
}

/// Opens access with a university whose file of keys has a content.
fn opened_with(keys: &serde_json::Value) -> Result<Access, OpenError> {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("keys.jwks");
    std::fs::write(&path, keys.to_string()).unwrap();
    let mut settings = super::settings();
    settings.issuers.push(IssuerSettings {
        issuer: UNIVERSITY.to_owned(),
        algorithm: Algorithm::EdDsa,
        keys: KeySource::File(path),
        roles: BTreeSet::from(Role::ALL),
    });
    opened(&folder, settings)
}

pub(super) fn opened(folder: &TempDir, settings: Settings) -> Result<Access, OpenError> {
    Access::open(Options {
        registry: folder.path().join("other.sqlite"),
        settings,
        issuer_key: IssuerKey::generate().unwrap(),
        codebooks: Vec::new(),
        clock: Arc::new(SystemClock),
        rate_clock: RateClock::default(),
    })
}
