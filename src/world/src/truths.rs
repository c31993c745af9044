//! What is true of the newest edition of a world: the answers to questions that the world can give
//! itself, and the stories that are in it.
//!
//! # Invariant
//! Stated from the simulation while it runs, never read back from what was written: an answer that
//! agrees is checked against the world, not against another reader of the same rows.
//!
//! # Shape
//! `docs/truths.schema.json` says what the file holds.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::GenerateError;
use crate::complaints::Complaint;
use crate::deliver::EditionReport;
use crate::marketplace::Marketplace;
use crate::moderation_actions::Action;

/// The name of the file.
pub(crate) const FILE: &str = "truths.json";

/// What the groups of tables have stated.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Truths {
    /// The answers to the questions that have a number, by it.
    questions: BTreeMap<&'static str, Answer>,
    /// The stories that are looked for, by their name.
    stories: BTreeMap<&'static str, Story>,
    /// The keys that lead nowhere on purpose; all others lead somewhere.
    orphans: Vec<Value>,
}

/// The answer to a question, or those columns of it that the world can state.
#[derive(Debug, Serialize)]
pub(crate) struct Answer {
    /// The columns that tell the rows apart.
    pub(crate) key: &'static [&'static str],
    /// All rows of the answer, in any order.
    pub(crate) rows: Vec<Map<String, Value>>,
}

/// One kind of thing that happened, and where.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Story {
    /// How often it happened.
    count: u64,
    /// Where, from the first on.
    examples: Vec<Value>,
}

impl Truths {
    /// The most examples of a story.
    const EXAMPLES_MAX: usize = 1_000;

    /// States the answer to a question.
    pub(crate) fn answer(&mut self, question: &'static str, answer: Answer) {
        self.questions.insert(question, answer);
    }

    /// Names a key that was made to lead nowhere: in a row with an identifier, to one that is gone.
    pub(crate) fn orphan(
        &mut self,
        dataset: &'static str,
        column: &'static str,
        (row, gone): (&str, &str),
    ) {
        self.orphans.push(json!({"dataset": dataset, "column": column, "row": row, "key": gone}));
    }

    /// Tells of a decision that was reversed on a complaint and whose effect has stayed.
    pub(crate) fn reversal(&mut self, action: &Action, complaint: &Complaint) {
        let reversal = complaint.reversal();
        if reversal.is_some_and(|reversal| reversal.reinstated_at.is_none()) {
            let example = json!({"action_id": action.id, "complaint_id": complaint.id});
            self.tell("reversed_never_reinstated", example);
        }
    }

    /// Tells of one more occurrence of a story; `example` names the rows concerned by their keys.
    pub(crate) fn tell(&mut self, story: &'static str, example: Value) {
        let story = self.stories.entry(story).or_default();
        story.count += 1;
        if story.examples.len() < Self::EXAMPLES_MAX {
            story.examples.push(example);
        }
    }
}

/// A row of an answer from its columns and values.
pub(crate) fn row(columns: Value) -> Map<String, Value> {
    match columns {
        Value::Object(row) => row,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Map::new()
        }
    }
}

/// The file as it is written.
#[derive(Serialize)]
struct Stated<'a> {
    version: u32,
    as_of: String,
    rows: BTreeMap<&'a str, u64>,
    #[serde(flatten)]
    truths: &'a Truths,
}

/// Writes the file.
pub(crate) fn write(
    path: &Path,
    marketplace: &Marketplace,
    editions: &[EditionReport],
    truths: &Truths,
) -> Result<(), GenerateError> {
    let newest = editions.last().map_or(&[][..], |edition| &edition.deliveries);
    let stated = Stated {
        version: 1,
        as_of: marketplace.newest().at.date().to_string(),
        rows: newest.iter().map(|delivery| (delivery.dataset.as_str(), delivery.rows)).collect(),
        truths,
    };
    let failed = |source| GenerateError::Write { path: path.to_owned(), source };
    let mut text = serde_json::to_vec_pretty(&stated).map_err(|error| failed(error.into()))?;
    text.push(b'\n');
    fs::write(path, text).map_err(failed)
}
