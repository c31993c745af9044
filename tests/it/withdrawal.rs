//! Withdrawal: what a steward takes back is refused by name, and whoever used it can be told.

use serde_json::{Value, json};

use crate::caller::{Answer, Caller, problem};
use crate::furniture;
use crate::room::Room;

const SQL: &str = "SELECT count(*) AS n FROM listings";

/// Three editions of listings: of October, November and December.
fn three_months() -> (Room, [String; 3]) {
    let room = Room::furnished();
    let first = room.current("listings");
    let rows = furniture::listings();
    furniture::publish_listings(&room.folder, "2024-11-01", &rows[..3]);
    let second = room.current("listings");
    furniture::publish_listings(&room.folder, "2024-12-01", &rows[..2]);
    let third = room.current("listings");
    (room, [first, second, third])
}

fn as_of(caller: &Caller<'_>, day: &str) -> Answer {
    Answer::of(caller.ask_with(&json!({"sql": SQL, "as_of": day}), "text/csv"))
}

fn standing<'a>(listed: &'a Value, id: &str) -> &'a Value {
    let mut all = listed["snapshots"].as_array().unwrap().iter();
    all.find(|snapshot| snapshot["id"] == id).unwrap()
}

/// Nobody meets another snapshot without knowing: whichever way a query would come to a withdrawn
/// one it is told so, with the reason and the one before; and a restart changes nothing.
#[test]
fn a_withdrawn_snapshot_is_refused_by_name_whichever_way_it_is_asked() {
    let (room, [_, second, third]) = three_months();
    let (_, ada) = room.project_of("ada", &["listings", "traders"]);
    let before = Answer::of(ada.ask(SQL)).good().header("reading-room-query");
    let manifest = format!("/v1/datasets/listings/snapshots/{third}");
    let signed = Answer::of(room.nobody().get(&manifest)).good().body;

    let words = ["snapshots", "withdraw", "listings", &third, "--reason", "prices in cents"];
    let said = room.folder.done(&words);

    assert!(said.contains("1 queries of 1 projects"), "{said}");
    let token = ada.token.clone().unwrap();
    let room = room.stop().serve();
    let ada = room.bearer(&token);
    for sql in [
        SQL.to_owned(),
        format!("SELECT count(*) AS n FROM listings VERSION AS OF '{third}'"),
        "SELECT count(*) AS n FROM listings VERSION AS OF '2030-01-01'".to_owned(),
        "SELECT trader_id FROM traders WHERE trader_id IN (SELECT trader_id FROM listings)"
            .to_owned(),
    ] {
        let no = ada.problem(&sql);
        assert_eq!(
            (&no["code"], &no["status"]),
            (&json!("snapshot_withdrawn"), &json!(410)),
            "{no}"
        );
        let detail = no["detail"].as_str().unwrap();
        assert!(detail.contains(&third) && detail.contains("prices in cents"), "{detail}");
        assert!(detail.contains(&second) && detail.contains("2024-11-01"), "{detail}");
    }
    assert_eq!(as_of(&ada, "2024-12-05").status, 410);
    let planned = json!({"sql": SQL, "dry_run": true});
    assert_eq!(problem(ada.ask_with(&planned, "application/json"))["code"], "snapshot_withdrawn");
    assert_eq!(
        as_of(&ada, "2024-11-30").good().text(),
        "n\r\n3\r\n",
        "the one before is asked by its day"
    );
    assert_eq!(
        ada.csv("SELECT count(*) AS n FROM traders"),
        "n\r\n2\r\n",
        "and others are not touched"
    );

    // The answer that was stored rests on it, too.
    let stored = problem(ada.get(&format!("/v1/queries/{before}/result")));
    assert_eq!(stored["code"], "snapshot_withdrawn");
    let record = ada.record(&before);
    assert_eq!(record["state"], "answered");
    let notice = &record["notices"][0];
    assert_eq!(
        (&notice["kind"], &notice["is_new"]),
        (&json!("withdrawal"), &json!(true)),
        "{record}"
    );
    // Manifest and tombstone stay, and the log has why.
    assert_eq!(Answer::of(room.nobody().get(&manifest)).good().body, signed);
    let listed = room.nobody().json("/v1/datasets/listings/snapshots");
    assert_eq!(standing(&listed, &third)["state"], "withdrawn");
    assert_eq!(standing(&listed, &third)["withdrawn"]["reason"], "prices in cents");
    let entry = room.entries("withdraw").pop().unwrap();
    assert_eq!((&entry["snapshot"], &entry["reason"]), (&json!(third), &json!("prices in cents")));
}

/// A withdrawal can be undone, but not in silence: somebody says why, and the log has it.
#[test]
fn activating_with_a_reason_undoes_a_withdrawal_and_nothing_else_does() {
    let (room, [_, second, third]) = three_months();
    let ada = room.granted("ada", &["listings"]);
    let words = |verb: &'static str, id: &str, reason: Option<&str>| -> Vec<String> {
        let words = ["snapshots", verb, "listings", id].map(str::to_owned);
        let reason = reason.into_iter().flat_map(|it| ["--reason".to_owned(), it.to_owned()]);
        words.into_iter().chain(reason).collect()
    };
    let run = |words: &[String]| {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        room.folder.run(&words)
    };
    assert!(run(&words("withdraw", &third, Some("wrong"))).status.success());
    let again = run(&words("withdraw", &third, Some("wrong")));
    assert!(String::from_utf8_lossy(&again.stderr).contains("already"), "{again:?}");

    let same = furniture::listings()[..2].to_vec();
    let file = room.folder.delivery("listings.ndjson", furniture::ndjson(&same));
    let publish = ["publish", "listings", file.to_str().unwrap(), "--as-of", "2024-12-01"];
    assert!(room.folder.refused(&publish).contains("withdrawn"));
    let silent = run(&words("activate", &third, None));
    assert!(String::from_utf8_lossy(&silent.stderr).contains("reason"), "{silent:?}");
    assert_eq!(ada.problem(SQL)["code"], "snapshot_withdrawn");

    assert!(run(&words("activate", &third, Some("the export was right"))).status.success());
    assert_eq!(ada.csv(SQL), "n\r\n2\r\n");
    assert_eq!(room.entries("reinstate").pop().unwrap()["reason"], "the export was right");
    // Withdrawn before it comes back a second time; the steward goes back to the one before.
    assert!(run(&words("withdraw", &third, Some("wrong after all"))).status.success());
    assert!(run(&words("activate", &second, None)).status.success());
    let token = ada.token.clone().unwrap();
    let room = room.stop().serve();
    let ada = room.bearer(&token);
    assert_eq!(ada.csv(SQL), "n\r\n3\r\n");
    assert_eq!(as_of(&ada, "2024-12-01").good().text(), "n\r\n3\r\n");
    let named = ada.problem(&format!("SELECT 1 FROM listings VERSION AS OF '{third}'"));
    assert_eq!(named["code"], "snapshot_withdrawn");
}

/// Of a query that runs when its snapshot is withdrawn nothing is released.
#[test]
fn a_query_that_runs_is_stopped_by_a_withdrawal() {
    let (room, [.., third]) = three_months();
    let ada = room.granted("ada", &["listings"]);
    furniture::publish_listings(&room.folder, "2024-12-02", &furniture::listings());
    let current = room.current("listings");
    let query = ada.send(&furniture::endless());

    room.folder.done(&["snapshots", "withdraw", "listings", &current, "--reason", "wrong"]);

    let ended = ada.ended(&query);
    assert_eq!((&ended["state"], &ended["code"]), (&json!("failed"), &json!("snapshot_withdrawn")));
    let result = problem(ada.get(&format!("/v1/queries/{query}/result")));
    assert!(result["detail"].as_str().unwrap().contains(&third), "{result}");
}

/// Those who used a snapshot can be told of what became of it: the steward learns which projects
/// and queries, and neither what they asked nor who.
#[test]
fn the_steward_learns_which_queries_used_a_snapshot() {
    let (room, [first, second, _]) = three_months();
    let (one, ada) = room.project_of("ada", &["listings"]);
    let (other, bob) = room.project_of("bob", &["listings", "traders"]);
    let used = as_of(&ada, "2024-10-01").good().header("reading-room-query");
    as_of(&ada, "2024-11-01").good();
    let both = format!(
        "SELECT count(*) AS n FROM listings VERSION AS OF '{first}' a \
                        JOIN listings VERSION AS OF '{second}' b USING (listing_id)"
    );
    let pinned = Answer::of(bob.ask(&both)).good().header("reading-room-query");
    bob.csv("SELECT count(*) AS n FROM traders");
    let room = room.stop().serve();
    let steward = room.role("steward");
    let path = |id: &str| format!("/v1/datasets/listings/snapshots/{id}/affected");

    let affected = steward.json(&path(&first));

    let queries: Vec<_> = affected["queries"].as_array().unwrap().iter().collect();
    assert_eq!(queries.len(), 2);
    assert_eq!((&queries[0]["query"], &queries[0]["project"]), (&json!(pinned), &json!(other)));
    assert_eq!((&queries[1]["query"], &queries[1]["project"]), (&json!(used), &json!(one)));
    assert_eq!((&queries[1]["outcome"], &queries[1]["rows"]), (&json!("answered"), &json!(1)));
    assert_eq!(affected["projects"].as_array().unwrap().len(), 2);
    let told = affected.to_string();
    assert!(
        !told.contains("SELECT") && !told.contains("\"ada\"") && !told.contains("\"bob\""),
        "{told}"
    );
    let page = steward.json(&format!("{}?limit=1", path(&first)));
    assert_eq!(page["next"], json!(pinned));
    let rest = steward.json(&format!("{}?limit=1&after={pinned}", path(&first)));
    assert_eq!((&rest["queries"][0]["query"], &rest["next"]), (&json!(used), &Value::Null));
    let table = room.folder.done(&["snapshots", "affected", "listings", &second]);
    assert!(table.contains(&pinned) && table.contains(&one) && !table.contains(&used), "{table}");
}

/// A correction is known from both ends.
#[test]
fn a_snapshot_tells_what_it_corrects_and_what_corrects_it() {
    let room = Room::furnished();
    let wrong = room.current("listings");
    let file =
        room.folder.delivery("listings.ndjson", furniture::ndjson(&furniture::listings()[..2]));
    let file = file.to_str().unwrap();
    let publish = ["publish", "listings", file, "--as-of", "2024-10-01", "--supersedes", &wrong];
    room.folder.done(&[&publish[..], &["--reason", "two were no listings"]].concat());
    let right = room.current("listings");
    let show = |id: &str| {
        let output = room.folder.run(&["snapshots", "show", "listings", id]);
        let manifest: Value = serde_json::from_slice(&output.stdout).unwrap();
        (manifest, String::from_utf8(output.stderr).unwrap())
    };

    let ((old, of_old), (new, of_new)) = (show(&wrong), show(&right));

    assert_eq!((&old["supersedes"], &new["supersedes"]), (&Value::Null, &json!(wrong)));
    assert!(of_old.contains(&format!("superseded by {right}")), "{of_old}");
    assert!(of_new.contains(&format!("supersedes {wrong}: two were no listings")), "{of_new}");
    let listed = room.nobody().json("/v1/datasets/listings/snapshots");
    assert_eq!(standing(&listed, &wrong)["superseded_by"], json!([right]));
    // The same bytes again correct nothing, and cannot say so later.
    let publish = ["publish", "listings", file, "--as-of", "2024-10-01", "--supersedes", &right];
    let same = room.folder.refused(&[&publish[..], &["--reason", "again"]].concat());
    assert!(same.contains("corrects nothing"), "{same}");
}
