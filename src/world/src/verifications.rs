//! The checks of what traders say of themselves (Art. 30(2) and (3)), and the names of legal persons.

use domain::{Date, Timestamp};

use crate::GenerateError;
use crate::calendar::{DAY_S, HOUR_S};
use crate::deliver::Desk;
use crate::draw::{Draw, Stream};
use crate::marketplace::Marketplace;
use crate::pseudonyms::Named;
use crate::record::{Cell, Column, Record, Shape};
use crate::seen::Seen;
use crate::table::{Files, Format, Table};
use crate::traders::{Trader, TraderRow};
use crate::words;

/// One check: a row of `trader_verifications`.
#[derive(Debug)]
pub(crate) struct Verification {
    id: String,
    trader_id: String,
    item: &'static str,
    method: &'static str,
    result: &'static str,
    checked_at: Timestamp,
    remedy_requested_at: Option<Timestamp>,
    suspended_at: Option<Timestamp>,
    remedied_at: Option<Timestamp>,
}

/// The items that are checked, in their order.
const ITEMS: [&str; 5] = ["A_CONTACT", "B_ID", "C_PAYMENT", "D_REGISTER", "E_SELFCERT"];

impl Marketplace {
    /// Writes the checks of a trader's items, and the trader's name.
    pub(crate) fn write_traceability(
        &self,
        trader: &Trader,
        row: &TraderRow,
        desk: &mut Desk<'_>,
    ) -> Result<(), GenerateError> {
        for (item, place) in ITEMS.into_iter().zip(0..) {
            if let Some(verification) = self.verification((trader, place), item, row) {
                desk.write(&verification)?;
            }
        }
        desk.write(&self.trader_name(trader, row))
    }

    /// The check of one item of a trader, if there was one.
    fn verification(
        &self,
        (trader, place): (&Trader, u64),
        item: &'static str,
        row: &TraderRow,
    ) -> Option<Verification> {
        let (result, checked_at) = row.checked(item)?;
        let number = trader.number * 8 + place;
        let mut draw = self.draw(Stream::Verification, number);
        let mut verification = Verification {
            id: self.id(Named::Verification, number),
            trader_id: trader.id.clone(),
            item,
            method: method(item, &mut draw),
            result,
            checked_at,
            remedy_requested_at: None,
            suspended_at: None,
            remedied_at: None,
        };
        if result != "MATCH" {
            self.remedy(&mut verification, &mut draw);
        }
        Some(verification)
    }

    /// Draws what came of a check that did not go well.
    fn remedy(&self, verification: &mut Verification, draw: &mut Draw) {
        let known = |at: Timestamp| Some(at).filter(|at| *at < self.span.until);
        let asked_at = draw.after(verification.checked_at, HOUR_S..4 * DAY_S);
        if draw.chance(90) {
            return;
        }
        verification.remedy_requested_at = known(asked_at);
        let is_quick = draw.chance(640);
        if is_quick {
            verification.remedied_at = known(draw.after(asked_at, DAY_S..25 * DAY_S));
            return;
        }
        // A month without a remedy, and the service is suspended (Art. 30(3)); not for all, and some
        // do better then.
        let suspended_at = draw.after(asked_at.plus_s(28 * DAY_S), HOUR_S..6 * DAY_S);
        verification.suspended_at = known(suspended_at).filter(|_| !draw.chance(250));
        if let Some(suspended_at) = verification.suspended_at.filter(|_| draw.chance(600)) {
            verification.remedied_at = known(draw.after(suspended_at, DAY_S..40 * DAY_S));
        }
    }

    /// The name of a trader.
    fn trader_name(&self, trader: &Trader, row: &TraderRow) -> TraderName {
        let mut draw = self.draw(Stream::Verification, trader.number * 8 + 7);
        let is_named = row.is_legal() && !draw.chance(8);
        let is_registered = row.is_legal() && draw.chance(930);
        TraderName {
            trader_id: trader.id.clone(),
            is_legal: row.is_legal(),
            since: trader.onboarded_at,
            legal_name: is_named.then(|| words::company(trader.number, trader.country)),
            register: is_registered.then(|| {
                [
                    format!("Trade register of {}", trader.country),
                    format!("{}-{:07}", trader.country, draw.below(10_000_000)),
                ]
            }),
            offboarded_at: row.offboarded_at(),
        }
    }
}

/// How an item is checked.
fn method(item: &str, draw: &mut Draw) -> &'static str {
    match item {
        "A_CONTACT" => {
            draw.weighted(&[(55, "THIRD_PARTY"), (30, "DOCUMENT"), (15, "OFFICIAL_DATABASE")])
        }
        "B_ID" => draw.weighted(&[(70, "DOCUMENT"), (30, "THIRD_PARTY")]),
        "C_PAYMENT" => draw.weighted(&[(85, "THIRD_PARTY"), (15, "DOCUMENT")]),
        "D_REGISTER" => draw.weighted(&[(80, "OFFICIAL_DATABASE"), (20, "DOCUMENT")]),
        _ => "SELF",
    }
}

/// The columns, in the codebook's order.
const COLUMNS: &[Column] = &[
    ("verification_id", Shape::Text),
    ("trader_id", Shape::Text),
    ("item", Shape::Text),
    ("method", Shape::Text),
    ("result", Shape::Text),
    ("checked_at", Shape::Moment),
    ("remedy_requested_at", Shape::Moment),
    ("remedied_at", Shape::Moment),
    ("suspended_at", Shape::Moment),
];

impl Record for Verification {
    const TABLE: &'static Table = &Table {
        dataset: "trader_verifications",
        columns: COLUMNS,
        format: Format::CsvGz,
        files: Files::Parts,
    };

    fn since(&self) -> Timestamp {
        self.checked_at
    }

    fn cells(&self, seen: Seen) -> Vec<Cell<'_>> {
        vec![
            (&self.id).into(),
            (&self.trader_id).into(),
            self.item.into(),
            self.method.into(),
            self.result.into(),
            self.checked_at.into(),
            seen.known(self.remedy_requested_at).into(),
            seen.known(self.remedied_at).into(),
            seen.known(self.suspended_at).into(),
        ]
    }
}

/// The name of one trader: a row of `trader_names`.
#[derive(Debug)]
pub(crate) struct TraderName {
    trader_id: String,
    is_legal: bool,
    since: Timestamp,
    legal_name: Option<String>,
    /// The register, and the number in it.
    register: Option<[String; 2]>,
    offboarded_at: Option<Timestamp>,
}

impl TraderName {
    /// The day after which the row goes, once the contract has ended (Art. 30(5)).
    fn delete_after(&self, seen: Seen) -> Option<Date> {
        let ended_on = seen.known(self.offboarded_at)?.date();
        ended_on.checked_add_months(chrono::Months::new(6))
    }
}

impl Record for TraderName {
    const TABLE: &'static Table = &Table {
        dataset: "trader_names",
        columns: &[
            ("trader_id", Shape::Text),
            ("trader_type", Shape::Text),
            ("legal_name", Shape::Text),
            ("register_name", Shape::Text),
            ("register_number", Shape::Text),
            ("delete_after", Shape::Date),
        ],
        format: Format::NdjsonGz,
        files: Files::Parts,
    };

    fn since(&self) -> Timestamp {
        self.since
    }

    fn cells(&self, seen: Seen) -> Vec<Cell<'_>> {
        let register = self.register.as_ref();
        vec![
            (&self.trader_id).into(),
            if self.is_legal { "LEGAL" } else { "NATURAL" }.into(),
            self.legal_name.as_ref().into(),
            register.map(|[name, _]| name).into(),
            register.map(|[_, number]| number).into(),
            self.delete_after(seen).into(),
        ]
    }
}
