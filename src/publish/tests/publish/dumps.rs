//! The Commission's dumps, as they are: real ones where they are at hand, and our own rows in the
//! same format.

use std::fs;

use domain::manifest::FindingVerdict;

use crate::desk::{Desk, Made, dataset, shared, zip};

/// The header of a dump of schema version 1; version 2 has `content_id_ean` behind `content_date`.
const HEADER: &str = "uuid,decision_visibility,decision_visibility_other,\
    end_date_visibility_restriction,decision_monetary,decision_monetary_other,\
    end_date_monetary_restriction,decision_provision,end_date_service_restriction,\
    decision_account,end_date_account_restriction,account_type,decision_ground,\
    decision_ground_reference_url,illegal_content_legal_ground,illegal_content_explanation,\
    incompatible_content_ground,incompatible_content_explanation,incompatible_content_illegal,\
    category,category_addition,category_specification,category_specification_other,content_type,\
    content_type_other,content_language,content_date,territorial_scope,application_date,\
    decision_facts,source_type,source_identity,automated_detection,automated_decision,\
    platform_name,platform_uid,created_at";

/// A statement of our own, as `fputcsv` writes it.
fn statement(uuid: &str, category: &str, keywords: &str, facts: &str, created_at: &str) -> String {
    format!(
        "{uuid},\"[\"\"DECISION_VISIBILITY_CONTENT_REMOVED\"\"]\",,,,,,,,,,,\
         DECISION_GROUND_INCOMPATIBLE_CONTENT,,,,\"Clause 4\",\"Not allowed here\",No,{category},,\
         {keywords},,\"[\"\"CONTENT_TYPE_PRODUCT\"\"]\",,,\"2024-03-12 00:00:00\",\
         \"[\"\"AT\"\",\"\"DE\"\"]\",\"2024-03-13 00:00:00\",{facts},SOURCE_VOLUNTARY,,Yes,\
         AUTOMATED_DECISION_FULLY,Marktplatz,P-{uuid},\"{created_at}\""
    )
}

/// A dump of our own: a stored zip of a zip of a CSV, without a line break at its end.
fn dump(day: &str, statements: &[String]) -> (String, Vec<u8>) {
    let csv = format!("{HEADER}\n{}", statements.join("\n"));
    let name = format!("sor-global-{day}-full");
    let inner = zip(&[(&format!("{name}-00000-00000.csv"), csv.as_bytes())], false);
    (format!("{name}.zip"), zip(&[(&format!("{name}-00000.csv.zip"), &inner)], true))
}

fn publish(day: &str, statements: &[String]) -> Desk {
    let (name, bytes) = dump(day, statements);
    Desk::of(dataset("statements_of_reasons")).file(&name, bytes)
}

#[test]
fn values_of_the_first_version_are_mapped_with_the_raw_ones_beside() {
    let made = publish(
        "2024-03-14",
        &[
            statement(
                "a",
                "STATEMENT_CATEGORY_UNSAFE_AND_ILLEGAL_PRODUCTS",
                "\"[\"\"KEYWORD_DISINFORMATION\"\",\"\"KEYWORD_DANGEROUS_TOYS\"\"]\"",
                "Facts",
                "2024-03-14 00:00:07",
            ),
            statement(
                "b",
                "STATEMENT_CATEGORY_NON_CONSENSUAL_BEHAVIOUR",
                "",
                "",
                "2024-03-14 23:59:59",
            ),
            statement("c", "STATEMENT_CATEGORY_VIOLENCE", "[]", "Facts", "2024-03-14 12:00:00"),
        ],
    )
    .made();

    let columns = ["uuid", "category", "category_raw", "category_successor_missing"];
    assert_eq!(
        made.rows(&columns),
        [
            "a STATEMENT_CATEGORY_UNSAFE_AND_PROHIBITED_PRODUCTS \
             STATEMENT_CATEGORY_UNSAFE_AND_ILLEGAL_PRODUCTS false",
            "c STATEMENT_CATEGORY_VIOLENCE STATEMENT_CATEGORY_VIOLENCE false",
            "b ∅ STATEMENT_CATEGORY_NON_CONSENSUAL_BEHAVIOUR true",
        ]
    );
    assert_eq!(
        made.rows(&["category_specification", "category_specification_raw", "schema_version"]),
        [
            "[KEYWORD_MISINFORMATION_DISINFORMATION] \
             [KEYWORD_DISINFORMATION, KEYWORD_DANGEROUS_TOYS] 1",
            "[] [] 1",
            "∅ ∅ 1",
        ]
    );
    assert_eq!(made.findings("successor_missing").len(), 2);
    assert_eq!(made.findings("value_renamed").len(), 2);
}

#[test]
fn the_second_version_knows_the_values_of_the_first_no_more() {
    let category = "STATEMENT_CATEGORY_UNSAFE_AND_ILLEGAL_PRODUCTS";
    let statement = statement("a", category, "", "Facts", "2025-07-01 00:00:00");

    let report = publish("2025-07-01", &[statement]).rejected();

    assert_eq!(report.rejects[0].rule, "category");
    assert_eq!(report.rejects[0].line, Some(2));
    assert!(report.rejects[0].detail.contains("STATEMENT_CATEGORY_UNSAFE_AND_PROHIBITED_PRODUCTS"));
}

#[test]
fn a_quote_after_a_backslash_stays_in_the_text() {
    let facts = r#""He said \"yes\", then left a path C:\""#;
    let statement = statement("a", "STATEMENT_CATEGORY_VIOLENCE", "", facts, "2024-03-14 00:00:00");

    let made = publish("2024-03-14", &[statement]).made();

    assert_eq!(made.rows(&["decision_facts"]), [r#"He said \"yes\", then left a path C:\"#]);
}

#[test]
fn a_row_of_another_day_is_not_of_this_dump() {
    let statement = |uuid, at| statement(uuid, "STATEMENT_CATEGORY_VIOLENCE", "", "Facts", at);

    let reject = publish(
        "2024-03-14",
        &[statement("a", "2024-03-14 23:59:59"), statement("b", "2024-03-15 00:00:00")],
    )
    .reject();

    assert_eq!((reject.rule.as_str(), reject.line, reject.count), ("period", Some(3), 1));
    assert_eq!(
        reject.file,
        "sor-global-2024-03-14-full.zip/sor-global-2024-03-14-full-00000.csv.zip/\
         sor-global-2024-03-14-full-00000-00000.csv"
    );
}

#[test]
fn a_dump_of_one_day_cannot_be_published_for_another() {
    let reject = publish("2024-03-14", &[]).period("2024-03-15").reject();

    assert_eq!(reject.rule, "period");
}

#[test]
fn a_dump_without_rows_is_a_day_without_statements() {
    let made = publish("2024-03-14", &[]).made();

    assert_eq!(made.draft.coverage.periods, ["2024-03-14"]);
    assert_eq!((made.draft.files.len(), made.draft.row_count), (1, 0));
    assert!(made.rows(&["uuid"]).is_empty());
}

#[test]
fn a_dump_whose_digest_differs_is_rejected() {
    let (name, bytes) = dump("2024-03-14", &[]);
    let line = format!("{}  {name}", "0".repeat(40));

    let reject = Desk::of(dataset("statements_of_reasons"))
        .file(&name, bytes)
        .file(&format!("{name}.sha1"), line)
        .reject();

    assert_eq!(reject.rule, "format");
    assert!(reject.detail.contains("SHA-1"), "{}", reject.detail);
}

/// One real dump, with its SHA-1 beside it where it has one.
fn real(name: &str) -> Option<Desk> {
    let folder = shared("data/sor")?;
    let bytes = fs::read(folder.join(name)).unwrap();
    let desk = Desk::of(dataset("statements_of_reasons")).file(name, bytes);
    let sha1 = format!("{name}.sha1");
    Some(match fs::read(folder.join(&sha1)) {
        Ok(digest) => desk.file(&sha1, digest),
        Err(_) => desk,
    })
}

fn real_2024() -> Option<Made> {
    real("sor-global-2024-03-14-full.zip").map(Desk::made)
}

#[test]
fn the_real_dump_of_2024_has_nine_statements_and_one_of_them_twice() {
    let Some(made) = real_2024() else { return };

    let source = &made.draft.sources[0];
    assert_eq!((source.rows_read, source.rows_duplicate, source.rows_rejected), (10, 1, 0));
    assert_eq!(source.period.as_deref(), Some("2024-03-14"));
    assert_eq!(made.draft.row_count, 9);
    assert!(made.rows(&["schema_version"]).iter().all(|version| version == "1"));
    let facts = &made.draft.quality;
    let facts = facts.iter().find(|finding| {
        finding.rule == "null_share"
            && finding.field.as_ref().is_some_and(|field| field.as_str() == "decision_facts")
    });
    let facts = facts.unwrap();
    assert_eq!((facts.count, facts.verdict), (2, FindingVerdict::Exceeded));
    let duplicates = made.findings("primary_key_duplicate");
    assert_eq!(duplicates[0].count, 1);
}

#[test]
fn a_second_day_leaves_the_first_ones_files_as_they_are() {
    let Some(first) = real_2024() else { return };

    let desk = real("sor-global-2025-07-01-full.zip").unwrap();
    let second = desk.beside(&first).made();

    assert_eq!(second.draft.sources[0].rows_read, 7);
    assert_eq!(second.draft.kept, [first.draft.files[0].sha256]);
    assert_eq!(second.draft.row_count, 16);
    assert_eq!(second.draft.coverage.periods, ["2024-03-14", "2025-07-01"]);
    assert_eq!(second.draft.coverage.missing.len(), 473);
    assert_eq!(second.draft.files[0].period.as_deref(), Some("2025-07-01"));
    let uuids = second.draft.columns.iter().find(|column| column.name.as_str() == "uuid");
    assert_eq!(uuids.unwrap().distinct_estimate, 16);
}

#[test]
fn a_light_dump_replaces_the_full_one_of_its_day() {
    let Some(desk) = real("sor-global-2025-07-01-full.zip") else { return };
    let full = desk.made();

    let light = real("sor-global-2025-07-01-light-00000-00000.csv").unwrap();
    let light = light.beside(&full).made();

    assert!(light.draft.kept.is_empty());
    assert_eq!(light.draft.row_count, 7);
    let missing = light.findings("column_missing");
    let missing: Vec<_> = missing
        .iter()
        .filter_map(|finding| finding.field.as_ref())
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        missing,
        [
            "illegal_content_explanation",
            "incompatible_content_explanation",
            "territorial_scope",
            "decision_facts"
        ]
    );
}

#[test]
fn the_real_dump_counts_the_same_by_platform_as_by_hand() {
    let Some(made) = real_2024() else { return };

    let rows = made.rows(&["platform_name"]);
    let aliexpress = rows.iter().filter(|name| name.as_str() == "AliExpress").count();

    assert_eq!(aliexpress, 4);
}
