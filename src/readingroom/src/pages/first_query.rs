//! A question that works on a dataset as it is, for those who begin.

use domain::codebook::{Category, Class, Codebook, Field, FieldType};

/// Counts the rows by month and by the first coded column, as far as the dataset has them.
pub(super) fn first_query(codebook: &Codebook) -> String {
    let month = codebook.time_column.as_ref().map(|column| {
        let month = format!("date_trunc('month', {column}) AS month");
        (month, "month".to_owned())
    });
    let coded = codebook.fields.iter().find(|field| tells_rows_apart(field, codebook));
    let coded = coded.map(|field| (field.name.to_string(), field.name.to_string()));
    let groups: Vec<_> = month.into_iter().chain(coded).collect();

    let selected: Vec<_> = groups.iter().map(|(selected, _)| format!("{selected}, ")).collect();
    let count = format!("SELECT {}count(*) AS n\nFROM {}", selected.concat(), codebook.name);
    if groups.is_empty() {
        return count;
    }
    let names: Vec<_> = groups.into_iter().map(|(_, name)| name).collect();
    let names = names.join(", ");
    format!("{count}\nGROUP BY {names}\nORDER BY {names}")
}

/// Whether a column has few values, with meanings, that any grant covers.
fn tells_rows_apart(field: &Field, codebook: &Codebook) -> bool {
    let is_labelled = |categories: &Vec<Category>| {
        categories.iter().any(|category| matches!(category, Category::Labelled { .. }))
    };
    field.field_type == FieldType::String
        && field.class == Class::Public
        && !codebook.primary_key.contains(&field.name)
        && field.categories.as_ref().is_some_and(is_labelled)
}
