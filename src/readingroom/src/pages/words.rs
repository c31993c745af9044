//! How a codebook's short forms are said, and how texts are put into Markdown.

use domain::codebook::{Class, Codebook, FieldType, Kind, PeriodUnit, Tier};
use domain::{ColumnName, DatasetName};

/// Who may have the datasets of a tier, and why.
pub(super) fn audience(tier: Tier) -> &'static str {
    match tier {
        Tier::Public => {
            "any project of researchers with a grant on it (DSA Art. 40(12)), and vetted ones"
        }
        Tier::Vetted => "vetted researchers only (DSA Art. 40(4)); the grant names its clause",
        Tier::Oversight => "regulators and auditors only",
    }
}

/// A tier as codebooks write it.
pub(super) fn tier(tier: Tier) -> &'static str {
    match tier {
        Tier::Public => "public",
        Tier::Vetted => "vetted",
        Tier::Oversight => "oversight",
    }
}

/// How a dataset is published.
pub(super) fn publication(codebook: &Codebook) -> String {
    let by = codebook.time_column.as_ref().map(|column| format!(", by `{column}`"));
    let by = by.unwrap_or_default();
    match (codebook.kind, codebook.period_unit) {
        (Kind::Periods, Some(PeriodUnit::Day)) => format!("day by day{by}"),
        (Kind::Periods, _) => format!("month by month{by}"),
        (Kind::State, _) => "as a whole: each snapshot is the state at its date".to_owned(),
    }
}

/// What a column's values are.
pub(super) fn field_type(field_type: FieldType) -> &'static str {
    match field_type {
        FieldType::String => "string",
        FieldType::Integer => "integer",
        FieldType::Number => "number",
        FieldType::Decimal => "decimal",
        FieldType::Boolean => "boolean",
        FieldType::Date => "date",
        FieldType::Datetime => "datetime",
        FieldType::List => "list of strings",
    }
}

/// What a grant must say to cover a column of a class; nothing where any grant does.
pub(super) fn class(class: Class) -> Option<&'static str> {
    match class {
        Class::Public => None,
        Class::Restricted => Some("**restricted**"),
        Class::Identifier => Some("**identifier**"),
    }
}

/// A length of time such as `6m`, in words.
pub(super) fn length(keep: &str) -> String {
    let (count, unit) = keep.split_at(keep.len().saturating_sub(1));
    let unit = match unit {
        "d" => "day",
        "m" => "month",
        "y" => "year",
        _ => return keep.to_owned(),
    };
    match count {
        "1" => format!("1 {unit}"),
        _ => format!("{count} {unit}s"),
    }
}

/// Columns as code, with commas.
pub(super) fn columns(names: &[ColumnName]) -> String {
    let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

/// A dataset as a link to its page.
pub(super) fn link(dataset: &DatasetName) -> String {
    format!("[`{dataset}`]({dataset}.md)")
}

/// A text in which the names of other datasets are links to their pages.
pub(super) fn linked(text: &str, own: &DatasetName, all: &[&Codebook]) -> String {
    let others = all.iter().map(|codebook| &codebook.name).filter(|name| *name != own);
    others.fold(text.to_owned(), |text, name| text.replace(&format!("`{name}`"), &link(name)))
}

/// A text within a cell of a table: on one line, its bars escaped.
pub(super) fn cell(text: &str) -> String {
    let line: Vec<_> = text.split_whitespace().collect();
    line.join(" ").replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_said_in_words() {
        assert_eq!(length("6m"), "6 months");
        assert_eq!(length("1y"), "1 year");
        assert_eq!(length("0d"), "0 days");
    }

    #[test]
    fn a_cell_is_one_line_without_bars() {
        assert_eq!(cell("a > b |\n c\n"), "a > b \\| c");
    }
}
