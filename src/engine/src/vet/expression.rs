//! Expressions of an analysed plan.

use datafusion::arrow::array::StringArray;
use datafusion::arrow::compute::kernels::regexp::regexp_is_match_scalar;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::common::tree_node::{TreeNode as _, TreeNodeRecursion};
use datafusion::logical_expr::expr::{AggregateFunction, ScalarFunction, WindowFunction};
use datafusion::logical_expr::{
    BinaryExpr, Cast, Expr, Operator, TryCast, WindowFrameBound, WindowFunctionDefinition,
};
use domain::verdict::Refusal;

use super::not_offered;
use crate::aggregate::{PERCENTILE, share_is_sound};
use crate::offer;
use crate::plan::{Checked, Functions, Membership, SAMPLE};
use crate::refusal;

/// Longest regular expression, in bytes.
const PATTERN_BYTES_MAX: usize = 512;

/// Furthest row of a window frame. The engine computes with larger ones until it panics.
const FRAME_ROWS_MAX: u64 = 1_000_000_000;

/// The algorithms of `digest`.
const ALGORITHMS: [&str; 8] =
    ["md5", "sha224", "sha256", "sha384", "sha512", "blake2s", "blake2b", "blake3"];

/// Aggregates that keep every value, which the memory limit does not see in a window.
const GROWING: [&str; 2] = ["array_agg", "string_agg"];

/// Checks an expression with all it holds; subqueries are nodes of their own.
pub(super) fn check(expr: &Expr, functions: &Functions) -> Result<(), Refusal> {
    let mut refusal = None;
    let walked = expr.apply(|expr| {
        refusal = check_one(expr, functions).err();
        Ok(match refusal {
            Some(_) => TreeNodeRecursion::Stop,
            None => TreeNodeRecursion::Continue,
        })
    });
    match (walked, refusal) {
        (Ok(_), None) => Ok(()),
        (_, Some(refusal)) => Err(refusal),
        (Err(_), None) => Err(not_offered("This expression")),
    }
}

fn check_one(expr: &Expr, functions: &Functions) -> Result<(), Refusal> {
    match expr {
        Expr::Alias(_)
        | Expr::Column(_)
        | Expr::Literal(..)
        | Expr::Like(_)
        | Expr::Not(_)
        | Expr::IsNotNull(_)
        | Expr::IsNull(_)
        | Expr::IsTrue(_)
        | Expr::IsFalse(_)
        | Expr::IsUnknown(_)
        | Expr::IsNotTrue(_)
        | Expr::IsNotFalse(_)
        | Expr::IsNotUnknown(_)
        | Expr::Negative(_)
        | Expr::Between(_)
        | Expr::Case(_)
        | Expr::InList(_)
        | Expr::Exists(_)
        | Expr::InSubquery(_)
        | Expr::ScalarSubquery(_)
        | Expr::GroupingSet(_)
        | Expr::OuterReferenceColumn(..)
        | Expr::Unnest(_) => Ok(()),
        Expr::BinaryExpr(binary) => check_operator(binary),
        Expr::Cast(Cast { field, .. }) | Expr::TryCast(TryCast { field, .. }) => {
            check_type(field.data_type())
        }
        Expr::ScalarFunction(call) => check_scalar(call, functions),
        Expr::AggregateFunction(AggregateFunction { func, params }) => {
            offered(func.name(), functions.aggregate(func.name()).is_some())?;
            // What `count(DISTINCT *)` comes to; it would count one.
            if params.distinct && params.args.iter().all(|arg| matches!(arg, Expr::Literal(..))) {
                let detail = "DISTINCT in an aggregate goes with a column. To count distinct \
                              rows, count those of a part with SELECT DISTINCT.";
                return Err(refusal::refused(detail, None));
            }
            check_share(func.name(), &params.args)?;
            check_second(func.name(), &params.args)
        }
        Expr::WindowFunction(call) => check_window(call, functions),
        // The engine takes a column of the query for the one of the same name around it.
        Expr::SetComparison(_) => {
            let detail = "ANY and ALL over a query are not offered. Write IN for = ANY, and \
                          compare with (SELECT min(…)) or (SELECT max(…)) for the others.";
            Err(refusal::refused(detail, None))
        }
        Expr::SimilarTo(_) => Err(not_offered("SIMILAR TO")),
        Expr::ScalarVariable(..) => Err(not_offered("A variable")),
        Expr::Placeholder(_) => Err(not_offered("A parameter at this place")),
        Expr::HigherOrderFunction(_) | Expr::Lambda(_) | Expr::LambdaVariable(_) => {
            Err(not_offered("A lambda"))
        }
        #[expect(deprecated, reason = "the engine still has the variant, so it is refused")]
        Expr::Wildcard { .. } => Err(not_offered("`*` at this place")),
    }
}

fn check_operator(binary: &BinaryExpr) -> Result<(), Refusal> {
    let is_pattern = matches!(
        binary.op,
        Operator::RegexMatch
            | Operator::RegexIMatch
            | Operator::RegexNotMatch
            | Operator::RegexNotIMatch
    );
    if is_pattern { check_pattern(&binary.right) } else { Ok(()) }
}

/// Checks the type of a cast: one that sets sizes may ask for any amount of memory.
fn check_type(data_type: &DataType) -> Result<(), Refusal> {
    let is_offered = data_type.is_primitive()
        || matches!(
            data_type,
            DataType::Null
                | DataType::Boolean
                | DataType::Utf8
                | DataType::LargeUtf8
                | DataType::Utf8View
                | DataType::Binary
                | DataType::LargeBinary
                | DataType::BinaryView
        );
    if is_offered {
        return Ok(());
    }
    if let DataType::List(item) | DataType::LargeList(item) = data_type {
        return check_type(item.data_type());
    }
    Err(not_offered("A cast to this type"))
}

fn check_scalar(call: &ScalarFunction, functions: &Functions) -> Result<(), Refusal> {
    let name = call.func.name();
    let is_offered =
        functions.scalar(name).is_some() || Membership::is(&call.func) || Checked::is(&call.func);
    offered(name, is_offered)?;
    if name == SAMPLE {
        return check_seed(call.args.get(1));
    }
    if name == "digest" {
        return check_algorithm(call.args.get(1));
    }
    if !name.starts_with("regexp_") {
        return Ok(());
    }
    match call.args.get(1) {
        Some(pattern) => check_pattern(pattern),
        None => Ok(()),
    }
}

fn check_window(call: &WindowFunction, functions: &Functions) -> Result<(), Refusal> {
    let name = call.fun.name();
    let is_offered = match &call.fun {
        WindowFunctionDefinition::AggregateUDF(_) => functions.aggregate(name).is_some(),
        WindowFunctionDefinition::WindowUDF(_) => functions.window(name).is_some(),
    };
    offered(name, is_offered)?;
    check_share(name, &call.params.args)?;
    check_second(name, &call.params.args)?;
    if name == "grouping" {
        let detail = "`grouping` does not go with OVER. Use it with GROUP BY.";
        return Err(refusal::refused(detail, None));
    }
    if GROWING.contains(&name) {
        let detail = format!("`{name}` with OVER is not offered. Use it with GROUP BY.");
        return Err(refusal::refused(detail, None));
    }
    let frame = &call.params.window_frame;
    check_bound(&frame.start_bound)?;
    check_bound(&frame.end_bound)?;
    if place(&frame.end_bound) < place(&frame.start_bound) {
        let detail = "A window's frame ends before it begins. Write the earlier end first.";
        return Err(refusal::invalid(detail, None));
    }
    Ok(())
}

/// Where a bound lies beside the current row; distances that count no rows count as one.
fn place(bound: &WindowFrameBound) -> i128 {
    let distance = |distance: &ScalarValue| {
        if let ScalarValue::UInt64(Some(rows)) = distance {
            return i128::from(*rows);
        }
        if distance.is_null() { i128::MAX } else { 1 }
    };
    match bound {
        WindowFrameBound::CurrentRow => 0,
        WindowFrameBound::Preceding(by) => -distance(by),
        WindowFrameBound::Following(by) => distance(by),
    }
}

fn check_bound(bound: &WindowFrameBound) -> Result<(), Refusal> {
    let distance = match bound {
        WindowFrameBound::CurrentRow => return Ok(()),
        WindowFrameBound::Preceding(distance) | WindowFrameBound::Following(distance) => distance,
    };
    // Other distances are in days or in the unit of the sorted column, and count no rows.
    if let ScalarValue::UInt64(Some(rows)) = distance
        && FRAME_ROWS_MAX < *rows
    {
        let detail = format!(
            "A window reaches {FRAME_ROWS_MAX} rows at most. Write UNBOUNDED for all rows."
        );
        return Err(refusal::refused(detail, None));
    }
    Ok(())
}

/// Checks that a percentile is asked for by a share of a whole, where it stands as a number.
fn check_share(function: &str, args: &[Expr]) -> Result<(), Refusal> {
    let Some(share) = args.get(1).filter(|_| function == PERCENTILE) else { return Ok(()) };
    let (mut share, mut is_negative) = (share, false);
    loop {
        if let Expr::Cast(Cast { expr, .. }) = share {
            share = expr;
        } else if let Expr::Negative(expr) = share {
            share = expr;
            is_negative = !is_negative;
        } else {
            break;
        }
    }
    let Expr::Literal(value, _) = share else { return Ok(()) };
    let number = value.cast_to(&DataType::Float64);
    if let Ok(ScalarValue::Float64(Some(number))) = number
        && share_is_sound(if is_negative { -number } else { number })
    {
        return Ok(());
    }
    let detail = "A percentile is asked for by a number from 0 to 1, such as 0.95.";
    Err(refusal::invalid(detail, None))
}

/// Checks that the seed of a sample is a literal: a sample is drawn by one seed.
fn check_seed(seed: Option<&Expr>) -> Result<(), Refusal> {
    let seed = seed.and_then(literal_text).flatten();
    match seed {
        Some(_) => Ok(()),
        None => {
            let detail = "The seed of a sample is a literal text, as in sample(key, 'pilot').";
            Err(refusal::refused(detail, None))
        }
    }
}

/// Checks that a digest is by an algorithm that there is.
fn check_algorithm(algorithm: Option<&Expr>) -> Result<(), Refusal> {
    let named = algorithm.and_then(literal_text).flatten();
    match named {
        Some(named) if ALGORITHMS.contains(&named.to_ascii_lowercase().as_str()) => Ok(()),
        _ => {
            let names = ALGORITHMS.join(", ");
            Err(refusal::invalid(format!("A digest is by one of {names}, as a literal."), None))
        }
    }
}

/// The text that an expression writes out, if it does; null is none.
fn literal_text(expr: &Expr) -> Option<Option<&str>> {
    let mut expr = expr;
    while let Expr::Cast(Cast { expr: inner, .. }) = expr {
        expr = inner;
    }
    if let Expr::Literal(value, _) = expr { value.try_as_str() } else { None }
}

/// Checks the second argument of functions that take a literal there: with another, the engine
/// fails when it runs.
fn check_second(function: &str, args: &[Expr]) -> Result<(), Refusal> {
    let Some(second) = args.get(1) else { return Ok(()) };
    let detail = match function {
        "nth_value" if !is_place(second) => {
            "The second argument of `nth_value` is a whole number other than 0, as a literal."
        }
        "string_agg" if literal_text(second).is_none() => {
            "The separator of `string_agg` is a literal text."
        }
        _ => return Ok(()),
    };
    Err(refusal::invalid(detail, None))
}

/// Whether an expression writes out a whole number other than zero.
fn is_place(expr: &Expr) -> bool {
    let mut expr = expr;
    while let Expr::Cast(Cast { expr: inner, .. }) | Expr::Negative(inner) = expr {
        expr = inner;
    }
    let Expr::Literal(value, _) = expr else { return false };
    let number = value.cast_to(&DataType::Int64);
    value.data_type().is_integer()
        && !matches!(number, Ok(ScalarValue::Int64(None | Some(0))) | Err(_))
}

/// Checks that a pattern is a literal, short, and a regular expression.
fn check_pattern(pattern: &Expr) -> Result<(), Refusal> {
    let Some(text) = literal_text(pattern) else {
        let detail = "A regular expression must be a literal text. Use contains or strpos to \
                      look for the value of a column.";
        return Err(refusal::refused(detail, None));
    };
    let text = text.unwrap_or_default();
    if PATTERN_BYTES_MAX < text.len() {
        let detail = format!(
            "A regular expression has at most {PATTERN_BYTES_MAX} bytes, this one has {}.",
            text.len()
        );
        return Err(refusal::refused(detail, None));
    }
    match regexp_is_match_scalar(&StringArray::from(vec![""]), text, None) {
        Ok(_) => Ok(()),
        Err(_) => Err(refusal::invalid("A pattern is no regular expression.", None)),
    }
}

fn offered(name: &str, is_offered: bool) -> Result<(), Refusal> {
    match offer::refused::reason(name) {
        _ if is_offered => Ok(()),
        Some(reason) => {
            Err(refusal::refused(format!("The function `{name}` is not offered. {reason}"), None))
        }
        None => Err(not_offered(&format!("The function `{name}`"))),
    }
}
