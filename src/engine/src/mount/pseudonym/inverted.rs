//! Conditions on pseudonyms as conditions on the identifiers behind them, so that the files' own
//! filters can serve a look-up.

use std::sync::Arc;

use datafusion::arrow::datatypes::Schema;
use datafusion::common::ScalarValue;
use datafusion::error::Result as EngineResult;
use datafusion::logical_expr::{Operator, ScalarUDF};
use datafusion::physical_expr::expressions::{
    BinaryExpr, Column, InListExpr, IsNotNullExpr, IsNullExpr, Literal, in_list,
};
use datafusion::physical_expr::{PhysicalExpr, ScalarFunctionExpr};

use crate::plan::Membership;
use crate::pseudonym::Pseudonyms;

/// A condition as it is below, on identifiers; nothing where it must be checked above.
///
/// A value that is no pseudonym equals none, so that it falls out. What is then false may have been
/// null above: neither passes a row, and nothing is negated here.
pub(super) fn inverted(
    condition: &Arc<dyn PhysicalExpr>,
    identifiers: &[usize],
    pseudonyms: &Pseudonyms,
    schema: &Schema,
) -> EngineResult<Option<Arc<dyn PhysicalExpr>>> {
    if !looks_at(condition, identifiers) {
        return Ok(Some(Arc::clone(condition)));
    }
    if let Some(binary) = condition.downcast_ref::<BinaryExpr>() {
        let (left, op, right) = (binary.left(), *binary.op(), binary.right());
        if op == Operator::And || op == Operator::Or {
            let left = inverted(left, identifiers, pseudonyms, schema)?;
            let right = inverted(right, identifiers, pseudonyms, schema)?;
            let both = left.zip(right);
            return Ok(both.map(|(left, right)| binary_of(left, op, right)));
        }
        let sides = sides(left, right).or_else(|| sides(right, left));
        return Ok(match sides.filter(|_| op == Operator::Eq) {
            Some((column, value)) => Some(match plain(value, pseudonyms) {
                Some(value) => {
                    binary_of(Arc::clone(column), Operator::Eq, Arc::new(Literal::new(value)))
                }
                None => never(column),
            }),
            None => None,
        });
    }
    if let Some(list) = condition.downcast_ref::<InListExpr>() {
        let is_plain = !list.negated() && list.expr().is::<Column>();
        let values: Option<Vec<_>> = list.list().iter().map(value).collect();
        let Some(values) = values.filter(|_| is_plain) else { return Ok(None) };
        let plain = values.into_iter().filter_map(|value| plain(value, pseudonyms));
        let plain: Vec<Arc<dyn PhysicalExpr>> =
            plain.map(|value| Arc::new(Literal::new(value)) as _).collect();
        if plain.is_empty() {
            return Ok(Some(never(list.expr())));
        }
        return in_list(Arc::clone(list.expr()), plain, &false, schema).map(Some);
    }
    if let Some(function) = condition.downcast_ref::<ScalarFunctionExpr>()
        && let [tested] = function.args()
        && tested.is::<Column>()
        && let Some(membership) = Membership::among(function.fun())
    {
        let plain = membership.translated(|text| pseudonyms.plain_of(text))?;
        let Some(plain) = plain else { return Ok(Some(never(tested))) };
        let args = vec![Arc::clone(tested)];
        let options = Arc::new(function.config_options().clone());
        let plain = Arc::new(ScalarUDF::new_from_impl(plain));
        let function = ScalarFunctionExpr::try_new(plain, args, schema, options)?;
        return Ok(Some(Arc::new(function)));
    }
    Ok(None)
}

/// Whether an expression could depend on an identifier; what is not known could.
fn looks_at(expr: &Arc<dyn PhysicalExpr>, identifiers: &[usize]) -> bool {
    if let Some(column) = expr.downcast_ref::<Column>() {
        return identifiers.contains(&column.index());
    }
    let children = expr.children();
    let is_unknown = children.is_empty() && !expr.is::<Literal>();
    is_unknown || children.into_iter().any(|child| looks_at(child, identifiers))
}

/// A column and the value that it is compared with.
fn sides<'a>(
    column: &'a Arc<dyn PhysicalExpr>,
    compared: &'a Arc<dyn PhysicalExpr>,
) -> Option<(&'a Arc<dyn PhysicalExpr>, &'a ScalarValue)> {
    column.is::<Column>().then_some(column).zip(value(compared))
}

/// The value of a literal.
fn value(expr: &Arc<dyn PhysicalExpr>) -> Option<&ScalarValue> {
    expr.downcast_ref::<Literal>().map(Literal::value)
}

/// What stands behind a pseudonym, as a value of the same type.
fn plain(value: &ScalarValue, pseudonyms: &Pseudonyms) -> Option<ScalarValue> {
    let of = |text: &String| pseudonyms.plain_of(text);
    if let ScalarValue::Utf8View(Some(text)) = value {
        return Some(ScalarValue::Utf8View(Some(of(text)?)));
    }
    if let ScalarValue::Utf8(Some(text)) = value {
        return Some(ScalarValue::Utf8(Some(of(text)?)));
    }
    None
}

fn binary_of(
    left: Arc<dyn PhysicalExpr>,
    op: Operator,
    right: Arc<dyn PhysicalExpr>,
) -> Arc<dyn PhysicalExpr> {
    Arc::new(BinaryExpr::new(left, op, right))
}

/// What no row satisfies. It names the column, since files are asked about columns only.
fn never(column: &Arc<dyn PhysicalExpr>) -> Arc<dyn PhysicalExpr> {
    let is_null = Arc::new(IsNullExpr::new(Arc::clone(column)));
    let is_not_null = Arc::new(IsNotNullExpr::new(Arc::clone(column)));
    binary_of(is_null, Operator::And, is_not_null)
}
