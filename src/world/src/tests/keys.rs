//! Keys tell rows apart, and resolve.

use std::collections::BTreeSet;

use super::delivered::{Delivered, text};
use crate::codebooks::{codebook, datasets};

#[test]
fn every_primary_key_tells_rows_apart() {
    let village = Delivered::village(5);
    for dataset in datasets() {
        let key = codebook(dataset).primary_key;
        assert_eq!(key.len(), 1, "{dataset}");

        let rows = village.by(dataset, key[0].as_str());

        assert_eq!(rows.len(), village.rows(dataset).len(), "{dataset}");
    }
}

/// Of what the world writes: keys into datasets that are still to come cannot resolve yet.
#[test]
fn every_foreign_key_resolves() {
    let village = Delivered::village(5);
    let mut checked = BTreeSet::new();
    for dataset in datasets() {
        for key in codebook(dataset).foreign_keys {
            let [from, to] = [&key.fields[0], &key.reference.fields[0]];
            let target = key.reference.resource;
            if !datasets().any(|there| there == target.as_str()) {
                continue;
            }
            let there = village.by(target.as_str(), to.as_str());
            let rows = village.rows(dataset);
            let mut keys = rows.iter().filter_map(|row| text(row, from.as_str()));
            assert!(keys.all(|key| there.contains_key(key)), "{dataset}.{from}");
            checked.insert(format!("{dataset}.{from}"));
        }
    }
    assert_eq!(checked.len(), 8, "{checked:?}");
}

/// Each decision names its target by the dataset that its type stands for.
#[test]
fn every_target_of_a_decision_is_there() {
    let village = Delivered::village(5);
    let targets = [("LISTING", "listings"), ("AD", "ads"), ("TRADER", "traders")];
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
