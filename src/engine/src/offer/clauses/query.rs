//! The clauses of a query, and what stands in FROM.

use crate::offer::Phrase;

/// The clauses.
pub(super) const CLAUSES: &[Phrase] = &[
    Phrase::new("SELECT expression [AS name], …")
        .says("The columns of the answer; each has a name of its own.")
        .gives("SELECT kind, n * 2 AS twice FROM t WHERE n = 4", "b, 8"),
    Phrase::new("SELECT *")
        .says("All granted columns; `t.*` those of one table.")
        .gives("SELECT * FROM t LIMIT 1", "a, 1, 1.5"),
    Phrase::new("* EXCLUDE (column, …)")
        .says("All but these; `EXCEPT (…)` is the same.")
        .gives("SELECT * EXCLUDE (x) FROM t LIMIT 1", "a, 1"),
    Phrase::new("* REPLACE (expression AS column)")
        .says("All, one of them computed.")
        .gives("SELECT * REPLACE (n + 1 AS n) FROM t LIMIT 1", "a, 2, 1.5"),
    Phrase::new("SELECT DISTINCT")
        .says("Each row once.")
        .gives("SELECT DISTINCT kind FROM t ORDER BY kind", "a; b"),
    Phrase::new("SELECT DISTINCT ON (key, …)")
        .says("Of each key the first row, in the order that ORDER BY gives.")
        .gives("SELECT DISTINCT ON (kind) kind, n FROM t ORDER BY kind, n DESC", "a, 2; b, 4"),
    Phrase::new("WHERE condition")
        .says("Only the rows for which it is true.")
        .gives("SELECT n FROM t WHERE kind = 'a' ORDER BY n", "1; 2"),
    Phrase::new("GROUP BY key, …")
        .says("One row for each key; a key may be the number or the name of a column of SELECT.")
        .gives("SELECT kind, sum(n) AS s FROM t GROUP BY kind ORDER BY kind", "a, 3; b, 4"),
    Phrase::new("GROUP BY ALL")
        .says("By all columns of SELECT that are no aggregates.")
        .gives("SELECT kind, count(*) AS c FROM t GROUP BY ALL ORDER BY kind", "a, 2; b, 1"),
    Phrase::new("GROUP BY ROLLUP (key, …)")
        .says("Totals too: over the last key, over the last two, and so on.")
        .gives(
            "SELECT kind, sum(n) AS s FROM t GROUP BY ROLLUP (kind) ORDER BY s",
            "a, 3; b, 4; NULL, 7",
        ),
    Phrase::new("GROUP BY CUBE (key, …)").says("Totals over every combination of keys.").gives(
        "SELECT kind, sum(n) AS s FROM t GROUP BY CUBE (kind) ORDER BY s",
        "a, 3; b, 4; NULL, 7",
    ),
    Phrase::new("GROUP BY GROUPING SETS ((key, …), …)")
        .says("Several groupings in one answer.")
        .gives(
            "SELECT kind, sum(n) AS s FROM t GROUP BY GROUPING SETS ((kind), ()) ORDER BY s",
            "a, 3; b, 4; NULL, 7",
        ),
    Phrase::new("HAVING condition")
        .says("Only the groups for which it is true.")
        .gives("SELECT kind FROM t GROUP BY kind HAVING count(*) > 1", "a"),
    Phrase::new("QUALIFY condition")
        .says("Only the rows for which it is true of a window function.")
        .gives("SELECT n FROM t QUALIFY row_number() OVER (ORDER BY n DESC) = 1", "4"),
    Phrase::new("ORDER BY key [ASC | DESC] [NULLS FIRST | NULLS LAST], …")
        .says("The order of the answer; without it, there is none. Nulls are largest.")
        .gives("SELECT n FROM t ORDER BY n DESC", "4; 2; 1"),
    Phrase::new("LIMIT n [OFFSET m]")
        .says("At most n rows, after m others.")
        .gives("SELECT n FROM t ORDER BY n LIMIT 1 OFFSET 1", "2"),
    Phrase::new("query UNION [ALL] query")
        .says("The rows of both, each once unless ALL; columns go by their order.")
        .gives("(SELECT 1 AS a) UNION ALL (SELECT 1) ORDER BY a", "1; 1"),
    Phrase::new("query INTERSECT query")
        .says("The rows that both have, each once.")
        .gives("(VALUES (1), (2)) INTERSECT (VALUES (2), (3))", "2"),
    Phrase::new("query EXCEPT query")
        .says("The rows of the first that the second has not, each once.")
        .gives("(VALUES (1), (2)) EXCEPT (VALUES (2), (3))", "1"),
    Phrase::new("WITH name [(column, …)] AS (query), …")
        .says("A part of the query with a name; it may use those before it.")
        .gives("WITH a AS (SELECT 2 AS n), b AS (SELECT n * n AS m FROM a) SELECT m FROM b", "4"),
    Phrase::new("VALUES (value, …), …")
        .says("Rows that are written out.")
        .gives("VALUES (1, 'a'), (2, 'b')", "1, a; 2, b"),
    Phrase::new("$1, $2, …")
        .says("The values of `parameters` in the request; a list stands in `IN ($1)`.")
        .with("[[\"a\", \"c\"], 2]")
        .gives("SELECT n FROM t WHERE kind IN ($1) AND n < $2", "1"),
];

/// What stands in FROM.
pub(super) const FROM: &[Phrase] = &[
    Phrase::new("dataset [[AS] alias]")
        .says("The rows that your grant covers, without what the law takes out.")
        .gives("SELECT count(*) FROM ad_reach AS r WHERE r.member_state = 'DE'", "4"),
    Phrase::new("dataset VERSION AS OF 'day or snapshot' [[AS] alias]")
        .says("The dataset as it was in the edition of a day, or one snapshot of it.")
        .gives("SELECT count(*) FROM ad_reach VERSION AS OF '2026-09-01'", "6"),
    Phrase::new("(query) [AS] alias [(column, …)]")
        .says("A query in brackets.")
        .gives("SELECT max(a) FROM (SELECT n AS a FROM t) AS q", "4"),
    Phrase::new("a JOIN b ON condition")
        .says("The pairs for which it is true.")
        .gives("SELECT a.n, b.n AS m FROM t a JOIN t b ON a.n < b.n AND a.kind = b.kind", "1, 2"),
    Phrase::new("a JOIN b USING (column, …)")
        .says("The pairs that are equal in these columns, which the answer has once.")
        .gives("SELECT kind, a.n FROM t a JOIN t b USING (kind, n) ORDER BY n LIMIT 1", "a, 1"),
    Phrase::new("a NATURAL JOIN b")
        .says("The pairs that are equal in all columns of one name.")
        .gives("SELECT count(*) FROM t NATURAL JOIN (SELECT 'a' AS kind) b", "2"),
    Phrase::new("a LEFT | RIGHT | FULL [OUTER] JOIN b ON condition")
        .says("The pairs, and with nulls the rows of a, of b, of both that are in none.")
        .gives(
            "SELECT n, b FROM t LEFT JOIN (VALUES (4)) AS v(b) ON n = b ORDER BY n",
            "1, NULL; 2, NULL; 4, 4",
        ),
    Phrase::new("a CROSS JOIN b; a, b")
        .says("All pairs.")
        .gives("SELECT count(*) FROM t a CROSS JOIN t b", "9"),
    Phrase::new("a LEFT SEMI JOIN b ON condition; RIGHT SEMI JOIN")
        .says("The rows of a (of b) that have a partner, each once.")
        .gives("SELECT n FROM t LEFT SEMI JOIN (VALUES (4), (4)) AS v(b) ON n = b", "4"),
    Phrase::new("a LEFT ANTI JOIN b ON condition; RIGHT ANTI JOIN")
        .says("The rows of a (of b) that have no partner.")
        .gives("SELECT n FROM t LEFT ANTI JOIN (VALUES (4)) AS v(b) ON n = b ORDER BY n", "1; 2"),
    Phrase::new("UNNEST(list) [AS] alias (column)")
        .says("A row for each item.")
        .gives("SELECT item FROM UNNEST(['DE', 'FR']) AS u(item)", "DE; FR"),
];
