//! Deliveries: what a folder holds goes whole or not at all, and what was found is said once.

use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;

use reqwest::Method;
use serde_json::{Value, json};

use crate::caller::{Answer, problem};
use crate::furniture::{AS_OF, deliver, listing, ndjson, trader};
use crate::room::{Folder, Room, command, refusal, text};

/// A folder with two files of traders, of which the second is as it is told to be.
fn two_files(folder: &Folder, make_second: impl FnOnce(&Path)) -> String {
    folder.delivery("two/a.ndjson", ndjson(&[trader("t-1", "DE"), trader("t-2", "CN")]));
    let two = folder.beside().join("two");
    make_second(&two);
    two.to_str().unwrap().to_owned()
}

/// Half of a delivery must never pass for the whole: what is not there would be gone for readers.
#[test]
fn a_folder_with_something_that_is_no_file_is_not_delivered() {
    let room = Room::furnished();
    let before = room.current("traders");
    let folder = two_files(&room.folder, |two| {
        UnixListener::bind(two.join("b.ndjson")).unwrap();
    });

    let refused = room.folder.refused(&["publish", "traders", &folder]);

    assert!(refused.contains("two/b.ndjson is a socket, and no file"), "{refused}");
    assert_eq!(room.current("traders"), before);
}

/// A link may lead out of the folder, or in a circle, or nowhere.
#[test]
fn a_link_in_a_folder_is_not_followed_but_named() {
    for (name, target) in [("etc", "/etc"), ("loop", "."), ("gone.ndjson", "nothing")] {
        let folder = Folder::new();
        let two = two_files(&folder, |two| symlink(target, two.join(name)).unwrap());

        let refused = folder.refused(&["publish", "traders", &two, "--dry-run"]);

        assert!(refused.contains(&format!("two/{name} is a link")), "{refused}");
        assert!(!refused.contains("os error"), "{refused}");
    }
}

/// What operating systems leave in folders is no part of a delivery, and alone it is none.
#[test]
fn hidden_files_stay_behind() {
    let folder = Folder::new();
    let beside = two_files(&folder, |two| std::fs::write(two.join(".DS_Store"), "x").unwrap());
    folder.delivery("hidden/.a.ndjson", ndjson(&[trader("t-1", "DE")]));
    let hidden = folder.beside().join("hidden");

    let published = folder.json(&["publish", "traders", &beside]);
    let refused = folder.refused(&["publish", "traders", hidden.to_str().unwrap()]);

    assert_eq!(published["source"]["name"], "a.ndjson");
    assert!(refused.contains("there are no files"), "{refused}");
}

/// Two files of traders as an archive.
fn archive() -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (path, id) in [("a.ndjson", "t-1"), ("b.ndjson", "t-2")] {
        let text = ndjson(&[trader(id, "DE")]);
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, path, text.as_bytes()).unwrap();
    }
    archive.into_inner().unwrap()
}

/// An archive that broke off between two files looks like a smaller one, but for its end.
#[test]
fn an_archive_without_its_end_is_rejected() {
    let room = Room::empty();
    let steward = room.role("steward");
    let whole = archive();
    let address = format!("/v1/datasets/traders/snapshots?as_of={AS_OF}");
    let first = whole.len() / 2 - 512;

    let cut = deliver(&steward, &address, "traders.tar", whole[..first].to_vec());
    let sound = deliver(&steward, &address, "traders.tar", whole);

    let reject = &cut["report"]["rejects"][0];
    assert_eq!((&cut["state"], &reject["rule"]), (&json!("rejected"), &json!("format")));
    assert!(reject["detail"].as_str().unwrap().starts_with("it is cut: "), "{reject}");
    assert_eq!((&sound["state"], &sound["report"]["row_count"]), (&json!("published"), &json!(2)));
    let progress = &sound["progress"];
    assert_eq!(progress["bytes_read"], progress["bytes_total"], "all of it was read");
}

/// What the headers claim of the bytes is held against them.
#[test]
fn a_delivery_is_what_its_headers_say_or_refused() {
    let room = Room::empty();
    let steward = room.role("steward");
    let send = |name: &'static str, value: &'static str| {
        let address = format!("/v1/datasets/traders/snapshots?as_of={AS_OF}");
        let request = steward.request(Method::POST, &address);
        let request = match name {
            "Content-Type" => request,
            _ => request.header("Content-Type", "application/x-ndjson"),
        };
        request.header(name, value).body(ndjson(&[trader("t-1", "DE")])).send().unwrap()
    };

    let latin = problem(send("Content-Type", "text/csv; charset=latin1"));
    let other =
        problem(send("Content-Digest", "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"));
    let untold = Answer::of(send("Content-Digest", "md5=:AAAA:"));

    assert_eq!(latin["code"], "unsupported_media_type");
    assert!(latin["detail"].as_str().unwrap().contains("UTF-8"), "{latin}");
    assert_eq!(other["code"], "body_invalid");
    assert!(other["detail"].as_str().unwrap().contains("Content-Digest"), "{other}");
    assert_eq!(untold.status, 202, "{}", untold.text());
}

/// A try says what the publication would come to.
#[test]
fn a_dry_run_says_what_would_be_held() {
    let room = Room::furnished();
    let half = room.folder.delivery("half.ndjson", ndjson(&[trader("t-1", "DE")]));

    let told = room.folder.done(&["publish", "traders", half.to_str().unwrap(), "--dry-run"]);

    assert!(told.contains("rows_drop") && told.contains("it would be held"), "{told}");
    assert!(!told.contains("nothing to object to"), "{told}");
}

/// What is as it was waits for nobody's look, whatever else comes with it.
#[test]
fn an_edition_that_is_held_asks_only_for_what_is_not_current() {
    let room = Room::empty();
    let traders = ["t-1", "t-2", "t-3", "t-4"].map(|id| trader(id, "DE"));
    let publish = |traders: &[Value]| {
        room.folder.delivery("next/traders/t.ndjson", ndjson(traders));
        let listings = [listing("l-1", "t-1", "kite", "1.00")];
        let file = room.folder.delivery("next/listings/l.ndjson", ndjson(&listings));
        let next = file.parent().unwrap().parent().unwrap().to_str().unwrap();
        room.folder.done(&["publish", "--edition", next, "--as-of", AS_OF])
    };
    publish(&traders);

    let told = publish(&traders[..2]);

    let listings = format!("listings@{}", room.current("listings"));
    assert!(told.contains(&format!("{listings} is what is current already")), "{told}");
    let advice = told.lines().last().unwrap();
    assert!(advice.contains("editions activate traders@s-"), "{told}");
    assert!(!advice.contains("listings@"), "{told}");
}

/// One wrong value is one line, not one for each rule that it also breaks.
#[test]
fn one_flaw_is_told_once() {
    let folder = Folder::new();
    let mut wrong = trader("t-1", "DE");
    wrong["trader_type"] = json!("LEAGAL");
    let file = folder.delivery("wrong.ndjson", ndjson(&[wrong, trader("t-2", "CN")]));
    let words = ["publish", "traders", file.to_str().unwrap()];

    let refused = folder.refused(&words);
    let borne = folder.refused(&[&words[..], &["--max-rejects", "5"]].concat());

    let of_type = |told: &str| told.lines().filter(|line| line.contains("category")).count();
    assert_eq!(of_type(&refused), 1, "{refused}");
    // Where the row itself would be borne, the codebook's limit is what says no.
    assert_eq!(of_type(&borne), 2, "{borne}");
    assert!(borne.contains("[trader_type] category: unknown_category"), "{borne}");
}

/// A name in a report is shown, and does nothing to whoever reads it.
#[test]
fn a_files_name_in_a_report_stays_on_its_line() {
    let folder = Folder::new();
    folder.delivery("odd/a.ndjson", ndjson(&[trader("t-1", "DE")]));
    folder.delivery("odd/b\n\u{1b}[2J.ndjson", "{}\n");
    let odd = folder.beside().join("odd");

    let refused = folder.refused(&["publish", "traders", odd.to_str().unwrap()]);

    assert!(refused.contains("sources.tar/b\\n\\u{1b}[2J.ndjson:1"), "{refused}");
    assert!(!refused.contains('\u{1b}'), "{refused}");
}

/// What systems and libraries say of their insides is no help to whoever types.
#[test]
fn what_cannot_be_done_is_told_in_plain_words() {
    let room = Room::furnished();
    let there = room.folder.delivery("there/x", "");
    let file = room.folder.delivery("l.ndjson", ndjson(&[listing("l-1", "t-1", "kite", "1.00")]));
    let file = file.to_str().unwrap();
    let say = |words: &[&str]| text(&command(words).output().unwrap().stderr);

    let missing = room.folder.refused(&["publish", "traders", "nofile.csv"]);
    let full = say(&["generate", "--out", there.to_str().unwrap()]);
    let nobody = say(&["publish", "--url", "http://127.0.0.1:1", "listings", file]);
    let address = say(&["datasets", "--url", "localhost"]);
    let actor = text(&room.folder.run(&["project", "list", "--actor", "a\nb"]).stderr);
    let key = room
        .folder
        .refused(&["redact", "traders", "--key", "[\"a\"", "--ground", "art17", "--reason", "x"]);
    let name = text(&room.folder.run(&["snapshots", "list", "Listings"]).stderr);
    let day = text(&room.folder.run(&["publish", "listings", file, "--as-of", "foo"]).stderr);

    assert!(missing.contains("nofile.csv cannot be read: it is not there"), "{missing}");
    assert!(full.contains("cannot be written to"), "{full}");
    assert!(nobody.contains("http://127.0.0.1:1: nothing answers there"), "{nobody}");
    assert!(address.contains("localhost is no address of a server"), "{address}");
    assert!(actor.contains("is no name of 1 to 64 letters"), "{actor}");
    assert!(key.contains("is a JSON list, such as"), "{key}");
    assert!(name.contains("those have lower-case letters"), "{name}");
    assert!(day.contains("is no day such as 2026-11-01"), "{day}");
    for told in [missing, full, nobody, address, actor, key, name, day] {
        for foreign in ["os error", "builder error", "receiver is gone", "EOF"] {
            assert!(!told.contains(foreign), "{told}");
        }
    }
}

/// A steward far away hears why, although the bytes are already on their way.
#[test]
fn a_delivery_without_a_right_is_told_so() {
    let room = Room::empty();
    let rows: Vec<Value> = (0..20_000).map(|n| trader(&format!("t-{n}"), "DE")).collect();
    let file = room.folder.delivery("many.ndjson", ndjson(&rows));
    let words = ["publish", "--url", &room.url, "traders", file.to_str().unwrap()];
    let registrar = room.role("registrar").token.unwrap();
    let by = |token: &str| command(&words).env("READINGROOM_TOKEN", token).output().unwrap();

    let other = refusal(&words, &by(&registrar));
    let nobody = refusal(&words, &by("nonsense"));

    assert!(other.contains("not_permitted: "), "{other}");
    assert!(nobody.contains("unauthenticated: "), "{nobody}");
}
