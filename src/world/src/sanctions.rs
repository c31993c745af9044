//! Sanctions: what traders, affiliates, notifiers and complainants were made to bear, and what the
//! platform's own policies would have demanded (Art. 23).
//!
//! # Rooms
//! - `policies`: the policies, their versions and what a violation costs.
//! - `career`: the violations of one trader, and the points they cost.
//! - `docket`: the sanctions that came of them, or should have.
//! - `restrictions`: the decisions that these sanctions are.
//! - `others`: sanctions against those who are no traders.
//! - `row`: the row.

mod career;
mod docket;
mod others;
mod policies;
mod restrictions;
mod row;

use domain::Timestamp;

pub(crate) use self::career::Career;
use self::policies::Misuse;
pub(crate) use self::policies::{PolicyVersion, Rule};
use crate::deliver::Group;
use crate::record::Record;

/// Policies, rules and the sanctions against those who are no traders.
pub(crate) const GROUP: Group = Group {
    tables: &[PolicyVersion::TABLE, Rule::TABLE, Sanction::TABLE],
    rows_expected: |marketplace| marketplace.sizes.listings / 5,
    write: |marketplace, desk| {
        marketplace.write_policies(desk)?;
        marketplace.write_other_sanctions(desk)
    },
};

/// One sanction: a row of `sanctions`.
#[derive(Clone, Debug)]
pub(crate) struct Sanction {
    /// `sanction_id`
    pub(crate) id: String,
    /// When it was imposed.
    pub(crate) imposed_at: Timestamp,
    subject: Subject,
    misuse: Misuse,
    kind: &'static str,
    points: Option<i64>,
    ends_at: Option<Timestamp>,
    prior_warning_at: Option<Timestamp>,
    /// Items that were misused, and all items.
    items: Option<[i64; 2]>,
    gravity: Option<&'static str>,
    trigger_action_id: Option<String>,
    /// The policy and its version.
    policy: Option<(&'static str, i64)>,
    is_automated: bool,
    lifted: Option<(Timestamp, &'static str)>,
}

/// Whom a sanction is against.
#[derive(Clone, Debug)]
enum Subject {
    /// A trader.
    Trader(String),
    /// An affiliate.
    Affiliate(String),
    /// One who submits notices.
    Notifier(String),
    /// One who lodges complaints.
    Complainant(String),
}

impl Subject {
    /// `subject_type` and `subject_id`
    fn parts(&self) -> (&'static str, &String) {
        match self {
            Self::Trader(id) => ("TRADER", id),
            Self::Affiliate(id) => ("AFFILIATE", id),
            Self::Notifier(id) => ("NOTIFIER", id),
            Self::Complainant(id) => ("COMPLAINANT", id),
        }
    }
}
