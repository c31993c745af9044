//! What the monitoring trustee found in its yearly reports.
//!
//! # Invariant
//! The findings are the same in every world: they are about what every world has.

use domain::Timestamp;

use super::{day, start};
use crate::record::{Cell, Column, Record, Shape};
use crate::seen::Seen;
use crate::table::{Files, Format, Table};

/// One finding: a row of `trustee_findings`.
#[derive(Debug)]
pub(crate) struct Finding {
    id: &'static str,
    commitment_id: &'static str,
    severity: &'static str,
    finding: &'static str,
    recommendation: Option<&'static str>,
    due: Option<(i32, u32, u32)>,
    /// When the platform began to act.
    begun: Option<(i32, u32, u32)>,
    /// When it was settled, or rejected.
    ended: Option<((i32, u32, u32), &'static str)>,
}

/// Shortens the table below: identifier, commitment and severity; finding and recommendation.
const fn finding(
    [id, commitment_id, severity]: [&'static str; 3],
    [finding, recommendation]: [&'static str; 2],
    due: Option<(i32, u32, u32)>,
    begun: Option<(i32, u32, u32)>,
    ended: Option<((i32, u32, u32), &'static str)>,
) -> Finding {
    let recommendation = if recommendation.is_empty() { None } else { Some(recommendation) };
    Finding { id, commitment_id, severity, finding, recommendation, due, begun, ended }
}

/// All findings, report by report.
pub(super) static FINDINGS: [Finding; 14] = [
    finding(
        ["F-2025-01", "C-01", "MEDIUM"],
        [
            "The form for notices asked for a telephone number, which Art. 16 does not.",
            "Make the field optional.",
        ],
        Some((2026, 5, 31)),
        Some((2026, 4, 2)),
        Some(((2026, 5, 11), "CLOSED")),
    ),
    finding(
        ["F-2025-02", "C-05", "HIGH"],
        [
            "Of about one targeted advertisement in twenty the repository does not say whom it was meant for.",
            "Take targeting from the delivery system, not from the form that advertisers fill in.",
        ],
        Some((2026, 9, 30)),
        Some((2026, 6, 15)),
        None,
    ),
    finding(
        ["F-2025-03", "C-05", "LOW"],
        ["A few beneficiaries are not named.", "Refuse advertisements without one."],
        Some((2026, 12, 31)),
        Some((2026, 7, 6)),
        None,
    ),
    finding(
        ["F-2025-04", "C-06", "CRITICAL"],
        [
            "Advertisements ran on for weeks after the listing they led to had been removed as illegal.",
            "Tie the state of an advertisement to that of its listing.",
        ],
        Some((2026, 6, 30)),
        Some((2026, 4, 27)),
        None,
    ),
    finding(
        ["F-2025-05", "C-07", "MEDIUM"],
        [
            "One version of the suggestions beside the cart came into use with no parameter documented.",
            "Let no version into use before the terms describe it.",
        ],
        Some((2026, 9, 30)),
        Some((2026, 7, 1)),
        Some(((2026, 10, 9), "CLOSED")),
    ),
    finding(
        ["F-2025-06", "C-08", "HIGH"],
        [
            "Pushed messages had no option without profiling.",
            "Offer one in the settings and in each message.",
        ],
        Some((2026, 8, 31)),
        Some((2026, 5, 4)),
        Some(((2026, 8, 20), "CLOSED")),
    ),
    finding(
        ["F-2025-07", "C-12", "HIGH"],
        [
            "Some traders with several manifestly illegal listings were not suspended.",
            "Count upheld decisions across the accounts of one operator.",
        ],
        Some((2026, 10, 31)),
        None,
        None,
    ),
    finding(
        ["F-2025-08", "C-15", "HIGH"],
        [
            "Removed products came back under other accounts of the same operator within days.",
            "Compare new listings with removed ones before they are shown.",
        ],
        Some((2026, 12, 31)),
        Some((2026, 9, 7)),
        None,
    ),
    finding(
        ["F-2025-09", "C-03", "MEDIUM"],
        [
            "After some decisions had been reversed the listing was not put back.",
            "Check each day that what was reversed is shown.",
        ],
        Some((2026, 7, 31)),
        Some((2026, 5, 18)),
        None,
    ),
    finding(
        ["F-2025-10", "C-11", "LOW"],
        ["The published table of points and the one in use differed in one line for a month.", ""],
        None,
        None,
        Some(((2026, 6, 2), "REJECTED")),
    ),
    finding(
        ["F-2026-01", "C-14", "MEDIUM"],
        [
            "Hidden links are found, but a part of them is cut only after several days.",
            "Cut them when they are found, and review afterwards.",
        ],
        Some((2027, 3, 31)),
        Some((2026, 10, 20)),
        None,
    ),
    finding(
        ["F-2026-02", "C-17", "LOW"],
        [
            "The description of two datasets did not say which days are counted.",
            "Say it where the column is described.",
        ],
        Some((2027, 1, 31)),
        None,
        None,
    ),
    finding(
        ["F-2026-03", "C-10", "MEDIUM"],
        [
            "Some traders who never answered were still offering goods at the end of September.",
            "Suspend by the calendar, not by hand.",
        ],
        Some((2026, 12, 31)),
        Some((2026, 10, 14)),
        None,
    ),
    finding(
        ["F-2026-04", "C-02", "LOW"],
        ["Times are measured from the receipt, not from the sending, of a notice.", ""],
        None,
        None,
        Some(((2026, 10, 27), "REJECTED")),
    ),
];

impl Finding {
    /// The year that its report is about, and when that was handed over.
    fn report(&self) -> (i64, (i32, u32, u32)) {
        if self.id.starts_with("F-2025") { (2025, (2026, 3, 31)) } else { (2026, (2026, 10, 12)) }
    }

    /// `status`
    fn status(&self, seen: Seen) -> &'static str {
        match self.ended.filter(|(date, _)| seen.has(start(*date))) {
            Some((_, status)) => status,
            None if self.begun.is_some_and(|date| seen.has(start(date))) => "IN_PROGRESS",
            None => "OPEN",
        }
    }

    /// When it was settled: in the afternoon.
    fn closed_at(&self) -> Option<Timestamp> {
        self.ended.map(|(date, _)| start(date).plus_s(14 * 3_600))
    }
}

/// The columns, in the codebook's order.
const COLUMNS: &[Column] = &[
    ("finding_id", Shape::Text),
    ("commitment_id", Shape::Text),
    ("report_year", Shape::Integer),
    ("severity", Shape::Text),
    ("finding", Shape::Text),
    ("recommendation", Shape::Text),
    ("due_date", Shape::Date),
    ("status", Shape::Text),
    ("closed_at", Shape::Moment),
];

impl Record for Finding {
    const TABLE: &'static Table = &Table {
        dataset: "trustee_findings",
        columns: COLUMNS,
        format: Format::Csv,
        files: Files::One,
    };

    fn since(&self) -> Timestamp {
        start(self.report().1)
    }

    fn cells(&self, seen: Seen) -> Vec<Cell<'_>> {
        vec![
            self.id.into(),
            self.commitment_id.into(),
            self.report().0.into(),
            self.severity.into(),
            self.finding.into(),
            self.recommendation.into(),
            self.due.map(day).into(),
            self.status(seen).into(),
            seen.known(self.closed_at()).into(),
        ]
    }
}
