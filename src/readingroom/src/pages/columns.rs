//! The table of a dataset's columns.

use std::fmt::Write as _;

use domain::codebook::{Codebook, Constraints, Field};
use serde_json::Value;

use super::words;

/// Renders the table.
pub(super) fn render(text: &mut String, codebook: &Codebook, all: &[&Codebook]) {
    text.push_str(
        "\n## Columns\n\n| Column | Type | Null | What it says | Answers to |\n|---|---|---|---|---|\n",
    );
    for field in &codebook.fields {
        let kind = words::field_type(field.field_type);
        let class = words::class(field.class).map(|class| format!(", {class}")).unwrap_or_default();
        let null = if field.nullable { "may be" } else { "never" };
        let says = words::linked(&sentences(field).join(" "), &codebook.name, all);
        let says = words::cell(&says);
        let source = words::cell(field.legal_source.as_deref().unwrap_or_default());
        let _ = writeln!(text, "| `{}` | {kind}{class} | {null} | {says} | {source} |", field.name);
    }
}

/// All that the codebook says of a column, one sentence for each.
fn sentences(field: &Field) -> Vec<String> {
    let mut sentences = vec![field.description.trim().to_owned()];
    if let Some(unit) = &field.unit {
        sentences.push(format!("Unit: {unit}."));
    }
    if field.categories.is_some() {
        sentences.push(format!("[Its codes](#{}).", field.name));
    }
    if let Some(predicate) = &field.null_unless {
        sentences.push(format!("Null unless `{predicate}`."));
    }
    if let Some(constraints) = &field.constraints {
        sentences.extend(constraint_sentences(constraints));
    }
    if !field.missing_values.is_empty() {
        sentences
            .push(format!("In sources, null is also `{}`.", field.missing_values.join("`, `")));
    }
    if let Some(derived) = &field.derived {
        sentences.push(format!("Publishing fills it (`{derived}`); sources need not have it."));
    }
    if 1 < field.since {
        sentences.push(format!("Since schema version {}.", field.since));
    }
    sentences
}

fn constraint_sentences(constraints: &Constraints) -> Vec<String> {
    let mut sentences = Vec::new();
    match (&constraints.minimum, &constraints.maximum) {
        (Some(from), Some(to)) => {
            sentences.push(format!("From {} to {}.", plain(from), plain(to)));
        }
        (Some(from), None) => sentences.push(format!("At least {}.", plain(from))),
        (None, Some(to)) => sentences.push(format!("At most {}.", plain(to))),
        (None, None) => {}
    }
    if let Some(length) = constraints.min_length {
        sentences.push(format!("At least {length} characters."));
    }
    if let Some(length) = constraints.max_length {
        sentences.push(format!("At most {length} characters."));
    }
    if let Some(pattern) = &constraints.pattern {
        sentences.push(format!("Matches `{pattern}`."));
    }
    sentences
}

/// A bound without quotation marks.
fn plain(bound: &Value) -> String {
    bound.as_str().map_or_else(|| bound.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_bounds_a_value_is_said() {
        let constraints = Constraints {
            minimum: Some(Value::from("2023-08-25")),
            maximum: Some(Value::from(5)),
            max_length: Some(9),
            min_length: Some(1),
            pattern: Some("^a|b$".to_owned()),
        };

        let text = constraint_sentences(&constraints).join(" ");

        assert_eq!(
            text,
            "From 2023-08-25 to 5. At least 1 characters. At most 9 characters. Matches `^a|b$`."
        );
    }
}
