//! Who is suspended sells nothing, is told why, and is back afterwards.

use std::collections::{BTreeMap, BTreeSet};

use domain::Timestamp;

use super::delivered::{Delivered, Row, moment, text};

/// The days of the editions: what happens from them on is not known.
const DAYS: [&str; 2] = ["2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z"];

/// From when until when an account is suspended; without an end where it is for good.
type Spell = (Timestamp, Option<Timestamp>);

/// The suspensions and terminations of each trader.
fn spells(edition: &Delivered) -> BTreeMap<&str, Vec<Spell>> {
    let mut spells = BTreeMap::<_, Vec<_>>::new();
    for row in edition.rows("sanctions") {
        let takes_down =
            ["SUSPENSION", "TERMINATION"].contains(&text(row, "sanction_type").unwrap());
        if let Some(trader) = text(row, "trader_id").filter(|_| takes_down) {
            let ends = [moment(row, "ends_at"), moment(row, "lifted_at")];
            let until = ends.into_iter().flatten().min();
            spells.entry(trader).or_default().push((moment(row, "imposed_at").unwrap(), until));
        }
    }
    spells
}

/// Whether one of some spells is in force at a moment.
fn hold(spells: &[Spell], at: Timestamp) -> bool {
    spells.iter().any(|(from, until)| *from < at && until.is_none_or(|until| at < until))
}

/// The spells of the trader of a row.
fn of<'a>(spells: &'a BTreeMap<&str, Vec<Spell>>, row: &Row) -> &'a [Spell] {
    text(row, "trader_id").and_then(|trader| spells.get(trader)).map_or(&[], Vec::as_slice)
}

/// Art. 23(1): while the service is suspended, nothing of the trader is for sale.
#[test]
fn no_listing_of_a_suspended_trader_is_active() {
    for seed in [5, 6] {
        for (edition, day) in Delivered::editions(seed).iter().zip(DAYS) {
            let day = Timestamp::parse(day).unwrap();
            let spells = spells(edition);
            let of_suspended = edition.rows("listings").iter();
            let of_suspended = of_suspended.filter(|row| hold(of(&spells, row), day));
            let statuses: Vec<_> = of_suspended.map(|row| text(row, "status").unwrap()).collect();

            assert!(!statuses.contains(&"ACTIVE"), "seed {seed}");
            assert!(statuses.contains(&"HIDDEN"), "seed {seed}");
        }
    }
}

/// Art. 17(1)(b) to (d): whoever is restricted under a policy has a decision, and reasons for it.
#[test]
fn every_restriction_of_a_trader_is_a_decision_with_reasons() {
    let village = Delivered::village(5);
    let statements = village.by("statements_of_reasons", "uuid");
    let applied = |row| Some((text(row, "trader_id")?, moment(row, "applied_at")?));
    let decisions = village.rows("moderation_actions").iter();
    let decisions = decisions.filter(|row| text(row, "target_type") == Some("TRADER"));
    let mut decided: BTreeMap<_, _> =
        decisions.filter_map(|row| Some((applied(row)?, row))).collect();
    let mut kinds = BTreeSet::new();
    for row in village.rows("sanctions") {
        let kind = text(row, "sanction_type").unwrap();
        let Some(trader) = text(row, "trader_id") else { continue };
        if ["WARNING", "POINTS", "STRIKE"].contains(&kind) {
            continue;
        }
        let at = (trader, moment(row, "imposed_at").unwrap());
        let decision = decided.remove(&at).unwrap_or_else(|| panic!("no decision: {row:?}"));
        let column = match kind {
            "SUSPENSION" | "TERMINATION" => "decision_account",
            "FUNDS_HOLD" => "decision_monetary",
            "LISTING_LIMIT" => "decision_provision",
            _ => "decision_visibility",
        };
        assert!(decision.contains_key(column), "{kind}: {decision:?}");
        assert_eq!(moment(decision, "end_at"), moment(row, "ends_at"));
        let statement = text(decision, "sor_uuid").map(|uuid| statements[uuid]);
        let restricted = statement.filter(|_| column == "decision_account");
        assert!(restricted.is_none_or(|row| row.contains_key("decision_account")));
        kinds.insert(kind);
    }

    assert!(decided.is_empty(), "no sanction: {decided:?}");
    assert!(["SUSPENSION", "TERMINATION"].iter().all(|kind| kinds.contains(kind)), "{kinds:?}");
}

/// What a suspension hid is shown again when it is over, and says since when; the rest stays down.
#[test]
fn what_a_suspension_hid_comes_back_with_its_end() {
    let mut returned = 0;
    for seed in [5, 8] {
        let village = Delivered::village(seed);
        let spells = spells(&village);
        for row in village.rows("listings").iter().filter(|row| row["status"] == "ACTIVE") {
            let since = moment(row, "status_changed_at").unwrap();
            let over = of(&spells, row).iter().filter_map(|(_, until)| *until);
            assert!(over.clone().all(|until| until <= since), "{row:?}");
            returned += usize::from(over.max() == Some(since));
        }
    }

    assert!(100 < returned, "{returned}");
}

/// Each suspension that hid a listing is told in the listing's events, and so is its end.
#[test]
fn a_listing_is_hidden_and_shown_again_by_the_decision_on_its_trader() {
    let village = Delivered::village(8);
    let actions = village.by("moderation_actions", "action_id");
    let mut hidden = BTreeSet::new();
    let [mut down, mut up] = [0; 2];
    let mut events: Vec<_> = village.rows("listing_events").iter().collect();
    events.sort_by_key(|row| moment(row, "occurred_at"));
    for event in events {
        let Some(action) = text(event, "action_id").map(|action| actions[action]) else { continue };
        let listing = text(event, "listing_id").unwrap();
        let is_on_trader = text(action, "target_type") == Some("TRADER");
        match (text(event, "event_type").unwrap(), is_on_trader) {
            ("HIDDEN", true) => {
                assert!(moment(action, "applied_at") <= moment(event, "occurred_at"), "{event:?}");
                assert!(hidden.insert(listing), "hidden twice: {event:?}");
                down += 1;
            }
            ("REINSTATED", true) => {
                assert!(hidden.remove(listing), "was not hidden: {event:?}");
                up += 1;
            }
            // What is removed meanwhile is hidden again if that is undone.
            ("HIDDEN" | "REMOVED", false) => _ = hidden.remove(listing),
            (other, is_on_trader) => assert!(!is_on_trader, "{other}"),
        }
    }

    assert!(100 < up && up < down, "{up} of {down}");
}

/// Who is suspended puts nothing up, is not advertised and not recommended.
#[test]
fn nothing_of_a_suspended_trader_is_seen() {
    let village = Delivered::village(5);
    let spells = spells(&village);
    let listings = village.by("listings", "listing_id");
    for row in listings.values() {
        assert!(!hold(of(&spells, row), moment(row, "first_published_at").unwrap()), "{row:?}");
    }
    for row in village.rows("recommender_exposure") {
        let listing = listings[text(row, "listing_id").unwrap()];
        let noon = moment(row, "day").unwrap().plus_s(12 * 3_600);
        assert!(!hold(of(&spells, listing), noon), "{row:?} of {listing:?}");
    }
    for row in village.rows("ads") {
        let [first, last] = ["first_shown", "last_shown"].map(|day| moment(row, day).unwrap());
        for (from, until) in of(&spells, row) {
            let begins_on = Timestamp::start_of(from.date());
            assert!(begins_on < first || last <= begins_on, "{row:?}");
            let is_over = until.is_some_and(|until| until < first.plus_s(24 * 3_600));
            assert!(first <= begins_on || is_over, "{row:?}");
        }
    }
}

/// What nobody can see, nobody decides about; points are for what was decided.
#[test]
fn no_listing_is_decided_on_while_its_trader_is_suspended() {
    let village = Delivered::village(5);
    let spells = spells(&village);
    let decisions = village.rows("moderation_actions").iter();
    let of_listings: Vec<_> =
        decisions.filter(|row| text(row, "target_type") == Some("LISTING")).collect();
    let of_suspended_once = of_listings.iter().filter(|row| !of(&spells, row).is_empty());

    assert!(20 < of_suspended_once.count());
    for row in of_listings {
        assert!(!hold(of(&spells, row), moment(row, "decided_at").unwrap()), "{row:?}");
    }
}
