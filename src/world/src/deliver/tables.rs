//! The list of what a world writes.
//!
//! A group of tables is one entry: the tables, about how many rows they have, and the function that
//! hands the rows to the desk, one by one, in any order. A table comes after those it refers to, as
//! far as it can, since that is the order of publishing.

use super::{Desk, GenerateError};
use crate::marketplace::Marketplace;
use crate::table::Table;
use crate::{
    affiliates, detectors, monitoring, platforms, prevalence, recommenders, safety, sanctions,
    traders,
};

/// Tables that are written together.
pub(crate) struct Group {
    /// The tables, in the order of publishing.
    pub(crate) tables: &'static [&'static Table],
    /// About how many rows they have in the newest edition.
    pub(crate) rows_expected: fn(&Marketplace) -> u64,
    /// Writes them, and states what is true of them.
    pub(crate) write: fn(&Marketplace, &mut Desk<'_>) -> Result<(), GenerateError>,
}

/// All groups, in the order in which they are written.
pub(crate) const GROUPS: &[Group] = &[
    sanctions::GROUP,
    traders::GROUP,
    safety::GROUP,
    affiliates::GROUP,
    recommenders::GROUP,
    prevalence::GROUP,
    platforms::GROUP,
    detectors::GROUP,
    monitoring::GROUP,
];

/// All tables, in the order of publishing.
pub(crate) fn tables() -> impl Iterator<Item = &'static Table> {
    GROUPS.iter().flat_map(|group| group.tables).copied()
}
