//! The rows that a grant gives, as a condition on every scan.
//!
//! # Invariant
//! A bound that cannot be checked, because the dataset has no such column, gives no rows: a
//! grant never opens more than it says.

use std::collections::BTreeSet;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::functions_nested::expr_fn::array_has_any;
use datafusion::logical_expr::{Expr, col, lit};
use domain::codebook::{Field, FieldType};
use domain::question::Mount;
use domain::{Date, Timestamp};

/// The columns that a mount's bounds look at.
pub(super) fn columns(mount: &Mount) -> Vec<&Field> {
    let time = mount.time_column.as_ref().filter(|_| bounds_time(mount));
    let place = mount.member_state_column.as_ref();
    let place = place.filter(|_| mount.rows.member_states.is_some());
    time.into_iter().chain(place).collect()
}

/// The condition that a row must satisfy, if there is one.
pub(super) fn condition(mount: &Mount) -> Option<Expr> {
    let mut conditions = Vec::new();
    if bounds_time(mount) {
        conditions.push(match &mount.time_column {
            Some(field) => within(field, mount.rows.from, mount.rows.until),
            None => lit(false),
        });
    }
    if let Some(states) = &mount.rows.member_states {
        conditions.push(match &mount.member_state_column {
            Some(field) => among(field, states),
            None => lit(false),
        });
    }
    conditions.into_iter().reduce(Expr::and)
}

fn bounds_time(mount: &Mount) -> bool {
    mount.rows.from.is_some() || mount.rows.until.is_some()
}

/// The days from the first to the last, both within; a row without a time is not.
fn within(field: &Field, from: Option<Date>, until: Option<Date>) -> Expr {
    let column = || col(field.name.as_str());
    let start = |day: Date| start_of(field.field_type, day);
    let from = from.map(|day| column().gt_eq(start(day)));
    // The day after the last, since a moment of the last day lies behind its beginning.
    let until = until.map(|day| match day.succ_opt() {
        Some(next) => column().lt(start(next)),
        None => column().is_not_null(),
    });
    from.into_iter().chain(until).reduce(Expr::and).unwrap_or_else(|| lit(false))
}

/// The beginning of a day, in the type of a time column.
fn start_of(field_type: FieldType, day: Date) -> Expr {
    let scalar = if field_type == FieldType::Date {
        ScalarValue::Date32(Some(day.to_epoch_days()))
    } else {
        let moment = Timestamp::start_of(day).unix_us();
        ScalarValue::TimestampMicrosecond(Some(moment), Some("UTC".into()))
    };
    lit(scalar)
}

/// One of the Member States; of a list, any of them.
fn among(field: &Field, states: &BTreeSet<String>) -> Expr {
    let column = col(field.name.as_str());
    let states = states.iter().map(|state| ScalarValue::Utf8(Some(state.clone())));
    if field.field_type != FieldType::List {
        return column.in_list(states.map(lit).collect(), false);
    }
    let states: Vec<ScalarValue> = states.collect();
    let states = ScalarValue::new_list_nullable(&states, &DataType::Utf8);
    array_has_any(column, lit(ScalarValue::List(states)))
}
