//! Tokens made by someone who wants in.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::forge::Forger;
use super::{Desk, finish};
use crate::{Algorithm, TokenRefused, Unauthenticated};

#[test]
fn a_key_that_the_token_brings_along_is_never_looked_at() {
    let desk = Desk::open();
    let attacker = Forger::new(Algorithm::EdDsa, "u-1");
    let brought = [
        ("jwk", attacker.jwk()),
        ("jku", json!("https://attacker.example/keys")),
        ("x5u", json!("https://attacker.example/chain")),
        ("x5c", json!(["MIIB"])),
        ("x5t", json!("abc")),
        ("x5t#S256", json!("abc")),
    ];

    for (name, value) in brought {
        let mut forged = desk.card();
        forged.header[name] = value.clone();
        let forged = forged.signed_by(&attacker);
        let honest = desk.tries(|card| card.header[name] = value.clone());

        assert_eq!(desk.refusal(&forged), Some(TokenRefused::Signature), "{name}");
        assert_eq!(honest, None, "{name}");
    }
}

#[test]
fn anything_that_must_be_understood_is_refused() {
    let desk = Desk::open();

    for critical in [json!(["exp"]), json!(["b64"]), json!([]), json!(null), json!("exp")] {
        let refused = desk.tries(|card| card.header["crit"] = critical.clone());

        assert_eq!(refused, Some(TokenRefused::Critical), "{critical}");
    }
}

#[test]
fn no_signature_and_a_shared_key_are_no_signature() {
    let desk = Desk::open();
    let unsigned = |alg: &str| {
        let mut card = desk.card();
        card.header["alg"] = json!(alg);
        card
    };

    for alg in ["none", "None", "NONE", "HS256", "ES256", "EdDSA ", "eddsa", ""] {
        let empty = unsigned(alg).signed_as(|_| Vec::new());
        let public_key_as_secret = unsigned(alg).signed_as(|message| {
            let jwk = desk.university.jwk();
            let secret = BASE64.decode(jwk["x"].as_str().unwrap()).unwrap();
            let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &secret);
            aws_lc_rs::hmac::sign(&key, message).as_ref().to_vec()
        });

        assert_eq!(desk.refusal(&empty), Some(TokenRefused::Form), "{alg}");
        let refused = desk.refusal(&public_key_as_secret);
        assert_eq!(refused, Some(TokenRefused::Algorithm), "{alg}");
    }
    let mut card = desk.card();
    card.header["alg"] = json!(["EdDSA"]);
    assert_eq!(desk.refusal(&card.signed_by(&desk.university)), Some(TokenRefused::Algorithm));
}

#[test]
fn a_token_over_eight_kibibytes_is_refused_and_one_just_under_is_not() {
    let desk = Desk::open();
    let padded = |length| {
        let mut card = desk.card();
        card.claims["padding"] = json!("x".repeat(length));
        card.signed_by(&desk.university)
    };
    let first_over = (5_000..7_000).find(|&length| 8_192 < padded(length).len()).unwrap();

    let (under, over) = (padded(first_over - 1), padded(first_over));

    assert!(8_190 < under.len(), "{}", under.len());
    assert_eq!(desk.refusal(&under), None);
    assert_eq!(desk.refusal(&over), Some(TokenRefused::TooLong));
}

/// Whoever reads the first and whoever reads the last of two would disagree.
#[test]
fn a_member_named_twice_is_refused_in_header_and_payload() {
    let desk = Desk::open();
    let twice = |value: &Value, name: &str| {
        let text = value.to_string();
        let again = format!(",\"{name}\":{}}}", value[name]);
        format!("{}{again}", text.strip_suffix('}').unwrap())
    };

    let header = desk.tries(|card| {
        card.header["alg"] = json!("EdDSA");
        card.header_text = Some(twice(&card.header, "kid"));
    });
    let payload = desk.tries(|card| card.claims_text = Some(twice(&card.claims, "roles")));
    let deep = desk.tries(|card| {
        let text = card.claims.to_string();
        card.claims_text = Some(text.replacen('{', "{\"act\":{\"sub\":\"a\",\"sub\":\"b\"},", 1));
    });

    assert_eq!(header, Some(TokenRefused::Json));
    assert_eq!(payload, Some(TokenRefused::Json));
    assert_eq!(deep, Some(TokenRefused::Json));
}

#[test]
fn a_token_has_three_parts_in_base64url_without_padding() {
    let desk = Desk::open();
    let token = desk.card().signed_by(&desk.university);
    let parts: Vec<&str> = token.split('.').collect();
    let (header, payload, signature) = (parts[0], parts[1], parts[2]);

    for broken in [
        String::new(),
        "..".to_owned(),
        format!("{header}.{payload}"),
        format!("{header}.{payload}."),
        format!("{header}.{payload}.{signature}."),
        format!("{header}.{payload}.{signature}.{signature}"),
        format!(".{payload}.{signature}"),
        format!("{header}..{signature}"),
        format!("{header}=.{payload}.{signature}"),
        format!("{header}.{payload}.{signature}="),
        format!(" {token}"),
        format!("{token}\n"),
        format!("Bearer {token}"),
        format!("{header}.{payload}.{signature}\0"),
        format!("{{\"protected\":\"{header}\",\"payload\":\"{payload}\"}}"),
    ] {
        assert!(desk.refusal(&broken).is_some(), "{broken:?}");
    }
    assert_eq!(desk.refusal(&token), None);
}

#[test]
fn a_changed_claim_no_longer_goes_with_its_signature() {
    let desk = Desk::open();
    let token = desk.card().signed_by(&desk.university);
    let (message, signature) = token.rsplit_once('.').unwrap();
    let (header, _) = message.split_once('.').unwrap();
    let mut card = desk.card();
    card.claims["roles"] = json!(["registrar"]);
    let payload = BASE64.encode(card.claims.to_string());

    let refused = desk.refusal(&format!("{header}.{payload}.{signature}"));

    assert_eq!(refused, Some(TokenRefused::Signature));
}

/// Which check failed would tell an attacker what to try next.
#[test]
fn every_refusal_reads_the_same_to_the_one_who_asks() {
    let desk = Desk::open();
    let mut expired = desk.card();
    expired.claims["iat"] = json!(0);
    expired.claims["exp"] = json!(3_600);
    let tokens = ["", "a.b.c", &expired.signed_by(&desk.university), &"x".repeat(10_000)];

    let texts = tokens.map(|token| {
        let refused: Unauthenticated = finish(desk.access.authenticate(token)).unwrap_err();
        refused.to_string()
    });

    assert!(texts.iter().all(|text| *text == texts[0]), "{texts:?}");
}

proptest! {
    #[test]
    fn no_text_is_a_token(text in "\\PC{0,200}") {
        prop_assert!(at_desk(|desk| desk.refusal(&text).is_some()));
    }

    /// Right in form, and still nothing without the key.
    #[test]
    fn no_three_parts_are_a_token(
        header in "\\PC{0,80}",
        payload in "\\PC{0,80}",
        signature in prop::collection::vec(any::<u8>(), 0..80),
    ) {
        let (header, payload) = (BASE64.encode(header), BASE64.encode(payload));
        let token = format!("{header}.{payload}.{}", BASE64.encode(signature));

        prop_assert!(at_desk(|desk| desk.refusal(&token).is_some()));
    }

    /// One byte of a good token changed to any other.
    #[test]
    fn no_changed_token_is_a_token(place in any::<prop::sample::Index>(), byte in 0x20_u8..0x7f) {
        let let_in = at_desk(|desk| {
            let token = desk.card().signed_by(&desk.university);
            let mut bytes = token.clone().into_bytes();
            let place = place.index(bytes.len());
            bytes[place] = byte;
            let changed = String::from_utf8(bytes).unwrap();
            changed != token && desk.refusal(&changed).is_none()
        });

        prop_assert!(!let_in);
    }
}

/// One desk for all cases of a property: opening a registry for each would take long.
fn at_desk<T>(look: impl FnOnce(&Desk) -> T) -> T {
    thread_local! {
        static DESK: Desk = Desk::open();
    }
    DESK.with(look)
}
