//! The research questions that stand beside the design, over all tables that they know of.

use std::path::{Path, PathBuf};

use domain::codebook::{Class, FieldType};
use domain::question::MountedField;
use domain::{ColumnName, DatasetName, Question, Sha256Digest, SnapshotId};

use super::world::{Bytes, ENGINE, World};
use crate::RunResult;

fn shared() -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")).to_owned()
}

fn field_type(text: &str) -> FieldType {
    match text {
        "Utf8" => FieldType::String,
        "Int64" => FieldType::Integer,
        "Float64" => FieldType::Number,
        "Boolean" => FieldType::Boolean,
        "Date32" => FieldType::Date,
        "Timestamp(us, UTC)" => FieldType::Datetime,
        "List<Utf8>" => FieldType::List,
        decimal if decimal.starts_with("Decimal") => FieldType::Decimal,
        other => panic!("{other}"),
    }
}

/// A question over all tables, none of which has files.
fn question(world: &World, tables: &serde_json::Value, sql: &str) -> Question {
    let template = world.mounts[0].clone();
    let mut question = world.question(sql);
    question.mounts.clear();
    for table in tables.as_array().unwrap() {
        let name = table["name"].as_str().unwrap();
        let mut mount = template.clone();
        mount.dataset = DatasetName::parse(name).unwrap();
        mount.snapshot = SnapshotId::from_digest(&Sha256Digest::of(name.as_bytes()));
        mount.files.clear();
        let fields = table["columns"].as_array().unwrap().iter().map(|column| {
            let mut field = template.fields[0].field.clone();
            field.name = ColumnName::parse(column["name"].as_str().unwrap()).unwrap();
            field.field_type = field_type(column["type"].as_str().unwrap());
            field.class = Class::Public;
            MountedField { field, bytes: 1 }
        });
        mount.fields = fields.collect();
        question.mounts.push(mount);
    }
    question
}

#[test]
fn every_research_question_plans_and_runs() {
    let tables = std::fs::read_to_string(shared().join("data/tables.json"));
    let questions = std::fs::read_dir(shared().join("questions"));
    let (Ok(tables), Ok(questions)) = (tables, questions) else {
        println!("skipped: the questions and tables beside the design are not here");
        return;
    };
    let tables: serde_json::Value = serde_json::from_str(&tables).unwrap();
    let world = World::open();

    for file in questions {
        let path = file.unwrap().path();
        let sql = std::fs::read_to_string(&path).unwrap();
        let vetted = ENGINE
            .plan(question(&world, &tables, &sql))
            .unwrap_or_else(|refusal| panic!("{}: {refusal:?}", path.display()));
        assert!(!vetted.verdict().scans.is_empty(), "{}", path.display());
        let result = ENGINE.run(vetted, Vec::new(), &[], &mut Bytes::default());
        assert!(matches!(result, RunResult::Finished(_)), "{}: {result:?}", path.display());
    }
}
