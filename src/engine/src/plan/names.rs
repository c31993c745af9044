//! The names of a statement against what there is: functions and tables.

use domain::question::{Absence, KnownDataset};
use domain::verdict::{Position, Refusal, RefusalCode};
use domain::{DatasetName, Question};

use super::functions::Functions;
use crate::offer;
use crate::refusal;
use crate::walk::{FunctionUse, Survey, TableUse};

/// Checks that each function is offered, with the clauses it stands with.
///
/// # Errors
/// The first that is not, by name.
pub(super) fn check_functions(survey: &Survey, functions: &Functions) -> Result<(), Refusal> {
    survey.functions.iter().try_for_each(|function| check_function(function, functions))
}

fn check_function(function: &FunctionUse, functions: &Functions) -> Result<(), Refusal> {
    let FunctionUse { name, position, aggregate_clause, is_windowed, is_bare } = function;
    if matches!(name.as_str(), "unnest") {
        return Ok(());
    }
    let is_scalar = functions.scalar(name).is_some();
    let is_aggregate = functions.aggregate(name).is_some();
    let is_window = functions.window(name).is_some();
    if !is_scalar && !is_aggregate && !is_window {
        // Without brackets it may be a column; the planner knows.
        return if *is_bare { Ok(()) } else { Err(unknown_function(name, functions, *position)) };
    }
    // The planner would drop these in silence.
    if is_scalar && !is_aggregate {
        let clause = if *is_windowed { Some("OVER") } else { *aggregate_clause };
        if let Some(clause) = clause {
            let detail = format!("{clause} does not go with `{name}`, which is no aggregate.");
            return Err(refusal::refused(detail, *position));
        }
    }
    if is_window && !is_aggregate && !*is_windowed {
        let detail = format!("`{name}` is a window function and needs OVER (…).");
        return Err(refusal::invalid(detail, *position));
    }
    Ok(())
}

fn unknown_function(name: &str, functions: &Functions, position: Option<Position>) -> Refusal {
    match offer::refused::reason(name) {
        Some(reason) => {
            refusal::refused(format!("The function `{name}` is not offered. {reason}"), position)
        }
        None => {
            let proposal = refusal::proposal(name, functions.names());
            refusal::invalid(format!("There is no function `{name}`.{proposal}"), position)
        }
    }
}

/// Checks that each table is mounted.
///
/// # Errors
/// The first that is not, with the reason.
pub(super) fn check_tables(survey: &Survey, question: &Question) -> Result<(), Refusal> {
    survey.tables.iter().try_for_each(|table| check_table(table, question))
}

fn check_table(table: &TableUse, question: &Question) -> Result<(), Refusal> {
    let TableUse { name, is_bare, version, position } = table;
    if !is_bare {
        return Err(unknown_table(name, question, *position));
    }
    if version.is_none() && question.mounts.iter().any(|mount| mount.dataset.as_str() == name) {
        return Ok(());
    }
    match question.known.iter().find(|known| known.name.as_str() == name) {
        // A version may be there where the edition has none; which there are, the gateway knows.
        Some(known) if version.is_some() && !is_withheld(known) => Ok(()),
        Some(known) => Err(absent_table(known, *position)),
        None => Err(unknown_table(name, question, *position)),
    }
}

/// Whether the project may not consult a dataset, whatever its version.
fn is_withheld(known: &KnownDataset) -> bool {
    matches!(known.absence, Some(Absence::GrantMissing | Absence::GrantExpired(_)))
}

fn absent_table(known: &KnownDataset, position: Option<Position>) -> Refusal {
    let KnownDataset { name, absence, .. } = known;
    let (code, detail) = match absence {
        Some(Absence::GrantMissing) => (
            RefusalCode::GrantMissing,
            format!(
                "Your project has no grant of the dataset `{name}`. Leave it out, or ask the \
                 registrar for a grant."
            ),
        ),
        Some(Absence::GrantExpired(grant)) => (
            RefusalCode::GrantExpired,
            format!(
                "Your project's grant {grant} of the dataset `{name}` has ended. Leave it out, or \
                 ask the registrar to renew it."
            ),
        ),
        Some(Absence::NotPublished) | None => (
            RefusalCode::NotFound,
            format!(
                "The edition has no snapshot of the dataset `{name}`. Leave it out, or choose \
                 another edition with `as_of`."
            ),
        ),
    };
    Refusal { code, detail, position }
}

fn unknown_table(name: &str, question: &Question, position: Option<Position>) -> Refusal {
    let last = name.rsplit('.').next().unwrap_or(name);
    let names = question.known.iter().map(|known| &known.name);
    let names = names.chain(question.mounts.iter().map(|mount| &mount.dataset));
    let proposal = refusal::proposal(last, names.map(DatasetName::as_str));
    let detail = format!("There is no dataset `{name}`.{proposal}");
    Refusal { code: RefusalCode::TableUnknown, detail, position }
}
