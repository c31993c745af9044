//! The cases of `tests/it/sandbox`, asked of a running server: the same verdicts come back.
//!
//! One server, one project. Asked are the cases of the world `any`; the others need columns that no
//! codebook has, and are asked of the engine alone.

mod case;

use serde_json::{Value, json};

use crate::caller::{Answer, Caller};
use crate::furniture::ndjson;
use crate::room::{Folder, Room};
use case::{Case, Expected, World};

/// The day of the edition: that of the engine's own world.
const AS_OF: &str = "2026-11-01";

#[test]
fn a_running_server_comes_to_the_same_verdicts() {
    let room = furnished();
    let ada = granted(&room);
    let cases: Vec<_> = case::all().into_iter().filter(|case| case.world == World::Any).collect();

    let failed: Vec<_> = cases
        .iter()
        .filter_map(|case| {
            let found = check(&ada, case).err()?;
            Some(format!("{}\n    found {found}", case.place))
        })
        .collect();

    assert!(failed.is_empty(), "\n{}", failed.join("\n"));
    assert!(150 <= cases.len(), "{}", cases.len());
}

fn check(ada: &Caller<'_>, case: &Case) -> Result<(), String> {
    let sql = engine::offer::complete(&case.sql);
    let answer = Answer::of(ada.ask(&sql));
    match &case.expected {
        Expected::Refused { code, part } => {
            let problem: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
            let detail = problem["detail"].as_str().unwrap_or_default();
            let is_it = problem["code"] == code.as_str() && detail.contains(part);
            if is_it { Ok(()) } else { Err(answer.text()) }
        }
        Expected::Scans(datasets) => {
            let snapshots = answer.header("reading-room-snapshots");
            let names = snapshots.split(", ").filter_map(|snapshot| snapshot.split('@').next());
            same(&answer, &names.collect::<Vec<_>>().join(", "), datasets)
        }
        Expected::Gives(lines) => same(&answer, &case::lines(&answer.text()), lines),
    }
}

fn same(answer: &Answer, found: &str, expected: &str) -> Result<(), String> {
    let is_same = answer.status == 200 && found == expected;
    if is_same { Ok(()) } else { Err(format!("{}: {found}", answer.status)) }
}

/// A room with four advertisements and their reach, as the engine's own world has them.
fn furnished() -> Room {
    let folder = Folder::new();
    let publish = |dataset: &str, rows: &[Value]| {
        let file = folder.delivery(&format!("{dataset}.ndjson"), ndjson(rows));
        let file = file.to_str().unwrap();
        folder.done(&["publish", dataset, file, "--as-of", AS_OF]);
    };
    let days = ["2026-01-31", "2026-02-01", "2026-03-15", "2026-04-01"];
    publish("ads", &std::iter::zip(1.., days).map(|(id, day)| ad(id, day)).collect::<Vec<_>>());
    let months = ["2026-01-01", "2026-02-01"].into_iter();
    let reach = months.flat_map(|month| ["A1", "A2"].map(|ad| reach(ad, month)));
    publish("ad_reach", &reach.flatten().collect::<Vec<_>>());
    folder.serve()
}

fn ad(id: u8, first_shown: &str) -> Value {
    json!({
        "ad_id": format!("A{id}"), "advertiser_id": "Acme", "advertiser_trader_id": null,
        "creative_text": null, "creative_media_sha256": null, "product_name": null, "brand": null,
        "subject_matter": null, "beneficiary_name": null, "payer_name": null,
        "payer_same_as_beneficiary": null, "first_shown": first_shown, "last_shown": first_shown,
        "targeted": false, "is_commercial_communication": false, "total_recipients_eu": null,
        "listing_id": null, "placement": "SEARCH", "status": "ENDED", "removal_action_id": null,
        "repository_until": null
    })
}

fn reach(ad: &str, month: &str) -> [Value; 3] {
    ["DE", "FR", "IT"].map(|state| {
        json!({
            "ad_id": ad, "member_state": state, "period_start": month, "recipients_reached": 1,
            "targeted_recipients_reached": null
        })
    })
}

/// Someone with the grants that the cases speak of.
fn granted(room: &Room) -> Caller<'_> {
    let (project, ada) = room.project_of("ada", &["ads", "ad_reach", "sanctions", "disputes"]);
    let grants = room.folder.json(&["grant", "list", "--project", &project]);
    let grants = grants.as_array().unwrap();
    let ended = grants.iter().find(|grant| grant["dataset"] == "disputes").unwrap();
    let id = ended["id"].as_str().unwrap();
    room.folder.done(&["grant", "revoke", "--project", &project, id, "--reason", "a test"]);
    ada
}
