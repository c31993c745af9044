//! What consumers were told of illegal products that they had bought (Art. 32).

use domain::Timestamp;

use crate::calendar::{DAY_S, HOUR_S};
use crate::draw::Stream;
use crate::marketplace::Marketplace;
use crate::moderation_actions::{Action, Target};
use crate::record::{Cell, Column, Record, Shape};
use crate::seen::Seen;
use crate::table::{Files, Format, Table};

/// What was done after one removal: a row of `consumer_notifications`.
#[derive(Debug)]
pub(crate) struct ConsumerNotification {
    action_id: String,
    purchasers: i64,
    contactable: i64,
    notified: i64,
    notified_at: Timestamp,
    /// The illegality, the trader, the means of redress.
    told: [bool; 3],
    public_notice: bool,
}

impl Marketplace {
    /// What consumers were told after a decision, if they were told something.
    pub(crate) fn consumer_notification(&self, action: &Action) -> Option<ConsumerNotification> {
        let orders = action.orders.filter(|orders| 0 < *orders)?;
        let applied_at = action.applied_at?;
        let is_illegal = action.infringement.is_illegal() && action.measures.removes();
        if action.subject.target != Target::Listing || !is_illegal {
            return None;
        }
        let mut draw = self.draw(Stream::Consumers, action.number);
        let notified_at = draw.after(applied_at, HOUR_S..20 * DAY_S);
        let is_told =
            draw.chance(if action.infringement.policy == "sp-safety" { 720 } else { 310 });
        if !is_told || self.span.until <= notified_at {
            return None;
        }
        let purchasers = orders * draw.within(82..101) / 100;
        let contactable = purchasers * draw.within(88..101) / 100;
        let notified = contactable * draw.within(90..101) / 100;
        let mut has = |per_mille| draw.chance(per_mille);
        Some(ConsumerNotification {
            action_id: action.id.clone(),
            purchasers,
            contactable,
            notified,
            notified_at,
            told: [has(970), has(940), has(830)],
            public_notice: contactable < purchasers && has(640),
        })
    }
}

/// The columns, in the codebook's order.
const COLUMNS: &[Column] = &[
    ("action_id", Shape::Text),
    ("purchasers_eu", Shape::Integer),
    ("contactable_eu", Shape::Integer),
    ("notified", Shape::Integer),
    ("notified_at", Shape::Moment),
    ("told_illegality", Shape::Boolean),
    ("told_trader", Shape::Boolean),
    ("told_redress", Shape::Boolean),
    ("public_notice", Shape::Boolean),
];

impl Record for ConsumerNotification {
    const TABLE: &'static Table = &Table {
        dataset: "consumer_notifications",
        columns: COLUMNS,
        format: Format::Csv,
        files: Files::Months,
    };

    fn since(&self) -> Timestamp {
        self.notified_at
    }

    fn cells(&self, _: Seen) -> Vec<Cell<'_>> {
        let [illegality, trader, redress] = self.told;
        vec![
            (&self.action_id).into(),
            self.purchasers.into(),
            self.contactable.into(),
            self.notified.into(),
            self.notified_at.into(),
            illegality.into(),
            trader.into(),
            redress.into(),
            self.public_notice.into(),
        ]
    }
}
