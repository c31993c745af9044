//! What the optimiser could not make a join of, and what stands where nothing computes it.
//!
//! The engine finds out only when it runs, as a fault of its own; here it is a refusal, with the
//! join to write.

use datafusion::common::tree_node::{TreeNode as _, TreeNodeRecursion};
use datafusion::logical_expr::{Expr, LogicalPlan};
use domain::verdict::Refusal;

use super::not_offered;
use crate::refusal;

/// Checks that an optimised plan has nothing left that no operator computes.
///
/// # Errors
/// EXISTS and IN outside WHERE, a subquery that refers to the query around it in a way that is no
/// join, a window function in WHERE.
pub(crate) fn check_left(plan: &LogicalPlan) -> Result<(), Refusal> {
    let mut left = None;
    let walked = plan.apply_with_subqueries(|node| {
        node.apply_expressions(|expr| {
            expr.apply(|expr| {
                left = refusal_of(expr, node);
                Ok(match left {
                    Some(_) => TreeNodeRecursion::Stop,
                    None => TreeNodeRecursion::Continue,
                })
            })
        })
    });
    match (walked, left) {
        (Ok(_), None) => Ok(()),
        (_, Some(refusal)) => Err(refusal),
        (Err(_), None) => Err(not_offered("This form of a query")),
    }
}

fn refusal_of(expr: &Expr, node: &LogicalPlan) -> Option<Refusal> {
    let is_correlated = matches!(expr, Expr::OuterReferenceColumn(..))
        || matches!(expr, Expr::ScalarSubquery(query) if !query.outer_ref_columns.is_empty());
    if matches!(expr, Expr::Exists(_) | Expr::InSubquery(_)) {
        let detail = "EXISTS and IN (SELECT …) stand in WHERE and HAVING, and refer to the query \
                      around them by conditions of their own WHERE. Elsewhere, as within an \
                      aggregate, LEFT JOIN the query with SELECT DISTINCT, and ask whether its \
                      column IS NOT NULL.";
        return Some(refusal::refused(detail, None));
    }
    if is_correlated {
        let detail = "A query used as a value refers to the query around it by equality in its \
                      WHERE, and gives one row by an aggregate, without LIMIT. Write it so, or as \
                      a part named by WITH that is joined.";
        return Some(refusal::refused(detail, None));
    }
    if matches!(expr, Expr::WindowFunction(_)) && !matches!(node, LogicalPlan::Window(_)) {
        let detail = "A window function does not stand in WHERE or HAVING. Write QUALIFY.";
        return Some(refusal::invalid(detail, None));
    }
    None
}
