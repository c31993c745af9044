//! What commands print: tables for people, JSON for machines.

use std::io::{self, IsTerminal as _, Write as _};

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use serde::Serialize;
use serde_json::Value;

/// Prints a line on standard output.
///
/// Whoever closed the other end of a pipe wants no more of it, and that is no failure.
pub(crate) fn line(text: impl std::fmt::Display) {
    let _ = writeln!(io::stdout(), "{text}");
}

/// Prints a text as it is on standard output.
pub(crate) fn text(text: &str) {
    let _ = io::stdout().write_all(text.as_bytes());
}

/// Says something on standard error: progress and notes that are no result.
pub(crate) fn note(text: impl std::fmt::Display) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Says on standard error what nobody should overlook; in red where that is a terminal.
pub(crate) fn warning(text: impl std::fmt::Display) {
    note(console::style(format_args!("warning: {text}")).red().for_stderr());
}

/// Prints a value as indented JSON.
pub(crate) fn json<T: Serialize>(value: &T) -> anyhow::Result<()> {
    line(serde_json::to_string_pretty(value)?);
    Ok(())
}

/// One column of a printed table.
pub(crate) struct Column<'a> {
    /// Its heading.
    pub(crate) heading: &'a str,
    /// Whether its values are numbers, which stand at the right.
    pub(crate) is_number: bool,
}

impl<'a> Column<'a> {
    /// A column of texts.
    pub(crate) fn text(heading: &'a str) -> Self {
        Self { heading, is_number: false }
    }

    /// A column of numbers.
    pub(crate) fn number(heading: &'a str) -> Self {
        Self { heading, is_number: true }
    }
}

/// Prints aligned columns; nothing is cut where the output is no terminal.
pub(crate) fn table(columns: &[Column<'_>], rows: impl IntoIterator<Item = Vec<String>>) {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    if std::io::stdout().is_terminal() {
        table.set_content_arrangement(ContentArrangement::Dynamic);
    }
    table.set_header(columns.iter().map(|column| column.heading));
    for row in rows {
        table.add_row(row);
    }
    for (index, column) in columns.iter().enumerate() {
        if let Some(shown) = table.column_mut(index) {
            shown.set_padding((0, 2));
            if column.is_number {
                shown.set_cell_alignment(CellAlignment::Right);
            }
        }
    }
    for row in table.lines() {
        line(row.trim_end());
    }
}

/// A JSON value as it stands in a cell: a list of words as words.
///
/// What others wrote, such as a file's name, must not move the cursor of whoever reads it.
pub(crate) fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) if !text.contains(char::is_control) => text.clone(),
        Value::String(text) => text.chars().map(visible).collect(),
        Value::Array(items) if items.iter().all(Value::is_string) => {
            items.iter().map(cell).collect::<Vec<_>>().join(", ")
        }
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

/// A character as it is, or, of one that cannot be seen, how it is written.
fn visible(character: char) -> String {
    if character.is_control() {
        character.escape_default().to_string()
    } else {
        character.to_string()
    }
}

/// Prints chosen members of JSON objects as a table.
pub(crate) fn objects(columns: &[(&str, Column<'_>)], objects: &[Value]) {
    let rows = objects.iter().map(|object| {
        columns
            .iter()
            .map(|(pointer, _)| cell(object.pointer(pointer).unwrap_or(&Value::Null)))
            .collect()
    });
    let headings: Vec<_> = columns
        .iter()
        .map(|(_, column)| Column { heading: column.heading, is_number: column.is_number })
        .collect();
    table(&headings, rows);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_stays_on_its_line_and_out_of_the_terminals_way() {
        assert_eq!(cell(&Value::from("b\n.csv")), "b\\n.csv");
        assert_eq!(cell(&Value::from("\u{1b}[2J")), "\\u{1b}[2J");
        assert_eq!(cell(&Value::from("Müller & Söhne")), "Müller & Söhne");
    }
}
