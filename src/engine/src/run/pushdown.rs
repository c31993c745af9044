//! Whether conditions are checked while files are decoded, so that other columns of rows that
//! fall out are never decoded at all.
//!
//! Measured: a look-up by key is several times faster with it, a wide aggregate or a join slower
//! (the pages are decoded in many small pieces). So it is chosen per question.

use datafusion::common::ScalarValue;
use datafusion::logical_expr::expr::{InList, ScalarFunction};
use datafusion::logical_expr::{BinaryExpr, Expr, Like, Operator};
use domain::codebook::FieldType;
use domain::question::Mount;

use crate::plan::Membership;
use crate::vet::Reading;

/// Comparisons of values of one type, and what joins them: these cannot fail.
const SAFE_OPERATORS: [Operator; 8] = [
    Operator::Eq,
    Operator::NotEq,
    Operator::Lt,
    Operator::LtEq,
    Operator::Gt,
    Operator::GtEq,
    Operator::And,
    Operator::Or,
];

/// Whether it pays: some condition leaves few rows, and none can fail on a value. A failure
/// within the decoder loses its kind.
pub(crate) fn is_worthwhile(readings: &[Reading]) -> bool {
    let is_safe = readings.iter().flat_map(|reading| &reading.conditions).all(is_infallible);
    let is_selective = readings.iter().any(|reading| {
        let mount = reading.mount();
        mount.is_some_and(|mount| {
            reading.conditions.iter().any(|condition| is_look_up(condition, mount))
        })
    });
    is_safe && is_selective
}

/// Whether a condition asks for few values of a column that has many.
fn is_look_up(condition: &Expr, mount: &Mount) -> bool {
    if let Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) = condition {
        return has_many_values(left, mount) && matches!(right.as_ref(), Expr::Literal(..));
    }
    if let Expr::InList(InList { expr, negated: false, .. }) = condition {
        return has_many_values(expr, mount);
    }
    if let Expr::ScalarFunction(ScalarFunction { func, args }) = condition
        && let [tested] = args.as_slice()
    {
        return Membership::is(func) && has_many_values(tested, mount);
    }
    false
}

/// Whether an expression is a column of texts without a list of allowed values.
fn has_many_values(expr: &Expr, mount: &Mount) -> bool {
    let Expr::Column(column) = expr else { return false };
    let mut fields = mount.fields.iter().map(|mounted| &mounted.field);
    fields.any(|field| {
        field.name.as_str() == column.name
            && field.field_type == FieldType::String
            && field.categories.is_none()
    })
}

/// Whether checking a condition never fails.
fn is_infallible(condition: &Expr) -> bool {
    if let Expr::BinaryExpr(BinaryExpr { left, op, right }) = condition {
        return SAFE_OPERATORS.contains(op) && is_infallible(left) && is_infallible(right);
    }
    if let Expr::InList(InList { expr, list, negated: _ }) = condition {
        return is_infallible(expr) && list.iter().all(is_infallible);
    }
    if let Expr::Like(Like { expr, pattern, .. }) = condition {
        return is_infallible(expr) && is_text(pattern);
    }
    if let Expr::Not(inner) | Expr::IsNull(inner) | Expr::IsNotNull(inner) = condition {
        return is_infallible(inner);
    }
    if let Expr::ScalarFunction(ScalarFunction { func, args }) = condition {
        return Membership::is(func) && args.iter().all(is_infallible);
    }
    matches!(condition, Expr::Column(_) | Expr::Literal(..))
}

fn is_text(expr: &Expr) -> bool {
    matches!(
        expr,
        Expr::Literal(
            ScalarValue::Utf8(Some(_))
                | ScalarValue::Utf8View(Some(_))
                | ScalarValue::LargeUtf8(Some(_)),
            _
        )
    )
}
