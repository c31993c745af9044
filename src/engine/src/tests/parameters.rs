//! Values beside the SQL.

use domain::verdict::{Refusal, RefusalCode};

use super::world::World;

fn told(sql: &str, parameters: &str) -> Result<Vec<String>, Refusal> {
    let world = World::open();
    let mut question = world.question(sql);
    question.parameters_json = parameters.to_owned();
    let text = world.ask(question)?.text();
    Ok(text.lines().skip(1).map(str::to_owned).collect())
}

#[track_caller]
fn assert_rows(sql: &str, parameters: &str, expected: &[&str]) {
    let rows = told(sql, parameters).unwrap_or_else(|refusal| panic!("{sql}: {refusal:?}"));
    assert_eq!(rows, expected, "{sql} {parameters}");
}

#[track_caller]
fn assert_refused(sql: &str, parameters: &str, part: &str) {
    let refusal = told(sql, parameters).expect_err(sql);
    assert_eq!(refusal.code, RefusalCode::BodyInvalid, "{refusal:?}");
    assert!(refusal.detail.contains(part), "{refusal:?}");
}

#[test]
fn a_value_takes_the_type_of_what_it_is_compared_with() {
    assert_rows("SELECT ad_id FROM ads WHERE ad_id = $1", r#"["A2"]"#, &["A2"]);
    assert_rows("SELECT ad_id FROM ads WHERE first_shown = $1", r#"["2026-02-01"]"#, &["A2"]);
    assert_rows("SELECT ad_id FROM ads WHERE price_eur = $1", r#"["0.99"]"#, &["A2"]);
    assert_rows("SELECT ad_id FROM ads WHERE price_eur > $1", r#"[9.995]"#, &["A1"]);
    assert_rows(
        "SELECT ad_id FROM ads WHERE shown_at = $1",
        r#"["1970-01-01T00:00:00Z"]"#,
        &["A1"],
    );
    assert_rows("SELECT ad_id FROM ads WHERE targeted = $1", "[false]", &["A2"]);
    assert_rows("SELECT ad_id FROM ads WHERE impressions > $1", "[10.5]", &["A2"]);
    assert_rows("SELECT ad_id FROM ads WHERE impressions BETWEEN $1 AND $2", "[5, 15]", &["A1"]);
    assert_rows("SELECT ad_id FROM ads WHERE ad_id LIKE $1", r#"["%4"]"#, &["A4"]);
}

#[test]
fn a_value_stands_anywhere_a_value_can() {
    assert_rows("SELECT $1 AS a, $2 AS b", r#"["x", 3]"#, &["x,3"]);
    assert_rows("SELECT ad_id FROM ads ORDER BY ad_id LIMIT $1", "[1]", &["A1"]);
    assert_rows(
        "SELECT coalesce(advertiser, $1) AS a FROM ads WHERE ad_id = 'A4'",
        r#"["-"]"#,
        &["-"],
    );
    assert_rows(
        "SELECT date_trunc($1, DATE '2026-02-03') AS m",
        r#"["month"]"#,
        &["2026-02-01T00:00:00.000000Z"],
    );
    assert_rows(
        "SELECT CAST($1 AS DATE) + INTERVAL '1' DAY AS d",
        r#"["2026-01-31"]"#,
        &["2026-02-01"],
    );
    assert_rows(
        "SELECT advertiser, count(*) AS n FROM ads GROUP BY 1 HAVING count(*) > $1",
        "[1]",
        &["Acme,2"],
    );
    assert_rows("SELECT ad_id FROM ads WHERE array_has(states, $1)", r#"["FR"]"#, &["A1"]);
    assert_rows(
        "SELECT ad_id FROM ads WHERE ad_id IN (SELECT ad_id FROM ads WHERE ad_id = $1)",
        r#"["A3"]"#,
        &["A3"],
    );
}

#[test]
fn a_list_asks_whether_something_is_one_of_its_items() {
    for condition in
        ["ad_id = ANY($1)", "array_has($1, ad_id)", "ad_id IN ($1)", "NOT (ad_id <> ALL($1))"]
    {
        let sql = format!("SELECT ad_id FROM ads WHERE {condition} ORDER BY 1");
        assert_rows(&sql, r#"[["A1", "A3", "x"]]"#, &["A1", "A3"]);
        assert_rows(&sql, "[[]]", &[]);
    }
    assert_rows("SELECT ad_id FROM ads WHERE ad_id <> ALL($1)", r#"[["A1", "A2", "A3"]]"#, &["A4"]);
    assert_rows("SELECT ad_id FROM ads WHERE ad_id NOT IN ($1)", r#"[["A1", null]]"#, &[]);
    assert_rows(
        "SELECT ad_id FROM ads WHERE first_shown = ANY($1)",
        r#"[["2026-02-01", "2030-01-01"]]"#,
        &["A2"],
    );
    assert_rows(
        "SELECT ad_id FROM ads WHERE price_eur IN ($1)",
        r#"[["10.00", "0.990"]]"#,
        &["A1", "A2"],
    );
    assert_rows(
        "SELECT ad_id FROM ads WHERE array_has_any(states, $1)",
        r#"[["FR", "IT"]]"#,
        &["A1"],
    );
}

#[test]
fn a_hundred_thousand_items_are_as_good_as_three() {
    let items = |count: usize| {
        let items: Vec<String> = (0..count - 2).map(|item| format!("\"x{item}\"")).collect();
        format!("[[{},\"A1\",\"A4\"]]", items.join(","))
    };
    for sql in [
        "SELECT ad_id FROM ads WHERE ad_id = ANY($1) ORDER BY 1",
        "SELECT a.ad_id FROM ads a JOIN ads b USING (ad_id) WHERE b.ad_id IN ($1) ORDER BY 1",
    ] {
        assert_rows(sql, &items(100_000), &["A1", "A4"]);
        assert_rows(sql, &items(1_000), &["A1", "A4"]);
    }
    let sql = "SELECT ad_id FROM ads WHERE ad_id <> ALL($1) ORDER BY 1";
    assert_rows(sql, &items(5_000), &["A2", "A3"]);
    assert_refused(sql, &items(100_001), "Parameter 1 has 100001 items");
}

#[test]
fn long_lists_that_differ_make_plans_that_differ() {
    let world = World::open();
    let digest = |last: &str| {
        let mut question = world.question("SELECT ad_id FROM ads WHERE ad_id = ANY($1)");
        let items: Vec<String> = (0..2_000).map(|item| format!("\"x{item}\"")).collect();
        question.parameters_json = format!("[[{},\"{last}\"]]", items.join(","));
        super::world::ENGINE.plan(question).unwrap().verdict().plan_sha256
    };

    assert_eq!(digest("a"), digest("a"));
    assert_ne!(digest("a"), digest("b"));
}

#[test]
fn values_that_do_not_fit_are_refused_by_number() {
    assert_refused("SELECT 1 FROM ads WHERE ad_id = $1", "[1]", "Parameter 1 must be a text");
    assert_refused("SELECT 1 FROM ads WHERE first_shown = $1", r#"["soon"]"#, "Parameter 1");
    assert_refused("SELECT 1 FROM ads WHERE ad_id = $1", "[]", "names 1 parameters, and 0");
    assert_refused("SELECT 1 FROM ads", "[1]", "names 0 parameters, and 1");
    assert_refused("SELECT 1 FROM ads WHERE ad_id = ANY($1)", r#"["A1"]"#, "must be a list");
    assert_refused("SELECT 1 FROM ads WHERE ad_id IN ($1, 'b')", r#"[["A1"]]"#, "stands alone");
    assert_refused("SELECT 1 FROM ads WHERE ad_id = ANY($1)", "[[1, 2]]", "Parameter 1");
    assert_refused("SELECT 1 FROM ads WHERE ad_id = $1", r#"[{"a": 1}]"#, "Parameter 1");
    assert_refused("SELECT 1", "{}", "must be a list");
}
