//! What the codes of each coded column mean.

use std::fmt::Write as _;

use domain::codebook::{Category, Codebook};

use super::words;

/// Renders a part for each coded column of a codebook among all; nothing where there is none.
pub(super) fn render(text: &mut String, codebook: &Codebook, all: &[&Codebook]) {
    let mut coded = codebook
        .fields
        .iter()
        .filter_map(|field| field.categories.as_ref().map(|categories| (&field.name, categories)))
        .peekable();
    if coded.peek().is_some() {
        text.push_str("\n## Codes\n");
    }
    for (name, categories) in coded {
        let _ = write!(text, "\n### `{name}`\n\n");
        if categories.iter().any(|category| matches!(category, Category::Labelled { .. })) {
            table(text, categories, |label| words::linked(label, &codebook.name, all));
        } else {
            let codes: Vec<_> =
                categories.iter().map(|code| format!("`{}`", code.value())).collect();
            let _ = writeln!(text, "{}", codes.join(" "));
        }
    }
}

/// Renders codes with their meanings.
fn table(text: &mut String, categories: &[Category], linked: impl Fn(&str) -> String) {
    text.push_str("| Code | Meaning |\n|---|---|\n");
    for category in categories {
        let label = match category {
            Category::Code(_) => String::new(),
            Category::Labelled { label, .. } => words::cell(&linked(label)),
        };
        let _ = writeln!(text, "| `{}` | {label} |", category.value());
    }
}
