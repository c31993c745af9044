//! The readable page of each dataset, made from its codebook, the page that lists them all, and the
//! page of what is offered in SQL.
//!
//! `docs/datasets/` and `docs/sql.md` hold what is written here, so that a reader without the program has it too;
//! a test compares the two.
//!
//! # Rooms
//! - `index`: which datasets there are; `page`: one of them.
//! - `columns`, `codes`, `keys`, `limits`: the parts of a page; `first_query`: where to begin.
//! - `sql`: what may stand in a question.
//! - `words`: how a codebook's short forms are said.

mod codes;
mod columns;
mod first_query;
mod index;
mod keys;
mod limits;
mod page;
mod sql;
mod words;

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use catalogue::embedded_codebooks;
use domain::codebook::Codebook;

use crate::output;

/// The name of the page that lists the datasets; folders show it by itself.
const INDEX: &str = "README.md";

/// Writes all pages into a folder, and takes those of datasets that are no more out of it.
///
/// # Errors
/// When the codebooks of this program are wrong or the folder cannot be written.
pub(crate) fn write(folder: &Path) -> anyhow::Result<()> {
    let stored = embedded_codebooks()?;
    let codebooks: Vec<_> = stored.values().map(|stored| stored.codebook()).collect();
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    remove_others(folder, &codebooks)?;
    put(folder, INDEX, &index::render(&codebooks))?;
    for codebook in &codebooks {
        put(folder, &page::file_name(&codebook.name), &page::render(codebook, &codebooks))?;
    }
    Ok(())
}

/// Prints the page of what is offered in SQL.
///
/// # Errors
/// Never by itself; commands may.
pub(crate) fn print_sql() -> anyhow::Result<()> {
    output::text(&sql::render());
    Ok(())
}

/// Removes the pages of datasets that are no more.
fn remove_others(folder: &Path, codebooks: &[&Codebook]) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let is_page = path.extension().is_some_and(|extension| extension == "md");
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let is_known = stem == "README" || codebooks.iter().any(|book| book.name.as_str() == stem);
        if is_page && !is_known {
            fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
    }
    Ok(())
}

fn put(folder: &Path, name: &str, text: &str) -> anyhow::Result<()> {
    let path = folder.join(name);
    fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
}
