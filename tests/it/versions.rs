//! Versions: what was published stays, can be asked again, and says what became of it.

use serde_json::{Value, json};

use crate::caller::Answer;
use crate::furniture;
use crate::room::{Room, command, text};

const MEDIA_TYPES: [&str; 5] = [
    "application/json",
    "application/x-ndjson",
    "text/csv",
    "application/vnd.apache.arrow.stream",
    "application/vnd.apache.parquet",
];

const PRICES: &str = "SELECT listing_id, price_eur FROM listings ORDER BY listing_id";

/// Corrects the listings of the furniture: only one of them, at another price.
fn correct(room: &Room, wrong: &str) -> String {
    let rows = [furniture::listing("l-1", "t-1", "doll", "1.25")];
    let file = room.folder.delivery("listings.ndjson", furniture::ndjson(&rows));
    let words = ["publish", "listings", file.to_str().unwrap(), "--as-of", "2024-11-01"];
    let why = ["--supersedes", wrong, "--reason", "prices were ten times too high: 10 €"];
    room.folder.done(&[&words[..], &why].concat());
    room.current("listings")
}

/// Whoever asks the old edition again, or fetches an old answer, must learn that it was corrected,
/// whatever the form; the rows stay what they were.
#[test]
fn a_correction_is_told_with_every_answer_from_what_it_corrects() {
    let room = Room::furnished();
    let ada = room.granted("ada", &["listings"]);
    let wrong = room.current("listings");
    let before = Answer::of(ada.ask(PRICES)).good();
    let right = correct(&room, &wrong);
    let ask = |as_of: &str, form: &str| {
        Answer::of(ada.ask_with(&json!({"sql": PRICES, "as_of": as_of}), form)).good()
    };

    for form in MEDIA_TYPES {
        let answer = ask("2024-10-01", form);
        assert_eq!(answer.header("reading-room-notices"), "1", "{form}");
        let notice = answer.header("reading-room-notice");
        let named = format!("correction;dataset=\"listings\";snapshot=\"{wrong}\";text=%\"");
        assert!(notice.starts_with(&named) && notice.contains("10 %e2%82%ac"), "{notice}");
        assert_eq!(answer.checked(), before.checked(), "the rows are what they were");
        assert_eq!(ask("2024-11-01", form).header("reading-room-notices"), "0");
    }
    let told = ask("2024-10-01", MEDIA_TYPES[0]).json()["notices"][0].clone();
    assert_eq!(told["kind"], "correction");
    assert_eq!(told["superseded_by"], right);
    assert_eq!(told["reason"], "prices were ten times too high: 10 €");

    // The answer from before the correction: the same bytes, with what is known now beside them.
    let query = before.header("reading-room-query");
    let again = Answer::of(ada.get(&format!("/v1/queries/{query}/result"))).good();
    assert_eq!((again.header("reading-room-notices").as_str(), &again.body), ("1", &before.body));
    let notice = |query: &str| ada.record(query)["notices"][0].clone();
    assert_eq!(notice(&query)["is_new"], true);
    assert_eq!(notice(&query)["superseded_by"], right);
    let after = ask("2024-10-01", MEDIA_TYPES[2]).header("reading-room-query");
    assert_eq!(notice(&after)["is_new"], false);
    let verdict = json!({"sql": PRICES, "as_of": "2024-10-01", "dry_run": true});
    let verdict: Value = Answer::of(ada.ask_with(&verdict, MEDIA_TYPES[0])).json();
    assert_eq!(verdict["notices"][0]["kind"], "correction");
}

/// Notices stand on standard error, in words: what is piped on are rows alone.
#[test]
fn the_command_line_tells_notices_beside_the_rows() {
    let room = Room::furnished();
    let ada = room.granted("ada", &["listings"]);
    let wrong = room.current("listings");
    let right = correct(&room, &wrong);
    let ask = |format: &str| {
        let mut command = command(&["query", PRICES, "--as-of", "2024-10-01"]);
        command.args(["--format", format, "--url", &room.url]);
        command.env("READINGROOM_TOKEN", ada.token.as_deref().unwrap()).output().unwrap()
    };

    for format in ["table", "csv"] {
        let output = ask(format);
        let (rows, beside) = (text(&output.stdout), text(&output.stderr));
        assert!(rows.contains("12.50") && !rows.contains("corrected"), "{rows}{beside}");
        let line = format!("notice: listings: {wrong} was corrected by {right} on ");
        assert!(beside.contains(&line) && beside.contains("10 €"), "{beside}");
    }
}

/// Ten editions of one listing, a month apart; each month has a price of its own.
fn ten_months(room: &Room) -> Vec<String> {
    let months = (2..=11).map(|month| format!("2025-{month:02}-01"));
    let snapshots = months.map(|day| {
        let price = format!("{}.00", day.replace('-', ""));
        furniture::publish_listings(
            &room.folder,
            &day,
            &[furniture::listing("l-1", "t-1", "doll", &price)],
        );
        room.current("listings")
    });
    snapshots.collect()
}

/// A paper cites an edition: whoever asks it again, ten editions later, gets the same bytes, and
/// what was signed is what is served.
#[test]
fn an_edition_is_what_it_was_after_ten_later_ones() {
    let room = Room::furnished();
    let ada = room.granted("ada", &["listings"]);
    let first = room.current("listings");
    let edition = room.nobody().json("/v1/editions")["editions"][0]["id"].clone();
    let paths = [
        format!("/v1/editions/{}", edition.as_str().unwrap()),
        format!("/v1/datasets/listings/snapshots/{first}"),
        format!("/v1/datasets/listings/snapshots/{first}.sig"),
    ];
    let signed = || paths.each_ref().map(|path| Answer::of(room.nobody().get(path)).good().body);
    let asked = |sql: &str, form: &str| {
        let body = json!({"sql": sql, "as_of": "2024-10-01"});
        Answer::of(ada.ask_with(&body, form)).good()
    };
    let before = (signed(), MEDIA_TYPES.map(|form| asked(PRICES, form).body));

    let snapshots = ten_months(&room);

    assert_eq!(before, (signed(), MEDIA_TYPES.map(|form| asked(PRICES, form).body)));
    let pinned = PRICES.replace("listings", "listings VERSION AS OF '2024-12-31'");
    assert_eq!(asked(&pinned, "text/csv").body, before.1[2], "and by the day alone");
    let answer = Answer::of(ada.ask(&pinned)).good();
    assert_eq!(answer.header("reading-room-snapshots"), format!("listings@{first}"));
    assert_eq!(snapshots.len(), 10);
}

/// Two versions of one dataset in one query tell what came, went and changed between them.
#[test]
fn two_versions_of_a_dataset_meet_in_one_query() {
    let room = Room::furnished();
    let ada = room.granted("ada", &["listings"]);
    let old = room.current("listings");
    let snapshots = ten_months(&room);
    let (second, last) = (&snapshots[0], &snapshots[9]);

    let gone = "SELECT o.listing_id FROM listings VERSION AS OF '2024-10-01' o \
                LEFT ANTI JOIN listings n ON n.listing_id = o.listing_id ORDER BY 1";
    assert_eq!(ada.csv(gone), "listing_id\r\nl-2\r\nl-3\r\nl-4\r\n");
    let answer = Answer::of(ada.ask(gone)).good();
    let scanned = answer.header("reading-room-snapshots");
    assert!(scanned.contains(&format!("listings@{old}")), "{scanned}");
    assert!(scanned.contains(&format!("listings@{last}")), "{scanned}");
    let record = ada.record(&answer.header("reading-room-query"));
    assert_eq!(record["snapshots"].as_array().unwrap().len(), 2);
    let intent = room.entries("intent").pop().unwrap();
    assert_eq!(intent["snapshots"]["listings"].as_array().unwrap().len(), 2);

    // By id, in a WITH part and a subquery; the request's own day holds for the others.
    let by_id = format!(
        "WITH o AS (SELECT * FROM listings VERSION AS OF '{second}') \
         SELECT o.price_eur, (SELECT max(price_eur) FROM listings VERSION AS OF '2025-03-15') AS m, \
         n.price_eur AS now FROM o JOIN listings n USING (listing_id)"
    );
    let body = json!({"sql": by_id, "as_of": "2025-06-30"});
    assert_eq!(ada.csv_with(&body), "price_eur,m,now\r\n20250201.00,20250301.00,20250601.00\r\n");
    // Two names of one snapshot are one scan.
    let same = format!(
        "SELECT count(*) AS n FROM listings VERSION AS OF '{last}' a \
         JOIN listings VERSION AS OF '2030-01-01' b USING (listing_id) JOIN listings c USING (listing_id)"
    );
    let answer = Answer::of(ada.ask(&same)).good();
    assert_eq!(answer.header("reading-room-snapshots"), format!("listings@{last}"));
    assert_eq!(answer.text(), "n\r\n1\r\n");
}

/// A version that is not there names the nearest that is, and where the statement asks for it.
#[test]
fn a_version_that_is_not_there_names_the_nearest() {
    let room = Room::furnished();
    let ada = room.granted("ada", &["listings"]);
    let current = room.current("listings");
    let file = room.folder.delivery(
        "listings.ndjson",
        furniture::ndjson(&[furniture::listing("l-9", "t-1", "doll", "1.00")]),
    );
    room.folder.done(&[
        "publish",
        "listings",
        file.to_str().unwrap(),
        "--as-of",
        "2024-11-01",
        "--stage",
    ]);
    let listed = room.nobody().json("/v1/datasets/listings/snapshots");
    let staged = listed["snapshots"].as_array().unwrap().iter();
    let staged = staged.clone().find(|it| it["state"] == "staged").unwrap()["id"].clone();
    let refused = |version: &str| {
        ada.problem(&format!("SELECT count(*) FROM listings VERSION AS OF '{version}'"))
    };

    let early = refused("1999-01-01");
    assert_eq!((&early["code"], &early["position"]["column"]), (&json!("not_found"), &json!(22)));
    let detail = early["detail"].as_str().unwrap();
    assert!(detail.contains(&current) && detail.contains("2024-10-01"), "{detail}");
    let unknown = refused("s-aaaaaaaaaaaaaaaaaaaa");
    assert_eq!(unknown["code"], "not_found");
    assert!(unknown["detail"].as_str().unwrap().contains(&current), "{unknown}");
    let staged = refused(staged.as_str().unwrap());
    assert!(staged["detail"].as_str().unwrap().contains("is staged"), "{staged}");
    let malformed = refused("last month");
    assert_eq!(
        (&malformed["code"], &malformed["position"]["column"]),
        (&json!("sql_invalid"), &json!(45))
    );
    let traders = ada.problem("SELECT count(*) FROM traders VERSION AS OF '2024-10-01'");
    assert_eq!(traders["code"], "grant_missing");
    let bounded = room.project("bounded");
    room.folder.done(&["member", "add", "--project", &bounded, "--subject", "bob"]);
    room.grant(&bounded, "listings", &["--columns", "listing_id"]);
    let bob = room.researcher("bob", &bounded);
    let outside = bob.problem("SELECT price_eur FROM listings VERSION AS OF '2024-10-01'");
    assert_eq!(outside["code"], "column_not_granted");
    assert_eq!(
        bob.csv("SELECT * FROM listings VERSION AS OF '2024-10-01' LIMIT 0"),
        "listing_id\r\n"
    );
}
