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
