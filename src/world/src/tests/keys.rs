//! Keys tell rows apart, and resolve.

use std::collections::BTreeSet;

use domain::ColumnName;

use super::delivered::{Delivered, text};
use crate::codebooks::{codebook, datasets};

/// The names of columns.
fn names(columns: &[ColumnName]) -> Vec<String> {
    columns.iter().map(ToString::to_string).collect()
}

#[test]
fn every_primary_key_tells_rows_apart() {
    let village = Delivered::village(5);
    for dataset in datasets() {
        let keys = village.keys(dataset, &names(&codebook(dataset).primary_key));

        assert_eq!(keys.len(), village.rows(dataset).len(), "{dataset}");
        assert!(keys.values().all(|count| *count == 1), "{dataset}");
    }
}

/// The keys that were made to lead nowhere, and no other, are those that `truths.json` names; the
/// older edition has some of them.
#[test]
fn every_foreign_key_resolves_but_the_planted_orphans() {
    for seed in [5, 6] {
        let (editions, truths) = Delivered::with_truths(seed);
        let planted: BTreeSet<_> = truths["orphans"]
            .as_array()
            .unwrap()
            .iter()
            .map(|orphan| ["dataset", "column", "key"].map(|part| orphan[part].as_str().unwrap()))
            .map(|[dataset, column, key]| format!("{dataset}.{column}: {key}"))
            .collect();

        let [earlier, newest] = editions.map(|edition| orphans(&edition));

        assert_eq!(newest, planted, "seed {seed}");
        assert!(earlier.is_subset(&planted), "{earlier:?}");
    }
}

/// The keys of an edition that lead nowhere.
fn orphans(edition: &Delivered) -> BTreeSet<String> {
    let mut orphans = BTreeSet::new();
    for dataset in datasets() {
        for foreign in codebook(dataset).foreign_keys {
            let target = foreign.reference.resource;
            if !datasets().any(|there| there == target.as_str()) {
                continue;
            }
            let there = edition.keys(target.as_str(), &names(&foreign.reference.fields));
            let columns = names(&foreign.fields);
            for key in edition.keys(dataset, &columns).into_keys() {
                if !there.contains_key(&key) {
                    let (columns, key) = (columns.join(","), key.join(","));
                    orphans.insert(format!("{dataset}.{columns}: {key}"));
                }
            }
        }
    }
    orphans
}

/// Each decision names its target by the dataset that its type stands for.
#[test]
fn every_target_of_a_decision_is_there() {
    let village = Delivered::village(5);
    let targets = [
        ("LISTING", "listings"),
        ("AD", "ads"),
        ("TRADER", "traders"),
        ("AFFILIATE_LINK", "affiliate_links"),
    ];
    for (target_type, dataset) in targets {
        let there = village.by(dataset, codebook(dataset).primary_key[0].as_str());
        let actions = village.rows("moderation_actions").iter();
        let mut of_type = actions
            .filter(|action| text(action, "target_type") == Some(target_type))
            .filter_map(|action| text(action, "target_id"))
            .peekable();

        assert!(of_type.peek().is_some(), "{target_type}");
        assert!(of_type.all(|target| there.contains_key(target)), "{target_type}");
    }
}

/// Art. 24(5): each decision with a statement is in the database, and each of ours there is a decision.
#[test]
fn our_statements_and_our_decisions_are_one_to_one() {
    let village = Delivered::village(5);
    let decided = village.by("moderation_actions", "sor_uuid");

    let filed: BTreeSet<_> = village
        .rows("statements_of_reasons")
        .iter()
        .filter(|row| text(row, "platform_name") == Some("Example Market"))
        .filter_map(|row| text(row, "uuid"))
        .collect();

    assert!(decided.keys().copied().eq(filed));
}
