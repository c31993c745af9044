//! Values as text, appended to a buffer.

use std::io::Write as _;

use chrono::{Datelike as _, NaiveDate};
use serde::Serialize;

use super::EncodeError;

/// Microseconds of a day.
const DAY_US: i64 = 24 * 60 * 60 * 1_000_000;

/// Appends a value as JSON; numbers that are none become `null`.
pub(super) fn json<T: Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    // Numbers and texts have a JSON form, and a vector takes every byte.
    serde_json::to_writer(out, value).map_err(|_| EncodeError::Unprintable)
}

/// Appends the digits of an amount, as many after the point as its type has.
pub(super) fn decimal(digits: &str, scale: i8, out: &mut Vec<u8>) {
    let (sign, digits) = match digits.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", digits),
    };
    out.extend_from_slice(sign.as_bytes());
    let Some(places) = usize::try_from(scale).ok().filter(|places| 0 < *places) else {
        out.extend_from_slice(digits.as_bytes());
        // A negative scale counts zeros before the point.
        let zeros = if digits == "0" { 0 } else { usize::from(scale.unsigned_abs()) };
        out.resize(out.len() + zeros, b'0');
        return;
    };
    match digits.len().checked_sub(places) {
        Some(whole) if 0 < whole => {
            out.extend_from_slice(&digits.as_bytes()[..whole]);
            out.push(b'.');
            out.extend_from_slice(&digits.as_bytes()[whole..]);
        }
        _ => {
            out.extend_from_slice(b"0.");
            out.resize(out.len() + places - digits.len(), b'0');
            out.extend_from_slice(digits.as_bytes());
        }
    }
}

/// Appends a day, `2026-11-23`.
///
/// # Errors
/// A day outside the years 0 to 9999, for which ISO 8601 has no agreed form.
pub(super) fn day(days: i32, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    let day = NaiveDate::from_epoch_days(days).ok_or(EncodeError::Unprintable)?;
    let year = u32::try_from(day.year()).ok().filter(|year| *year <= 9_999);
    digits(year.ok_or(EncodeError::Unprintable)?, 4, out);
    out.push(b'-');
    digits(day.month(), 2, out);
    out.push(b'-');
    digits(day.day(), 2, out);
    Ok(())
}

/// Appends a moment, `2026-11-23T18:20:31.114210Z`.
///
/// # Errors
/// As [`day`].
pub(super) fn moment(unix_us: i64, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    let days = i32::try_from(unix_us.div_euclid(DAY_US)).map_err(|_| EncodeError::Unprintable)?;
    day(days, out)?;
    let rest = unix_us.rem_euclid(DAY_US);
    let part = |divisor: i64, modulus: i64| {
        // A part of a day is small and positive.
        u32::try_from(rest / divisor % modulus).unwrap_or_default()
    };
    out.push(b'T');
    digits(part(3_600_000_000, 24), 2, out);
    out.push(b':');
    digits(part(60_000_000, 60), 2, out);
    out.push(b':');
    digits(part(1_000_000, 60), 2, out);
    out.push(b'.');
    digits(part(1, 1_000_000), 6, out);
    out.push(b'Z');
    Ok(())
}

/// Appends a duration, `PT90S` or `-PT0.250000S`.
pub(super) fn duration(us: i64, out: &mut Vec<u8>) {
    let sign = if us < 0 { "-" } else { "" };
    let seconds = us.unsigned_abs() / 1_000_000;
    let fraction = us.unsigned_abs() % 1_000_000;
    // A vector takes every byte.
    let _ = match fraction {
        0 => write!(out, "{sign}PT{seconds}S"),
        fraction => write!(out, "{sign}PT{seconds}.{fraction:06}S"),
    };
}

/// Appends bytes as hexadecimal digits.
pub(super) fn hexadecimal(bytes: &[u8], out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        out.push(DIGITS[usize::from(byte >> 4)]);
        out.push(DIGITS[usize::from(byte & 0x0f)]);
    }
}

/// Appends a number with leading zeros.
fn digits(number: u32, count: usize, out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + count, b'0');
    let mut number = number;
    for place in out[start..].iter_mut().rev() {
        // The remainder is below ten.
        *place = b'0' + u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn amounts_keep_all_their_digits() {
        let amount = |digits: &str, scale| text(|out| decimal(digits, scale, out));

        assert_eq!(amount("1250", 2), "12.50");
        assert_eq!(amount("-5", 2), "-0.05");
        assert_eq!(amount("0", 2), "0.00");
        assert_eq!(amount("99", 2), "0.99");
        assert_eq!(amount("7", 0), "7");
        assert_eq!(amount("7", -2), "700");
    }

    #[test]
    fn moments_before_1970_are_moments_too() {
        assert_eq!(text(|out| moment(0, out).unwrap()), "1970-01-01T00:00:00.000000Z");
        assert_eq!(text(|out| moment(-1, out).unwrap()), "1969-12-31T23:59:59.999999Z");
        assert_eq!(
            text(|out| moment(1_795_458_031_114_210, out).unwrap()),
            "2026-11-23T18:20:31.114210Z"
        );
    }

    #[test]
    fn a_day_without_an_agreed_form_is_not_printed() {
        assert!(moment(i64::MAX, &mut Vec::new()).is_err());
        assert!(day(i32::MAX, &mut Vec::new()).is_err());
        assert_eq!(text(|out| day(2_932_896, out).unwrap()), "9999-12-31");
    }

    #[test]
    fn durations_are_seconds() {
        assert_eq!(text(|out| duration(90_000_000, out)), "PT90S");
        assert_eq!(text(|out| duration(-250_000, out)), "-PT0.250000S");
    }
}
