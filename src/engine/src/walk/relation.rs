//! What stands in FROM: tables, joins, queries in brackets, lists.

use domain::verdict::Refusal;
use sqlparser::ast::{
    Join, JoinConstraint, JoinOperator, ObjectName, ObjectNamePart, Query, Spanned, TableAlias,
    TableFactor, TableSampleKind, TableWithJoins,
};
use sqlparser::tokenizer::Span;

use super::{TableUse, Walker, absent, normal, not_offered};
use crate::parse;
use crate::refusal;

/// Why no function stands in FROM.
const NO_TABLE_FUNCTION: &str = "Only datasets, queries in brackets and UNNEST stand in FROM.";

impl Walker {
    /// Walks a table and what is joined to it.
    pub(super) fn tables(&mut self, tables: &TableWithJoins) -> Result<(), Refusal> {
        let TableWithJoins { relation, joins } = tables;
        self.relation(relation)?;
        self.counts.joins(joins.len())?;
        joins.iter().try_for_each(|join| self.join(join))
    }

    /// Walks the name a table goes by.
    pub(super) fn alias(&mut self, alias: &TableAlias) -> Result<(), Refusal> {
        let TableAlias { explicit: _, name, columns, at } = alias;
        absent(at.is_some(), "AT after a table's name", "Leave it out.", name.span)?;
        match columns.iter().find(|column| column.data_type.is_some()) {
            Some(column) => {
                let instead = "Give the name only, and CAST where needed.";
                Err(not_offered("A type after a column's name", instead, column.name.span))
            }
            None => Ok(()),
        }
    }

    fn relation(&mut self, relation: &TableFactor) -> Result<(), Refusal> {
        match relation {
            TableFactor::Table { .. } => self.table(relation),
            TableFactor::Derived { lateral, subquery, alias, sample } => {
                self.derived(*lateral, subquery, alias.as_ref(), sample.as_ref())
            }
            TableFactor::UNNEST { .. } => self.unnest(relation),
            TableFactor::NestedJoin { table_with_joins, alias } => {
                self.optional_alias(alias.as_ref())?;
                self.tables(table_with_joins)
            }
            TableFactor::Function { name, .. } => {
                Err(not_offered(&format!("`{name}` in FROM"), NO_TABLE_FUNCTION, relation.span()))
            }
            TableFactor::TableFunction { .. } => {
                Err(not_offered("TABLE(…)", NO_TABLE_FUNCTION, relation.span()))
            }
            TableFactor::JsonTable { .. } => refuse("JSON_TABLE", relation),
            TableFactor::OpenJsonTable { .. } => refuse("OPENJSON", relation),
            TableFactor::XmlTable { .. } => refuse("XMLTABLE", relation),
            TableFactor::SemanticView { .. } => refuse("SEMANTIC_VIEW", relation),
            TableFactor::Pivot { .. } => refuse("PIVOT", relation),
            TableFactor::Unpivot { .. } => refuse("UNPIVOT", relation),
            TableFactor::MatchRecognize { .. } => refuse("MATCH_RECOGNIZE", relation),
        }
    }

    fn table(&mut self, relation: &TableFactor) -> Result<(), Refusal> {
        let TableFactor::Table {
            name,
            alias,
            args,
            with_hints,
            version,
            with_ordinality,
            partitions,
            json_path,
            sample,
            index_hints,
        } = relation
        else {
            return Ok(());
        };
        let span = name.span();
        let named = format!("`{name}` as a function in FROM");
        absent(args.is_some(), &named, NO_TABLE_FUNCTION, span)?;
        let hints = !with_hints.is_empty() || !index_hints.is_empty();
        absent(hints, "A hint on a table", "Leave it out.", span)?;
        let instead = "Write VERSION AS OF and a date or a snapshot's id in single quotes.";
        absent(version.is_some(), "A version of a table", instead, span)?;
        absent(*with_ordinality, "WITH ORDINALITY", "Write row_number() OVER ().", span)?;
        absent(!partitions.is_empty(), "PARTITION", "Write WHERE.", span)?;
        absent(json_path.is_some(), "A path into a table", "Name its columns.", span)?;
        refuse_sample(sample.as_ref(), span)?;
        self.optional_alias(alias.as_ref())?;
        self.named_table(name, alias.as_ref())
    }

    fn named_table(
        &mut self,
        name: &ObjectName,
        alias: Option<&TableAlias>,
    ) -> Result<(), Refusal> {
        let place = refusal::at(name.span());
        let parts: Option<Vec<String>> = name
            .0
            .iter()
            .map(|part| match part {
                ObjectNamePart::Identifier(ident) => Some(normal(ident)),
                ObjectNamePart::Function(_) => None,
            })
            .collect();
        let Some(parts) = parts else {
            return Err(not_offered("A function as a name", NO_TABLE_FUNCTION, name.span()));
        };
        let is_bare = parts.len() == 1;
        let named = parts.join(".");
        let (table, version) = parse::unpin(&named);
        if let Some(cost) = self.part(table) {
            let instead = "Pin the datasets within it.";
            absent(version.is_some(), "A version of a WITH part", instead, name.span())?;
            return self.counts.expansion(cost, place);
        }
        let known_as = alias.map_or_else(|| table.to_owned(), |alias| normal(&alias.name));
        self.survey.aliases.insert(known_as, self.survey.tables.len());
        let name = table.to_owned();
        self.survey.tables.push(TableUse { name, is_bare, version, position: place });
        Ok(())
    }

    fn derived(
        &mut self,
        lateral: bool,
        subquery: &Query,
        alias: Option<&TableAlias>,
        sample: Option<&TableSampleKind>,
    ) -> Result<(), Refusal> {
        let span = subquery.span();
        absent(lateral, "LATERAL", "Join the query, or write it in SELECT.", span)?;
        refuse_sample(sample, span)?;
        self.optional_alias(alias)?;
        self.query(subquery)
    }

    fn unnest(&mut self, relation: &TableFactor) -> Result<(), Refusal> {
        let TableFactor::UNNEST {
            alias,
            array_exprs,
            with_offset,
            with_offset_alias,
            with_ordinality,
        } = relation
        else {
            return Ok(());
        };
        let numbered = *with_offset || with_offset_alias.is_some() || *with_ordinality;
        let instead = "Write row_number() OVER ().";
        absent(numbered, "WITH OFFSET or WITH ORDINALITY", instead, relation.span())?;
        self.optional_alias(alias.as_ref())?;
        self.exprs(array_exprs)
    }

    fn optional_alias(&mut self, alias: Option<&TableAlias>) -> Result<(), Refusal> {
        alias.map_or(Ok(()), |alias| self.alias(alias))
    }

    fn join(&mut self, join: &Join) -> Result<(), Refusal> {
        let Join { relation, global, join_operator } = join;
        let span = relation.span();
        absent(*global, "GLOBAL JOIN", "Leave GLOBAL out.", span)?;
        self.relation(relation)?;
        match join_operator {
            JoinOperator::Join(constraint)
            | JoinOperator::Inner(constraint)
            | JoinOperator::Left(constraint)
            | JoinOperator::LeftOuter(constraint)
            | JoinOperator::Right(constraint)
            | JoinOperator::RightOuter(constraint)
            | JoinOperator::FullOuter(constraint)
            | JoinOperator::LeftSemi(constraint)
            | JoinOperator::RightSemi(constraint)
            | JoinOperator::LeftAnti(constraint)
            | JoinOperator::RightAnti(constraint) => self.constraint(constraint, span),
            JoinOperator::CrossJoin(constraint) => match constraint {
                JoinConstraint::None => Ok(()),
                JoinConstraint::On(_) | JoinConstraint::Using(_) | JoinConstraint::Natural => {
                    Err(not_offered("CROSS JOIN with a condition", "Write JOIN … ON.", span))
                }
            },
            JoinOperator::Semi(_) => Err(not_offered("SEMI JOIN", "Write LEFT SEMI JOIN.", span)),
            JoinOperator::Anti(_) => Err(not_offered("ANTI JOIN", "Write LEFT ANTI JOIN.", span)),
            JoinOperator::CrossApply | JoinOperator::OuterApply => {
                Err(not_offered("APPLY", "Write JOIN … ON.", span))
            }
            JoinOperator::AsOf { .. } => {
                let instead = "Join on <= and keep the newest with row_number().";
                Err(not_offered("ASOF JOIN", instead, span))
            }
            JoinOperator::StraightJoin(_) => {
                Err(not_offered("STRAIGHT_JOIN", "Write JOIN … ON.", span))
            }
            JoinOperator::ArrayJoin
            | JoinOperator::LeftArrayJoin
            | JoinOperator::InnerArrayJoin => {
                Err(not_offered("ARRAY JOIN", "Write unnest(…) in SELECT.", span))
            }
        }
    }

    fn constraint(&mut self, constraint: &JoinConstraint, span: Span) -> Result<(), Refusal> {
        match constraint {
            JoinConstraint::On(condition) => self.expr(condition),
            JoinConstraint::Using(_) | JoinConstraint::Natural => Ok(()),
            JoinConstraint::None => {
                let instead = "Write ON or USING, or CROSS JOIN for all pairs.";
                Err(not_offered("JOIN without a condition", instead, span))
            }
        }
    }
}

/// Refuses TABLESAMPLE: the engine would read the whole table in silence.
fn refuse_sample(sample: Option<&TableSampleKind>, span: Span) -> Result<(), Refusal> {
    let instead = "Draw a sample with WHERE sample(key, 'seed') < 0.01.";
    absent(sample.is_some(), "TABLESAMPLE", instead, span)
}

/// Refuses what makes a table out of something else.
fn refuse(name: &str, relation: &TableFactor) -> Result<(), Refusal> {
    Err(not_offered(name, NO_TABLE_FUNCTION, relation.span()))
}
