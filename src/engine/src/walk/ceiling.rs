//! How much of everything one statement may have.
//!
//! Beyond these, planning outlives its deadline or the engine's stack.

use domain::question::PINS_MAX;
use domain::verdict::{Position, Refusal};

use super::Survey;
use crate::refusal;

/// Terms in one chain of operators, such as `a OR b OR …`.
const CHAIN_TERMS_MAX: usize = 500;

/// Parts named by WITH.
const PARTS_MAX: usize = 30;

/// Uses of such parts, each counted as often as the parts it lies in are used.
const EXPANSIONS_MAX: usize = 64;

/// Joins, commas in FROM included.
const JOINS_MAX: usize = 16;

/// UNION, INTERSECT and EXCEPT.
const SET_OPERATIONS_MAX: usize = 50;

/// Items in one IN list, array or VALUES.
const ITEMS_MAX: usize = 1_000;

/// Columns of one SELECT.
const SELECT_ITEMS_MAX: usize = 256;

/// What was counted so far.
#[derive(Default)]
pub(super) struct Counts {
    parts: usize,
    /// What the query being walked has expanded so far.
    pub(super) expansions: usize,
    joins: usize,
    set_operations: usize,
}

impl Counts {
    /// Counts a part named by WITH.
    ///
    /// # Errors
    /// When there are too many.
    pub(super) fn part(&mut self) -> Result<(), Refusal> {
        self.parts += 1;
        within("WITH parts", self.parts, PARTS_MAX, None)
    }

    /// Counts one use of a part, at its cost.
    ///
    /// # Errors
    /// When there are too many.
    pub(super) fn expansion(
        &mut self,
        cost: usize,
        place: Option<Position>,
    ) -> Result<(), Refusal> {
        self.expansions = self.expansions.saturating_add(cost);
        within("uses of WITH parts, nested ones included,", self.expansions, EXPANSIONS_MAX, place)
    }

    /// Counts joins.
    ///
    /// # Errors
    /// When there are too many.
    pub(super) fn joins(&mut self, count: usize) -> Result<(), Refusal> {
        self.joins += count;
        within("joins", self.joins, JOINS_MAX, None)
    }

    /// Counts a set operation.
    ///
    /// # Errors
    /// When there are too many.
    pub(super) fn set_operation(&mut self) -> Result<(), Refusal> {
        self.set_operations += 1;
        within("set operations", self.set_operations, SET_OPERATIONS_MAX, None)
    }
}

/// Checks the terms of one chain of operators.
///
/// # Errors
/// When there are too many.
pub(super) fn chain(terms: usize, place: Option<Position>) -> Result<(), Refusal> {
    within("terms in one chain of operators", terms, CHAIN_TERMS_MAX, place)
}

/// Checks the items of one list.
///
/// # Errors
/// When there are too many.
pub(super) fn items(count: usize, place: Option<Position>) -> Result<(), Refusal> {
    within("items in one list", count, ITEMS_MAX, place)
}

/// Checks the columns of one SELECT.
///
/// # Errors
/// When there are too many.
pub(super) fn select_items(count: usize, place: Option<Position>) -> Result<(), Refusal> {
    within("columns in one SELECT", count, SELECT_ITEMS_MAX, place)
}

/// Checks how many versions a statement pins, each counted once.
///
/// # Errors
/// When there are too many.
pub(super) fn pins(survey: &Survey) -> Result<(), Refusal> {
    let pinned = survey.tables.iter().filter(|table| table.version.is_some());
    let mut versions: Vec<_> = Vec::new();
    for table in pinned {
        if !versions.contains(&(&table.name, &table.version)) {
            versions.push((&table.name, &table.version));
            within("versions", versions.len(), PINS_MAX, table.position)?;
        }
    }
    Ok(())
}

fn within(
    what: &'static str,
    count: usize,
    ceiling: usize,
    place: Option<Position>,
) -> Result<(), Refusal> {
    if ceiling < count { Err(refusal::too_many(what, count, ceiling, place)) } else { Ok(()) }
}
