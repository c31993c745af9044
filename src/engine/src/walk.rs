//! The syntax tree, walked by an allow list.
//!
//! The parser reads far more than the engine plans, and the engine ignores some of it in silence
//! (`TABLESAMPLE`, `WITH ROLLUP`, `FILTER` on a scalar function): a wrong answer without a word.
//! So each clause is either known here to be planned, or refused by its name.
//!
//! Does not know which tables, columns and functions there are; it lists what is named.
//!
//! # Invariant
//! Structures of the tree are taken apart field by field, so that a clause which a newer parser
//! reads does not compile until someone decided about it.
//!
//! # Rooms
//! - [`query`], [`select`], [`relation`], [`expression`], [`function`]: the tree, from the top.
//! - [`allowed`]: operators, literals and types of casts.
//! - [`ceiling`]: how much of everything.

mod allowed;
mod ceiling;
mod expression;
mod function;
mod query;
mod relation;
mod select;

use std::collections::{BTreeMap, HashMap};

use domain::question::Version;
use domain::verdict::{Position, Refusal};
use sqlparser::ast::Ident;
use sqlparser::tokenizer::Span;

use crate::parse::{self, Parsed};
use crate::refusal;
use ceiling::Counts;

/// What a statement names.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    /// The tables, as often as they are named; parts of the statement itself (WITH) are not among them.
    pub(crate) tables: Vec<TableUse>,
    /// By which name each table is known within the statement, lower case unless quoted: its place
    /// among the tables.
    pub(crate) aliases: HashMap<String, usize>,
    /// The functions.
    pub(crate) functions: Vec<FunctionUse>,
    /// The parameters by number, from one, with the first place of each.
    pub(crate) parameters: BTreeMap<usize, Option<Position>>,
    /// Whether rows are put together: GROUP BY or HAVING.
    pub(crate) groups: bool,
}

/// A table that a statement names.
#[derive(Debug)]
pub(crate) struct TableUse {
    /// Its name, with all parts.
    pub(crate) name: String,
    /// Whether it has one part only.
    pub(crate) is_bare: bool,
    /// The version that it is pinned to.
    pub(crate) version: Option<Version>,
    /// Where.
    pub(crate) position: Option<Position>,
}

/// A function that a statement calls.
#[derive(Debug)]
pub(crate) struct FunctionUse {
    /// Its name, lower case unless quoted.
    pub(crate) name: String,
    /// Where.
    pub(crate) position: Option<Position>,
    /// A clause that only aggregates have, by name.
    pub(crate) aggregate_clause: Option<&'static str>,
    /// Whether it has OVER.
    pub(crate) is_windowed: bool,
    /// Whether it stands without brackets, and so may be a column.
    pub(crate) is_bare: bool,
}

/// Walks a query.
///
/// # Errors
/// The first thing in it that is not offered, and the first ceiling it passes.
pub(crate) fn walk(parsed: &Parsed) -> Result<Survey, Refusal> {
    let mut walker = Walker::default();
    walker.query(&parsed.query).map_err(|refusal| {
        let detail = parse::readable(&refusal.detail);
        Refusal { detail, ..refusal }
    })?;
    let survey = walker.survey;
    let is_table = |place: &Position| {
        let mut pinned = survey.tables.iter().filter(|table| table.version.is_some());
        pinned.any(|table| table.position == Some(*place))
    };
    if let Some(place) = parsed.pinned.iter().find(|place| !is_table(place)) {
        return Err(parse::misplaced(Some(*place)));
    }
    ceiling::pins(&survey)?;
    Ok(survey)
}

/// The walk's memory.
#[derive(Default)]
struct Walker {
    survey: Survey,
    counts: Counts,
    /// The parts named by WITH that are in sight, innermost last, with what one use of each costs.
    parts: Vec<HashMap<String, usize>>,
}

impl Walker {
    /// What one use of a part named by WITH costs, if the name is one.
    fn part(&self, name: &str) -> Option<usize> {
        self.parts.iter().rev().find_map(|scope| scope.get(name).copied())
    }
}

/// A name as the engine reads it.
fn normal(ident: &Ident) -> String {
    match ident.quote_style {
        Some(_) => ident.value.clone(),
        None => ident.value.to_ascii_lowercase(),
    }
}

/// The refusal of a clause, by its name and with what to do instead.
fn not_offered(name: &str, instead: &str, span: Span) -> Refusal {
    refusal::refused(format!("{name} is not offered. {instead}"), refusal::at(span))
}

/// Refuses a clause if it is there.
fn absent(is_there: bool, name: &str, instead: &str, span: Span) -> Result<(), Refusal> {
    if is_there { Err(not_offered(name, instead, span)) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use domain::verdict::RefusalCode;

    use super::*;

    fn walked(sql: &str) -> Result<Survey, Refusal> {
        walk(&crate::parse::parse(sql)?)
    }

    #[track_caller]
    fn assert_refused(sql: &str, name: &str) {
        let refusal = walked(sql).err().unwrap_or_else(|| panic!("{sql} passed"));
        assert_eq!(refusal.code, RefusalCode::QueryRefused, "{sql}: {}", refusal.detail);
        assert!(refusal.detail.contains(name), "{sql}: {}", refusal.detail);
    }

    #[track_caller]
    fn assert_passes(sql: &str) {
        if let Err(refusal) = walked(sql) {
            panic!("{sql}: {}", refusal.detail);
        }
    }

    #[test]
    fn what_the_engine_would_ignore_is_refused_by_name() {
        assert_refused("SELECT 1 FROM t TABLESAMPLE (1)", "TABLESAMPLE");
        assert_refused("SELECT a FROM t GROUP BY a WITH ROLLUP", "WITH ROLLUP");
        assert_refused("SELECT a FROM t FOR UPDATE", "FOR UPDATE");
        assert_refused("SELECT a INTO b FROM t", "INTO");
        assert_refused("SELECT a FROM t FETCH FIRST 1 ROWS WITH TIES", "FETCH");
        assert_refused("WITH RECURSIVE a AS (SELECT 1) SELECT * FROM a", "RECURSIVE");
        assert_refused("SELECT sum(a) OVER w FROM t WINDOW w AS (ORDER BY b)", "WINDOW");
        assert_refused("SELECT CAST(a AS VARCHAR(3)) FROM t", "VARCHAR(3)");
    }

    #[test]
    fn their_neighbours_pass() {
        assert_passes("SELECT 1 FROM t");
        assert_passes("SELECT a FROM t GROUP BY ROLLUP (a)");
        assert_passes("SELECT a FROM t LIMIT 1 OFFSET 2");
        assert_passes("WITH a AS (SELECT 1) SELECT * FROM a");
        assert_passes("SELECT sum(a) OVER (ORDER BY b ROWS 2 PRECEDING) FROM t");
        assert_passes("SELECT CAST(a AS VARCHAR) FROM t");
        assert_passes("SELECT a FROM t ORDER BY a NULLS LAST");
    }

    #[test]
    fn tables_that_are_functions_are_refused() {
        assert_refused("SELECT * FROM generate_series(1, 10)", "generate_series");
        assert_refused("SELECT * FROM read_csv('/etc/passwd')", "read_csv");
        assert_refused("SELECT * FROM TABLE(f(1))", "TABLE");
        assert_passes("SELECT * FROM UNNEST([1, 2])");
    }

    #[test]
    fn parts_named_by_with_are_no_tables_outside_their_sight() {
        let survey = walked("WITH a AS (SELECT * FROM b) SELECT * FROM a, c x").unwrap();
        let names: Vec<&str> = survey.tables.iter().map(|table| table.name.as_str()).collect();

        assert_eq!(names, ["b", "c"]);
        assert_eq!(survey.aliases.get("x"), Some(&1));
    }

    #[test]
    fn parts_that_double_are_counted_as_often_as_they_are_expanded() {
        let doubling = |parts: usize| {
            let mut sql = "WITH p0 AS (SELECT 1 AS a)".to_owned();
            for part in 1..=parts {
                sql += &format!(
                    ", p{part} AS (SELECT x.a FROM p{0} x JOIN p{0} y USING (a))",
                    part - 1
                );
            }
            sql + &format!(" SELECT * FROM p{parts}")
        };

        assert_passes(&doubling(4));
        assert_refused(&doubling(6), "uses of WITH parts");
    }

    #[test]
    fn each_ceiling_has_its_smallest_accepted_neighbour() {
        let chain = |terms: usize| format!("SELECT {}", vec!["a"; terms].join("+"));
        let list =
            |items: usize| format!("SELECT 1 FROM t WHERE a IN ({})", vec!["1"; items].join(","));
        let items = |items: usize| format!("SELECT {}", vec!["1"; items].join(","));
        let joins = |joins: usize| format!("SELECT 1 FROM t{}", " JOIN t USING (a)".repeat(joins));
        let pins = |versions: usize| {
            let tables =
                (1..=versions).map(|day| format!("t VERSION AS OF '2026-10-{day:02}' t{day}"));
            let counts = tables.map(|table| format!("SELECT count(*) FROM {table}"));
            counts.collect::<Vec<_>>().join(" UNION ALL ")
        };
        let unions = |unions: usize| format!("SELECT 1{}", " UNION SELECT 1".repeat(unions));

        assert_passes(&chain(500));
        assert_refused(&chain(501), "terms");
        assert_passes(&list(1_000));
        assert_refused(&list(1_001), "items");
        assert_passes(&items(256));
        assert_refused(&items(257), "columns");
        assert_passes(&joins(16));
        assert_refused(&joins(17), "joins");
        assert_passes(&pins(16));
        assert_refused(&pins(17), "versions");
        assert_passes(&unions(50));
        assert_refused(&unions(51), "set operations");
    }

    #[test]
    fn versions_stand_after_tables_and_nowhere_else() {
        let sql = "SELECT o.a FROM t VERSION AS OF '2026-10-01' AS o JOIN t USING (a)";
        let survey = walked(sql).unwrap();
        let versions: Vec<_> =
            survey.tables.iter().map(|table| (table.name.as_str(), &table.version)).collect();
        let october = Version::parse("2026-10-01").unwrap();
        assert_eq!(versions, [("t", &Some(october)), ("t", &None)]);

        for sql in [
            "SELECT a VERSION AS OF '2026-10-01' FROM t",
            "SELECT a AS b VERSION AS OF '2026-10-01' FROM t",
            "SELECT a FROM t AS o VERSION AS OF '2026-10-01'",
            "SELECT a FROM t GROUP BY a VERSION AS OF '2026-10-01'",
        ] {
            let refusal = walked(sql).err().unwrap_or_else(|| panic!("{sql} passed"));
            assert_eq!(refusal.code, RefusalCode::SqlInvalid, "{sql}: {}", refusal.detail);
            assert!(refusal.detail.starts_with("VERSION AS OF stands"), "{}", refusal.detail);
        }
        let part = "WITH p AS (SELECT 1) SELECT * FROM p VERSION AS OF '2026-10-01'";
        assert_refused(part, "A version of a WITH part");
        assert_refused(
            "SELECT 1 FROM f VERSION AS OF '2026-10-01' (1)",
            "f VERSION AS OF 2026-10-01",
        );
    }

    #[test]
    fn parameters_are_listed_by_number() {
        let survey = walked("SELECT $2 FROM t WHERE a = $1 AND b = $2").unwrap();

        assert_eq!(survey.parameters.keys().copied().collect::<Vec<_>>(), [1, 2]);
        assert_refused("SELECT $name", "$name");
    }
}
