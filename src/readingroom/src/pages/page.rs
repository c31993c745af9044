//! The page of one dataset.

use std::fmt::Write as _;

use domain::DatasetName;
use domain::codebook::{Class, Codebook, KnownGap, Retention};

use super::{codes, columns, first_query, keys, limits, words};

/// The name of a dataset's page.
pub(super) fn file_name(dataset: &DatasetName) -> String {
    format!("{dataset}.md")
}

/// Renders the page of a codebook among all.
pub(super) fn render(codebook: &Codebook, all: &[&Codebook]) -> String {
    let name = &codebook.name;
    let mut text = format!(
        "<!-- Made by `readingroom dataset-pages` from datasets/{name}/codebook.yaml. -->\n\
         # {name}\n\n**{}.** {}\n\n",
        codebook.title.trim_end_matches('.'),
        words::linked(&one_line(&codebook.description), name, all),
    );
    facts(&mut text, codebook);
    let _ =
        write!(text, "\n## A first query\n\n```sql\n{}\n```\n", first_query::first_query(codebook));
    columns::render(&mut text, codebook, all);
    codes::render(&mut text, codebook, all);
    keys::render(&mut text, codebook, all);
    gaps(&mut text, &codebook.known_gaps);
    limits::render(&mut text, codebook);
    changes(&mut text, codebook);
    text
}

/// A text without its line breaks.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What holds for the dataset as a whole.
fn facts(text: &mut String, codebook: &Codebook) {
    let tier = words::tier(codebook.tier);
    let _ = writeln!(text, "| One row per | {} |\n|---|---|", words::cell(&codebook.row_unit));
    let mut fact = |name: &str, value: &str| {
        let _ = writeln!(text, "| {name} | {} |", words::cell(value));
    };
    fact("Who may have it", &format!("{} (tier `{tier}`)", words::audience(codebook.tier)));
    fact("Answers to", &codebook.legal_basis.join("; "));
    fact("Published", &words::publication(codebook));
    fact("A grant may bound", &bounds(codebook));
    fact("Kept", &kept(codebook.retention.as_ref()));
    fact("Columns", &column_count(codebook));
}

/// By which columns a grant may bound the rows.
fn bounds(codebook: &Codebook) -> String {
    let days = codebook.time_column.as_ref().map(|column| format!("days, by `{column}`"));
    let states = codebook.member_state_column.as_ref();
    let states = states.map(|column| format!("Member States, by `{column}`"));
    let bounds: Vec<_> = days.into_iter().chain(states).chain(["columns".to_owned()]).collect();
    bounds.join("; ")
}

/// How long rows are kept.
fn kept(retention: Option<&Retention>) -> String {
    let Some(Retention { clock, keep, basis }) = retention else {
        return "for as long as editions are".to_owned();
    };
    match keep.as_str() {
        "0d" => format!("until the day in `{clock}` ({basis})"),
        keep => format!("{} from `{clock}` ({basis})", words::length(keep)),
    }
}

/// How many columns there are, and how many of them need more than any grant.
fn column_count(codebook: &Codebook) -> String {
    let of = |class| codebook.fields.iter().filter(|field| field.class == class).count();
    let mut count =
        format!("{} (schema version {})", codebook.fields.len(), codebook.schema_version);
    for class in [Class::Restricted, Class::Identifier] {
        if 0 < of(class) {
            let _ = write!(count, ", {} of class {}", of(class), class.as_str());
        }
    }
    count
}

/// The times for which something is missing.
fn gaps(text: &mut String, gaps: &[KnownGap]) {
    text.push_str("\n## Known gaps\n\n");
    if gaps.is_empty() {
        text.push_str("None is known.\n");
        return;
    }
    text.push_str("| From | Until | What is missing |\n|---|---|---|\n");
    for KnownGap { from, until, note } in gaps {
        let _ = writeln!(text, "| {from} | {until} | {} |", words::cell(note));
    }
}

/// What changed with each schema version, newest first.
fn changes(text: &mut String, codebook: &Codebook) {
    text.push_str("\n## Versions\n\n| Version | Date | What changed |\n|---|---|---|\n");
    for change in codebook.changelog.iter().rev() {
        let note = words::cell(&change.note);
        let _ = writeln!(text, "| {} | {} | {note} |", change.schema_version, change.date);
    }
}
