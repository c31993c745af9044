//! Which column of a source is which column of the codebook.
//!
//! Columns are found by name, never by place: light dumps lack four of them, old ones another.
//!
//! # Invariant
//! Every column of the source is one of the codebook's, and every column that may not be null is
//! there.

use arrow::datatypes::Schema;

use crate::columns::Columns;
use crate::convert::parquet::accepts;
use crate::failure::Unfit;
use crate::rejects::{nearest, shown};
use crate::rule::Rule;

/// Where a source has the codebook's columns.
#[derive(Debug)]
pub(crate) struct Header {
    /// For each column of the codebook, its place in the source.
    pub(crate) places: Vec<Option<usize>>,
    /// How many columns the source has.
    pub(crate) width: usize,
    /// The columns that it does not have and that are not filled here.
    pub(crate) missing: Vec<usize>,
}

impl Header {
    /// Finds the columns of a source by their names.
    ///
    /// # Errors
    /// When names are unknown or there twice, or a column is missing that may not be null.
    pub(crate) fn find(names: &[String], columns: &Columns) -> Result<Self, Unfit> {
        let mut places = vec![None; columns.all.len()];
        let mut wrong = Vec::new();
        for (found, name) in names.iter().enumerate() {
            let Some(&place) = columns.places.get(name) else {
                let known = columns.places.keys().map(String::as_str);
                wrong.push(format!("{} is no column{}", shown(name), nearest(name, known)));
                continue;
            };
            if places[place].replace(found).is_some() {
                wrong.push(format!("{} is there twice", shown(name)));
            }
        }
        let is_missing =
            |place: &usize| places[*place].is_none() && columns.all[*place].derived.is_none();
        let missing: Vec<usize> = (0..columns.all.len()).filter(is_missing).collect();
        for place in missing.iter().filter(|place| !columns.all[**place].field.nullable) {
            wrong.push(format!("{} is missing", columns.name(*place)));
        }
        if wrong.is_empty() {
            return Ok(Self { places, width: names.len(), missing });
        }
        Err(Unfit::new(Rule::Header, summary(&wrong)).at_line(1))
    }

    /// Finds the columns of a Parquet file by their names and types.
    ///
    /// # Errors
    /// As [`Self::find`], and when a column's values cannot become those of the codebook's.
    pub(crate) fn of_schema(schema: &Schema, columns: &Columns) -> Result<Self, Unfit> {
        let names: Vec<String> = schema.fields().iter().map(|field| field.name().clone()).collect();
        let header = Self::find(&names, columns).map_err(|unfit| Unfit { line: None, ..unfit })?;
        for (place, found) in header.places.iter().enumerate() {
            let Some(found) = found else { continue };
            let data_type = schema.field(*found).data_type();
            let field = &columns.all[place].field;
            if !accepts(field.field_type, data_type) {
                let wanted = engine::schema::data_type(field.field_type);
                let detail = format!("it is {data_type} in the file; {wanted} or text would pass");
                return Err(Unfit::new(Rule::Type, detail).of_column(&field.name));
            }
        }
        Ok(header)
    }
}

/// What is wrong with a header, the first few of it.
fn summary(wrong: &[String]) -> String {
    const NAMED_MAX: usize = 8;
    let named = wrong.iter().take(NAMED_MAX).cloned().collect::<Vec<_>>().join("; ");
    match wrong.len().checked_sub(NAMED_MAX) {
        None | Some(0) => named,
        Some(more) => format!("{named}; and {more} more"),
    }
}
