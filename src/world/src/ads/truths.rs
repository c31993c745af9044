//! What is true of the newest edition's advertisements: the answers to R13, R14 and R15.

use std::collections::BTreeMap;

use domain::Date;
use serde_json::{Value, json};

use super::{Ad, Operator, Reach};
use crate::calendar::first_of_quarter;
use crate::seen::Seen;
use crate::truths::{Answer, Truths, row};

/// A Member State, a parameter and an operator.
type Aim = (&'static str, &'static str, Operator);

/// What has been seen of advertisements so far; holds numbers by group, never advertisements.
#[derive(Debug, Default)]
pub(crate) struct AdTruths {
    by_aim: BTreeMap<Aim, Reached>,
    of_removed: BTreeMap<&'static str, Removed>,
    by_quarter: BTreeMap<Date, Completeness>,
}

/// How many advertisements there were, and whom they reached.
#[derive(Debug, Default)]
struct Reached {
    ads: i64,
    recipients: i64,
    targeted: i64,
}

/// Advertisements whose listing was removed as illegal.
#[derive(Debug, Default)]
struct Removed {
    ads: i64,
    recipients: Option<i64>,
    still_shown: i64,
}

/// Advertisements, and how many lack what each letter of Art. 39(2) asks for.
#[derive(Debug, Default)]
struct Completeness {
    ads: i64,
    missing: [i64; LETTERS.len()],
}

/// The letters of Art. 39(2) that R15 looks at.
const LETTERS: [&str; 6] =
    ["missing_a", "missing_b", "missing_c", "missing_d", "missing_e", "missing_g"];

impl AdTruths {
    /// Sees an advertisement with its reach.
    pub(crate) fn add(&mut self, ad: &Ad, reach: &[Reach], seen: Seen) {
        self.add_reach(ad, reach, seen);
        if let Some((category, applied_on)) = ad.illegal_listing[seen.edition] {
            let removed = self.of_removed.entry(category).or_default();
            removed.ads += 1;
            removed.still_shown += i64::from(applied_on < ad.last_shown(seen));
            if let Some(recipients) = ad.recipients(seen) {
                *removed.recipients.get_or_insert(0) += recipients;
            }
        }
        if ad.removal(seen).is_none() {
            let quarter = self.by_quarter.entry(first_of_quarter(ad.run[0])).or_default();
            quarter.ads += 1;
            let lacks = ad.lacks(seen);
            quarter.missing.iter_mut().zip(lacks).for_each(|(sum, lacks)| *sum += i64::from(lacks));
        }
    }

    /// Counts an advertisement once for each parameter and operator, with all it reached.
    fn add_reach(&mut self, ad: &Ad, reach: &[Reach], seen: Seen) {
        let mut aims: Vec<_> = ad
            .targeting()
            .iter()
            .filter(|row| row.is_known(seen))
            .map(|row| (row.parameter, row.operator))
            .collect();
        aims.sort_unstable();
        aims.dedup();
        let mut states = BTreeMap::<_, [i64; 2]>::new();
        for row in reach.iter().filter(|row| row.is_known(seen)) {
            let [all, targeted] = states.entry(row.member_state).or_default();
            *all += row.recipients[seen.edition];
            *targeted += row.targeted.map_or(0, |targeted| targeted[seen.edition]);
        }
        for (state, [recipients, targeted]) in states {
            for (parameter, operator) in &aims {
                let reached = self.by_aim.entry((state, parameter, *operator)).or_default();
                reached.ads += 1;
                reached.recipients += recipients;
                reached.targeted += targeted;
            }
        }
    }

    /// States the answers.
    pub(crate) fn state(self, truths: &mut Truths) {
        /// Fewer advertisements are no row of R13.
        const ADS_MIN: i64 = 5;
        let by_aim = self.by_aim.iter().filter(|(_, reached)| ADS_MIN <= reached.ads);
        let by_aim = by_aim.map(|((state, parameter, operator), reached)| {
            row(json!({
                "member_state": state, "parameter": parameter, "operator": operator.as_str(),
                "ads": reached.ads, "reached": reached.recipients,
                "targeted_reached": reached.targeted,
            }))
        });
        let key = &["member_state", "parameter", "operator"];
        truths.answer("R13", Answer { key, rows: by_aim.collect() });
        let of_removed = self.of_removed.iter().map(|(category, removed)| {
            row(json!({
                "category": category, "ads": removed.ads, "recipients_eu": removed.recipients,
                "ads_still_shown_after_removal": removed.still_shown,
            }))
        });
        truths.answer("R14", Answer { key: &["category"], rows: of_removed.collect() });
        let by_quarter = self.by_quarter.iter().map(|(quarter, completeness)| {
            let mut shares = row(json!({"quarter": quarter.to_string(), "ads": completeness.ads}));
            let missing = LETTERS.iter().zip(completeness.missing);
            shares.extend(missing.map(|(letter, missing)| {
                ((*letter).to_owned(), Value::from(missing as f64 / completeness.ads as f64))
            }));
            shares
        });
        truths.answer("R15", Answer { key: &["quarter"], rows: by_quarter.collect() });
    }
}
