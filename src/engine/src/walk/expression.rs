//! Expressions.
#![expect(clippy::wildcard_enum_match_arm, reason = "what is no operator is a term of the chain")]

use domain::verdict::Refusal;
use sqlparser::ast::{
    AccessExpr, CaseWhen, CeilFloorKind, DateTimeField, Expr, Interval, Spanned, Subscript,
};

use super::{Walker, absent, allowed, ceiling};
use crate::refusal;

impl Walker {
    /// Walks an expression.
    pub(super) fn expr(&mut self, expr: &Expr) -> Result<(), Refusal> {
        match expr {
            Expr::Identifier(_) | Expr::CompoundIdentifier(_) => Ok(()),
            Expr::Value(value) => self.value(value),
            Expr::TypedString(typed) => allowed::cast_type(&typed.data_type, expr.span()),
            Expr::BinaryOp { .. } => self.chain(expr),
            Expr::UnaryOp { op, expr: operand } => {
                allowed::unary(*op, expr.span())?;
                self.expr(operand)
            }
            Expr::Nested(inner)
            | Expr::IsFalse(inner)
            | Expr::IsNotFalse(inner)
            | Expr::IsTrue(inner)
            | Expr::IsNotTrue(inner)
            | Expr::IsNull(inner)
            | Expr::IsNotNull(inner)
            | Expr::IsUnknown(inner)
            | Expr::IsNotUnknown(inner) => self.expr(inner),
            Expr::IsDistinctFrom(left, right)
            | Expr::IsNotDistinctFrom(left, right)
            | Expr::AnyOp { left, compare_op: _, right, is_some: _ }
            | Expr::AllOp { left, compare_op: _, right } => self.both(left, right),
            Expr::Between { .. }
            | Expr::Like { .. }
            | Expr::ILike { .. }
            | Expr::InList { .. }
            | Expr::InSubquery { .. } => self.predicate(expr),
            Expr::Exists { subquery, negated: _ } | Expr::Subquery(subquery) => {
                self.query(subquery)
            }
            Expr::Array(array) => self.list(&array.elem, expr),
            Expr::Function(function) => self.function(function),
            Expr::Case { operand, conditions, else_result, case_token: _, end_token: _ } => {
                self.case(operand.as_deref(), conditions, else_result.as_deref())
            }
            Expr::GroupingSets(sets) | Expr::Cube(sets) | Expr::Rollup(sets) => {
                self.survey.groups = true;
                sets.iter().try_for_each(|set| self.exprs(set))
            }
            Expr::CompoundFieldAccess { root, access_chain } => self.access(root, access_chain),
            Expr::Interval(interval) => self.interval(interval),
            Expr::Cast { .. }
            | Expr::AtTimeZone { .. }
            | Expr::Extract { .. }
            | Expr::Ceil { .. }
            | Expr::Floor { .. }
            | Expr::Position { .. }
            | Expr::Substring { .. }
            | Expr::Trim { .. } => self.worded(expr),
            Expr::JsonAccess { .. }
            | Expr::IsNormalized { .. }
            | Expr::InUnnest { .. }
            | Expr::SimilarTo { .. }
            | Expr::RLike { .. }
            | Expr::Convert { .. }
            | Expr::Overlay { .. }
            | Expr::Collate { .. }
            | Expr::Prefixed { .. }
            | Expr::Tuple(_)
            | Expr::Struct { .. }
            | Expr::Named { .. }
            | Expr::Dictionary(_)
            | Expr::Map(_)
            | Expr::MatchAgainst { .. }
            | Expr::Wildcard(_)
            | Expr::QualifiedWildcard(..)
            | Expr::OuterJoin(_)
            | Expr::Prior(_)
            | Expr::Lambda(_)
            | Expr::MemberOf(_) => Err(allowed::refused_expression(expr)),
        }
    }

    fn both(&mut self, left: &Expr, right: &Expr) -> Result<(), Refusal> {
        self.expr(left)?;
        self.expr(right)
    }

    /// Walks one chain of operators without recursing along it: it may be long.
    fn chain(&mut self, chain: &Expr) -> Result<(), Refusal> {
        let mut terms = Vec::new();
        let mut ahead = vec![chain];
        while let Some(expr) = ahead.pop() {
            match expr {
                Expr::BinaryOp { left, op, right } => {
                    allowed::binary(op, expr)?;
                    ahead.push(right);
                    ahead.push(left);
                }
                term => terms.push(term),
            }
        }
        ceiling::chain(terms.len(), refusal::at(terms.first().unwrap_or(&chain).span()))?;
        terms.into_iter().try_for_each(|term| self.expr(term))
    }

    fn list(&mut self, items: &[Expr], of: &Expr) -> Result<(), Refusal> {
        ceiling::items(items.len(), refusal::at(of.span()))?;
        self.exprs(items)
    }

    fn case(
        &mut self,
        operand: Option<&Expr>,
        conditions: &[CaseWhen],
        else_result: Option<&Expr>,
    ) -> Result<(), Refusal> {
        for CaseWhen { condition, result } in conditions {
            self.both(condition, result)?;
        }
        self.optional([operand, else_result])
    }

    fn access(&mut self, root: &Expr, chain: &[AccessExpr]) -> Result<(), Refusal> {
        self.expr(root)?;
        chain.iter().try_for_each(|access| match access {
            AccessExpr::Dot(expr) => self.expr(expr),
            AccessExpr::Subscript(Subscript::Index { index }) => self.expr(index),
            AccessExpr::Subscript(Subscript::Slice { lower_bound, upper_bound, stride }) => {
                self.optional([lower_bound.as_ref(), upper_bound.as_ref(), stride.as_ref()])
            }
        })
    }

    fn predicate(&mut self, predicate: &Expr) -> Result<(), Refusal> {
        if let Expr::Between { expr, negated: _, low, high } = predicate {
            self.expr(expr)?;
            self.both(low, high)?;
        }
        if let Expr::Like { negated: _, any, expr, pattern, escape_char: _ }
        | Expr::ILike { negated: _, any, expr, pattern, escape_char: _ } = predicate
        {
            absent(*any, "LIKE ANY", "Join the patterns with OR.", predicate.span())?;
            self.both(expr, pattern)?;
        }
        if let Expr::InList { expr, list, negated: _ } = predicate {
            self.expr(expr)?;
            self.list(list, expr)?;
        }
        if let Expr::InSubquery { expr, subquery, negated: _ } = predicate {
            self.expr(expr)?;
            self.query(subquery)?;
        }
        Ok(())
    }

    fn interval(&mut self, interval: &Interval) -> Result<(), Refusal> {
        let Interval {
            value,
            leading_field: _,
            leading_precision,
            last_field,
            fractional_seconds_precision,
        } = interval;
        let has_more = leading_precision.is_some()
            || last_field.is_some()
            || fractional_seconds_precision.is_some();
        let instead = "Write one number and one unit, such as INTERVAL '30' DAY.";
        absent(has_more, "INTERVAL with precision or TO", instead, value.span())?;
        self.expr(value)
    }

    /// Walks a function that is written with words within its brackets.
    fn worded(&mut self, worded: &Expr) -> Result<(), Refusal> {
        let span = worded.span();
        if let Expr::Cast { kind: _, expr, data_type, array, format } = worded {
            absent(*array, "CAST AS … ARRAY", "Cast the items.", span)?;
            absent(format.is_some(), "CAST with FORMAT", "Write to_timestamp.", span)?;
            allowed::cast_type(data_type, span)?;
            self.expr(expr)?;
        }
        if let Expr::AtTimeZone { timestamp, time_zone } = worded {
            self.both(timestamp, time_zone)?;
        }
        if let Expr::Extract { field: _, syntax: _, expr } = worded {
            self.expr(expr)?;
        }
        if let Expr::Ceil { expr, field } | Expr::Floor { expr, field } = worded {
            self.rounded(expr, field)?;
        }
        if let Expr::Position { expr, r#in } = worded {
            self.both(expr, r#in)?;
        }
        if let Expr::Substring { expr, substring_from, substring_for, special: _, shorthand: _ } =
            worded
        {
            let parts = [substring_from.as_deref(), substring_for.as_deref()];
            self.expr(expr)?;
            self.optional(parts)?;
        }
        if let Expr::Trim { trim_where: _, trim_what, expr, trim_characters } = worded {
            self.trim(expr, trim_what.as_deref(), trim_characters.as_deref())?;
        }
        Ok(())
    }

    fn rounded(&mut self, expr: &Expr, field: &CeilFloorKind) -> Result<(), Refusal> {
        let is_plain = matches!(field, CeilFloorKind::DateTimeField(DateTimeField::NoDateTime));
        let instead = "Write date_trunc or round.";
        absent(!is_plain, "CEIL or FLOOR to a unit or a scale", instead, expr.span())?;
        self.expr(expr)
    }

    fn trim(
        &mut self,
        text: &Expr,
        what: Option<&Expr>,
        characters: Option<&[Expr]>,
    ) -> Result<(), Refusal> {
        let characters = characters.unwrap_or_default();
        let instead = "Put all characters into one text.";
        absent(1 < characters.len(), "TRIM with several texts", instead, text.span())?;
        self.exprs(characters)?;
        self.optional([what, Some(text)])
    }

    fn optional<'a>(
        &mut self,
        exprs: impl IntoIterator<Item = Option<&'a Expr>>,
    ) -> Result<(), Refusal> {
        exprs.into_iter().flatten().try_for_each(|expr| self.expr(expr))
    }
}
