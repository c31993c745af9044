//! The days that a condition leaves of a time column, and which files of a dataset in periods
//! can hold them. For estimates only: rows are filtered by what is in the files.

use datafusion::common::ScalarValue;
use datafusion::logical_expr::{BinaryExpr, Cast, Expr, Operator};
use domain::question::{Mount, MountedFile};
use domain::{Date, Timestamp};

/// A span of days; an end that is missing is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Window {
    from: Option<Date>,
    until: Option<Date>,
}

impl Window {
    /// The days that the grant and some conditions, all of which must hold, leave.
    pub(crate) fn of(mount: &Mount, conditions: &[Expr]) -> Self {
        let mut window = Self { from: mount.rows.from, until: mount.rows.until };
        let Some(time) = &mount.time_column else { return window };
        let mut ahead: Vec<&Expr> = conditions.iter().collect();
        while let Some(condition) = ahead.pop() {
            let Expr::BinaryExpr(BinaryExpr { left, op, right }) = condition else { continue };
            if *op == Operator::And {
                ahead.extend([left.as_ref(), right.as_ref()]);
            } else if let Some(day) = day(right).filter(|_| is_column(left, time.name.as_str())) {
                window.narrow(*op, day);
            }
        }
        window
    }

    fn narrow(&mut self, op: Operator, day: Date) {
        let bounds_from = [Operator::Eq, Operator::Gt, Operator::GtEq].contains(&op);
        let bounds_until = [Operator::Eq, Operator::Lt, Operator::LtEq].contains(&op);
        if bounds_from && self.from.is_none_or(|from| from < day) {
            self.from = Some(day);
        }
        if bounds_until && self.until.is_none_or(|until| day < until) {
            self.until = Some(day);
        }
    }

    /// Whether a file can hold rows of these days.
    pub(crate) fn meets(&self, file: &MountedFile) -> bool {
        let Some((first, last)) = file.period.as_deref().and_then(days) else { return true };
        self.from.is_none_or(|from| from <= last) && self.until.is_none_or(|until| first <= until)
    }
}

/// The first and the last day of a period: a day, or a month.
fn days(period: &str) -> Option<(Date, Date)> {
    if let Ok(day) = period.parse::<Date>() {
        return Some((day, day));
    }
    let first = format!("{period}-01").parse::<Date>().ok()?;
    let next = first.checked_add_months(chrono::Months::new(1))?;
    Some((first, next.pred_opt()?))
}

fn is_column(expr: &Expr, name: &str) -> bool {
    matches!(bare(expr), Expr::Column(column) if column.name == name)
}

fn bare(expr: &Expr) -> &Expr {
    if let Expr::Cast(Cast { expr, .. }) = expr { bare(expr) } else { expr }
}

/// The day of a literal.
fn day(expr: &Expr) -> Option<Date> {
    let Expr::Literal(value, _) = bare(expr) else { return None };
    let moment = |unix_us: i64| Timestamp::from_unix_us(unix_us).map(Timestamp::date);
    if let ScalarValue::Date32(Some(days)) = value {
        return Date::from_epoch_days(*days);
    }
    if let ScalarValue::TimestampMicrosecond(Some(value), _) = value {
        return moment(*value);
    }
    if let ScalarValue::TimestampNanosecond(Some(value), _) = value {
        return moment(value / 1_000);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(period: &str) -> MountedFile {
        let sha256 = domain::Sha256Digest::of(period.as_bytes());
        MountedFile { sha256, bytes: 1, row_count: 1, period: Some(period.to_owned()) }
    }

    #[test]
    fn a_file_counts_where_its_period_meets_the_window() {
        let day = |text: &str| text.parse::<Date>().ok();
        let window = Window { from: day("2026-02-10"), until: day("2026-03-01") };

        assert!(!window.meets(&file("2026-01")));
        assert!(window.meets(&file("2026-02")));
        assert!(window.meets(&file("2026-03-01")));
        assert!(!window.meets(&file("2026-03-02")));
        assert!(window.meets(&file("whole")));
    }
}
