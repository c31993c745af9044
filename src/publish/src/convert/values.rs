//! Reads one value from its text.
//!
//! # Invariant
//! A value is read exactly or not at all: nothing is rounded, wrapped or guessed.

use chrono::NaiveDate;
use domain::Date;

/// Days from 0001-01-01 to 1970-01-01, as `chrono` counts from the common era.
const DAYS_TO_1970: i32 = 719_163;

/// Microseconds of a day.
pub(crate) const DAY_US: i64 = 24 * 60 * 60 * 1_000_000;

/// Reads an integer.
pub(crate) fn integer(text: &str) -> Option<i64> {
    // `str::parse` would take a plus sign, which no export writes on purpose.
    if text.starts_with('+') { None } else { text.parse().ok() }
}

/// Reads a number; infinities and not-a-number are none.
pub(crate) fn number(text: &str) -> Option<f64> {
    let plausible = |byte: u8| matches!(byte, b'0'..=b'9' | b'-' | b'.' | b'e' | b'E' | b'+');
    let is_plain = !text.starts_with('+') && text.bytes().all(plausible);
    text.parse().ok().filter(|number: &f64| is_plain && number.is_finite())
}

/// Reads an amount with at most two decimals and sixteen digits before them; in hundredths.
pub(crate) fn decimal(text: &str) -> Option<i128> {
    const DIGITS_MAX: usize = 16;
    let (is_negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    let whole = whole.trim_start_matches('0');
    let (cents, beyond) = fraction.split_at(fraction.len().min(2));
    if DIGITS_MAX < whole.len() || beyond.bytes().any(|digit| digit != b'0') {
        return None;
    }
    let digits = whole.bytes().chain(cents.bytes());
    let value = digits.fold(0, |value: i128, digit| value * 10 + i128::from(digit - b'0'));
    let value = if cents.len() == 1 { value * 10 } else { value };
    Some(if is_negative { -value } else { value })
}

/// Reads a truth: `true` and `false` as programs write them, `Yes` and `No` as the dumps do.
pub(crate) fn truth(text: &str) -> Option<bool> {
    match text {
        "true" | "True" | "TRUE" | "Yes" => Some(true),
        "false" | "False" | "FALSE" | "No" => Some(false),
        _ => None,
    }
}

/// Reads a day: `2025-07-01`, also with `00:00:00` behind it; in days since 1970-01-01.
pub(crate) fn date(text: &str) -> Option<i32> {
    let (day, rest) = text.split_at_checked("2025-07-01".len())?;
    if !matches!(rest, "" | " 00:00:00" | "T00:00:00" | "T00:00:00Z") {
        return None;
    }
    days(day.as_bytes())
}

/// Reads a moment: RFC 3339, or `2025-07-01 12:00:00` in UTC; in microseconds since 1970.
pub(crate) fn moment(text: &str) -> Option<i64> {
    let (day, rest) = text.split_at_checked("2025-07-01".len())?;
    let day = days(day.as_bytes())?;
    let rest = rest.as_bytes();
    let [b'T' | b't' | b' ', h1, h2, b':', m1, m2, b':', s1, s2, rest @ ..] = rest else {
        return None;
    };
    let hour = two_digits(*h1, *h2).filter(|hour| *hour < 24)?;
    let minute = two_digits(*m1, *m2).filter(|minute| *minute < 60)?;
    let second = two_digits(*s1, *s2).filter(|second| *second < 60)?;
    let (fraction_us, rest) = fraction_us(rest)?;
    // A moment with a blank in the middle may leave out its offset, and is in UTC; one in the
    // form of RFC 3339 must say it.
    let offset_s = match rest {
        [] if text.as_bytes().get(10) == Some(&b' ') => 0,
        rest => offset_s(rest)?,
    };
    let time_s = i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second);
    Some(i64::from(day) * DAY_US + (time_s - offset_s) * 1_000_000 + fraction_us)
}

/// The day a number of days after 1970-01-01, if the calendar has it.
pub(crate) fn day(days: i32) -> Option<Date> {
    NaiveDate::from_num_days_from_ce_opt(days.checked_add(DAYS_TO_1970)?)
}

/// The days from 1970-01-01 to a day.
pub(crate) fn days_of(day: Date) -> i32 {
    use chrono::Datelike as _;
    day.num_days_from_ce() - DAYS_TO_1970
}

/// Reads `YYYY-MM-DD`.
fn days(text: &[u8]) -> Option<i32> {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = text else { return None };
    let year = two_digits(*y1, *y2)? * 100 + two_digits(*y3, *y4)?;
    let (month, day) = (two_digits(*m1, *m2)?, two_digits(*d1, *d2)?);
    let year = i32::try_from(year).ok()?;
    NaiveDate::from_ymd_opt(year, month, day).map(days_of)
}

/// Reads two digits.
fn two_digits(tens: u8, ones: u8) -> Option<u32> {
    if tens.is_ascii_digit() && ones.is_ascii_digit() {
        Some(u32::from(tens - b'0') * 10 + u32::from(ones - b'0'))
    } else {
        None
    }
}

/// Reads `.123456`, if it is there; digits beyond microseconds must be zero.
fn fraction_us(text: &[u8]) -> Option<(i64, &[u8])> {
    let Some(digits) = text.strip_prefix(b".") else { return Some((0, text)) };
    let count = digits.iter().take_while(|digit| digit.is_ascii_digit()).count();
    let (digits, rest) = digits.split_at(count);
    let (micros, beyond) = digits.split_at(digits.len().min(6));
    if digits.is_empty() || beyond.iter().any(|digit| *digit != b'0') {
        return None;
    }
    let padded = micros.iter().copied().chain(std::iter::repeat(b'0')).take(6);
    Some((padded.fold(0, |value, digit| value * 10 + i64::from(digit - b'0')), rest))
}

/// Reads `Z` or `+02:00`, in seconds.
fn offset_s(text: &[u8]) -> Option<i64> {
    let (sign, digits) = match text {
        b"Z" | b"z" => return Some(0),
        [b'+', digits @ ..] => (1, digits),
        [b'-', digits @ ..] => (-1, digits),
        _ => return None,
    };
    let [h1, h2, b':', m1, m2] = digits else { return None };
    let hours = two_digits(*h1, *h2).filter(|hours| *hours < 24)?;
    let minutes = two_digits(*m1, *m2).filter(|minutes| *minutes < 60)?;
    Some(sign * (i64::from(hours) * 3600 + i64::from(minutes) * 60))
}

#[cfg(test)]
mod tests {
    use domain::Timestamp;

    use super::*;

    #[test]
    fn an_amount_is_read_to_the_cent() {
        assert_eq!(decimal("12.1"), Some(1210));
        assert_eq!(decimal("-0.05"), Some(-5));
        assert_eq!(decimal("7"), Some(700));
        assert_eq!(decimal("0007.500"), Some(750));
        assert_eq!(decimal("9999999999999999.99"), Some(999_999_999_999_999_999));
        for text in ["", ".", "1.", ".5", "1.001", "1e3", "+1", "--1", "12345678901234567", "1,5"] {
            assert_eq!(decimal(text), None, "{text}");
        }
    }

    #[test]
    fn a_number_is_a_number() {
        assert_eq!(integer("-42"), Some(-42));
        assert_eq!(number("-1.5e3"), Some(-1500.0));
        for text in ["", "+1", " 1", "1 ", "0x10", "9223372036854775808", "1.0"] {
            assert_eq!(integer(text), None, "{text}");
        }
        for text in ["", "inf", "NaN", "infinity", "1e999", "+1", "1_0", "1,5"] {
            assert_eq!(number(text), None, "{text}");
        }
    }

    #[test]
    fn a_day_may_have_midnight_behind_it() {
        assert_eq!(date("1970-01-02"), Some(1));
        assert_eq!(date("2024-03-14 00:00:00"), date("2024-03-14"));
        assert_eq!(date("1969-12-31"), Some(-1));
        for text in ["2024-02-30", "2024-3-14", "14.03.2024", "2024-03-14 00:00:01", "", "é"] {
            assert_eq!(date(text), None, "{text}");
        }
    }

    #[test]
    fn a_moment_is_what_rfc_3339_says() {
        for text in [
            "2025-07-01T00:00:00Z",
            "2025-07-01T02:30:00.5+02:00",
            "1969-12-31T23:59:59.999999Z",
            "0001-01-01T00:00:00Z",
            "9999-12-31T23:59:59.123456-11:30",
        ] {
            assert_eq!(moment(text), Timestamp::parse(text).ok().map(Timestamp::unix_us), "{text}");
        }
        assert_eq!(moment("2025-07-01 00:03:33"), moment("2025-07-01T00:03:33Z"));
        assert_eq!(moment("2025-07-01 00:03:33.250000000Z"), moment("2025-07-01T00:03:33.25Z"));
    }

    #[test]
    fn anything_else_is_no_moment() {
        for text in [
            "2025-07-01",
            "2025-07-01T00:00:00",
            "2025-07-01 24:00:00",
            "2025-07-01 00:60:00",
            "2025-07-01 00:00:60",
            "2025-07-01 00:00:00.",
            "2025-07-01 00:00:00.1234567",
            "2025-07-01 00:00:00+0200",
            "2025-07-01 00:00:00 UTC",
        ] {
            assert_eq!(moment(text), None, "{text}");
        }
    }

    #[test]
    fn a_truth_may_be_yes_or_no() {
        assert_eq!((truth("Yes"), truth("false")), (Some(true), Some(false)));
        assert_eq!((truth("1"), truth("")), (None, None));
    }
}
