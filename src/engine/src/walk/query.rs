//! Queries: WITH, the body, ORDER BY and LIMIT.

use std::collections::HashMap;

use domain::verdict::Refusal;
use sqlparser::ast::{
    Cte, LimitClause, Offset, OrderBy, OrderByExpr, OrderByKind, Query, SetExpr, SetOperator,
    SetQuantifier, Spanned, Values, With,
};

use super::{Walker, absent, ceiling, normal, not_offered};
use crate::refusal;

impl Walker {
    /// Walks a query, whether the whole statement or within it.
    pub(super) fn query(&mut self, query: &Query) -> Result<(), Refusal> {
        let Query {
            with,
            body,
            order_by,
            limit_clause,
            fetch,
            locks,
            for_clause,
            settings,
            format_clause,
            pipe_operators,
        } = query;
        let span = query.span();
        absent(fetch.is_some(), "FETCH", "Write LIMIT; ties are not added.", span)?;
        absent(!locks.is_empty(), "FOR UPDATE or FOR SHARE", "Snapshots never change.", span)?;
        absent(for_clause.is_some(), "FOR XML or FOR JSON", "`Accept` names the format.", span)?;
        absent(settings.is_some(), "SETTINGS", "Limits are fields of the request.", span)?;
        absent(format_clause.is_some(), "FORMAT", "`Accept` names the format.", span)?;
        absent(!pipe_operators.is_empty(), "`|>`", "Write the query with SELECT.", span)?;
        self.parts.push(HashMap::new());
        if let Some(with) = with {
            self.with(with)?;
        }
        self.body(body)?;
        if let Some(order_by) = order_by {
            self.order_by(order_by)?;
        }
        if let Some(limit) = limit_clause {
            self.limit(limit)?;
        }
        self.parts.pop();
        Ok(())
    }

    fn with(&mut self, with: &With) -> Result<(), Refusal> {
        let With { with_token, recursive, cte_tables } = with;
        let instead = "Join the table with itself as often as needed.";
        absent(*recursive, "WITH RECURSIVE", instead, with_token.0.span)?;
        for cte in cte_tables {
            self.counts.part()?;
            self.cte(cte)?;
        }
        Ok(())
    }

    fn cte(&mut self, cte: &Cte) -> Result<(), Refusal> {
        let Cte { alias, query, from, materialized, closing_paren_token: _ } = cte;
        let span = alias.name.span;
        absent(from.is_some(), "FROM after a WITH part", "Leave it out.", span)?;
        absent(materialized.is_some(), "MATERIALIZED", "Leave it out.", span)?;
        self.alias(alias)?;
        let outside = std::mem::take(&mut self.counts.expansions);
        self.query(query)?;
        let within = std::mem::replace(&mut self.counts.expansions, outside);
        if let Some(scope) = self.parts.last_mut() {
            scope.insert(normal(&alias.name), within.saturating_add(1));
        }
        Ok(())
    }

    fn body(&mut self, body: &SetExpr) -> Result<(), Refusal> {
        let no_change = "Snapshots never change.";
        match body {
            SetExpr::Select(select) => self.select(select),
            SetExpr::Query(query) => self.query(query),
            SetExpr::Values(values) => self.values(values),
            SetExpr::SetOperation { left, op, set_quantifier, right } => {
                self.counts.set_operation()?;
                // The engine looks for a partner only, and does not count repeated rows.
                let is_union = matches!(op, SetOperator::Union);
                let all = !is_union && matches!(set_quantifier, SetQuantifier::All);
                let instead = "Write INTERSECT or EXCEPT without ALL.";
                absent(all, "INTERSECT ALL or EXCEPT ALL", instead, right.span())?;
                let by_name = matches!(
                    set_quantifier,
                    SetQuantifier::ByName
                        | SetQuantifier::AllByName
                        | SetQuantifier::DistinctByName
                );
                let instead = "Name the columns of both sides in one order.";
                absent(by_name, "BY NAME", instead, right.span())?;
                self.body(left)?;
                self.body(right)
            }
            SetExpr::Insert(_) => Err(not_offered("INSERT", no_change, body.span())),
            SetExpr::Update(_) => Err(not_offered("UPDATE", no_change, body.span())),
            SetExpr::Delete(_) => Err(not_offered("DELETE", no_change, body.span())),
            SetExpr::Merge(_) => Err(not_offered("MERGE", no_change, body.span())),
            SetExpr::Table(_) => {
                Err(not_offered("TABLE", "Write SELECT * FROM and its name.", body.span()))
            }
        }
    }

    fn values(&mut self, values: &Values) -> Result<(), Refusal> {
        let Values { explicit_row: _, value_keyword, rows } = values;
        absent(*value_keyword, "VALUE", "Write VALUES.", values.span())?;
        let items = rows.iter().map(|row| row.content.len()).sum();
        ceiling::items(items, refusal::at(values.span()))?;
        rows.iter().flat_map(|row| &row.content).try_for_each(|item| self.expr(item))
    }

    fn order_by(&mut self, order_by: &OrderBy) -> Result<(), Refusal> {
        let OrderBy { kind, interpolate } = order_by;
        let span = order_by.span();
        absent(interpolate.is_some(), "INTERPOLATE", "Leave it out.", span)?;
        match kind {
            OrderByKind::Expressions(keys) => self.sort_keys(keys),
            OrderByKind::All(_) => {
                Err(not_offered("ORDER BY ALL", "Name the columns to sort by.", span))
            }
        }
    }

    /// Walks the keys of a sort, in a query, a window or an aggregate.
    pub(super) fn sort_keys(&mut self, keys: &[OrderByExpr]) -> Result<(), Refusal> {
        for key in keys {
            let OrderByExpr { expr, options: _, with_fill } = key;
            absent(with_fill.is_some(), "WITH FILL", "Join with VALUES of all keys.", expr.span())?;
            self.expr(expr)?;
        }
        Ok(())
    }

    fn limit(&mut self, limit: &LimitClause) -> Result<(), Refusal> {
        match limit {
            LimitClause::LimitOffset { limit, offset, limit_by } => {
                if let Some(first) = limit_by.first() {
                    let instead = "Number the rows with row_number() OVER (PARTITION BY …).";
                    return Err(not_offered("LIMIT BY", instead, first.span()));
                }
                if let Some(limit) = limit {
                    self.expr(limit)?;
                }
                match offset {
                    Some(Offset { value, rows: _ }) => self.expr(value),
                    None => Ok(()),
                }
            }
            LimitClause::OffsetCommaLimit { offset, limit } => {
                self.expr(offset)?;
                self.expr(limit)
            }
        }
    }
}
