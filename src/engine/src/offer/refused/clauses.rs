//! Statements and clauses that are refused; `walk` and `parse` do it, and say the same.

use super::Refused;

/// Statements.
pub const STATEMENTS: &[Refused] = &[
    Refused::new(
        &["EXPLAIN"],
        "Ask with `\"explain\": true` and `\"dry_run\": true` in the request.",
    )
    .write("EXPLAIN SELECT 1", "SELECT 1"),
    Refused::new(&["DESCRIBE", "SHOW"], "Columns and their meaning are in the dataset's codebook.")
        .write("DESCRIBE ads", "SELECT * FROM ads LIMIT 1"),
    Refused::new(&["COPY"], "Answers leave in the format that `Accept` names.")
        .write("COPY ads TO '/tmp/ads.csv'", "SELECT ad_id FROM ads"),
    Refused::new(
        &["CREATE", "INSERT", "UPDATE", "DELETE", "DROP", "ALTER"],
        "Snapshots never change; name a part of a query with WITH.",
    )
    .write("CREATE VIEW v AS SELECT 1 AS a", "WITH v AS (SELECT 1 AS a) SELECT a FROM v"),
    Refused::new(&["SET", "USE"], "Limits and edition are fields of the request.")
        .write("SET a = 1", "SELECT 1"),
    Refused::new(&["PREPARE", "EXECUTE"], "Send values as `parameters` for `$1`, `$2` and so on.")
        .write("PREPARE p AS SELECT 1", "SELECT 1"),
    Refused::new(&["Several statements"], "One question holds one statement.")
        .write("SELECT 1; SELECT 2", "SELECT 1 UNION ALL SELECT 2"),
];

/// Clauses.
pub const CLAUSES: &[Refused] = &[
    Refused::new(
        &["TABLESAMPLE"],
        "The engine would read the whole table in silence. Filter on sample(key, 'seed'), which \
         others can draw again.",
    )
    .write(
        "SELECT ad_id FROM ads TABLESAMPLE (10)",
        "SELECT ad_id FROM ads WHERE sample(ad_id, 'pilot') < 0.1",
    ),
    Refused::new(
        &["WITH RECURSIVE"],
        "It may never end. Join the table with itself as often as needed.",
    )
    .write(
        "WITH RECURSIVE a AS (SELECT 1 AS n) SELECT n FROM a",
        "WITH a AS (SELECT 1 AS n) SELECT n FROM a",
    ),
    Refused::new(&["LATERAL", "APPLY"], "Join the query, or write it in SELECT.").write(
        "SELECT a.ad_id FROM ads a, LATERAL (SELECT 1 AS n) b",
        "SELECT a.ad_id FROM ads a CROSS JOIN (SELECT 1 AS n) b",
    ),
    Refused::new(&["FETCH", "TOP"], "Write LIMIT.")
        .write("SELECT ad_id FROM ads FETCH FIRST 1 ROWS ONLY", "SELECT ad_id FROM ads LIMIT 1"),
    Refused::new(&["WINDOW", "OVER with a name"], "Write the window itself in OVER (…).").write(
        "SELECT sum(n) OVER w FROM t WINDOW w AS (ORDER BY n)",
        "SELECT sum(n) OVER (ORDER BY n) FROM t",
    ),
    Refused::new(&["SEMI JOIN", "ANTI JOIN"], "Say of which side: LEFT SEMI JOIN, LEFT ANTI JOIN.")
        .write(
            "SELECT a.ad_id FROM ads a ANTI JOIN ad_reach r ON r.ad_id = a.ad_id",
            "SELECT a.ad_id FROM ads a LEFT ANTI JOIN ad_reach r ON r.ad_id = a.ad_id",
        ),
    Refused::new(&["JOIN without a condition"], "Write ON or USING, or CROSS JOIN for all pairs.")
        .write(
            "SELECT count(*) FROM ads JOIN ad_reach",
            "SELECT count(*) FROM ads CROSS JOIN ad_reach",
        ),
    Refused::new(
        &["a = ANY (query)", "a < ALL (query)"],
        "Write IN for = ANY, and compare with (SELECT min(…)) or (SELECT max(…)) for the others.",
    )
    .write(
        "SELECT n FROM t WHERE n >= ALL (SELECT n FROM t)",
        "SELECT n FROM t WHERE n >= (SELECT max(n) FROM t)",
    ),
    Refused::new(
        &["EXISTS or IN (query) outside WHERE and HAVING"],
        "Join the query: LEFT JOIN a part with SELECT DISTINCT, and ask whether its column is \
         null.",
    )
    .write(
        "SELECT sum(CASE WHEN EXISTS (SELECT 1 FROM ad_reach r WHERE r.ad_id = a.ad_id) THEN 1 \
         ELSE 0 END) FROM ads a",
        "SELECT count(r.ad_id) FROM ads a LEFT JOIN (SELECT DISTINCT ad_id FROM ad_reach) r ON \
         r.ad_id = a.ad_id",
    ),
    Refused::new(
        &["INTERSECT ALL", "EXCEPT ALL"],
        "The engine would not count repeated rows. Write INTERSECT or EXCEPT.",
    )
    .write("(VALUES (1)) EXCEPT ALL (VALUES (2))", "(VALUES (1)) EXCEPT (VALUES (2))"),
    Refused::new(&["count(DISTINCT *)"], "Count the rows of a part with SELECT DISTINCT.").write(
        "SELECT count(DISTINCT *) FROM t",
        "SELECT count(*) FROM (SELECT DISTINCT * FROM t) AS d",
    ),
    Refused::new(&["ASOF JOIN"], "Join on <= and keep the newest with row_number().").write(
        "SELECT a.n FROM t a ASOF JOIN t b MATCH_CONDITION (a.n >= b.n) ON a.kind = b.kind",
        "SELECT a.n, b.n AS m FROM t a JOIN t b ON a.kind = b.kind AND b.n <= a.n \
             QUALIFY row_number() OVER (PARTITION BY a.n ORDER BY b.n DESC) = 1",
    ),
    Refused::new(&["PIVOT", "UNPIVOT"], "Write an aggregate with FILTER for each column.").write(
        "SELECT * FROM t PIVOT (sum(n) FOR kind IN ('a', 'b'))",
        "SELECT sum(n) FILTER (WHERE kind = 'a') AS a, sum(n) FILTER (WHERE kind = 'b') AS b \
             FROM t",
    ),
    Refused::new(
        &["generate_series", "read_csv"],
        "Only datasets, queries in brackets and UNNEST stand in FROM.",
    )
    .write("SELECT * FROM generate_series(1, 3)", "SELECT * FROM (VALUES (1), (2), (3)) AS v(n)"),
    Refused::new(&["LIMIT BY"], "Number the rows with row_number() OVER (PARTITION BY …).").write(
        "SELECT kind, n FROM t LIMIT 1 BY kind",
        "SELECT kind, n FROM t QUALIFY row_number() OVER (PARTITION BY kind ORDER BY n) = 1",
    ),
    Refused::new(&["SIMILAR TO", "RLIKE"], "Write LIKE, or regexp_like.")
        .write("SELECT 'a' SIMILAR TO 'a'", "SELECT regexp_like('a', '^a$')"),
    Refused::new(&["A row of values"], "Compare them one by one with AND.").write(
        "SELECT n FROM t WHERE (kind, n) = ('a', 1)",
        "SELECT n FROM t WHERE kind = 'a' AND n = 1",
    ),
    Refused::new(&["VARCHAR(n)"], "The length would be ignored. Write left(…) to shorten.")
        .write("SELECT CAST('abc' AS VARCHAR(2))", "SELECT left('abc', 2)"),
    Refused::new(
        &["A pattern that is no literal"],
        "Use contains or strpos for the value of a column.",
    )
    .write("SELECT regexp_like(kind, kind) FROM t", "SELECT contains(kind, kind) FROM t"),
    Refused::new(
        &["array_agg or string_agg with OVER"],
        "It keeps every value for every row. Use it with GROUP BY.",
    )
    .write(
        "SELECT array_agg(n) OVER (ORDER BY n) FROM t",
        "SELECT kind, array_agg(n ORDER BY n) AS ns FROM t GROUP BY kind",
    ),
];
