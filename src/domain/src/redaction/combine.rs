//! All redactions of a dataset as one answer: what of a row stays.
//!
//! # Invariant
//! A key stands in one list only. A row that vanishes for one reason vanishes; of several grounds
//! for one row or one cell, the first that was recorded is told.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Cutoff, Ground, Key, RedactedRows, Redaction, RedactionTarget};
use crate::ids::ColumnName;
use crate::time::Date;

/// The redactions of a dataset, put together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Combined {
    /// What becomes of the rows that keys name.
    pub targets: Vec<RedactionTarget>,
    /// The keys of each target, in the same order.
    pub lists: Vec<Vec<Key>>,
    /// What vanishes because of its age.
    pub cutoffs: Vec<Cutoff>,
}

/// What becomes of one row.
#[derive(Clone, Debug)]
struct Effect {
    row: Option<Ground>,
    cells: BTreeMap<ColumnName, Ground>,
}

/// Puts redactions together, the oldest first.
pub fn combine<'a>(redactions: impl IntoIterator<Item = &'a Redaction>) -> Combined {
    let mut effects: BTreeMap<&[ColumnName], BTreeMap<&Key, Effect>> = BTreeMap::new();
    let mut cutoffs: BTreeMap<&ColumnName, (Date, Ground)> = BTreeMap::new();
    for redaction in redactions {
        match &redaction.rows {
            RedactedRows::Keys { columns, keys } => {
                let known = effects.entry(columns).or_default();
                for key in keys {
                    let none = Effect { row: None, cells: BTreeMap::new() };
                    known.entry(key).or_insert(none).add(redaction);
                }
            }
            RedactedRows::Before { clock, day } => {
                let cutoff = cutoffs.entry(clock).or_insert((*day, redaction.ground));
                if cutoff.0 < *day {
                    *cutoff = (*day, redaction.ground);
                }
            }
        }
    }
    let mut lists: BTreeMap<RedactionTarget, Vec<Key>> = BTreeMap::new();
    for (columns, known) in effects {
        for (key, Effect { row, cells }) in known {
            let target = RedactionTarget { key: columns.to_vec(), row, cells };
            lists.entry(target).or_default().push(key.clone());
        }
    }
    let (targets, lists) = lists.into_iter().unzip();
    let cutoffs = cutoffs.into_iter().map(|(clock, (before, ground))| Cutoff {
        clock: clock.clone(),
        before,
        ground,
    });
    Combined { targets, lists, cutoffs: cutoffs.collect() }
}

impl Effect {
    fn add(&mut self, redaction: &Redaction) {
        if self.row.is_some() {
            return;
        }
        if redaction.columns.is_empty() {
            self.row = Some(redaction.ground);
            self.cells.clear();
            return;
        }
        for column in &redaction.columns {
            self.cells.entry(column.clone()).or_insert(redaction.ground);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::ids::DatasetName;
    use crate::redaction::RedactionCounts;

    fn column(name: &str) -> ColumnName {
        ColumnName::parse(name).unwrap()
    }

    fn redaction(ground: Ground, keys: &[&str], columns: &[&str]) -> Redaction {
        Redaction {
            dataset: DatasetName::parse("traders").unwrap(),
            ground,
            reason: "a request".to_owned(),
            columns: columns.iter().map(|name| column(name)).collect(),
            rows: RedactedRows::Keys {
                columns: vec![column("trader_id")],
                keys: keys.iter().map(|key| vec![(*key).to_owned()]).collect(),
            },
        }
    }

    fn before(day: &str) -> Redaction {
        let rows =
            RedactedRows::Before { clock: column("offboarded_at"), day: day.parse().unwrap() };
        Redaction { rows, ..redaction(Ground::Dsa30Paragraph5, &[], &[]) }
    }

    /// How many rows and cells the keys name, by ground.
    fn named(combined: &Combined) -> RedactionCounts {
        let mut counts = RedactionCounts::new();
        for (target, keys) in combined.targets.iter().zip(&combined.lists) {
            let named = keys.len() as u64;
            if let Some(ground) = target.row {
                counts.entry(ground).or_default().rows += named;
            }
            for ground in target.cells.values() {
                counts.entry(*ground).or_default().cells += named;
            }
        }
        counts
    }

    #[test]
    fn a_key_stands_in_one_list_and_the_first_ground_is_told() {
        let all = [
            redaction(Ground::Art17, &["t-1", "t-2"], &["name"]),
            redaction(Ground::Order, &["t-1"], &["name", "address"]),
            redaction(Ground::Art16, &["t-3"], &[]),
            redaction(Ground::Order, &["t-2", "t-3"], &[]),
        ];

        let combined = combine(&all);

        let named = named(&combined);
        assert_eq!(named[&Ground::Art17].cells, 1, "t-1's name; t-2 is gone as a whole");
        assert_eq!(named[&Ground::Order].cells, 1, "t-1's address");
        assert_eq!((named[&Ground::Art16].rows, named[&Ground::Order].rows), (1, 1));
        let keys: BTreeSet<_> = combined.lists.iter().flatten().collect();
        assert_eq!(keys.len(), combined.lists.iter().map(Vec::len).sum::<usize>());
    }

    #[test]
    fn of_several_ages_the_latest_day_counts() {
        let combined = combine(&[before("2026-05-01"), before("2026-06-01"), before("2026-04-01")]);

        assert_eq!(combined.cutoffs.len(), 1);
        assert_eq!(combined.cutoffs[0].before.to_string(), "2026-06-01");
    }

    #[test]
    fn what_is_taken_out_already_is_within() {
        let wide = redaction(Ground::Art17, &["t-1", "t-2"], &["name"]);

        assert!(redaction(Ground::Art17, &["t-2"], &["name"]).is_within(&wide));
        assert!(!redaction(Ground::Order, &["t-2"], &["name"]).is_within(&wide));
        assert!(!redaction(Ground::Art17, &["t-3"], &["name"]).is_within(&wide));
        assert!(!redaction(Ground::Art17, &["t-2"], &[]).is_within(&wide));
        assert!(before("2026-05-01").is_within(&before("2026-06-01")));
        assert!(!before("2026-06-02").is_within(&before("2026-06-01")));
    }
}
