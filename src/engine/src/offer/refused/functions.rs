//! Functions that people look for in vain.

use super::Refused;

/// Functions that are left out.
pub const FUNCTIONS: &[Refused] = &[
    Refused::new(
        &["repeat", "lpad", "rpad", "array_repeat", "array_resize"],
        "Its results may be of any size. Join what is to stand there with concat, and cut it with \
         left or right.",
    )
    .write("SELECT lpad(kind, 3, '0') FROM t", "SELECT right(concat('000', kind), 3) FROM t"),
    Refused::new(
        &["encode", "decode", "to_base64", "from_base64", "hex", "unhex"],
        "Its results may be of any size. Bytes leave as they are; md5 gives hexadecimal digits.",
    )
    .write("SELECT encode(sha256(kind), 'hex') FROM t", "SELECT sha256(kind) FROM t"),
    Refused::new(
        &["string_to_array", "string_to_list", "split", "string_split"],
        "Its work may be of any size. Take the part that you need with split_part.",
    )
    .write("SELECT string_to_array('a,b', ',')", "SELECT split_part('a,b', ',', 1)"),
    Refused::new(
        &["levenshtein", "editdist3", "jaro_winkler_similarity", "soundex"],
        "Its work may be of any size. Compare with =, LIKE or starts_with, or take the texts home.",
    )
    .write(
        "SELECT kind FROM t WHERE levenshtein(kind, 'a') < 2",
        "SELECT kind FROM t WHERE lower(kind) LIKE 'a%'",
    ),
    Refused::new(
        &["to_char", "date_format", "strftime", "format_date"],
        "Its results may be of any size. Write date_part, date_trunc, or CAST to VARCHAR.",
    )
    .write(
        "SELECT to_char(DATE '2026-03-15', '%Y-%m')",
        "SELECT left(CAST(DATE '2026-03-15' AS VARCHAR), 7)",
    ),
    Refused::new(
        &["range", "generate_series", "sequence"],
        "Its results may be of any size. Write VALUES, or unnest of a list.",
    )
    .write("SELECT generate_series(1, 3)", "SELECT unnest([1, 2, 3])"),
    Refused::new(
        &["random", "rand", "uuid", "gen_random_uuid", "newid"],
        "It would give another answer each time. Draw a sample that others can draw again with \
         sample(key, 'seed') < 0.01.",
    )
    .write(
        "SELECT ad_id FROM ads WHERE random() < 0.5",
        "SELECT ad_id FROM ads WHERE sample(ad_id, 'pilot') < 0.5",
    ),
    Refused::new(
        &["approx_median", "approx_percentile_cont", "approx_percentile_cont_with_weight"],
        "It depends on the order of reading. Write median or percentile_cont, which are exact.",
    )
    .write("SELECT approx_median(n) FROM t", "SELECT median(n) FROM t"),
    Refused::new(
        &["any_value", "arbitrary"],
        "It depends on the order of reading. Write min, max, or first_value with an order.",
    )
    .write("SELECT any_value(kind) FROM t", "SELECT min(kind) FROM t"),
    Refused::new(
        &["arrow_typeof", "arrow_cast", "arrow_metadata", "arrow_field", "typeof", "pg_typeof"],
        "Types stand with the columns of the answer; write CAST to change one.",
    )
    .write("SELECT arrow_cast(n, 'Float64') FROM t", "SELECT CAST(n AS DOUBLE) FROM t"),
    Refused::new(
        &["version", "input_file_name", "file_row_index", "current_user", "current_database"],
        "It tells of the server, not of data. The answer's headers name its snapshots.",
    )
    .write("SELECT version()", "SELECT current_date"),
    Refused::new(
        &["struct", "named_struct", "row", "map", "make_map", "json_extract", "get_field"],
        "No format has values of that kind. Name the values as columns.",
    )
    .write("SELECT struct(kind, n) FROM t", "SELECT kind, n FROM t"),
];

/// Functions that have another name here, or are written with what there is.
pub const OTHER_NAMES: &[Refused] = &[
    Refused::new(&["if", "iff", "iif", "decode_case"], "Write CASE WHEN … THEN … ELSE … END.")
        .write(
            "SELECT iif(n < 2, 'few', 'many') FROM t",
            "SELECT CASE WHEN n < 2 THEN 'few' ELSE 'many' END FROM t",
        ),
    Refused::new(
        &["group_concat", "listagg", "string_join"],
        "Write string_agg(text, separator ORDER BY …).",
    )
    .write("SELECT group_concat(kind) FROM t", "SELECT string_agg(kind, ',' ORDER BY n) FROM t"),
    Refused::new(
        &[
            "year",
            "quarter",
            "month",
            "week",
            "day",
            "hour",
            "minute",
            "second",
            "dayofweek",
            "weekday",
        ],
        "Write date_part('year', moment), and so on.",
    )
    .write("SELECT year(DATE '2026-03-15')", "SELECT date_part('year', DATE '2026-03-15')"),
    Refused::new(
        &["datediff", "date_diff", "timestampdiff", "age", "months_between"],
        "Subtract days that are cast to INTEGER, or moments by to_unixtime.",
    )
    .write(
        "SELECT datediff('day', DATE '2026-03-01', DATE '2026-03-15')",
        "SELECT (to_unixtime(DATE '2026-03-15') - to_unixtime(DATE '2026-03-01')) / 86400",
    ),
    Refused::new(
        &["dateadd", "date_add", "date_sub", "adddate", "timestampadd"],
        "Add an interval, as in day + INTERVAL '1' MONTH.",
    )
    .write("SELECT date_add(DATE '2026-03-15', 1)", "SELECT DATE '2026-03-15' + INTERVAL '1' DAY"),
    Refused::new(
        &["countif", "count_if", "sumif", "sum_if"],
        "Write FILTER (WHERE condition) after the aggregate.",
    )
    .write("SELECT count_if(n < 2) FROM t", "SELECT count(*) FILTER (WHERE n < 2) FROM t"),
    Refused::new(
        &["approx_count_distinct", "count_distinct", "uniq"],
        "Write count(DISTINCT value), or approx_distinct(value).",
    )
    .write("SELECT count_distinct(kind) FROM t", "SELECT count(DISTINCT kind) FROM t"),
    Refused::new(
        &["mode", "percentile_disc", "quantile", "percentile"],
        "Write percentile_cont or median; the most frequent value is the first of GROUP BY … \
         ORDER BY count(*) DESC LIMIT 1.",
    )
    .write("SELECT quantile(n, 0.5) FROM t", "SELECT percentile_cont(n, 0.5) FROM t"),
    Refused::new(
        &["regexp_extract", "regexp_matches", "regexp_substr"],
        "Write regexp_match(text, 'pattern')[1].",
    )
    .write("SELECT regexp_extract('a12', '[0-9]+')", "SELECT regexp_match('a12', '[0-9]+')[1]"),
    Refused::new(&["len", "strlen", "char_count"], "Write length(text).")
        .write("SELECT len(kind) FROM t", "SELECT length(kind) FROM t"),
    Refused::new(&["isnull", "is_null", "notnull"], "Write IS NULL, or coalesce.")
        .write("SELECT isnull(n) FROM t", "SELECT n IS NULL FROM t"),
    Refused::new(
        &[
            "array_append",
            "array_prepend",
            "array_concat",
            "list_append",
            "list_concat",
            "array_union",
        ],
        "Its results may be of any size. Write the list out, or put rows together with array_agg.",
    )
    .write("SELECT array_append(['a'], 'b')", "SELECT ['a', 'b']"),
    Refused::new(
        &[
            "exists",
            "any_match",
            "list_filter",
            "array_filter",
            "array_transform",
            "list_transform",
        ],
        "Lambdas are not offered. Write array_has, or unnest the list and aggregate.",
    )
    .write(
        "SELECT array_filter([1, 2], x -> x > 1)",
        "SELECT u FROM UNNEST([1, 2]) AS q(u) WHERE u > 1",
    ),
];
