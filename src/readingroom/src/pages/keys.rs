//! What identifies a row, what it points at, and what points at it.

use std::fmt::Write as _;

use domain::codebook::{Codebook, ForeignKey};

use super::words;

/// Renders the keys of a codebook among all.
pub(super) fn render(text: &mut String, codebook: &Codebook, all: &[&Codebook]) {
    let key = words::columns(&codebook.primary_key);
    let order = words::columns(&codebook.sort_order);
    let _ = write!(
        text,
        "\n## Keys\n\nA row is identified by {key}. Rows lie in the order {order}: questions that \
         select by its first columns read least.\n\n"
    );
    for ForeignKey { fields, reference } in &codebook.foreign_keys {
        let _ = writeln!(
            text,
            "- {} points at {} of {}",
            words::columns(fields),
            words::columns(&reference.fields),
            words::link(&reference.resource),
        );
    }
    for other in all {
        for key in other.foreign_keys.iter().filter(|key| key.reference.resource == codebook.name) {
            let _ = writeln!(
                text,
                "- {} is pointed at by {} of {}",
                words::columns(&key.reference.fields),
                words::columns(&key.fields),
                words::link(&other.name),
            );
        }
    }
    if text.ends_with("\n\n") {
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
}
