//! Keys that come from an issuer's address.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use domain::Role;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use url::Url;

use super::forge::Forger;
use super::{Desk, UNIVERSITY, settings};
use crate::issuer::{IssuerRefused, UrlRefused};
use crate::{Algorithm, IssuerSettings, KeySource, OpenError, TokenRefused};

/// An issuer's server, which answers whatever it is told to.
struct Server {
    url: Url,
    answer: Arc<Mutex<String>>,
    asked: Arc<AtomicUsize>,
}

impl Server {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/keys", listener.local_addr().unwrap());
        let answer = Arc::new(Mutex::new(String::new()));
        let asked = Arc::new(AtomicUsize::new(0));
        let (served, counted) = (Arc::clone(&answer), Arc::clone(&asked));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(stream.read_u8().await.unwrap());
                }
                let answer = served.lock().unwrap().clone();
                // The client may have stopped reading.
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        Self { url: Url::parse(&url).unwrap(), answer, asked }
    }

    fn answers(&self, status: &str, body: &str) {
        let length = body.len();
        *self.answer.lock().unwrap() = format!(
            "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\
             Location: {}\r\n\r\n{body}",
            self.url
        );
    }

    fn gives(&self, forgers: &[&Forger]) {
        let keys: Vec<_> = forgers.iter().map(|forger| forger.jwk()).collect();
        self.answers("200 OK", &json!({"keys": keys}).to_string());
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    fn desk(&self) -> Desk {
        Desk::with(Forger::new(Algorithm::EdDsa, "u-1"), |settings| {
            settings.issuers[0].keys = KeySource::Url(self.url.clone());
        })
    }
}

async fn refusal(desk: &Desk, forger: &Forger) -> Option<TokenRefused> {
    let mut card = desk.card();
    card.header["kid"] = json!(forger.key_id());
    let token = card.signed_by(forger);
    desk.access.authenticate(&token).await.err().map(|refused| refused.reason())
}

#[tokio::test]
async fn keys_are_fetched_when_they_are_first_needed() {
    let server = Server::start().await;
    let desk = server.desk();
    server.gives(&[&desk.university]);
    assert_eq!(server.asked(), 0);

    assert_eq!(refusal(&desk, &desk.university).await, None);
    assert_eq!(refusal(&desk, &desk.university).await, None);

    assert_eq!(server.asked(), 1);
}

#[tokio::test]
async fn an_unknown_key_is_looked_for_at_most_once_a_minute() {
    let server = Server::start().await;
    let desk = server.desk();
    let new = Forger::new(Algorithm::EdDsa, "u-2");
    server.gives(&[&desk.university]);
    assert_eq!(refusal(&desk, &desk.university).await, None);
    server.gives(&[&desk.university, &new]);

    assert_eq!(refusal(&desk, &new).await, Some(TokenRefused::KeyUnknown));
    desk.clock.advance_s(59);
    assert_eq!(refusal(&desk, &new).await, Some(TokenRefused::KeyUnknown));
    assert_eq!(server.asked(), 1);
    desk.clock.advance_s(1);
    assert_eq!(refusal(&desk, &new).await, None);

    assert_eq!(server.asked(), 2);
    assert_eq!(refusal(&desk, &desk.university).await, None);
}

#[tokio::test]
async fn keys_are_kept_while_their_address_fails() {
    let server = Server::start().await;
    let desk = server.desk();
    server.gives(&[&desk.university]);
    desk.access.refresh_keys().await;
    let long = "x".repeat(300_000);

    for (status, body) in [
        ("500 Internal Server Error", ""),
        ("200 OK", "<html>"),
        ("200 OK", "{\"keys\":[]}"),
        ("302 Found", ""),
        ("200 OK", long.as_str()),
    ] {
        server.answers(status, body);
        desk.clock.advance_s(3_600);
        desk.access.refresh_keys().await;

        assert_eq!(refusal(&desk, &desk.university).await, None, "{status}");
    }
    assert_eq!(server.asked(), 6);
}

/// A key that the issuer took back is forgotten, even if every token so far was known.
#[tokio::test]
async fn keys_are_fetched_anew_every_hour() {
    let server = Server::start().await;
    let desk = server.desk();
    server.gives(&[&desk.university]);
    desk.access.refresh_keys().await;
    server.gives(&[&Forger::new(Algorithm::EdDsa, "u-2")]);

    desk.clock.advance_s(3_599);
    desk.access.refresh_keys().await;
    assert_eq!(refusal(&desk, &desk.university).await, None);
    desk.clock.advance_s(1);
    desk.access.refresh_keys().await;

    assert_eq!(refusal(&desk, &desk.university).await, Some(TokenRefused::KeyUnknown));
}

#[test]
fn keys_are_never_fetched_over_an_open_network() {
    for (url, is_taken) in [
        ("https://login.university.example/keys", true),
        ("http://localhost:8080/keys", true),
        ("http://127.0.0.1/keys", true),
        ("http://[::1]/keys", true),
        ("http://login.university.example/keys", false),
        ("http://10.0.0.1/keys", false),
        ("http://localhost.example/keys", false),
        ("ftp://localhost/keys", false),
        ("file:///etc/keys", false),
    ] {
        let refused = opened_with(url).err();

        let insecure = UrlRefused::Insecure.to_string();
        let reason = refused.map(|refused| match refused {
            OpenError::Issuer(IssuerRefused::Url { source, .. }) => source.to_string(),
            OpenError::Issuer(_) | OpenError::Registry(_) => panic!("{refused}"),
        });
        assert_eq!(reason, (!is_taken).then_some(insecure), "{url}");
    }
    assert!(opened_with("https://user:secret@login.university.example/keys").is_err());
}

fn opened_with(url: &str) -> Result<crate::Access, OpenError> {
    let folder = tempfile::TempDir::new().unwrap();
    let mut settings = settings();
    settings.issuers.push(IssuerSettings {
        issuer: UNIVERSITY.to_owned(),
        algorithm: Algorithm::EdDsa,
        keys: KeySource::Url(Url::parse(url).unwrap()),
        roles: BTreeSet::from(Role::ALL),
    });
    super::genuine::opened(&folder, settings)
}
