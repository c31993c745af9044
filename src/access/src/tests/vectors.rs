//! Signatures that nobody here made: the JWS vectors of the corpora, where they are at hand.

use std::path::PathBuf;

use serde_json::Value;

use crate::token::Signed;
use crate::{Algorithm, KeyRefused, VerifyingKey};

/// Vectors left out: a key for PS256 with a token of PS384 (346, 350), well-formed with a disputed
/// label (367, 370), lenient base64 labelled valid (372, 373). Those in JSON form are left out too.
const LEFT_OUT: [u64; 6] = [346, 350, 367, 370, 372, 373];

#[derive(Default, Debug, PartialEq)]
struct Score {
    accepted: u32,
    rejected: u32,
    /// Valid, but of an algorithm that is not taken here.
    other_algorithm: u32,
    left_out: u32,
}

#[test]
fn no_invalid_signature_is_accepted() {
    let Some(vectors) = vectors() else {
        println!("skipped: the JWS vectors are not there (READINGROOM_CORPORA)");
        return;
    };
    let mut score = Score::default();

    for group in vectors["testGroups"].as_array().unwrap() {
        let key = group.get("public").or(group.get("private")).unwrap();
        for vector in group["tests"].as_array().unwrap() {
            judge(key, vector, &mut score);
        }
    }

    println!("{score:?}");
    let expected = Score { accepted: 16, rejected: 352, other_algorithm: 26, left_out: 7 };
    assert_eq!(score, expected);
}

fn judge(jwk: &Value, vector: &Value, score: &mut Score) {
    let id = vector["tcId"].as_u64().unwrap();
    let flags = vector["flags"].as_array().unwrap();
    if LEFT_OUT.contains(&id) || flags.iter().any(|flag| flag == "JsonSerialization") {
        score.left_out += 1;
        return;
    }
    let is_valid = vector["result"] == "valid";
    let key = Algorithm::of_jwk(jwk).and_then(|algorithm| VerifyingKey::from_jwk(jwk, algorithm));
    let is_other = matches!(key, Err(KeyRefused::Algorithm | KeyRefused::Type));
    let token = vector["jws"].as_str().unwrap();
    let is_accepted = key.is_ok_and(|key| {
        Signed::parse(token).and_then(|signed| signed.verify(&key).map(<[u8]>::to_vec)).is_ok()
    });
    match (is_valid, is_accepted) {
        (false, true) => panic!("vector {id} is invalid and was accepted: {}", vector["comment"]),
        (true, false) if is_other => score.other_algorithm += 1,
        (true, false) => panic!("vector {id} is valid and was rejected: {}", vector["comment"]),
        (true, true) => score.accepted += 1,
        (false, false) => score.rejected += 1,
    }
}

fn vectors() -> Option<Value> {
    let beside = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/corpora"));
    let corpora = std::env::var_os("READINGROOM_CORPORA").map_or_else(beside, PathBuf::from);
    let text = std::fs::read(corpora.join("jws/json_web_signature_test.json")).ok()?;
    Some(serde_json::from_slice(&text).unwrap())
}

/// Keys that can be broken, or that say too much or something else, never get as far as a token.
#[test]
fn weak_private_and_foreign_keys_are_refused() {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
    use serde_json::json;

    let rsa = |bytes: usize, e: &str| {
        let mut n = vec![0xff; bytes];
        n[0] = 0x80;
        json!({"kty": "RSA", "n": BASE64.encode(n), "e": e})
    };
    // The point of order one: every signature of its own making would be valid.
    let neutral = BASE64.encode([&[1_u8][..], &[0; 31]].concat());
    let ed = |x: &str| json!({"kty": "OKP", "crv": "Ed25519", "x": x});
    let off_curve = BASE64.encode([1_u8; 32]);
    let good = super::Forger::new(Algorithm::EdDsa, "k").jwk();
    let with = |name: &str, value: Value| {
        let mut jwk = good.clone();
        jwk[name] = value;
        jwk
    };

    for (jwk, algorithm, refused) in [
        (rsa(128, "AQAB"), Algorithm::Rs256, KeyRefused::Weak),
        (rsa(255, "AQAB"), Algorithm::Ps256, KeyRefused::Weak),
        (rsa(256, "Aw"), Algorithm::Rs256, KeyRefused::Weak),
        (rsa(2_048, "AQAB"), Algorithm::Rs256, KeyRefused::Number),
        (ed(&neutral), Algorithm::EdDsa, KeyRefused::Weak),
        (ed("AAAA"), Algorithm::EdDsa, KeyRefused::Number),
        (
            json!({"kty": "EC", "crv": "P-256", "x": off_curve, "y": off_curve}),
            Algorithm::Es256,
            KeyRefused::Number,
        ),
        (json!({"kty": "EC", "crv": "P-521"}), Algorithm::Es256, KeyRefused::Type),
        (with("d", json!("AAAA")), Algorithm::EdDsa, KeyRefused::Private),
        (with("use", json!("enc")), Algorithm::EdDsa, KeyRefused::Use),
        (with("key_ops", json!(["sign"])), Algorithm::EdDsa, KeyRefused::Use),
        (with("alg", json!("ES256")), Algorithm::EdDsa, KeyRefused::Algorithm),
        (json!("key"), Algorithm::EdDsa, KeyRefused::NotAnObject),
    ] {
        let read = VerifyingKey::from_jwk(&jwk, algorithm).map(|key| key.algorithm());
        assert_eq!(read, Err(refused), "{jwk}");
    }
    assert!(VerifyingKey::from_jwk(&rsa(256, "AQAB"), Algorithm::Ps256).is_ok());
    assert!(VerifyingKey::from_jwk(&good, Algorithm::EdDsa).is_ok());
}
