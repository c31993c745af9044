//! Conditions, expressions, and what goes with aggregates.

use crate::offer::Phrase;

/// Conditions.
pub(super) const CONDITIONS: &[Phrase] = &[
    Phrase::new("=, <>, !=, <, <=, >, >=")
        .says("Compares; with null the result is null, which no WHERE takes.")
        .gives("SELECT 1 < 2, 'a' = NULL", "true, NULL"),
    Phrase::new("AND, OR, NOT")
        .says("Puts conditions together.")
        .gives("SELECT n FROM t WHERE NOT (kind = 'a' AND n < 2) ORDER BY n", "2; 4"),
    Phrase::new("IS [NOT] NULL, IS [NOT] TRUE, IS [NOT] FALSE, IS [NOT] UNKNOWN")
        .says("Asks for null, true, false; the result is never null.")
        .gives("SELECT NULL IS NULL, (1 = 2) IS NOT TRUE", "true, true"),
    Phrase::new("a IS [NOT] DISTINCT FROM b")
        .says("Compares, with null equal to null.")
        .gives("SELECT 1 IS DISTINCT FROM NULL", "true"),
    Phrase::new("a [NOT] BETWEEN low AND high")
        .says("Both ends included.")
        .gives("SELECT n FROM t WHERE n BETWEEN 2 AND 4 ORDER BY n", "2; 4"),
    Phrase::new("a [NOT] IN (value, …)")
        .says("Whether it is one of these; give many as a parameter.")
        .gives("SELECT n FROM t WHERE n IN (1, 4) ORDER BY n", "1; 4"),
    Phrase::new("a [NOT] IN (query)")
        .says(
            "Whether it is in the one column of a query; NOT IN is never true where that has \
             nulls.",
        )
        .gives("SELECT n FROM t WHERE n IN (SELECT max(n) FROM t)", "4"),
    Phrase::new("a = ANY (list)")
        .says("Whether a list has it, as array_has.")
        .gives("SELECT 'DE' = ANY (['DE', 'FR'])", "true"),
    Phrase::new("[NOT] EXISTS (query)")
        .says("Whether a query, which may refer to the one around it, has rows; in WHERE.")
        .gives(
            "SELECT n FROM t WHERE EXISTS (SELECT 1 FROM t b WHERE b.kind = t.kind AND b.n > t.n)",
            "1",
        ),
    Phrase::new("a [NOT] LIKE pattern [ESCAPE 'c'], a [NOT] ILIKE pattern")
        .says(
            "`%` stands for any text, `_` for one character; ILIKE takes large letters for \
             small. `~~` and `~~*` are the same.",
        )
        .gives("SELECT 'Doll' LIKE 'D%', 'Doll' ILIKE 'd__l', 'Doll' ~~ 'd%'", "true, true, false"),
    Phrase::new("a ~ 'pattern', ~*, !~, !~*")
        .says(
            "Whether it meets a regular expression; with `*` taking large letters for small, \
             with `!` not.",
        )
        .gives("SELECT 'Doll' ~ '^D', 'Doll' ~* '^d', 'Doll' !~ 'l$'", "true, true, false"),
    Phrase::new("list @> list, list <@ list")
        .says("Whether the first has all items of the second, or the second of the first.")
        .gives("SELECT ['DE', 'FR'] @> ['FR'], ['FR'] <@ ['DE']", "true, false"),
];

/// Expressions.
pub(super) const EXPRESSIONS: &[Phrase] = &[
    Phrase::new("+, -, *, /, %")
        .says(
            "Computes; `/` of whole numbers gives a whole number. A whole number that does not \
             fit stops the query.",
        )
        .gives("SELECT 7 / 2, 7 / 2.0, 7 % 2, -(1 + 2) * 3", "3, 3.5, 1, -9"),
    Phrase::new("a || b")
        .says("Joins texts; null where one is null.")
        .gives("SELECT 'a' || 'b' || 1", "ab1"),
    Phrase::new("a & b, a | b")
        .says("The bits of both, or of any.")
        .gives("SELECT 6 & 3, 6 | 3", "2, 7"),
    Phrase::new("CASE WHEN condition THEN value … [ELSE value] END")
        .says("The value of the first condition that is true; `CASE a WHEN b THEN …` compares.")
        .gives(
            "SELECT CASE WHEN n < 3 THEN 'few' ELSE 'many' END FROM t ORDER BY n DESC LIMIT 1",
            "many",
        ),
    Phrase::new("CAST(value AS type), value::type")
        .says("Changes the type; a value that is none of that type stops the query.")
        .gives("SELECT CAST('7' AS BIGINT) + '1'::BIGINT", "8"),
    Phrase::new("TRY_CAST(value AS type)")
        .says("The same, with null for a value that is none of that type.")
        .gives("SELECT TRY_CAST('seven' AS BIGINT)", "NULL"),
    Phrase::new("'text', E'text', $$text$$, X'bytes'")
        .says("Literals; a quote within quotes is written twice.")
        .gives("SELECT 'it''s' AS a, E'a\\nb' <> 'a' AS b, $$it's$$ AS c", "it's, true, it's"),
    Phrase::new("DATE 'day', TIMESTAMP 'moment', INTERVAL 'n' UNIT")
        .says("Literals of time; an interval has one number and one unit.")
        .gives("SELECT DATE '2026-01-31' + INTERVAL '1' DAY", "2026-02-01"),
    Phrase::new("moment AT TIME ZONE 'zone'")
        .says("A moment in another zone, in which date_part and date_trunc then read it.")
        .gives("SELECT date_part('hour', now() AT TIME ZONE 'Europe/Berlin')", "1"),
    Phrase::new("EXTRACT(part FROM moment)")
        .says("As date_part.")
        .gives("SELECT EXTRACT(YEAR FROM DATE '2026-03-15')", "2026"),
    Phrase::new("SUBSTRING(text FROM start [FOR length])")
        .says("As substr.")
        .gives("SELECT SUBSTRING('wooden' FROM 1 FOR 4)", "wood"),
    Phrase::new("POSITION(part IN text)")
        .says("As strpos.")
        .gives("SELECT POSITION('d' IN 'wooden')", "4"),
    Phrase::new("TRIM([BOTH | LEADING | TRAILING] [characters FROM] text)")
        .says("As btrim, ltrim, rtrim.")
        .gives("SELECT TRIM(LEADING '0' FROM '007')", "7"),
    Phrase::new("list[n], list[first:last]")
        .says("An item, or some of them; counted from 1.")
        .gives("SELECT ['a', 'b', 'c'][2], ['a', 'b', 'c'][2:3]", "b, [\"b\",\"c\"]"),
    Phrase::new("unnest(list)")
        .says("In SELECT: a row for each item.")
        .gives("SELECT unnest(['DE', 'FR'])", "DE; FR"),
    Phrase::new("(query)")
        .says("A query of one column and at most one row as a value.")
        .gives("SELECT n FROM t WHERE n = (SELECT max(n) FROM t)", "4"),
];

/// What goes with aggregates and windows.
pub(super) const AGGREGATES: &[Phrase] = &[
    Phrase::new("aggregate(DISTINCT value)")
        .says("Each value once.")
        .gives("SELECT count(DISTINCT kind), sum(DISTINCT n / n) FROM t", "2, 1"),
    Phrase::new("aggregate(value ORDER BY key)")
        .says("In this order, where order matters.")
        .gives("SELECT string_agg(kind, '' ORDER BY n DESC) FROM t", "baa"),
    Phrase::new("aggregate(…) FILTER (WHERE condition)")
        .says("Only the rows for which it is true.")
        .gives("SELECT count(*) FILTER (WHERE kind = 'a'), count(*) FROM t", "2, 3"),
    Phrase::new("aggregate(share) WITHIN GROUP (ORDER BY value)")
        .says("Percentiles of a value.")
        .gives("SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY x) FROM t", "2.5"),
    Phrase::new("function(…) OVER ([PARTITION BY key, …] [ORDER BY key, …])")
        .says("Over the rows of the same keys, up to this one where there is an order.")
        .gives("SELECT sum(n) OVER (PARTITION BY kind ORDER BY n) FROM t ORDER BY n", "1; 3; 4"),
    Phrase::new("OVER (… ROWS | RANGE | GROUPS BETWEEN … AND …)")
        .says("Over a frame: UNBOUNDED, n PRECEDING, CURRENT ROW, n FOLLOWING.")
        .gives(
            "SELECT sum(n) OVER (ORDER BY n ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM t \
             ORDER BY n",
            "1; 3; 6",
        ),
    Phrase::new("first_value(value) IGNORE NULLS OVER (…)")
        .says("Leaves nulls out; also of last_value, nth_value, lag and lead.")
        .gives(
            "SELECT lag(nullif(n, 2)) IGNORE NULLS OVER (ORDER BY n) FROM t ORDER BY n",
            "NULL; 1; 1",
        ),
];
