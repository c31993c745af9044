//! One SELECT: its columns, its FROM, its groups.

use domain::verdict::Refusal;
use sqlparser::ast::{
    Distinct, ExceptSelectItem, Expr, GroupByExpr, ReplaceSelectItem, Select, SelectFlavor,
    SelectItem, SelectItemQualifiedWildcardKind, Spanned, WildcardAdditionalOptions,
};
use sqlparser::tokenizer::Span;

use super::{Walker, absent, ceiling, not_offered};
use crate::refusal;

impl Walker {
    /// Walks one SELECT.
    pub(super) fn select(&mut self, select: &Select) -> Result<(), Refusal> {
        refuse_clauses(select)?;
        let Select { distinct, projection, from, selection, group_by, having, qualify, .. } =
            select;
        if let Some(Distinct::On(keys)) = distinct {
            self.exprs(keys)?;
        }
        ceiling::select_items(projection.len(), refusal::at(select.span()))?;
        self.counts.joins(from.len().saturating_sub(1))?;
        for tables in from {
            self.tables(tables)?;
        }
        for item in projection {
            self.item(item)?;
        }
        self.group_by(group_by, select.span())?;
        self.survey.groups |= having.is_some();
        for condition in [selection, having, qualify].into_iter().flatten() {
            self.expr(condition)?;
        }
        Ok(())
    }

    /// Walks expressions, one after the other.
    pub(super) fn exprs(&mut self, exprs: &[Expr]) -> Result<(), Refusal> {
        exprs.iter().try_for_each(|expr| self.expr(expr))
    }

    fn item(&mut self, item: &SelectItem) -> Result<(), Refusal> {
        match item {
            SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, alias: _ } => {
                self.expr(expr)
            }
            SelectItem::ExprWithAliases { expr, aliases: _ } => {
                Err(not_offered("AS with several names", "Give one name.", expr.span()))
            }
            SelectItem::Wildcard(options) => self.wildcard(options),
            SelectItem::QualifiedWildcard(kind, options) => match kind {
                SelectItemQualifiedWildcardKind::ObjectName(_) => self.wildcard(options),
                SelectItemQualifiedWildcardKind::Expr(expr) => {
                    Err(not_offered("`.*` after an expression", "Name the columns.", expr.span()))
                }
            },
        }
    }

    /// Walks what stands after `*`.
    fn wildcard(&mut self, options: &WildcardAdditionalOptions) -> Result<(), Refusal> {
        let WildcardAdditionalOptions {
            wildcard_token,
            opt_ilike,
            opt_exclude: _,
            opt_except,
            opt_replace,
            opt_rename,
            opt_alias,
        } = options;
        let span = wildcard_token.0.span;
        absent(opt_ilike.is_some(), "ILIKE after *", "Name the columns.", span)?;
        absent(opt_rename.is_some(), "RENAME after *", "Name the columns.", span)?;
        absent(opt_alias.is_some(), "AS after *", "Name the columns.", span)?;
        if let Some(ExceptSelectItem { first_element: _, additional_elements }) = opt_except {
            ceiling::select_items(additional_elements.len(), refusal::at(span))?;
        }
        if let Some(ReplaceSelectItem { items }) = opt_replace {
            return items.iter().try_for_each(|item| self.expr(&item.expr));
        }
        Ok(())
    }

    fn group_by(&mut self, group_by: &GroupByExpr, span: Span) -> Result<(), Refusal> {
        let modifiers = match group_by {
            GroupByExpr::All(modifiers) => {
                self.survey.groups = true;
                modifiers
            }
            GroupByExpr::Expressions(keys, modifiers) => {
                self.survey.groups |= !keys.is_empty();
                self.exprs(keys)?;
                modifiers
            }
        };
        match modifiers.first() {
            Some(modifier) => {
                let instead = "Write GROUP BY ROLLUP (…), CUBE (…) or GROUPING SETS (…).";
                Err(not_offered(&modifier.to_string(), instead, span))
            }
            None => Ok(()),
        }
    }
}

/// Refuses the clauses of SELECT that the engine does not plan, or would ignore.
fn refuse_clauses(select: &Select) -> Result<(), Refusal> {
    let Select {
        select_token: _,
        optimizer_hints,
        distinct: _,
        select_modifiers,
        top,
        top_before_distinct: _,
        projection: _,
        exclude,
        into,
        from: _,
        lateral_views,
        prewhere,
        selection: _,
        connect_by,
        group_by: _,
        cluster_by,
        distribute_by,
        sort_by,
        having: _,
        named_window,
        qualify: _,
        window_before_qualify: _,
        value_table_mode,
        flavor,
    } = select;
    let has_modifier = select_modifiers.as_ref().is_some_and(|modifiers| modifiers.is_any_set());
    let is_from_first = !matches!(flavor, SelectFlavor::Standard);
    let clauses = [
        (!optimizer_hints.is_empty(), "An optimizer hint", "Leave it out."),
        (has_modifier, "A modifier after SELECT", "Leave it out."),
        (top.is_some(), "TOP", "Write LIMIT."),
        (exclude.is_some(), "EXCLUDE after named columns", "Leave those columns out."),
        (into.is_some(), "INTO", "Name a part of a query with WITH."),
        (!lateral_views.is_empty(), "LATERAL VIEW", "Write unnest(…) in SELECT."),
        (prewhere.is_some(), "PREWHERE", "Write WHERE."),
        (!connect_by.is_empty(), "CONNECT BY", "Join the table with itself as often as needed."),
        (!cluster_by.is_empty(), "CLUSTER BY", "Write ORDER BY."),
        (!distribute_by.is_empty(), "DISTRIBUTE BY", "Leave it out."),
        (!sort_by.is_empty(), "SORT BY", "Write ORDER BY."),
        (!named_window.is_empty(), "WINDOW", "Write the window itself in OVER (…)."),
        (value_table_mode.is_some(), "SELECT AS", "Name the columns."),
        (is_from_first, "FROM before SELECT", "Begin with SELECT."),
    ];
    for (is_there, name, instead) in clauses {
        absent(is_there, name, instead, select.span())?;
    }
    Ok(())
}
