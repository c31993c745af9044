//! Types, as CAST and literals name them.

use super::Phrase;

/// All types.
pub const TYPES: &[Phrase] = &[
    Phrase::new("VARCHAR, TEXT, CHAR, STRING")
        .says("Text in Unicode; codebooks say `string`. A length, as in VARCHAR(3), is refused.")
        .gives("SELECT CAST(42 AS VARCHAR) || '!'", "42!"),
    Phrase::new("BIGINT, INT8")
        .says("Whole numbers of 64 bits; codebooks say `integer`.")
        .gives("SELECT CAST('42' AS BIGINT) + 1", "43"),
    Phrase::new("INTEGER, INT, INT4; SMALLINT, INT2; TINYINT")
        .says("Whole numbers of 32, 16 and 8 bits.")
        .gives("SELECT CAST('42' AS INTEGER)", "42"),
    Phrase::new("DECIMAL(p, s), NUMERIC(p, s)")
        .says(
            "Exact numbers of p digits, s of them after the point; codebooks say `decimal`, which \
             is DECIMAL(18, 2).",
        )
        .gives("SELECT CAST('12.345' AS DECIMAL(18, 2))", "12.35"),
    Phrase::new("DOUBLE, DOUBLE PRECISION, FLOAT8")
        .says("Floating point numbers of 64 bits; codebooks say `number`. So is `1.5`.")
        .gives("SELECT CAST('1e3' AS DOUBLE) / 8", "125.0"),
    Phrase::new("REAL, FLOAT, FLOAT4")
        .says("Floating point numbers of 32 bits.")
        .gives("SELECT CAST('0.5' AS REAL)", "0.5"),
    Phrase::new("BOOLEAN, BOOL")
        .says("True or false; codebooks say `boolean`.")
        .gives("SELECT CAST('true' AS BOOLEAN) AND 1 < 2", "true"),
    Phrase::new("DATE")
        .says("A day; codebooks say `date`. `DATE '2026-03-15'` is one.")
        .gives("SELECT CAST('2026-03-15' AS DATE) + INTERVAL '1' MONTH", "2026-04-15"),
    Phrase::new("TIMESTAMP, TIMESTAMP WITH TIME ZONE")
        .says("A moment; codebooks say `datetime`, which is in UTC, to the microsecond.")
        .gives("SELECT CAST('2026-03-15T08:30:00' AS TIMESTAMP(6))", "2026-03-15T08:30:00.000000Z"),
    Phrase::new("TIME")
        .says("A reading of the clock; compare or cast it, since no format has it.")
        .gives("SELECT CAST('08:30:00' AS TIME) < TIME '09:00:00'", "true"),
    Phrase::new("INTERVAL")
        .says("A length of time, to add to days and moments; no format has it.")
        .gives("SELECT DATE '2026-01-31' - INTERVAL '30' DAY", "2026-01-01"),
    Phrase::new("BYTEA")
        .says("Bytes, such as digests.")
        .gives("SELECT CAST('a' AS BYTEA) = X'61'", "true"),
    Phrase::new("[item, …]")
        .says("A list; codebooks say `list`, which is one of texts.")
        .gives("SELECT ['DE', 'FR']", "[\"DE\",\"FR\"]"),
];
