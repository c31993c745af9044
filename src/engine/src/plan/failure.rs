//! The engine's planning errors as refusals, read by their structure, and by their kind where they
//! have none.
//!
//! # Invariant
//! The engine's text is never copied: a refusal is made of our words and the caller's names.
//!
//! # Rooms
//! - [`sentence`]: errors without a structure, told apart.

mod sentence;

use datafusion::common::{Column, SchemaError};
use datafusion::error::DataFusionError;
use domain::codebook::Class;
use domain::question::Mount;
use domain::verdict::{Position, Refusal, RefusalCode};
use domain::{ColumnName, Question};

use super::Functions;
use crate::parse::Tokens;
use crate::refusal;
use crate::walk::{Survey, TableUse};

/// What the engine says of a column that is neither grouped by nor put together.
const UNGROUPED: &str = "must appear in";

/// How far planning was when the engine gave up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Resolving names.
    Names,
    /// Making types fit.
    Types,
}

/// What a refusal is explained from.
pub(crate) struct Scene<'a> {
    /// What the statement names.
    pub(crate) survey: &'a Survey,
    /// Its tokens.
    pub(crate) tokens: &'a Tokens,
    /// The question.
    pub(crate) question: &'a Question,
    /// The functions that are offered.
    pub(crate) functions: &'a Functions,
}

/// An engine error without its wrappings.
struct Core<'e> {
    error: &'e DataFusionError,
    position: Option<Position>,
}

impl<'e> Core<'e> {
    fn of(error: &'e DataFusionError) -> Self {
        let mut core = Self { error, position: None };
        loop {
            if let DataFusionError::Context(_, inner) = core.error {
                core.error = inner;
            } else if let DataFusionError::Shared(inner) = core.error {
                core.error = inner;
            } else if let DataFusionError::Diagnostic(diagnostic, inner) = core.error {
                let start = diagnostic.span.map(|span| span.start).filter(|start| 0 < start.line);
                let place = start.map(|start| Position { line: start.line, column: start.column });
                core.position = core.position.or(place);
                core.error = inner;
            } else if let DataFusionError::Collection(errors) = core.error
                && let Some(first) = errors.first()
            {
                core.error = first;
            } else {
                return core;
            }
        }
    }
}

impl Scene<'_> {
    /// The refusal that an engine error becomes.
    pub(crate) fn refusal(&self, error: &DataFusionError, phase: Phase) -> Refusal {
        let Core { error, position } = Core::of(error);
        if let DataFusionError::SchemaError(schema_error, _) = error {
            return self.schema_refusal(schema_error, position);
        }
        // The engine points at the column, and says the same of columns that cannot be grouped.
        let text = error.to_string();
        if text.contains(UNGROUPED)
            && let Some(refusal) = self.ungrouped(position)
        {
            return refusal;
        }
        if let Some(detail) = sentence::sentence(&text) {
            return refusal::invalid(detail, position);
        }
        if matches!(error, DataFusionError::NotImplemented(_)) {
            let detail = "The statement uses something that is not offered here. Write it with \
                          joins, WITH parts and simpler expressions.";
            return refusal::refused(detail, position);
        }
        let detail = match phase {
            Phase::Names => {
                "The statement can be read, but not planned. Write its parts with WITH, one after \
                 the other, to find the one that is meant."
            }
            Phase::Types => {
                "The types in the statement do not fit each other. Check both sides of each \
                 comparison and operation, and write CAST where they differ."
            }
        };
        refusal::invalid(detail, position)
    }

    fn schema_refusal(&self, error: &SchemaError, position: Option<Position>) -> Refusal {
        match error {
            SchemaError::FieldNotFound { field, valid_fields } => {
                self.missing_column(field, valid_fields, position)
            }
            SchemaError::AmbiguousReference { field } => {
                let detail = format!(
                    "The column `{}` is in several tables. Write the table's name before it.",
                    field.name
                );
                refusal::invalid(detail, position.or_else(|| self.tokens.find_name(&field.name)))
            }
            SchemaError::DuplicateQualifiedField { name, .. }
            | SchemaError::DuplicateUnqualifiedField { name } => {
                let detail = format!(
                    "Two columns are called `{name}`. Give one of them another name with AS, or \
                     one of the tables another alias."
                );
                refusal::invalid(detail, position.or_else(|| self.tokens.find_name(name)))
            }
        }
    }

    fn missing_column(
        &self,
        column: &Column,
        valid: &[Column],
        position: Option<Position>,
    ) -> Refusal {
        let name = &column.name;
        let position = position.or_else(|| self.tokens.find_name(name));
        let relation = column.relation.as_ref().map(|relation| relation.table());
        if let Some((dataset, class)) = self.ungranted(relation, name) {
            let detail = format!(
                "{dataset}.{name} is class `{}`, which your grant of `{dataset}` does not \
                 cover. Leave the column out, or ask the registrar to extend the grant.",
                class.as_str()
            );
            return Refusal { code: RefusalCode::ColumnNotGranted, detail, position };
        }
        let is_named = |valid: &&Column| match (relation, &valid.relation) {
            (Some(wanted), Some(found)) => found.table() == wanted,
            (Some(_), None) => false,
            (None, _) => true,
        };
        let mut near = valid.iter().filter(is_named).peekable();
        if let Some(relation) = relation.filter(|_| near.peek().is_none()) {
            let tables = valid.iter().filter_map(|column| column.relation.as_ref());
            let proposal = refusal::proposal(relation, tables.map(|table| table.table()));
            let detail = format!(
                "The statement has no table `{relation}` where `{relation}.{name}` stands.\
                 {proposal}"
            );
            return Refusal { code: RefusalCode::ColumnUnknown, detail, position };
        }
        let proposal = refusal::proposal(name, near.map(|column| column.name.as_str()));
        let detail = format!("There is no column `{name}` here.{proposal}");
        Refusal { code: RefusalCode::ColumnUnknown, detail, position }
    }

    /// The dataset in sight that has a column outside its grant, and the column's class.
    fn ungranted(&self, relation: Option<&str>, column: &str) -> Option<(String, Class)> {
        let tables: Vec<&TableUse> = match relation {
            Some(relation) => {
                let place = self.survey.aliases.get(relation);
                place.and_then(|&place| self.survey.tables.get(place)).into_iter().collect()
            }
            None => self.survey.tables.iter().collect(),
        };
        tables.into_iter().find_map(|table| {
            let (mount, columns) = self.consulted(table)?;
            let is_granted =
                mount.fields.iter().any(|mounted| mounted.field.name.as_str() == column);
            let (_, class) = columns.iter().find(|(name, _)| name.as_str() == column)?;
            (!is_granted).then(|| (table.name.clone(), *class))
        })
    }

    /// What is consulted where a statement names a table, and all columns that there are.
    fn consulted(&self, table: &TableUse) -> Option<(&Mount, &[(ColumnName, Class)])> {
        if let Some(version) = &table.version {
            let pin = self.question.pin(&table.name, version)?;
            return Some((&pin.mount, &pin.columns));
        }
        let mut mounts = self.question.mounts.iter();
        let mount = mounts.find(|mount| mount.dataset.as_str() == table.name)?;
        let mut known = self.question.known.iter();
        let known = known.find(|known| known.name.as_str() == table.name)?;
        Some((mount, &known.columns))
    }

    /// The refusal of a column that is neither grouped by nor put together, where that is what
    /// the engine points at: a place with a column's name, in a statement with aggregates.
    fn ungrouped(&self, position: Option<Position>) -> Option<Refusal> {
        let is_aggregated = self.survey.groups
            || self.survey.functions.iter().any(|function| {
                !function.is_windowed && self.functions.aggregate(&function.name).is_some()
            });
        let named = self.tokens.column_at(position.filter(|_| is_aggregated)?)?;
        let detail = format!(
            "`{named}` is neither in GROUP BY nor within an aggregate function. Add it to \
             GROUP BY, or write for example min({named})."
        );
        Some(refusal::invalid(detail, position))
    }
}

/// The refusal of a plan whose optimising failed: a constant in it cannot be computed, or a
/// subquery has a form that has no plan.
pub(super) fn constant(error: &DataFusionError) -> Refusal {
    let Core { error, position } = Core::of(error);
    if matches!(error, DataFusionError::ArrowError(..)) {
        let detail = "A constant in the statement cannot be computed: it is out of range, divides \
                      by zero, or is no text of the type it is turned into.";
        return refusal::invalid(detail, position);
    }
    let detail = sentence::sentence(&error.to_string()).unwrap_or_else(|| {
        "The statement has no plan here. Write a subquery that refers to the query around it as a \
         join, or make sure that it gives one value."
            .to_owned()
    });
    refusal::invalid(detail, position)
}
