//! Keys tell rows apart, and resolve.

use std::collections::BTreeSet;

use domain::ColumnName;

use super::delivered::{Delivered, Row, text};
use crate::codebooks::{codebook, datasets};

/// The values of some columns, joined; none where one is missing.
fn key(row: &Row, columns: &[ColumnName]) -> Option<String> {
    let values = columns.iter().map(|column| Some(row.get(column.as_str())?.to_string()));
    let values: Option<Vec<_>> = values.collect();
    values.map(|values| values.join(", ").replace('"', ""))
}

#[test]
fn every_primary_key_tells_rows_apart() {
    let village = Delivered::village(5);
    for dataset in datasets() {
        let columns = codebook(dataset).primary_key;
        let rows = village.rows(dataset);

        let keys: BTreeSet<_> = rows.iter().filter_map(|row| key(row, &columns)).collect();

        assert_eq!(keys.len(), rows.len(), "{dataset}");
    }
}

/// In both editions; keys into datasets that are not written cannot resolve.
#[test]
fn every_foreign_key_resolves() {
    for edition in Delivered::editions(5) {
        for dataset in datasets() {
            for foreign in codebook(dataset).foreign_keys {
                let target = foreign.reference.resource.to_string();
                if !datasets().any(|there| there == target) {
                    continue;
                }
                let there = edition.rows(&target).iter();
                let there: BTreeSet<_> =
                    there.filter_map(|row| key(row, &foreign.reference.fields)).collect();
                let rows = edition.rows(dataset).iter();
                let orphan = rows
                    .filter_map(|row| key(row, &foreign.fields))
                    .find(|key| !there.contains(key));
                assert_eq!(orphan, None, "{dataset}.{:?}", foreign.fields);
            }
        }
    }
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
