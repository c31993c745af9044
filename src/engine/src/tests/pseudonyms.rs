//! Identifiers leave as a project's pseudonyms, however one asks, and are found again by them.

use domain::grant::RowBounds;
use domain::outcome::FailureKind;
use domain::redaction::{Ground, RedactedRows, Redaction};
use domain::{ColumnName, DatasetName};
use serde_json::json;

use super::world::{ENGINE, Told, World, key, unbound};
use crate::pseudonym::Pseudonyms;
use crate::{BoundToAnother, Engine, RunResult};

/// The pseudonym of a text in the project that the tests' engine serves.
fn of(plain: &str) -> String {
    Pseudonyms::under(&key(1)).of(plain).unwrap()
}

/// A world in which advertisements, advertisers and Member States are identifiers.
fn world() -> World {
    let world = World::open().identified("ads", &["ad_id", "advertiser", "states"]);
    world.identified("ad_reach", &["ad_id"])
}

/// Asks with parameters, for CSV.
fn asked(world: &World, sql: &str, parameters: &serde_json::Value) -> Told {
    let mut question = world.question(sql);
    question.parameters_json = parameters.to_string();
    world.ask(question).unwrap_or_else(|refusal| panic!("{sql}: {refusal:?}"))
}

fn scan_bytes(told: &Told) -> u64 {
    let RunResult::Finished(summary) = &told.result else { panic!("{told:?}") };
    summary.scan_bytes
}

#[test]
fn an_identifier_leaves_as_a_pseudonym_and_nothing_stays_nothing() {
    let world = world();

    let rows = world.rows("SELECT ad_id, advertiser, states, impressions FROM ads");

    let list = format!("\"[\"\"{}\"\",\"\"{}\"\"]\"", of("DE"), of("FR"));
    assert!(rows.contains(&format!("{},{},{list},10", of("A1"), of("Acme"))), "{rows:?}");
    assert!(rows.contains(&format!("{},{},,0", of("A3"), of(""))), "{rows:?}");
    let fourth = rows.iter().find(|row| row.starts_with(&of("A4"))).unwrap();
    assert!(fourth.starts_with(&format!("{},,", of("A4"))), "{fourth}");
    let everything = world.tell("SELECT ads.*, r.ad_id AS other FROM ads, ad_reach r").text();
    for plain in ["A1", "A2", "A3", "A4", "Acme", "DE", "FR"] {
        assert!(!everything.contains(plain), "{plain}: {everything}");
    }
}

/// A pseudonym is all that a question can look at: what compares with an identifier, or puts it in
/// order, or searches it, finds the pseudonym there.
#[test]
fn no_question_tells_an_identifier() {
    let world = world();
    let mut all = ["A1", "A2", "A3", "A4"].map(of);
    all.sort();
    let [first, .., last] = &all;
    let first_with = |condition: &str| format!("SELECT count(*) FROM ads WHERE {condition}");

    for (sql, told) in [
        ("SELECT count(ad_id) FROM ads".to_owned(), "4"),
        ("SELECT count(advertiser) FROM ads".to_owned(), "3"),
        ("SELECT count(DISTINCT advertiser) FROM ads".to_owned(), "2"),
        ("SELECT min(ad_id) FROM ads".to_owned(), first),
        ("SELECT max(ad_id) FROM ads".to_owned(), last),
        ("SELECT ad_id FROM ads ORDER BY ad_id LIMIT 1".to_owned(), first),
        ("SELECT ad_id FROM ads ORDER BY ad_id DESC LIMIT 1".to_owned(), last),
        ("SELECT max(length(ad_id)) FROM ads".to_owned(), "55"),
        (first_with("ad_id = 'A1'"), "0"),
        (first_with("ad_id IN ('A1', 'A2')"), "0"),
        (first_with("ad_id IN ('A1', 'A2', 'A3', 'A4', 'A5')"), "0"),
        (first_with("ad_id <> 'A1'"), "4"),
        (first_with("ad_id NOT IN ('A1', 'A2')"), "4"),
        (first_with("ad_id < 'B'"), "0"),
        (first_with("ad_id BETWEEN 'A0' AND 'A9'"), "0"),
        (first_with("ad_id LIKE 'A%'"), "0"),
        (first_with("ad_id LIKE 'ps-%'"), "4"),
        (first_with("starts_with(ad_id, 'A')"), "0"),
        (first_with("advertiser IS NULL"), "1"),
        (first_with("advertiser = ''"), "0"),
        (first_with("array_has(states, 'DE')"), "0"),
        (first_with("ad_id = (SELECT min(ad_id) FROM ads)"), "1"),
    ] {
        assert_eq!(world.rows(&sql), [told], "{sql}");
    }
    let told = world.tell("SELECT cast(ad_id AS bigint) FROM ads");
    assert!(matches!(told.result, RunResult::Failed(FailureKind::Cast)), "{told:?}");
}

/// What was given is found again: with `=`, with IN, with a list, long or short.
#[test]
fn a_pseudonym_is_looked_up() {
    let world = world();
    let (a1, a2) = (of("A1"), of("A2"));
    let count =
        |condition: String| world.rows(&format!("SELECT count(*) FROM ads WHERE {condition}"));

    for (condition, told) in [
        (format!("ad_id = '{a1}'"), "1"),
        (format!("'{a1}' = ad_id"), "1"),
        (format!("ad_id <> '{a1}'"), "3"),
        (format!("NOT ad_id = '{a1}'"), "3"),
        (format!("ad_id IN ('{a1}', '{a2}')"), "2"),
        (format!("ad_id IN ('{a1}', '{a2}', 'x', 'y', NULL)"), "2"),
        (format!("ad_id NOT IN ('{a1}', 'x', 'y', 'z')"), "3"),
        (format!("ad_id = '{a1}' OR impressions = 20"), "2"),
        ("ad_id = 'x' OR impressions = 20".to_owned(), "1"),
        (format!("ad_id = '{a1}' AND impressions = 20"), "0"),
        (format!("ad_id = '{a1}' AND advertiser = '{}'", of("Acme")), "1"),
        (format!("NOT (ad_id = '{a1}' OR ad_id = 'x')"), "3"),
        (format!("advertiser = '{}'", of("")), "1"),
        (format!("advertiser = '{}'", of("Nobody")), "0"),
        (format!("array_has(states, '{}')", of("DE")), "1"),
        (format!("ad_id = '{}'", a1.to_uppercase()), "0"),
    ] {
        assert_eq!(count(condition.clone()), [told], "{condition}");
    }
    let mut many: Vec<String> = (0..5_000).map(|number| format!("no pseudonym {number}")).collect();
    let none = many.clone();
    many.extend([a1.clone(), a2.clone()]);
    let asked = |sql: &str, list| asked(&world, sql, &json!([list])).text();
    for (list, found, others) in [(vec![a1, a2], 2, 2), (many, 2, 2), (none, 0, 4)] {
        let among = asked("SELECT count(*) AS n FROM ads WHERE ad_id = ANY($1)", list.clone());
        assert_eq!(among, format!("n\r\n{found}\r\n"));
        let not = asked("SELECT count(*) AS n FROM ads WHERE ad_id <> ALL($1)", list);
        assert_eq!(not, format!("n\r\n{others}\r\n"));
    }
}

/// The files' own filters serve a look-up: what is not there, and what is no pseudonym, is not read.
#[test]
fn a_look_up_asks_the_files_for_the_identifier() {
    let world = world();
    let look_up = |text: &str| {
        let told = world.tell(&format!("SELECT * FROM ads WHERE ad_id = '{text}'"));
        (told.text().lines().count() - 1, scan_bytes(&told))
    };
    let (found, found_bytes) = look_up(&of("A1"));

    assert_eq!(found, 1);
    for text in [of("A1x"), of("A9"), "A1".to_owned()] {
        let (rows, bytes) = look_up(&text);
        assert_eq!(rows, 0);
        assert!(bytes < found_bytes, "{text}: {bytes} of {found_bytes} bytes");
    }
}

/// Joining, grouping and comparing versions goes by pseudonyms as it went by identifiers.
#[test]
fn pseudonyms_are_equal_across_tables_and_versions() {
    let world = world();

    for (sql, told) in [
        ("SELECT count(*) FROM ads JOIN ad_reach USING (ad_id)", "12"),
        ("SELECT count(*) FROM ads WHERE ad_id IN (SELECT ad_id FROM ad_reach)", "2"),
        ("SELECT count(*) FROM ads a JOIN ads b ON a.advertiser = b.advertiser", "5"),
        (
            "SELECT count(DISTINCT n.ad_id) FROM ad_reach n \
             JOIN ad_reach VERSION AS OF '2026-08-01' o ON o.ad_id = n.ad_id",
            "2",
        ),
        ("SELECT count(*) FROM (SELECT ad_id FROM ad_reach GROUP BY ad_id)", "2"),
    ] {
        assert_eq!(world.rows(sql), [told], "{sql}");
    }
    let mut groups = world.rows("SELECT ad_id, sum(recipients) FROM ad_reach GROUP BY ad_id");
    groups.sort();
    let mut expected = [format!("{},12", of("A1")), format!("{},30", of("A2"))];
    expected.sort();
    assert_eq!(groups, expected);
}

/// What joins prune and sorts keep at run time is known in pseudonyms only.
#[test]
fn nothing_that_is_found_out_at_run_time_goes_below() {
    let world = world();
    let smallest = ["A1", "A2"].map(of).into_iter().min().unwrap();

    let sql = "SELECT r.ad_id, r.recipients FROM ad_reach r JOIN ads a ON a.ad_id = r.ad_id \
               WHERE a.impressions < 100 ORDER BY r.ad_id, r.recipients LIMIT 1";

    let recipients = if smallest == of("A1") { 1 } else { 4 };
    assert_eq!(world.rows(sql), [format!("{smallest},{recipients}")]);
}

/// The grant's bounds and what the law takes out know identifiers, and lie below.
#[test]
fn bounds_and_redactions_lie_below() {
    let key = ["A1", "DE", "2026-02-01"].map(str::to_owned).to_vec();
    let columns = ["ad_id", "member_state", "day"].map(|name| ColumnName::parse(name).unwrap());
    let redaction = Redaction {
        dataset: DatasetName::parse("ad_reach").unwrap(),
        ground: Ground::Art17,
        reason: "a request".to_owned(),
        columns: [ColumnName::parse("recipients").unwrap()].into(),
        rows: RedactedRows::Keys { columns: columns.to_vec(), keys: [key].into() },
    };
    let rows = RowBounds {
        from: Some("2026-02-01".parse().unwrap()),
        until: Some("2026-02-01".parse().unwrap()),
        member_states: Some(["DE".to_owned(), "FR".to_owned()].into()),
    };
    let world = world().bounded("ad_reach", rows).redacted("ad_reach", &[redaction]);

    let sql = format!("SELECT * FROM ad_reach WHERE ad_id = '{}' ORDER BY day, 2", of("A1"));
    let found = world.rows(&sql);

    let a1 = of("A1");
    assert_eq!(found, [format!("{a1},DE,2026-02-01,"), format!("{a1},FR,2026-02-01,2")]);
    assert!(world.rows("SELECT * FROM ad_reach WHERE ad_id = 'A1'").is_empty());
}

/// The plan that a researcher is shown has what they wrote.
#[test]
fn an_explanation_has_no_identifier() {
    let world = world();
    let mut question = world.question(&format!("SELECT * FROM ads WHERE ad_id = '{}'", of("A1")));
    question.explain = true;

    let told = world.ask(question).unwrap();

    let explanation = told.verdict.explanation.unwrap();
    assert!(explanation.contains(&of("A1")) && !explanation.contains("A1"), "{explanation}");
}

/// Another project sees others, and can do nothing with those of this one.
#[test]
fn projects_see_different_pseudonyms() {
    let (world, theirs) = (world(), unbound());
    theirs.bind(key(2)).unwrap();
    let ask =
        |engine: &Engine, sql: &str| world.ask_of(engine, world.question(sql)).unwrap().text();
    let all = "SELECT ad_id FROM ads ORDER BY impressions";

    let (seen, other) = (ask(&ENGINE, all), ask(&theirs, all));

    let common = seen.lines().skip(1).filter(|line| other.contains(line)).count();
    assert_eq!((seen.lines().count(), other.lines().count(), common), (5, 5, 0));
    let ours = format!("SELECT count(*) AS n FROM ads WHERE ad_id = '{}'", of("A1"));
    assert_eq!(ask(&ENGINE, &ours), "n\r\n1\r\n");
    assert_eq!(ask(&theirs, &ours), "n\r\n0\r\n");
}

/// Without a key there is nothing to show identifiers by, and they are not shown.
#[test]
fn an_engine_without_a_key_reads_no_identifier() {
    let (world, engine) = (world(), unbound());

    let told = world.ask_of(&engine, world.question("SELECT ad_id FROM ads")).unwrap();
    let others = world.ask_of(&engine, world.question("SELECT count(*) AS n FROM ads")).unwrap();

    assert!(matches!(told.result, RunResult::Fault(_)), "{told:?}");
    assert!(told.body.is_empty());
    assert_eq!(others.text(), "n\r\n4\r\n");
}

#[test]
fn an_engine_serves_one_project() {
    let engine = unbound();

    assert_eq!(engine.bind(key(1)), Ok(()));
    assert_eq!(engine.bind(key(1)), Ok(()));
    assert_eq!(engine.bind(key(2)), Err(BoundToAnother));
}
