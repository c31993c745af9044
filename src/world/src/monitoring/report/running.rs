//! The half-year that is running: counts of this world's rows so far.
//!
//! Left out is what no other table holds: how many recipients there are, and the people who moderate,
//! who are told of once the half-year is over.

use domain::Date;

use super::{ALL, Figure, HalfYear, Sheet, UNION};
use crate::monitoring::tally::{Counted, Tally, Waited};
use crate::seen::EDITIONS;

/// What has been counted of a half-year.
pub(super) fn figures(half_year: HalfYear, tally: &Tally) -> Vec<Figure> {
    let days = [half_year.first_day(), half_year.next_first_day()];
    let mut running = Running { sheet: Sheet::new(half_year), tally, days };
    running.orders();
    running.notices();
    running.own_initiative();
    running.complaints();
    running.automated();
    running.disputes();
    running.suspensions();
    running.sheet.figures
}

/// The figures of the half-year while they are being put together.
struct Running<'a> {
    sheet: Sheet,
    tally: &'a Tally,
    days: [Date; 2],
}

impl Running<'_> {
    fn all(&self, counted: Counted) -> [i64; EDITIONS] {
        self.tally.sum((counted, None), self.days)
    }

    fn of(&self, counted: Counted, kind: &str) -> [i64; EDITIONS] {
        self.tally.sum((counted, Some(kind)), self.days)
    }

    /// Puts down a count that is not broken down.
    fn count(&mut self, indicator: &'static str, counted: Counted) {
        let all = self.all(counted);
        self.sheet.count(indicator, [ALL, UNION], all);
    }

    /// Puts down a count for each kind of infringement that occurs, and for all.
    fn by_category(&mut self, indicator: &'static str, counted: Counted) {
        for kind in self.tally.kinds(counted, self.days) {
            let count = self.of(counted, kind);
            self.sheet.count(indicator, [kind, UNION], count);
        }
        self.count(indicator, counted);
    }

    /// Puts down the median of some times.
    fn median(&mut self, indicator: &'static str, waited: &[Waited]) {
        let median = self.tally.median_hours(waited, self.days);
        self.sheet.put((indicator, "HOURS"), [ALL, UNION], median);
    }

    fn orders(&mut self) {
        self.sheet.on("15(1)(a)");
        for (indicator, counted) in [
            ("ORDERS_TO_ACT", Counted::OrdersToAct),
            ("ORDERS_FOR_INFORMATION", Counted::OrdersForInformation),
        ] {
            for state in self.tally.kinds(counted, self.days) {
                let count = self.of(counted, state);
                self.sheet.count(indicator, [ALL, state], count);
            }
        }
        self.median("ORDERS_MEDIAN_HOURS_TO_ACKNOWLEDGE", &[Waited::OrderAcknowledged]);
        self.median("ORDERS_MEDIAN_HOURS_TO_EFFECT", &[Waited::OrderEffected]);
    }

    fn notices(&mut self) {
        self.sheet.on("15(1)(b)");
        self.by_category("NOTICES", Counted::Notices);
        self.by_category("NOTICES_BY_TRUSTED_FLAGGERS", Counted::NoticesByFlaggers);
        self.by_category("NOTICES_ACTION_ON_LAW", Counted::NoticesOnLaw);
        self.by_category("NOTICES_ACTION_ON_TERMS", Counted::NoticesOnTerms);
        self.count("NOTICES_PROCESSED_BY_AUTOMATED_MEANS", Counted::NoticesByMachine);
        self.median("NOTICES_MEDIAN_HOURS_TO_ACTION", &[Waited::NoticeActedOn]);
    }

    fn own_initiative(&mut self) {
        self.sheet.on("15(1)(c)");
        self.by_category("OWN_INITIATIVE_ON_LAW", Counted::OwnOnLaw);
        self.by_category("OWN_INITIATIVE_ON_TERMS", Counted::OwnOnTerms);
        self.by_category("OWN_INITIATIVE_BY_AUTOMATED_MEANS", Counted::OwnByMachine);
    }

    fn complaints(&mut self) {
        self.sheet.on("15(1)(d)");
        self.count("COMPLAINTS", Counted::Complaints);
        self.count("COMPLAINTS_UPHELD", Counted::ComplaintsUpheld);
        self.count("COMPLAINTS_REVERSED", Counted::ComplaintsReversed);
        self.median("COMPLAINTS_MEDIAN_HOURS_TO_DECISION", &[Waited::ComplaintDecided]);
    }

    fn automated(&mut self) {
        self.sheet.on("15(1)(e)");
        self.count("DECISIONS_FULLY_AUTOMATED", Counted::Automated);
        let [all, reversed] = [Counted::Automated, Counted::AutomatedReversed].map(|c| self.all(c));
        let wrong = shares(reversed, all);
        let right = wrong.map(|wrong| Some(1_000 - wrong?));
        self.sheet.put(("AUTOMATED_ACCURACY", "SHARE"), [ALL, UNION], right);
        self.sheet.put(("AUTOMATED_ERROR_RATE", "SHARE"), [ALL, UNION], wrong);
        self.sheet.on("42(2)(c)");
        for kind in self.tally.kinds(Counted::Automated, self.days) {
            let [all, reversed] =
                [Counted::Automated, Counted::AutomatedReversed].map(|c| self.of(c, kind));
            let right = shares(reversed, all).map(|wrong| Some(1_000 - wrong?));
            self.sheet.put(("AUTOMATED_ACCURACY", "SHARE"), [kind, UNION], right);
        }
    }

    fn disputes(&mut self) {
        self.sheet.on("24(1)(a)");
        self.count("DISPUTES", Counted::Disputes);
        self.count("DISPUTES_FOR_RECIPIENT", Counted::DisputesForRecipient);
        self.median("DISPUTES_MEDIAN_HOURS_TO_COMPLETE", &[Waited::DisputeClosed]);
        let done = self.all(Counted::DisputesImplemented);
        let done = shares(done, self.all(Counted::DisputesToImplement));
        self.sheet.put(("DISPUTES_IMPLEMENTED", "SHARE"), [ALL, UNION], done);
    }

    fn suspensions(&mut self) {
        self.sheet.on("24(1)(b)");
        self.count("SUSPENSIONS_FOR_ILLEGAL_CONTENT", Counted::SuspensionsForContent);
        self.count("SUSPENSIONS_FOR_UNFOUNDED_NOTICES", Counted::SuspensionsForNotices);
        self.count("SUSPENSIONS_FOR_UNFOUNDED_COMPLAINTS", Counted::SuspensionsForComplaints);
    }
}

/// Parts in thousandths of their wholes; none of nothing.
fn shares(parts: [i64; EDITIONS], wholes: [i64; EDITIONS]) -> [Option<i64>; EDITIONS] {
    std::array::from_fn(|edition| {
        (0 < wholes[edition]).then(|| parts[edition] * 1_000 / wholes[edition])
    })
}
