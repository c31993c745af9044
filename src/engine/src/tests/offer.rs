//! Each example of the offer, asked: it gives what the page says, and what is refused is refused.

use domain::verdict::RefusalCode;

use super::world::World;
use crate::offer::refused::{CLAUSES, FUNCTIONS, OTHER_NAMES, STATEMENTS};
use crate::offer::{self, Function, Kind, Phrase};

/// The rows of an answer as the offer writes them.
fn given(world: &World, sql: &str, parameters: &str) -> Result<Vec<Vec<String>>, String> {
    let mut question = world.question(sql);
    question.parameters_json = parameters.to_owned();
    let told = world.ask(question).map_err(|refusal| format!("{refusal:?}"))?;
    let text = String::from_utf8(told.body.clone()).unwrap();
    if !matches!(told.result, crate::RunResult::Finished(_)) {
        return Err(format!("{:?}", told.result));
    }
    Ok(rows(&text).into_iter().skip(1).collect())
}

/// The cells of a CSV text; null is `NULL`, an empty text `''`.
fn rows(csv: &str) -> Vec<Vec<String>> {
    let mut rows = vec![vec![String::new()]];
    let (mut is_quoted, mut was_quoted) = (false, false);
    let csv = csv.strip_suffix('\n').unwrap_or(csv);
    for mark in csv.strip_suffix('\r').unwrap_or(csv).chars() {
        let row = rows.last_mut().unwrap();
        match mark {
            '"' => {
                if !is_quoted && was_quoted {
                    row.last_mut().unwrap().push('"');
                }
                is_quoted = !is_quoted;
                was_quoted = true;
            }
            ',' | '\n' if !is_quoted => {
                finish(row.last_mut().unwrap(), was_quoted);
                was_quoted = false;
                if mark == ',' { row.push(String::new()) } else { rows.push(vec![String::new()]) }
            }
            '\r' if !is_quoted => {}
            mark => row.last_mut().unwrap().push(mark),
        }
    }
    finish(rows.last_mut().unwrap().last_mut().unwrap(), was_quoted);
    rows
}

fn finish(cell: &mut String, was_quoted: bool) {
    if cell.is_empty() {
        cell.push_str(if was_quoted { "''" } else { "NULL" });
    }
}

fn joined(rows: &[Vec<String>]) -> String {
    let rows: Vec<_> = rows.iter().map(|row| row.join(", ")).collect();
    rows.join("; ")
}

#[test]
fn every_function_gives_what_its_example_says() {
    let world = World::open();
    let mut wrong = Vec::new();

    for (kind, function) in offer::functions() {
        let Function { form, example, gives, .. } = function;
        assert!(function.names().any(|name| example.contains(name)), "{form}: {example}");
        let found = match given(&world, &function.statement(kind), "[]") {
            Ok(rows) => joined(&rows),
            Err(error) => error,
        };
        if found != *gives {
            wrong.push(format!("{example}\n    gives {found}"));
        }
    }

    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_clause_and_type_gives_what_its_example_says() {
    let world = World::open();
    let mut wrong = Vec::new();

    for Phrase { form: _, says: _, example, parameters, gives } in offer::phrases() {
        let found = match given(&world, &offer::complete(example), parameters) {
            Ok(rows) => joined(&rows),
            Err(error) => error,
        };
        if found != *gives {
            wrong.push(format!("{example}\n    gives {found}"));
        }
    }

    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Whoever reads why something is refused, reads what passes in its place.
#[test]
fn what_is_refused_is_refused_and_what_is_written_instead_passes() {
    let world = World::open();
    let mut wrong = Vec::new();

    for refused in [STATEMENTS, CLAUSES, FUNCTIONS, OTHER_NAMES].into_iter().flatten() {
        match world.plan(world.question(&offer::complete(refused.example))) {
            Err(refusal) if refusal.code == RefusalCode::QueryRefused => {}
            Err(refusal) => wrong.push(format!("{}\n    {refusal:?}", refused.example)),
            Ok(_) => wrong.push(format!("{}\n    passes", refused.example)),
        }
        if let Err(error) = given(&world, &offer::complete(refused.instead), "[]") {
            wrong.push(format!("{}\n    {error}", refused.instead));
        }
    }

    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// A function that is refused by name says why in the words of the page.
#[test]
fn a_function_that_is_refused_says_the_reason_of_the_page() {
    let world = World::open();

    for refused in [FUNCTIONS, OTHER_NAMES].into_iter().flatten() {
        for name in refused.names {
            let sql = format!("SELECT \"{name}\"(ad_id) FROM ads");
            let refusal = world.refusal(&sql);
            assert!(refusal.detail.contains(refused.reason), "{name}: {}", refusal.detail);
        }
    }
}

/// The number of each key is a promise: others computed it with the published formula, here
/// `(int.from_bytes(hmac.digest(b"pilot", b"A1", "sha256")[:8], "big") >> 11) / 2**53` in Python.
#[test]
fn a_sample_is_the_same_as_with_the_published_formula() {
    let world = World::open();
    let one = |key: &str| {
        let rows = given(&world, &format!("SELECT sample({key}, 'pilot')"), "[]").unwrap();
        rows[0][0].parse::<f64>().unwrap()
    };

    assert_eq!(one("'A1'"), 0.559_887_282_820_968_8);
    assert_eq!(one("42"), 0.123_833_242_693_893_73);
    assert_eq!(one("DATE '2026-03-15'"), 0.840_007_600_361_776_7);
    let stored = "SELECT sample(ad_id, 'pilot') = sample('A1', 'pilot') FROM ads LIMIT 1";
    assert_eq!(given(&world, stored, "[]").unwrap(), [["true"]]);
    assert_eq!(given(&world, "SELECT sample(NULL, 'pilot')", "[]").unwrap(), [["NULL"]]);
}

/// One row in ten is about one row in ten, and another seed draws another sample.
#[test]
fn a_sample_has_about_the_share_that_was_asked_for() {
    let world = World::open();
    let digits = "(VALUES (0),(1),(2),(3),(4),(5),(6),(7),(8),(9))";
    let keys = format!(
        "SELECT a.n + 10 * b.n + 100 * c.n + 1000 * d.n AS k FROM {digits} AS a(n), {digits} AS \
         b(n), {digits} AS c(n), {digits} AS d(n)"
    );
    let sql = format!(
        "SELECT count(*) FILTER (WHERE sample(k, 'a') < 0.1), count(*) FILTER (WHERE sample(k, \
         'a') < 0.1 AND sample(k, 'b') < 0.1) FROM ({keys})"
    );

    let rows = given(&world, &sql, "[]").unwrap();

    let [one, both] = rows[0].as_slice() else { panic!("{rows:?}") };
    assert!((900..1_100).contains(&one.parse::<u32>().unwrap()), "{one}");
    assert!((60..140).contains(&both.parse::<u32>().unwrap()), "{both}");
}

/// The name of every function and each of its other names is said once, or in two kinds.
#[test]
fn no_name_stands_twice_in_one_kind() {
    for kind in [Kind::Scalar, Kind::Aggregate, Kind::Window] {
        let of_kind = offer::functions().filter(|(of, _)| *of == kind);
        let mut names: Vec<_> = of_kind.flat_map(|(_, function)| function.names()).collect();
        names.sort_unstable();
        let twice: Vec<_> = names.windows(2).filter(|pair| pair[0] == pair[1]).collect();
        assert!(twice.is_empty(), "{twice:?}");
    }
}
