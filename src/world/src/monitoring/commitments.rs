//! What the platform has committed itself to (Art. 71), in our own words.
//!
//! # Invariant
//! The commitments are the same in every world, as the law is.

use domain::Timestamp;

use super::{day, start};
use crate::record::{Cell, Column, Record, Shape};
use crate::seen::Seen;
use crate::table::{Files, Format, Table};

/// The day on which they were made binding.
const BINDING: (i32, u32, u32) = (2025, 6, 18);

/// One commitment: a row of `commitments`.
#[derive(Debug)]
pub(crate) struct Commitment {
    /// `commitment_id`
    pub(super) id: &'static str,
    area: &'static str,
    text: &'static str,
    owner_team: &'static str,
    /// When it is due; none where it holds from the start.
    due: Option<(i32, u32, u32)>,
    /// When work on it began, and when it was done.
    work: [Option<(i32, u32, u32)>; 2],
}

/// Shortens the table below.
const fn commitment(
    [id, area, owner_team]: [&'static str; 3],
    text: &'static str,
    due: Option<(i32, u32, u32)>,
    work: [Option<(i32, u32, u32)>; 2],
) -> Commitment {
    Commitment { id, area, text, owner_team, due, work }
}

/// All of them, by area.
pub(super) static COMMITMENTS: [Commitment; 19] = [
    commitment(
        ["C-01", "NOTICE_ACTION", "Notices"],
        "Anyone can send a notice from the page of a listing, without an account, and is told of its receipt at once.",
        Some((2025, 9, 30)),
        [Some((2025, 7, 1)), Some((2025, 9, 22))],
    ),
    commitment(
        ["C-02", "NOTICE_ACTION", "Notices"],
        "Notices of trusted flaggers are decided first, and half of them within two working days.",
        Some((2025, 12, 31)),
        [Some((2025, 8, 4)), Some((2026, 2, 17))],
    ),
    commitment(
        ["C-03", "COMPLAINTS", "Complaints"],
        "Complaints are decided under the supervision of qualified staff, and what was taken down wrongly is put back within a day of the decision.",
        Some((2025, 12, 31)),
        [Some((2025, 9, 1)), Some((2025, 12, 12))],
    ),
    commitment(
        ["C-04", "COMPLAINTS", "Complaints"],
        "Every decision on a complaint says where an out-of-court body can be found.",
        None,
        [Some((2025, 6, 18)), Some((2025, 6, 30))],
    ),
    commitment(
        ["C-05", "ADS", "Advertising"],
        "The repository holds every advertisement until a year after it was last shown, with who paid, whom it was meant for and whom it reached.",
        Some((2026, 3, 31)),
        [Some((2025, 10, 6)), Some((2026, 5, 18))],
    ),
    commitment(
        ["C-06", "ADS", "Advertising"],
        "Advertisements for a listing stop within a day of the listing's removal.",
        Some((2026, 6, 30)),
        [Some((2026, 2, 2)), None],
    ),
    commitment(
        ["C-07", "RECOMMENDERS", "Recommendations"],
        "The terms name the main parameters of each recommender system, how much each weighs and why.",
        Some((2025, 12, 31)),
        [Some((2025, 8, 18)), Some((2026, 8, 17))],
    ),
    commitment(
        ["C-08", "RECOMMENDERS", "Recommendations"],
        "Each recommender system has an option without profiling, which stands beside its suggestions and stays chosen.",
        Some((2026, 6, 30)),
        [Some((2025, 11, 10)), Some((2026, 8, 3))],
    ),
    commitment(
        ["C-09", "TRACEABILITY", "Trader onboarding"],
        "No trader offers anything to the Union before identity, register and payment account were verified.",
        Some((2026, 3, 31)),
        [Some((2025, 9, 15)), Some((2026, 3, 20))],
    ),
    commitment(
        ["C-10", "TRACEABILITY", "Trader onboarding"],
        "Traders who joined before are verified again, and suspended where they do not answer.",
        Some((2026, 9, 30)),
        [Some((2026, 1, 12)), Some((2026, 10, 14))],
    ),
    commitment(
        ["C-11", "SANCTIONS", "Integrity"],
        "Points for infringements, and what follows from them, are published and applied to every trader alike.",
        Some((2025, 12, 31)),
        [Some((2025, 7, 14)), Some((2025, 12, 1))],
    ),
    commitment(
        ["C-12", "SANCTIONS", "Integrity"],
        "A trader who reaches the threshold for manifestly illegal listings is suspended within five days.",
        Some((2026, 6, 30)),
        [Some((2025, 12, 8)), Some((2026, 6, 15))],
    ),
    commitment(
        ["C-13", "PROACTIVE", "Product safety"],
        "Listings are screened before they are shown for what safety alerts and earlier removals tell, pictures and text alike.",
        Some((2026, 3, 31)),
        [Some((2025, 8, 25)), Some((2026, 3, 9))],
    ),
    commitment(
        ["C-14", "PROACTIVE", "Affiliates"],
        "Links of affiliates are checked for hidden destinations, and those found are cut within two days.",
        Some((2026, 3, 31)),
        [Some((2025, 11, 3)), Some((2026, 4, 13))],
    ),
    commitment(
        ["C-15", "PROACTIVE", "Product safety"],
        "A removed product is not offered again, under whichever account.",
        Some((2026, 12, 31)),
        [Some((2026, 4, 20)), None],
    ),
    commitment(
        ["C-16", "RESEARCH_ACCESS", "Data access"],
        "Public data can be queried by researchers without delay, in full and without obstacles.",
        Some((2026, 9, 30)),
        [Some((2026, 1, 26)), Some((2026, 9, 28))],
    ),
    commitment(
        ["C-17", "RESEARCH_ACCESS", "Data access"],
        "Every column of the data is described, and every known gap is said.",
        Some((2026, 11, 30)),
        [Some((2026, 10, 5)), None],
    ),
    commitment(
        ["C-18", "MONITORING", "Compliance"],
        "A trustee reports each year on how the commitments are kept, with access to staff, systems and data.",
        Some((2026, 6, 30)),
        [Some((2025, 9, 1)), Some((2026, 6, 24))],
    ),
    commitment(
        ["C-19", "MONITORING", "Compliance"],
        "Each measure is computed by a stored query on a cited edition, so that anyone entitled can compute it again.",
        Some((2027, 3, 31)),
        [None, None],
    ),
];

impl Commitment {
    /// `status`
    fn status(&self, seen: Seen) -> &'static str {
        let is_past =
            |date: Option<(i32, u32, u32)>| date.is_some_and(|date| seen.has(start(date)));
        match self.work.map(is_past) {
            [_, true] => "IMPLEMENTED",
            _ if is_past(self.due) => "OVERDUE",
            [true, false] => "IN_PROGRESS",
            [false, false] => "PLANNED",
        }
    }
}

/// The columns, in the codebook's order.
const COLUMNS: &[Column] = &[
    ("commitment_id", Shape::Text),
    ("area", Shape::Text),
    ("text", Shape::Text),
    ("due_date", Shape::Date),
    ("owner_team", Shape::Text),
    ("status", Shape::Text),
];

impl Record for Commitment {
    const TABLE: &'static Table = &Table {
        dataset: "commitments",
        columns: COLUMNS,
        format: Format::Ndjson,
        files: Files::One,
    };

    fn since(&self) -> Timestamp {
        start(BINDING)
    }

    fn cells(&self, seen: Seen) -> Vec<Cell<'_>> {
        vec![
            self.id.into(),
            self.area.into(),
            self.text.into(),
            self.due.map(day).into(),
            self.owner_team.into(),
            self.status(seen).into(),
        ]
    }
}
