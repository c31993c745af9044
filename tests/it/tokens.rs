//! Who may come in: members with a key of their own, tokens of other issuers, and nobody else.

use std::fs;
use std::path::{Path, PathBuf};

use aws_lc_rs::signature::Ed25519KeyPair;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Map, Value, json};

use crate::caller::{Answer, claims, problem};
use crate::furniture;
use crate::room::{Folder, Room, command, refusal, run, text};

const COUNT: &str = "SELECT count(*) AS n FROM listings";

/// The name of an issuer that is not our own.
const ISSUER: &str = "https://login.example.org";

/// A key pair of `login --make-key`.
struct Key {
    private: PathBuf,
    public: PathBuf,
}

impl Key {
    fn make(folder: &Path, name: &str) -> Self {
        let private = folder.join(format!("{name}.key.json"));
        let words = ["login", "--make-key", private.to_str().unwrap(), "--subject", name];
        let made = run(&words);
        assert!(made.status.success(), "{}", text(&made.stderr));
        Self { public: folder.join(format!("{name}.key.pub.json")), private }
    }

    /// The public half, under a name.
    fn jwk(&self, id: &str) -> Value {
        let mut jwk: Value = serde_json::from_slice(&fs::read(&self.public).unwrap()).unwrap();
        jwk["kid"] = json!(id);
        jwk
    }

    /// Signs claims.
    fn sign(&self, header: &Header, claims: &Value) -> String {
        let jwk: Value = serde_json::from_slice(&fs::read(&self.private).unwrap()).unwrap();
        let seed = URL_SAFE_NO_PAD.decode(jwk["d"].as_str().unwrap()).unwrap();
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).unwrap();
        let key = EncodingKey::from_ed_der(pair.to_pkcs8v1().unwrap().as_ref());
        jsonwebtoken::encode(header, claims, &key).unwrap()
    }
}

/// A furnished room with a project that a member has a key for.
fn room_with_member() -> (Room, String, Key) {
    let room = Room::furnished();
    let key = Key::make(room.folder.beside(), "ada");
    let project = room.project("keys");
    let public = key.public.to_str().unwrap();
    room.folder.done(&[
        "member",
        "add",
        "--project",
        &project,
        "--subject",
        "ada",
        "--key",
        public,
    ]);
    room.folder.done(&["grant", "add", "--project", &project, "--dataset", "listings"]);
    (room, project, key)
}

/// Now, as the newest token of the server has it.
fn now_s(room: &Room) -> i64 {
    claims(room.role("steward").token.as_deref().unwrap())["iat"].as_i64().unwrap()
}

/// A member logs in once; from then on commands work without a word about tokens.
#[test]
fn a_member_logs_in_with_a_key_and_then_asks() {
    let (room, project, key) = room_with_member();
    let state = room.folder.beside().join("state");
    let with_state = |words: &[&str]| {
        let output = command(words).env("XDG_STATE_HOME", &state).output().unwrap();
        assert!(output.status.success(), "{words:?}: {}", text(&output.stderr));
        text(&output.stdout)
    };

    let said = with_state(&["login", "--url", &room.url, "--key", key.private.to_str().unwrap()]);
    let me: Value =
        serde_json::from_str(&with_state(&["me", "--url", &room.url, "--json"])).unwrap();
    let answer = with_state(&["query", "--url", &room.url, COUNT, "--format", "csv"]);

    assert!(said.contains("ada") && said.contains(&room.url), "{said}");
    assert_eq!(
        (&me["principal"]["subject"], &me["project"]["id"]),
        (&json!("ada"), &json!(project))
    );
    assert_eq!(answer, "n\r\n4\r\n");
    let issued = room.entries("token");
    assert!(issued.iter().any(|entry| entry["by"] == "assertion" && entry["of"] == json!(project)));
}

/// Who has not logged in is told to, and a key that is there is never written over.
#[test]
fn without_a_log_in_a_query_is_refused_and_a_key_is_made_once() {
    let room = Room::furnished();
    let key = Key::make(room.folder.beside(), "ada");
    let words = ["query", "--url", &room.url, COUNT];

    let said = refusal(&words, &run(&words));
    let again = ["login", "--make-key", key.private.to_str().unwrap()];
    let said_again = refusal(&again, &run(&again));

    assert!(said.contains("unauthenticated"), "{said}");
    assert!(said_again.contains("ada.key.json"), "{said_again}");
}

/// The claims of an assertion that is taken.
fn assertion_claims(room: &Room, id: &str) -> Value {
    let now = now_s(room);
    let audience = format!("{}/v1/token", room.url);
    json!({"iss": "ada", "sub": "ada", "aud": audience, "iat": now, "exp": now + 60, "jti": id})
}

/// Trades an assertion for a token.
fn trade(room: &Room, assertion: &str) -> Answer {
    let form = [
        ("grant_type", "client_credentials"),
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", assertion),
    ];
    Answer::of(room.http.post(format!("{}/v1/token", room.url)).form(&form).send().unwrap())
}

/// Whoever overhears an assertion must not be able to use it again, even after a restart.
#[test]
fn an_assertion_is_taken_once() {
    let (room, _, key) = room_with_member();
    let header = Header::new(Algorithm::EdDSA);
    let assertion = key.sign(&header, &assertion_claims(&room, "a-1"));

    let first = trade(&room, &assertion);
    let second = trade(&room, &assertion);

    assert_eq!(first.status, 200, "{}", first.text());
    assert_eq!(first.header("cache-control"), "no-store");
    let token = first.json();
    assert_eq!((&token["token_type"], &token["expires_in"]), (&json!("Bearer"), &json!(3600)));
    assert_eq!(room.bearer(token["access_token"].as_str().unwrap()).csv(COUNT), "n\r\n4\r\n");
    assert_eq!(second.status, 401, "{}", second.text());
    assert!(second.text().contains("invalid_client"), "{}", second.text());
    let room = room.stop().serve();
    assert_eq!(trade(&room, &assertion).status, 401, "a restart forgets nothing");
}

/// Each claim of an assertion is checked.
#[test]
fn an_assertion_that_is_not_quite_right_gives_no_token() {
    let (room, _, key) = room_with_member();
    let stranger = Key::make(room.folder.beside(), "eve");
    let good = assertion_claims(&room, "b-0");
    let now = good["iat"].as_i64().unwrap();
    let changes = [
        ("aud", json!("https://elsewhere.example/v1/token")),
        ("exp", json!(now + 600)),
        ("exp", json!(now - 120)),
        ("iss", json!("bob")),
        ("sub", json!("bob")),
        ("jti", Value::Null),
        ("project", json!("p-of-others")),
    ];

    let header = Header::new(Algorithm::EdDSA);
    assert_eq!(trade(&room, &stranger.sign(&header, &good)).status, 401, "the key of another");
    for (number, (name, value)) in changes.into_iter().enumerate() {
        let mut claims = assertion_claims(&room, &format!("b-{}", number + 1));
        claims[name] = value;
        let answer = trade(&room, &key.sign(&header, &claims));
        assert_eq!(answer.status, 401, "{name}: {}", answer.text());
    }
    assert_eq!(trade(&room, &key.sign(&header, &good)).status, 200);
}

/// A registrar may issue a day's token, not a year's.
#[test]
fn a_token_for_more_than_a_day_is_refused() {
    let room = Room::empty();
    let project = room.project("a project");
    let begin = ["token", "issue", "--subject", "ada"];
    let refused = |words: &[&str]| room.folder.refused(&[&begin, words].concat());

    let long = refused(&["--role", "steward", "--ttl", "25h"]);
    let no_project = refused(&["--role", "researcher"]);
    let no_member = refused(&["--role", "researcher", "--project", &project]);
    let odd = refused(&["--role", "steward", "--project", &project]);

    assert!(long.contains("24"), "{long}");
    assert!(no_project.contains("project"), "{no_project}");
    assert!(no_member.contains("member"), "{no_member}");
    assert!(odd.contains("project"), "{odd}");
    room.folder.done(&[&begin[..], &["--role", "steward", "--ttl", "24h"]].concat());
}

/// Revoking ends one token, or all of someone's, and no others.
#[test]
fn a_revoked_token_is_refused_and_others_go_on() {
    let (room, project, _) = room_with_member();
    let [first, second] = [(); 2].map(|()| room.researcher("ada", &project));
    let id = claims(first.token.as_deref().unwrap())["jti"].as_str().unwrap().to_owned();

    room.folder.done(&["token", "revoke", "--token-id", &id]);

    assert_eq!(problem(first.ask(COUNT))["code"], "unauthenticated");
    assert_eq!(second.csv(COUNT), "n\r\n4\r\n");
    room.folder.done(&["token", "revoke", "--subject", "ada"]);
    assert_eq!(problem(second.ask(COUNT))["code"], "unauthenticated");
    assert_eq!(room.researcher("ada", &project).csv(COUNT), "n\r\n4\r\n", "a new one works");
}

/// A room that takes the tokens of another issuer too.
struct Other {
    room: Room,
    key: Key,
    project: String,
}

impl Other {
    fn open() -> Self {
        let folder = Folder::new();
        let key = Key::make(folder.beside(), "issuer");
        let jwks = folder.delivery("jwks.json", json!({"keys": [key.jwk("k-1")]}).to_string());
        folder.configure(&format!(
            "[[tokens.issuers]]\nissuer = \"{ISSUER}\"\nalgorithm = \"EdDSA\"\njwks_file = \"{}\"\n",
            jwks.display()
        ));
        let room = folder.serve();
        furniture::publish(&room.folder);
        let project = room.project_of("ada", &["listings"]).0;
        Self { room, key, project }
    }

    /// A token of the issuer, with header and claims as a test changes them.
    fn token(&self, change: impl FnOnce(&mut Header, &mut Value)) -> String {
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some("at+jwt".to_owned());
        header.kid = Some("k-1".to_owned());
        let now = now_s(&self.room);
        let mut claims = json!({
            "iss": ISSUER, "aud": "reading-room", "sub": "ada", "iat": now, "exp": now + 600,
            "jti": "other-1", "client_id": "notebook", "roles": ["researcher"], "project": self.project,
        });
        change(&mut header, &mut claims);
        self.key.sign(&header, &claims)
    }

    /// What a token meets, without what differs between requests.
    fn refusal(&self, token: &str) -> (u16, String, Map<String, Value>) {
        let answer = Answer::of(self.room.bearer(token).ask(COUNT));
        let mut body: Map<String, Value> = serde_json::from_slice(&answer.body).unwrap();
        body.remove("instance");
        (answer.status, answer.header("www-authenticate"), body)
    }
}

#[test]
fn a_token_of_a_configured_issuer_is_taken() {
    let other = Other::open();

    let token = other.token(|_, _| {});

    assert_eq!(other.room.bearer(&token).csv(COUNT), "n\r\n4\r\n");
    let several = other.token(|_, claims| claims["aud"] = json!(["somewhere", "reading-room"]));
    assert_eq!(other.room.bearer(&several).csv(COUNT), "n\r\n4\r\n");
}

/// Every failed check gives the same 401, so that nobody learns which check it was.
#[test]
fn a_token_that_fails_any_check_meets_one_constant_text() {
    let other = Other::open();
    type Change = fn(&mut Header, &mut Value);
    let changes: [(&str, Change); 16] = [
        ("typ", |header, _| header.typ = Some("JWT".to_owned())),
        ("no kid", |header, _| header.kid = None),
        ("kid", |header, _| header.kid = Some("k-2".to_owned())),
        ("iss", |_, claims| claims["iss"] = json!("https://evil.example")),
        ("iss list", |_, claims| claims["iss"] = json!([ISSUER])),
        ("our own iss", |_, claims| claims["iss"] = json!("https://reading-room.example")),
        ("aud", |_, claims| claims["aud"] = json!("elsewhere")),
        ("no sub", |_, claims| claims["sub"] = Value::Null),
        ("no jti", |_, claims| claims["jti"] = Value::Null),
        ("no client", |_, claims| claims["client_id"] = Value::Null),
        ("expired", |_, claims| claims["exp"] = json!(claims["iat"].as_i64().unwrap() - 100)),
        ("two days", |_, claims| claims["exp"] = json!(claims["iat"].as_i64().unwrap() + 172_800)),
        ("future", |_, claims| claims["iat"] = json!(claims["iat"].as_i64().unwrap() + 300)),
        ("role", |_, claims| claims["roles"] = json!(["emperor"])),
        ("stranger", |_, claims| claims["sub"] = json!("eve")),
        ("project", |_, claims| claims["project"] = json!("p-nothing")),
    ];
    let constant = other.refusal("no.such.token");

    assert_eq!(constant.0, 401);
    assert!(constant.1.starts_with("Bearer "), "RFC 6750: {}", constant.1);
    for (name, change) in changes {
        assert_eq!(other.refusal(&other.token(change)), constant, "{name}");
    }
    for raw in raw_forgeries(&other.token(|_, _| {})) {
        assert_eq!(other.refusal(&raw), constant, "{raw}");
    }
}

/// Tokens whose text was changed after signing, or whose header asks for what is never given.
fn raw_forgeries(token: &str) -> Vec<String> {
    let parts: Vec<_> = token.split('.').collect();
    let with_header = |header: Value| {
        let header = URL_SAFE_NO_PAD.encode(header.to_string());
        format!("{header}.{}.{}", parts[1], parts[2])
    };
    let unsigned =
        URL_SAFE_NO_PAD.encode(json!({"alg": "none", "typ": "at+jwt", "kid": "k-1"}).to_string());
    vec![
        with_header(json!({"alg": "none", "typ": "at+jwt", "kid": "k-1"})),
        format!("{unsigned}.{}.", parts[1]),
        with_header(json!({"alg": "HS256", "typ": "at+jwt", "kid": "k-1"})),
        with_header(
            json!({"alg": "EdDSA", "typ": "at+jwt", "kid": "k-1", "crit": ["exp"], "exp": 1}),
        ),
        format!("{}.{}.{}", parts[0], parts[1], "A".repeat(parts[2].len())),
        format!("{token}{}", "x".repeat(9_000)),
        String::from("x"),
    ]
}
