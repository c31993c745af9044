//! Notices, decisions, complaints and sanctions hang together as in life.

use std::collections::{BTreeMap, BTreeSet};

use super::delivered::{Delivered, Row, moment, text};

/// How long the notices of some took to be decided, in seconds, the quickest first.
fn waits(village: &Delivered, of: impl Fn(&Row) -> bool) -> Vec<i64> {
    let decided = village.rows("notices").iter().filter(|notice| of(notice));
    let mut waits: Vec<_> = decided
        .filter_map(|notice| Some((moment(notice, "submitted_at")?, moment(notice, "decided_at")?)))
        .map(|(from, until)| until.unix_s() - from.unix_s())
        .collect();
    waits.sort_unstable();
    waits
}

/// Art. 22(1): on the whole, trusted flaggers wait less.
#[test]
fn trusted_flaggers_go_first() {
    let village = Delivered::village(5);
    let is_flagger = |row: &Row| text(row, "notifier_type") == Some("TRUSTED_FLAGGER");

    let (flaggers, others) = (waits(&village, is_flagger), waits(&village, |row| !is_flagger(row)));

    assert!(20 < flaggers.len(), "{}", flaggers.len());
    assert!(flaggers[flaggers.len() / 2] * 2 < others[others.len() / 2]);
}

/// Art. 16(1) and (5): whoever has no account may notify, and some wait for good.
#[test]
fn some_who_have_no_account_are_never_answered() {
    let village = Delivered::village(5);

    let waiting = village.rows("notices").iter().filter(|notice| {
        text(notice, "registered_user") == Some("false") && !notice.contains_key("decided_at")
    });

    assert!(10 < waiting.count());
}

/// A notice and a decision name each other first, and `notice_actions` has all pairs.
#[test]
fn every_notice_that_led_to_a_decision_is_paired_with_it() {
    let village = Delivered::village(5);
    let pairs: BTreeSet<_> = village
        .rows("notice_actions")
        .iter()
        .map(|row| (text(row, "notice_id").unwrap(), text(row, "action_id").unwrap()))
        .collect();
    let pair = |row, key| Some((text(row, "notice_id")?, text(row, key)?));

    let named = village.rows("moderation_actions").iter().filter_map(|row| pair(row, "action_id"));
    let names = village.rows("notices").iter().filter_map(|row| pair(row, "action_id"));

    assert!(named.chain(names).all(|pair| pairs.contains(&pair)));
    let mut actions = BTreeMap::<_, u64>::new();
    pairs.iter().for_each(|(notice, _)| *actions.entry(notice).or_default() += 1);
    assert!(actions.len() < pairs.len(), "a notice led to several decisions");
}

/// Art. 20(6): what a complaint restores is seen again, and what it does not, is not.
#[test]
fn a_reinstated_listing_has_an_event_that_says_so() {
    let village = Delivered::village(5);
    let actions = village.by("moderation_actions", "action_id");
    let restored: BTreeSet<_> = village
        .rows("listing_events")
        .iter()
        .filter(|event| text(event, "event_type") == Some("REINSTATED"))
        .filter_map(|event| text(event, "action_id"))
        .collect();
    let takes_down = |action: &Row| {
        let kinds = text(action, "decision_visibility").unwrap_or_default();
        text(action, "target_type") == Some("LISTING") && kinds.contains("CONTENT_REMOVED")
    };
    let [mut seen_again, mut forgotten] = [0; 2];
    for complaint in village.rows("complaints") {
        let action = text(complaint, "action_id").filter(|action| takes_down(actions[action]));
        let reversed = text(complaint, "outcome") == Some("DECISION_REVERSED");
        let Some(action) = action.filter(|_| reversed) else { continue };
        let is_back = complaint.contains_key("reinstated_at");
        assert_eq!(restored.contains(action), is_back, "{complaint:?}");
        *(if is_back { &mut seen_again } else { &mut forgotten }) += 1;
    }

    assert!(5 < seen_again && 0 < forgotten, "{seen_again} and {forgotten}");
}

/// Art. 23(3): points are those of the version of the policy that held on that day.
#[test]
fn points_are_those_of_the_rule_in_force() {
    let village = Delivered::village(5);
    let rules: BTreeSet<_> = village
        .rows("sanction_rules")
        .iter()
        .map(|row| ["policy_code", "version", "points"].map(|column| row[column].to_string()))
        .map(|cells| cells.map(|cell| cell.replace('"', "")))
        .collect();
    let given: Vec<_> =
        village.rows("sanctions").iter().filter(|row| row.contains_key("points")).collect();

    let versions: BTreeSet<_> = given.iter().map(|row| row["policy_version"].to_string()).collect();

    assert_eq!(versions.len(), 2);
    for row in given {
        let cells =
            ["policy_code", "policy_version", "points"].map(|column| row[column].to_string());
        assert!(rules.contains(&cells.map(|cell| cell.replace('"', ""))), "{row:?}");
    }
}

/// The older edition is the same world: it has no row that the newer one lacks, and knows nothing
/// that happens after its day.
#[test]
fn the_older_edition_is_the_same_world_a_month_before() {
    let [older, newer] = Delivered::editions(5);
    let tables = [
        ("notices", "notice_id", "decided_at"),
        ("complaints", "complaint_id", "decided_at"),
        ("moderation_actions", "action_id", "reversed_at"),
        ("sanctions", "sanction_id", "lifted_at"),
        ("traders", "trader_id", "offboarded_at"),
        ("listing_events", "event_id", "occurred_at"),
    ];
    for (dataset, key, fact) in tables {
        let (before, after) = (older.by(dataset, key), newer.by(dataset, key));
        // A month may pass without a new trader in a village.
        assert!(before.len() < after.len() || dataset == "traders", "{dataset}");
        for (key, row) in before {
            let known = moment(row, fact);
            assert!(known.is_none() || known == moment(after[key], fact), "{dataset} {key}");
        }
    }
}
