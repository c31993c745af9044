//! Compactions that are killed at each of their durable steps: every snapshot is the old or the new,
//! whole, and the next compaction ends what is left.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::compaction::{MARKED, publish_events};
use crate::furniture;
use crate::killed::{CALLS_MAX, kill_at, may_trace};
use crate::log::files_below;
use crate::redaction::{LATER, nowhere_below};
use crate::room::Folder;

const COMPACT: [&str; 3] = ["snapshots", "compact", "listing_events"];

/// The calls that make a step durable or visible, or take something away.
const STEPS: [&str; 3] = ["fsync", "rename", "unlink"];

/// Two snapshots that share a marked file; the second has another one of its own.
fn scene() -> Folder {
    let folder = Folder::new();
    publish_events(&folder, furniture::AS_OF, 0..3, &[1]);
    publish_events(&folder, LATER, 3..4, &[3]);
    let keys = [1, 3].map(|month| format!("e-{month}-{MARKED}"));
    let words = ["redact", "listing_events", "--ground", "order", "--reason", "a ruling"];
    folder.done(&[&words[..], &["--key", &keys[0], "--key", &keys[1]]].concat());
    folder
}

/// The snapshots that stand, each verified, with all that they say.
fn standing(folder: &Folder, moment: &str) -> Vec<Value> {
    let listed = folder.json(&["snapshots", "list", "listing_events"]);
    let all = listed.as_array().unwrap();
    let standing: Vec<_> = all.iter().filter(|it| it["state"] != "redacted").collect();
    let states: Vec<_> = standing.iter().map(|it| it["state"].as_str().unwrap()).collect();
    assert_eq!(states.iter().filter(|it| **it == "current").count(), 1, "{moment}: {listed}");
    assert_eq!(states.len(), 2, "{moment}: {listed}");
    let manifest = |it: &&Value| {
        let id = it["id"].as_str().unwrap();
        folder.done(&["snapshots", "verify", "listing_events", id]);
        folder.json(&["snapshots", "show", "listing_events", id])
    };
    standing.iter().map(manifest).collect()
}

/// Old or new, and nothing lies about that no snapshot names.
fn check(folder: &Folder, moment: &str) {
    for manifest in standing(folder, moment) {
        let months = manifest["resources"].as_array().unwrap().len() as u64;
        let marked = manifest["row_count"].as_u64().unwrap() - months;
        assert!(marked == 0 || marked == months - 2, "{moment}: half of it is gone: {manifest}");
    }
    let left = files_below(&folder.path().join("snapshots"));
    let below = left.iter().map(|path| path.strip_prefix(folder.path()).unwrap());
    let hidden: Vec<_> = below.filter(|path| path.to_str().unwrap().contains("/.")).collect();
    assert!(hidden.is_empty(), "{moment}: {hidden:?}");
}

/// No file is on the disk but those that snapshots name, and the marked listing is nowhere.
fn check_done(folder: &Folder, moment: &str) {
    let manifests = standing(folder, moment);
    let resources = manifests.iter().flat_map(|it| it["resources"].as_array().unwrap());
    let named: BTreeSet<_> = resources.map(|it| it["hash"].as_str().unwrap()).collect();
    assert_eq!(named.len(), 4, "{moment}: both name the same new file: {manifests:?}");
    let left = files_below(&folder.path().join("snapshots"));
    let data = left.iter().filter(|path| path.extension().is_some_and(|it| it == "parquet"));
    assert_eq!(data.count(), named.len(), "{moment}: {left:?}");
    assert!(nowhere_below(&folder.path().join("snapshots"), MARKED), "{moment}");
    assert!(files_below(&folder.path().join("scratch")).is_empty(), "{moment}");
    assert!(folder.verify_log().status.success(), "{moment}");
}

#[test]
fn a_compaction_killed_at_any_durable_step_leaves_each_snapshot_old_or_new() {
    if !may_trace() {
        return;
    }
    let scene = scene();
    for call in STEPS {
        let kills = (1..CALLS_MAX).take_while(|&number| {
            let (folder, moment) = (scene.copy(), format!("at {call} {number}"));
            let was_killed = kill_at(&folder, &COMPACT, call, number);
            check(&folder, &moment);
            folder.done(&COMPACT);
            check_done(&folder, &moment);
            was_killed
        });
        assert!(0 < kills.count(), "no {call} to be killed at");
    }
}
