//! Days and moments. All moments are in UTC.

use crate::offer::Function;

/// Functions of days and moments.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("current_date")
        .or(&["today"])
        .says("The day of the edition that is asked, not of the clock.")
        .gives("current_date", "2026-11-01"),
    Function::new("date_bin(interval, moment[, origin])")
        .says("The beginning of the stretch of that length in which the moment lies.")
        .gives(
            "date_bin(INTERVAL '15' MINUTE, TIMESTAMP '2026-01-31T10:23:45')",
            "2026-01-31T10:15:00.000000Z",
        ),
    Function::new("date_part('part', moment)")
        .or(&["datepart"])
        .says(
            "A part of a day or moment as a number: year, quarter, month, week, day, dow (Sunday \
             is 0), doy, hour, minute, second, epoch.",
        )
        .gives("date_part('month', DATE '2026-03-15')", "3"),
    Function::new("date_trunc('unit', moment)")
        .or(&["datetrunc"])
        .says(
            "The beginning of the year, quarter, month, week, day, hour, minute or second in \
             which a day or moment lies.",
        )
        .gives("date_trunc('month', DATE '2026-03-15')", "2026-03-01T00:00:00.000000Z"),
    Function::new("from_unixtime(integer)")
        .says("The moment so many seconds after 1970 began.")
        .gives("from_unixtime(1767225600)", "2026-01-01T00:00:00.000000Z"),
    Function::new("make_date(year, month, day)")
        .says("The day of these three numbers.")
        .gives("make_date(2026, 3, 15)", "2026-03-15"),
    Function::new("now()")
        .or(&["current_timestamp"])
        .says("The first moment of the day of the edition that is asked, not of the clock.")
        .gives("now()", "2026-11-01T00:00:00.000000Z"),
    Function::new("to_date(text[, 'format'])")
        .says("The day that a text names; formats are those of strftime.")
        .gives("to_date('15.03.2026', '%d.%m.%Y')", "2026-03-15"),
    Function::new("to_local_time(moment)")
        .says("The same reading of the clock, without its time zone.")
        .gives("to_local_time(now() AT TIME ZONE 'Europe/Berlin')", "2026-11-01T01:00:00.000000Z"),
    Function::new("to_timestamp(text[, 'format'])")
        .says("The moment that a text names, or so many seconds after 1970 began.")
        .gives("to_timestamp('15.03.2026 08:30', '%d.%m.%Y %H:%M')", "2026-03-15T08:30:00.000000Z"),
    Function::new("to_timestamp_micros(integer)")
        .says("The moment so many microseconds after 1970 began, or that a text names.")
        .gives("to_timestamp_micros(1767225600000000)", "2026-01-01T00:00:00.000000Z"),
    Function::new("to_timestamp_millis(integer)")
        .says("The moment so many milliseconds after 1970 began, or that a text names.")
        .gives("to_timestamp_millis(1767225600000)", "2026-01-01T00:00:00.000000Z"),
    Function::new("to_timestamp_nanos(integer)")
        .says("The moment so many nanoseconds after 1970 began, or that a text names.")
        .gives("to_timestamp_nanos(1767225600000000000)", "2026-01-01T00:00:00.000000Z"),
    Function::new("to_timestamp_seconds(integer)")
        .says("The moment so many seconds after 1970 began, or that a text names.")
        .gives("to_timestamp_seconds(1767225600)", "2026-01-01T00:00:00.000000Z"),
    Function::new("to_unixtime(moment)")
        .says("How many seconds after 1970 began a moment, a day or the text of one lies.")
        .gives("to_unixtime(DATE '2026-01-01')", "1767225600"),
];
