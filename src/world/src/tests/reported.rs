//! What is reported of the half-year that is running can be counted again from the other datasets.

use std::collections::{BTreeMap, BTreeSet};

use super::delivered::{Delivered, Row, moment, number, text};

/// What a figure is of: indicator, kind of infringement, Member State.
type Of = [String; 3];

/// The figures of the running half-year, in thousandths; those of nothing are left out.
fn reported(edition: &Delivered) -> BTreeMap<Of, i64> {
    let rows = edition.rows("transparency_report").iter();
    let running = rows.filter(|row| text(row, "period") == Some("2026-H2"));
    let figures = running.filter_map(|row| {
        let of = ["indicator", "category", "member_state"];
        let value = text(row, "value")?.replace('.', "").parse().unwrap();
        Some((of.map(|column| text(row, column).unwrap().to_owned()), value))
    });
    figures.filter(|(_, value)| *value != 0).collect()
}

/// The same, counted from the datasets that the reports are about.
struct Counted<'a> {
    edition: &'a Delivered,
    figures: BTreeMap<Of, i64>,
}

impl Counted<'_> {
    fn put(&mut self, indicator: &str, [kind, state]: [&str; 2], thousandths: i64) {
        *self.figures.entry([indicator, kind, state].map(str::to_owned)).or_default() +=
            thousandths;
    }

    /// Counts some rows.
    fn count(&mut self, indicator: &str, dataset: &str, is_one: impl Fn(&Row) -> bool) {
        for _ in self.edition.rows(dataset).iter().filter(|row| is_one(row)) {
            self.put(indicator, ["ALL", "EU"], 1_000);
        }
    }

    /// Counts some rows, for each value of a column too.
    fn count_kinds(
        &mut self,
        indicator: &str,
        (dataset, column): (&str, &str),
        is_one: impl Fn(&Row) -> bool,
    ) {
        self.count(indicator, dataset, &is_one);
        for row in self.edition.rows(dataset).iter().filter(|row| is_one(row)) {
            self.put(indicator, [text(row, column).unwrap(), "EU"], 1_000);
        }
    }

    /// Measures the time between two moments of some rows.
    fn median(
        &mut self,
        indicator: &str,
        (dataset, from, until): (&str, &str, &str),
        is_one: impl Fn(&Row) -> bool,
    ) {
        let rows = self.edition.rows(dataset).iter().filter(|row| is_one(row));
        if let Some(hours) = median_hours(rows, [from, until]) {
            self.put(indicator, ["ALL", "EU"], hours);
        }
    }

    /// The part of the decisions by machines that were not reversed.
    fn accuracy(&mut self, kind: Option<&str>) -> i64 {
        let automated = self.edition.rows("moderation_actions").iter().filter(|row| {
            text(row, "automated_decision") == Some("AUTOMATED_DECISION_FULLY")
                && kind.is_none_or(|kind| text(row, "category") == Some(kind))
        });
        let reversed = automated.clone().filter(|row| row.contains_key("reversed_at")).count();
        1_000 - thousandths(reversed, automated.count())
    }
}

/// A part of a whole, in thousandths.
pub(super) fn thousandths(part: usize, whole: usize) -> i64 {
    i64::try_from(part * 1_000 / whole).unwrap()
}

/// The median of the time between two moments, in thousandths of hours.
pub(super) fn median_hours<'a>(
    rows: impl Iterator<Item = &'a Row>,
    [from, until]: [&str; 2],
) -> Option<i64> {
    let time = |row: &Row| Some(moment(row, until)?.unix_us() - moment(row, from)?.unix_us());
    let mut times: Vec<_> = rows.filter_map(time).collect();
    times.sort_unstable();
    let last = times.len().checked_sub(1)?;
    let hours = (times[last / 2] + times[last.div_ceil(2)]) as f64 / 2.0 / 3_600_000_000.0;
    Some((hours * 1_000.0).round() as i64)
}

fn is(row: &Row, column: &str, value: &str) -> bool {
    text(row, column) == Some(value)
}

fn orders(counted: &mut Counted<'_>) {
    for row in counted.edition.rows("authority_orders") {
        let indicator = match text(row, "order_type") {
            Some("ART9_ACT") => "ORDERS_TO_ACT",
            _ => "ORDERS_FOR_INFORMATION",
        };
        counted.put(indicator, ["ALL", text(row, "member_state").unwrap()], 1_000);
    }
    let hours = [
        ("ORDERS_MEDIAN_HOURS_TO_ACKNOWLEDGE", "acknowledged_at"),
        ("ORDERS_MEDIAN_HOURS_TO_EFFECT", "effected_at"),
    ];
    for (indicator, until) in hours {
        counted.median(indicator, ("authority_orders", "received_at", until), |_| true);
    }
}

fn notices(counted: &mut Counted<'_>) {
    let by = ("notices", "alleged_category");
    let is_acted_on =
        |row: &Row| is(row, "decision", "ACTION_LAW") || is(row, "decision", "ACTION_TC");
    counted.count_kinds("NOTICES", by, |_| true);
    counted.count_kinds("NOTICES_BY_TRUSTED_FLAGGERS", by, |row| {
        is(row, "notifier_type", "TRUSTED_FLAGGER")
    });
    counted.count_kinds("NOTICES_ACTION_ON_LAW", by, |row| is(row, "decision", "ACTION_LAW"));
    counted.count_kinds("NOTICES_ACTION_ON_TERMS", by, |row| is(row, "decision", "ACTION_TC"));
    counted.count("NOTICES_PROCESSED_BY_AUTOMATED_MEANS", "notices", |row| {
        is(row, "automated_processing", "true")
    });
    let times = ("notices", "submitted_at", "decided_at");
    counted.median("NOTICES_MEDIAN_HOURS_TO_ACTION", times, is_acted_on);
}

fn decisions(counted: &mut Counted<'_>) {
    let by = ("moderation_actions", "category");
    let is_own = |row: &Row| is(row, "source_type", "SOURCE_VOLUNTARY");
    let is_illegal = |row: &Row| is(row, "decision_ground", "DECISION_GROUND_ILLEGAL_CONTENT");
    let is_automated = |row: &Row| is(row, "automated_decision", "AUTOMATED_DECISION_FULLY");
    counted.count_kinds("OWN_INITIATIVE_ON_LAW", by, |row| is_own(row) && is_illegal(row));
    counted.count_kinds("OWN_INITIATIVE_ON_TERMS", by, |row| is_own(row) && !is_illegal(row));
    counted.count_kinds("OWN_INITIATIVE_BY_AUTOMATED_MEANS", by, |row| {
        is_own(row) && row.contains_key("detector_id")
    });
    counted.count("DECISIONS_FULLY_AUTOMATED", by.0, is_automated);
    let right = counted.accuracy(None);
    counted.put("AUTOMATED_ACCURACY", ["ALL", "EU"], right);
    counted.put("AUTOMATED_ERROR_RATE", ["ALL", "EU"], 1_000 - right);
    let rows = counted.edition.rows(by.0).iter().filter(|row| is_automated(row));
    let kinds: BTreeSet<_> = rows.map(|row| text(row, by.1).unwrap()).collect();
    for kind in kinds {
        let right = counted.accuracy(Some(kind));
        counted.put("AUTOMATED_ACCURACY", [kind, "EU"], right);
    }
}

fn redress(counted: &mut Counted<'_>) {
    counted.count("COMPLAINTS", "complaints", |_| true);
    let outcomes =
        [("COMPLAINTS_UPHELD", "DECISION_STANDS"), ("COMPLAINTS_REVERSED", "DECISION_REVERSED")];
    for (indicator, outcome) in outcomes {
        counted.count(indicator, "complaints", |row| is(row, "outcome", outcome));
    }
    let times = ("complaints", "lodged_at", "decided_at");
    counted.median("COMPLAINTS_MEDIAN_HOURS_TO_DECISION", times, |_| true);
    let won = |row: &Row| {
        is(row, "outcome", "DECISION_REVERSED") || is(row, "outcome", "DECISION_PARTLY_REVERSED")
    };
    counted.count("DISPUTES", "disputes", |_| true);
    counted.count("DISPUTES_FOR_RECIPIENT", "disputes", won);
    let times = ("disputes", "submitted_at", "closed_at");
    counted.median("DISPUTES_MEDIAN_HOURS_TO_COMPLETE", times, |_| true);
    let disputes = counted.edition.rows("disputes").iter();
    let asked: Vec<_> = disputes.filter_map(|row| text(row, "implemented")).collect();
    if !asked.is_empty() {
        let done = asked.iter().filter(|done| **done == "true").count();
        counted.put("DISPUTES_IMPLEMENTED", ["ALL", "EU"], thousandths(done, asked.len()));
    }
}

fn suspensions(counted: &mut Counted<'_>) {
    let suspends = |row: &Row| is(row, "sanction_type", "SUSPENSION");
    counted.count("SUSPENSIONS_FOR_ILLEGAL_CONTENT", "sanctions", |row| {
        suspends(row) && is(row, "misuse", "MANIFESTLY_ILLEGAL_CONTENT")
    });
    for (indicator, kind) in [
        ("SUSPENSIONS_FOR_UNFOUNDED_NOTICES", "NOTICE_PROCESSING_SUSPENSION"),
        ("SUSPENSIONS_FOR_UNFOUNDED_COMPLAINTS", "COMPLAINT_PROCESSING_SUSPENSION"),
    ] {
        counted.count(indicator, "sanctions", |row| is(row, "sanction_type", kind));
    }
}

/// Art. 15, 24 and 42: each figure is what the datasets say, in each edition, and none is left out.
#[test]
fn every_figure_of_the_running_half_year_is_counted_right() {
    for edition in &Delivered::editions(5) {
        let mut counted = Counted { edition, figures: BTreeMap::new() };
        let chapters = [orders, notices, decisions, redress, suspensions];
        chapters.into_iter().for_each(|chapter| chapter(&mut counted));
        counted.figures.retain(|_, value| *value != 0);

        let reported = reported(edition);

        assert!(60 < reported.len(), "{}", reported.len());
        assert_eq!(reported, counted.figures);
    }
}

/// Of the reports before, no other dataset tells but the one of the people who moderate.
#[test]
fn the_people_who_moderate_are_those_of_their_table() {
    let village = Delivered::village(5);
    let mut periods = 0;
    for row in village.rows("transparency_report") {
        if is(row, "indicator", "MODERATORS") {
            let people = village.rows("moderation_resources").iter();
            let people = people.filter(|people| text(people, "period") == text(row, "period"));
            let staff: i64 = people.map(|people| number(people, "staff")).sum();

            assert_eq!(text(row, "value").unwrap(), format!("{}.000", staff * 93 / 100));
            periods += 1;
        }
    }
    assert_eq!(periods, 3);
}
