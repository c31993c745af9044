//! List parameters in the tree: each way to ask "is it one of these" becomes IN.
//!
//! `x = ANY($1)`, `array_has($1, x)` and `x IN ($1)` mean the same, `x <> ALL($1)` and
//! `x NOT IN ($1)` the opposite. As IN, the planner gives the parameter the type of `x`.
//!
//! # Invariant
//! A parameter that stands for the items of a list is named `$1[]` from here on; `$1` stands for
//! one value, which may be a list itself.

use std::ops::ControlFlow;

use domain::verdict::Refusal;
use sqlparser::ast::{
    BinaryOperator, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Query, Value,
    ValueWithSpan, visit_expressions_mut,
};

use super::parameters::Parameters;
use crate::refusal;

/// What ends the name of a parameter that stands for the items of a list.
pub(super) const ITEMS_SUFFIX: &str = "[]";

/// The names of the function that asks whether a list holds a value.
const HAS: [&str; 4] = ["array_has", "list_has", "array_contains", "list_contains"];

/// Rewrites a query.
///
/// # Errors
/// A list where one value is needed, or the reverse.
pub(super) fn rewrite(query: &mut Query, parameters: &Parameters) -> Result<(), Refusal> {
    if parameters.is_empty() {
        return Ok(());
    }
    let rewritten = visit_expressions_mut(query, |expr| match rewrite_one(expr, parameters) {
        Ok(()) => ControlFlow::Continue(()),
        Err(refusal) => ControlFlow::Break(refusal),
    });
    match rewritten {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(refusal) => Err(refusal),
    }
}

fn rewrite_one(expr: &mut Expr, parameters: &Parameters) -> Result<(), Refusal> {
    if let Some((tested, number, negated)) = membership(expr, parameters)? {
        let items = Value::Placeholder(format!("${number}{ITEMS_SUFFIX}"));
        *expr =
            Expr::InList { expr: Box::new(tested), list: vec![Expr::Value(items.into())], negated };
    }
    Ok(())
}

/// What is tested against which list parameter, and whether it must not be in it.
fn membership(
    expr: &Expr,
    parameters: &Parameters,
) -> Result<Option<(Expr, usize, bool)>, Refusal> {
    let found = if let Expr::AnyOp { left, compare_op: BinaryOperator::Eq, right, .. } = expr {
        placeholder(right).map(|number| (left.as_ref(), number, false))
    } else if let Expr::AllOp { left, compare_op: BinaryOperator::NotEq, right } = expr {
        placeholder(right).map(|number| (left.as_ref(), number, true))
    } else if let Expr::Function(function) = expr {
        has_arguments(function).and_then(|(list, tested)| Some((tested, placeholder(list)?, false)))
    } else if let Expr::InList { expr, list, negated } = expr {
        return in_list(expr, list, *negated, parameters);
    } else {
        None
    };
    match found {
        Some((_, number, _)) if !parameters.is_list(number) => Err(refusal::body_invalid(format!(
            "Parameter {number} must be a list: the statement asks whether something is one of \
             its items."
        ))),
        found => Ok(found.map(|(tested, number, negated)| (tested.clone(), number, negated))),
    }
}

fn in_list(
    tested: &Expr,
    list: &[Expr],
    negated: bool,
    parameters: &Parameters,
) -> Result<Option<(Expr, usize, bool)>, Refusal> {
    let mut numbers = list.iter().filter_map(placeholder);
    let Some(number) = numbers.find(|&number| parameters.is_list(number)) else {
        return Ok(None);
    };
    if list.len() != 1 {
        return Err(refusal::body_invalid(format!(
            "Parameter {number} is a list, and a list stands alone in IN. Put all values into it."
        )));
    }
    Ok(Some((tested.clone(), number, negated)))
}

/// The number of a parameter, in brackets or not.
fn placeholder(expr: &Expr) -> Option<usize> {
    if let Expr::Nested(inner) = expr {
        return placeholder(inner);
    }
    let Expr::Value(ValueWithSpan { value: Value::Placeholder(name), .. }) = expr else {
        return None;
    };
    name.strip_prefix('$')?.parse().ok()
}

/// The list and the value of `array_has(list, value)`.
fn has_arguments(function: &Function) -> Option<(&Expr, &Expr)> {
    let name = function.name.to_string().to_ascii_lowercase();
    if !HAS.contains(&name.as_str()) {
        return None;
    }
    let FunctionArguments::List(arguments) = &function.args else { return None };
    let [list, tested] = arguments.args.as_slice() else { return None };
    Some((argument(list)?, argument(tested)?))
}

fn argument(argument: &FunctionArg) -> Option<&Expr> {
    let FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) = argument else { return None };
    Some(expr)
}
