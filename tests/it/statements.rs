//! Statements of reasons: the Commission's dumps as they are, in both schema versions.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Cursor, Write as _};
use std::path::{Path, PathBuf};

use serde_json::Value;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::caller::Caller;
use crate::room::{Room, shared};

const DATASET: &str = "statements_of_reasons";

/// Statements per platform, category and day.
const COUNTED: &str = "SELECT platform_name, category, CAST(date_trunc('day', created_at) AS DATE) AS day, \
                       count(*) AS statements FROM statements_of_reasons \
                       GROUP BY platform_name, category, day ORDER BY platform_name, category, day";

/// The columns of a full dump of schema version 2, in the order of the files.
const COLUMNS: &str = "uuid,decision_visibility,decision_visibility_other,end_date_visibility_restriction,decision_monetary,decision_monetary_other,end_date_monetary_restriction,decision_provision,end_date_service_restriction,decision_account,end_date_account_restriction,account_type,decision_ground,decision_ground_reference_url,illegal_content_legal_ground,illegal_content_explanation,incompatible_content_ground,incompatible_content_explanation,incompatible_content_illegal,category,category_addition,category_specification,category_specification_other,content_type,content_type_other,content_language,content_date,content_id_ean,territorial_scope,application_date,decision_facts,source_type,source_identity,automated_detection,automated_decision,platform_name,platform_uid,created_at";

/// An archive of files, compressed.
pub(crate) fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    zip_with(files, CompressionMethod::Deflated)
}

fn zip_with(files: &[(&str, &[u8])], method: CompressionMethod) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        writer.start_file(*name, SimpleFileOptions::default().compression_method(method)).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A statement that this file makes up.
struct Statement {
    uuid: String,
    platform: &'static str,
    category: &'static str,
    created_at: String,
}

impl Statement {
    fn new(number: u32, platform: &'static str, category: &'static str, day: &str) -> Self {
        let uuid = format!("00000000-0000-4000-8000-{number:012}");
        Self { uuid, platform, category, created_at: format!("{day} 00:00:{:02}", number % 60) }
    }

    /// The row, without the columns left out; written as the exporter writes: quotes where there
    /// is a space, lists as JSON text.
    fn row(&self, columns: &[&str]) -> String {
        let cell = |column: &&str| match *column {
            "uuid" => self.uuid.clone(),
            "decision_visibility" => "\"[\"\"DECISION_VISIBILITY_CONTENT_REMOVED\"\"]\"".to_owned(),
            "decision_ground" => "DECISION_GROUND_INCOMPATIBLE_CONTENT".to_owned(),
            "incompatible_content_ground" => "\"Section 3, \"\"Dolls\"\"\"".to_owned(),
            "category" => self.category.to_owned(),
            "content_type" => "\"[\"\"CONTENT_TYPE_PRODUCT\"\"]\"".to_owned(),
            "content_date" | "application_date" => "\"2024-03-01 00:00:00\"".to_owned(),
            "source_type" => "SOURCE_VOLUNTARY".to_owned(),
            "automated_detection" => "Yes".to_owned(),
            "automated_decision" => "AUTOMATED_DECISION_FULLY".to_owned(),
            "platform_name" => format!("\"{}\"", self.platform),
            "platform_uid" => format!("p-{}", self.uuid),
            "created_at" => format!("\"{}\"", self.created_at),
            _ => String::new(),
        };
        columns.iter().map(cell).collect::<Vec<_>>().join(",")
    }
}

/// A dump's file: header, rows, no line break at the end.
fn csv_of(statements: &[Statement], left_out: &[&str]) -> String {
    let columns: Vec<_> = COLUMNS.split(',').filter(|name| !left_out.contains(name)).collect();
    let rows = statements.iter().map(|statement| statement.row(&columns));
    std::iter::once(columns.join(",")).chain(rows).collect::<Vec<_>>().join("\n")
}

/// A dump as it is published: zip in zip, the outer one stored.
fn dump(name: &str, csv: &str) -> Vec<u8> {
    let inner = zip(&[(&format!("{name}-00000-00000.csv"), csv.as_bytes())]);
    zip_with(&[(&format!("{name}-00000.csv.zip"), &inner)], CompressionMethod::Stored)
}

/// A day of version 1, with one statement twice, and a day of version 2.
fn days() -> (Vec<Statement>, Vec<Statement>) {
    const PRODUCTS: &str = "STATEMENT_CATEGORY_UNSAFE_AND_ILLEGAL_PRODUCTS";
    const NO_SUCCESSOR: &str = "STATEMENT_CATEGORY_NON_CONSENSUAL_BEHAVIOUR";
    const FRAUD: &str = "STATEMENT_CATEGORY_SCAMS_AND_FRAUD";
    let first = [
        (1, "Doll Market", PRODUCTS),
        (1, "Doll Market", PRODUCTS),
        (2, "Doll Market", FRAUD),
        (3, "Talk", NO_SUCCESSOR),
    ];
    let second = [
        (4, "Doll Market", FRAUD),
        (5, "Talk", FRAUD),
        (6, "Talk", "STATEMENT_CATEGORY_CYBER_VIOLENCE"),
    ];
    let on = |day: &'static str| {
        move |(number, platform, category)| Statement::new(number, platform, category, day)
    };
    (first.map(on("2024-03-14")).into(), second.map(on("2025-07-01")).into())
}

/// Publishes a source; gives what the command says and the snapshot's manifest.
fn publish(room: &Room, source: &Path) -> (String, Value) {
    let said = room.folder.done(&["publish", DATASET, source.to_str().unwrap()]);
    let path = format!("/v1/datasets/{DATASET}/snapshots/{}", room.current(DATASET));
    (said, room.nobody().json(&path))
}

/// The digests of a period's files.
fn files_of(manifest: &Value, period: &str) -> Vec<String> {
    let resources = manifest["resources"].as_array().unwrap().iter();
    let of_period = resources.filter(|resource| resource["period"] == period);
    of_period.map(|resource| resource["hash"].as_str().unwrap().to_owned()).collect()
}

/// Two dumps as made here, published one after the other; gives both manifests.
fn published(room: &Room) -> [Value; 2] {
    let (first, second) = days();
    let name = "sor-global-2024-03-14-full";
    let zip = dump(name, &csv_of(&first, &["content_id_ean"]));
    let old = room.folder.delivery(&format!("{name}.zip"), &zip);
    room.folder.delivery(&format!("{name}.zip.sha1"), format!("{}  {name}.zip", sha1(&zip)));
    let name = "sor-global-2025-07-01-full";
    let new = room.folder.delivery(&format!("{name}.zip"), dump(name, &csv_of(&second, &[])));
    [publish(room, &old).1, publish(room, &new).1]
}

fn sha1(bytes: &[u8]) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY, bytes);
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A day costs a day: what was there stays, byte for byte, beside what came.
#[test]
fn two_days_of_dumps_are_one_dataset_and_the_first_days_files_stay() {
    let room = Room::empty();

    let [first, second] = published(&room);

    let source = &first["sources"][0];
    assert_eq!(
        (&source["rows_read"], &source["rows_duplicate"]),
        (&4.into(), &1.into()),
        "{first}"
    );
    assert_eq!(first["row_count"], 3);
    assert_eq!(second["row_count"], 6);
    assert_eq!(second["coverage"]["periods"], serde_json::json!(["2024-03-14", "2025-07-01"]));
    assert_eq!(files_of(&second, "2024-03-14"), files_of(&first, "2024-03-14"));
    assert!(!files_of(&second, "2025-07-01").is_empty());
}

/// What a platform wrote stays readable after the vocabulary changed.
#[test]
fn values_of_the_first_schema_are_mapped_with_the_raw_value_beside() {
    let room = Room::empty();
    published(&room);
    let ada = room.granted("ada", &[DATASET]);
    let row = |number: u32| {
        let columns = "schema_version, category, category_raw, category_successor_missing";
        let csv = ada.csv(&format!(
            "SELECT {columns} FROM statements_of_reasons WHERE uuid LIKE '%{number:012}'"
        ));
        csv.lines().nth(1).unwrap().replace("STATEMENT_CATEGORY_", "")
    };

    assert_eq!(row(1), "1,UNSAFE_AND_PROHIBITED_PRODUCTS,UNSAFE_AND_ILLEGAL_PRODUCTS,false");
    assert_eq!(row(2), "1,SCAMS_AND_FRAUD,SCAMS_AND_FRAUD,false");
    assert_eq!(row(3), "1,,NON_CONSENSUAL_BEHAVIOUR,true");
    assert_eq!(row(6), "2,CYBER_VIOLENCE,CYBER_VIOLENCE,false");
}

/// A correction of one day touches one day; a light file lacks four columns, not rows.
#[test]
fn a_days_file_published_again_replaces_that_day_only() {
    let room = Room::empty();
    let [_, second] = published(&room);
    let light = [
        "illegal_content_explanation",
        "incompatible_content_explanation",
        "territorial_scope",
        "decision_facts",
    ];
    let csv = csv_of(&days().1[..2], &light);
    let file = room.folder.delivery("sor-global-2025-07-01-light-00000-00000.csv", csv);

    let held = publish(&room, &file).1;
    assert_eq!(held, second, "a third of the day's rows less is for a person to look at");
    let listed = room.folder.json(&["snapshots", "list", DATASET]);
    let found = listed.as_array().unwrap().iter().find(|it| it["state"] == "held").unwrap();
    let id = found["id"].as_str().unwrap();
    let reason = ["--reason", "the platform took one back"];
    room.folder.done(&[&["snapshots", "activate", DATASET, id], &reason[..]].concat());
    let third = room.nobody().json(&format!("/v1/datasets/{DATASET}/snapshots/{id}"));
    assert_eq!(third["row_count"], 5);
    assert_eq!(files_of(&third, "2024-03-14"), files_of(&second, "2024-03-14"));
    assert_ne!(files_of(&third, "2025-07-01"), files_of(&second, "2025-07-01"));
    assert_eq!(third["previous"].as_str(), Some(snapshot_before(&room).as_str()));
}

/// The snapshot of the edition before the newest.
fn snapshot_before(room: &Room) -> String {
    let editions = room.nobody().json("/v1/editions");
    let before = editions["editions"][1]["id"].as_str().unwrap();
    let edition = room.nobody().json(&format!("/v1/editions/{before}"));
    edition["snapshots"][DATASET]["id"].as_str().unwrap().to_owned()
}

#[test]
fn a_dump_whose_checksum_differs_is_rejected() {
    let room = Room::empty();
    let name = "sor-global-2025-07-01-full";
    let zip = room.folder.delivery(&format!("{name}.zip"), dump(name, &csv_of(&days().1, &[])));
    room.folder.delivery(&format!("{name}.zip.sha1"), format!("{}  {name}.zip", "0".repeat(40)));

    let said = room.folder.refused(&["publish", DATASET, zip.to_str().unwrap()]);

    assert!(said.contains("publish_rejected") && said.contains(name), "{said}");
    assert_eq!(room.editions(), 0);
}

/// The figures that every question about the database begins with, against a count by hand.
#[test]
fn statements_per_platform_category_and_day_equal_a_count_by_hand() {
    let room = Room::empty();
    published(&room);

    let answer = room.granted("ada", &[DATASET]).csv(COUNTED);

    let (first, second) = days();
    let csvs = [csv_of(&first, &["content_id_ean"]), csv_of(&second, &[])];
    assert_eq!(counts(&answer), by_hand(&csvs));
}

/// Platform, category and day, with how many.
type Counts = BTreeMap<[String; 3], u64>;

/// The counts of an answer.
fn counts(answer: &str) -> Counts {
    let mut reader = csv::Reader::from_reader(answer.as_bytes());
    let rows = reader.records().map(Result::unwrap);
    rows.map(|row| ([0, 1, 2].map(|index| row[index].to_owned()), row[3].parse().unwrap()))
        .collect()
}

/// The counts of dumps, each statement once, in the categories of the second version.
fn by_hand(csvs: &[String]) -> Counts {
    let mut seen = BTreeMap::new();
    for text in csvs {
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let header = reader.headers().unwrap().clone();
        let index = |name: &str| header.iter().position(|column| column == name).unwrap();
        let [uuid, platform, category, created] =
            ["uuid", "platform_name", "category", "created_at"].map(index);
        for row in reader.records().map(Result::unwrap) {
            let key = [
                row[platform].to_owned(),
                second_version(&row[category]),
                row[created][..10].to_owned(),
            ];
            seen.insert(row[uuid].to_owned(), key);
        }
    }
    seen.into_values().fold(Counts::new(), |mut counts, key| {
        *counts.entry(key).or_default() += 1;
        counts
    })
}

/// A category in the words of the second version; nothing where it has none.
fn second_version(category: &str) -> String {
    let mapped = match category.trim_start_matches("STATEMENT_CATEGORY_") {
        "UNSAFE_AND_ILLEGAL_PRODUCTS" => "UNSAFE_AND_PROHIBITED_PRODUCTS",
        "SCOPE_OF_PLATFORM_SERVICE" => "OTHER_VIOLATION_TC",
        "NON_CONSENSUAL_BEHAVIOUR" | "PORNOGRAPHY_OR_SEXUALIZED_CONTENT" => return String::new(),
        same => same,
    };
    format!("STATEMENT_CATEGORY_{mapped}")
}

/// Files of the real database, read where they lie.
fn real() -> Option<[PathBuf; 3]> {
    let folder = shared("data/sor")?;
    let names = [
        "sor-global-2024-03-14-full.zip",
        "sor-global-2025-07-01-full.zip",
        "sor-global-2025-07-01-light-00000-00000.csv",
    ];
    Some(names.map(|name| folder.join(name)))
}

/// Real dumps, as they come: rows read, the duplicate reported, two days in one dataset.
#[test]
fn real_dumps_are_read_as_they_are() {
    let Some([old, new, light]) = real() else { return };
    let room = Room::empty();

    let (said_first, first) = publish(&room, &old);
    let (said_second, second) = publish(&room, &new);
    let (said_third, third) = publish(&room, &light);

    assert!(said_first.contains("10 rows read, 1 duplicate"), "{said_first}");
    assert!(said_second.contains("7 rows read, 0 duplicate"), "{said_second}");
    assert!(said_third.contains("7 rows read, 0 duplicate"), "{said_third}");
    assert_eq!(
        [&first, &second, &third].map(|it| it["row_count"].as_u64()),
        [Some(9), Some(16), Some(16)]
    );
    for later in [&second, &third] {
        assert_eq!(later["coverage"]["periods"], serde_json::json!(["2024-03-14", "2025-07-01"]));
        assert_eq!(files_of(later, "2024-03-14"), files_of(&first, "2024-03-14"));
    }
    assert!(first["quality"].to_string().contains("decision_facts"), "two rows lack their facts");
}

#[test]
fn real_statements_are_counted_as_by_hand() {
    let Some(files) = real() else { return };
    let room = Room::empty();
    let ada = room.granted("ada", &[DATASET]);
    files[..2].iter().for_each(|file| drop(publish(&room, file)));
    let csvs = ["2024-03-14", "2025-07-01"].map(|day| {
        let name = format!("data/sor/sor-global-{day}-full-00000-00000.csv");
        fs::read_to_string(shared(&name).unwrap()).unwrap()
    });

    assert_eq!(counts(&ada.csv(COUNTED)), by_hand(&csvs));
    let ali = "SELECT count(*) AS n, count(decision_facts) AS facts FROM statements_of_reasons WHERE platform_name = 'AliExpress'";
    assert_eq!(ada.csv(ali), "n,facts\r\n4,2\r\n");
    assert!(mapped(&ada), "the raw value stands beside the mapped one");
}

fn mapped(ada: &Caller<'_>) -> bool {
    let sql = "SELECT category, category_raw FROM statements_of_reasons WHERE platform_name = 'Google Shopping' LIMIT 1";
    ada.csv(sql).contains(
        "STATEMENT_CATEGORY_OTHER_VIOLATION_TC,STATEMENT_CATEGORY_SCOPE_OF_PLATFORM_SERVICE",
    )
}
