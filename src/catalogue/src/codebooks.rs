//! The codebooks that this program brings with it, from `datasets/*/codebook.yaml`.
//!
//! # Invariant
//! A codebook that is held here keeps its own rules, and its foreign keys name columns that the
//! dataset they point at has, as far as that dataset is there; two columns that refer to one
//! another have one class.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::canonical::{self, CanonicalizeError};
use domain::codebook::{Codebook, CodebookError};
use domain::{ColumnName, DatasetName, Sha256Digest};

/// Folder name and text of each codebook.
static EMBEDDED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/codebooks.rs"));

/// A codebook with the bytes and the digest under which manifests name it.
#[derive(Debug)]
pub struct StoredCodebook {
    codebook: Codebook,
    bytes: Vec<u8>,
    sha256: Sha256Digest,
}

/// Why the codebooks in the program cannot be used: a mistake of whoever built it.
#[derive(Debug, thiserror::Error)]
pub enum CodebooksError {
    /// The file is not a codebook.
    #[error("datasets/{folder}/codebook.yaml is not a codebook")]
    Malformed {
        /// The dataset's folder.
        folder: &'static str,
        /// Where and why.
        #[source]
        source: Box<serde_saphyr::Error>,
    },
    /// It names another dataset than the folder it lies in.
    #[error("datasets/{folder}/codebook.yaml is the codebook of {name}")]
    Name {
        /// The dataset's folder.
        folder: &'static str,
        /// What the file says.
        name: DatasetName,
    },
    /// It breaks a rule of codebooks.
    #[error("datasets/{folder}/codebook.yaml: {source}")]
    Rule {
        /// The dataset's folder.
        folder: &'static str,
        /// Which.
        #[source]
        source: CodebookError,
    },
    /// A foreign key names a column that the other dataset does not have.
    #[error("the codebook of {dataset} points at {target}.{field}, which is not there")]
    ForeignKey {
        /// Whose foreign key.
        dataset: DatasetName,
        /// What it points at.
        target: DatasetName,
        /// The column that is not there.
        field: ColumnName,
    },
    /// A foreign key joins columns of different classes: what one side keeps, the other would tell;
    /// and a pseudonym equals no plain value.
    #[error(
        "the codebook of {dataset} points with {field}, which is {class}, at a column of {target} \
         that is {target_class}; both must have one class"
    )]
    ForeignKeyClass {
        /// Whose foreign key.
        dataset: DatasetName,
        /// The column there.
        field: ColumnName,
        /// Its class.
        class: &'static str,
        /// What it points at.
        target: DatasetName,
        /// The class of the column there.
        target_class: &'static str,
    },
    /// It has no canonical form.
    #[error(transparent)]
    Canonicalize(#[from] CanonicalizeError),
}

impl StoredCodebook {
    /// Puts a codebook beside its canonical bytes.
    pub(crate) fn new(codebook: Codebook) -> Result<Self, CanonicalizeError> {
        let bytes = canonical::to_bytes(&codebook)?;
        let sha256 = Sha256Digest::of(&bytes);
        Ok(Self { codebook, bytes, sha256 })
    }

    /// Reads a codebook back from the bytes that were stored.
    pub(crate) fn read(bytes: Vec<u8>) -> Result<Self, serde_json::Error> {
        let codebook = serde_json::from_slice(&bytes)?;
        let sha256 = Sha256Digest::of(&bytes);
        Ok(Self { codebook, bytes, sha256 })
    }

    /// What it says.
    #[must_use]
    pub fn codebook(&self) -> &Codebook {
        &self.codebook
    }

    /// Its canonical JSON, over which the digest goes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The digest that manifests name.
    #[must_use]
    pub fn sha256(&self) -> Sha256Digest {
        self.sha256
    }
}

/// The codebooks of this program, by dataset.
pub type Codebooks = BTreeMap<DatasetName, Arc<StoredCodebook>>;

/// Reads the codebooks that were built into this program, and checks them.
///
/// # Errors
/// When one of them breaks a rule: a mistake of whoever built the program.
pub fn embedded() -> Result<Codebooks, CodebooksError> {
    let mut codebooks = Codebooks::new();
    for &(folder, text) in EMBEDDED {
        let codebook = parse(folder, text)?;
        codebooks.insert(codebook.name.clone(), Arc::new(StoredCodebook::new(codebook)?));
    }
    check_references(&codebooks)?;
    Ok(codebooks)
}

/// Reads one codebook. `no` is a language and a country, never `false`: only `true` and `false` are.
fn parse(folder: &'static str, text: &str) -> Result<Codebook, CodebooksError> {
    let options = serde_saphyr::options! { strict_booleans: true };
    let codebook: Codebook = serde_saphyr::from_str_with_options(text, options)
        .map_err(|source| CodebooksError::Malformed { folder, source: Box::new(source) })?;
    if codebook.name.as_str() != folder {
        return Err(CodebooksError::Name { folder, name: codebook.name });
    }
    codebook.check().map_err(|source| CodebooksError::Rule { folder, source })?;
    Ok(codebook)
}

/// Checks that foreign keys name columns that are there, where the other dataset is, and that these
/// can be compared.
fn check_references(codebooks: &Codebooks) -> Result<(), CodebooksError> {
    for (dataset, stored) in codebooks {
        for key in &stored.codebook.foreign_keys {
            let Some(target) = codebooks.get(&key.reference.resource) else { continue };
            for (place, there) in key.reference.fields.iter().enumerate() {
                let (dataset, resource) = (dataset.clone(), key.reference.resource.clone());
                let Some(target_field) = target.codebook.field(there.as_str()) else {
                    let (target, field) = (resource, there.clone());
                    return Err(CodebooksError::ForeignKey { dataset, target, field });
                };
                let here = key.fields.get(place).and_then(|it| stored.codebook.field(it.as_str()));
                if let Some(here) = here.filter(|here| here.class != target_field.class) {
                    return Err(CodebooksError::ForeignKeyClass {
                        dataset,
                        field: here.name.clone(),
                        class: here.class.as_str(),
                        target: resource,
                        target_class: target_field.class.as_str(),
                    });
                }
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_codebook_of_this_program_keeps_its_rules() {
        let codebooks = embedded().unwrap();

        assert_eq!(codebooks.len(), EMBEDDED.len());
        assert!(!codebooks.is_empty());
    }

    /// Norway's code is a country, and a language's code, but never "false".
    #[test]
    fn a_word_that_looks_like_a_boolean_stays_a_code() {
        let text = crate::fixture::CODEBOOK_LISTINGS.replace("[DE, FR]", "[DE, NO]");

        let codebook = parse("listings", &text).unwrap();

        let categories = codebook.field("member_state").unwrap().categories.as_ref().unwrap();
        assert_eq!(categories[1].value(), "NO");
    }

    /// A limit that is never checked would go unnoticed.
    #[test]
    fn a_limit_or_an_order_that_cannot_be_checked_is_refused() {
        let refused = |quality: &str| {
            let text = format!("{}\nquality: {quality}\n", crate::fixture::CODEBOOK_NOTICES);
            parse("notices", &text).unwrap_err().to_string()
        };

        let unknown = refused("{hold: {null_share.gtin: 0.1}}");
        assert!(unknown.contains("quality names the field gtin"), "{unknown}");
        assert!(refused("{hold: {rows_drop: 20}}").contains("between 0 and 1"));
        let order = refused("{order: [[listing_id, received]]}");
        assert!(order.contains("quality.order compares listing_id and received"), "{order}");
        assert!(refused("{hold: {rows_dorp: 0.2}}").contains("not a codebook"));
    }

    #[test]
    fn a_codebook_in_the_wrong_folder_is_refused() {
        let refused = parse("traders", crate::fixture::CODEBOOK_LISTINGS).unwrap_err();

        assert!(matches!(refused, CodebooksError::Name { folder: "traders", .. }));
    }

    #[test]
    fn a_foreign_key_to_a_column_that_is_not_there_is_refused() {
        let listings = parse("listings", crate::fixture::CODEBOOK_LISTINGS).unwrap();
        let text =
            crate::fixture::CODEBOOK_NOTICES.replace("fields: [listing_id]}}", "fields: [gtin]}}");
        let notices = parse("notices", &text).unwrap();
        let codebooks = [listings, notices].map(|codebook| {
            (codebook.name.clone(), Arc::new(StoredCodebook::new(codebook).unwrap()))
        });

        let refused = check_references(&codebooks.into()).unwrap_err();

        let text = "the codebook of notices points at listings.gtin, which is not there";
        assert_eq!(refused.to_string(), text);
    }

    /// A key of two classes would join nothing, or tell on one side what the other keeps.
    #[test]
    fn a_foreign_key_between_columns_of_two_classes_is_refused() {
        let classed = |text: &str, class: &str| {
            let public = "{name: listing_id, type: string, class: public";
            assert!(text.contains(public), "{text}");
            text.replace(public, &format!("{{name: listing_id, type: string, class: {class}"))
        };
        let listings = crate::fixture::CODEBOOK_LISTINGS
            .replace("sort_order: [listing_id]", "sort_order: [member_state]");
        let check = |here: &str, there: &str| {
            let notices = classed(crate::fixture::CODEBOOK_NOTICES, here);
            let listings = classed(&listings, there);
            let codebooks = [("listings", listings), ("notices", notices)].map(|(name, text)| {
                let codebook = parse(name, &text).unwrap();
                (codebook.name.clone(), Arc::new(StoredCodebook::new(codebook).unwrap()))
            });
            check_references(&codebooks.into()).map_err(|refused| refused.to_string())
        };
        let classes = ["public", "restricted", "identifier"];

        for (here, there) in classes.iter().flat_map(|here| classes.map(|there| (*here, there))) {
            let checked = check(here, there);
            assert_eq!(checked.is_ok(), here == there, "{here} {there}");
            if let Err(refused) = checked {
                let text = format!("listing_id, which is {here}, at a column of listings");
                assert!(refused.contains(&text) && refused.contains(there), "{refused}");
            }
        }
    }

    /// What a pseudonym hides, nothing else in the codebook may tell.
    #[test]
    fn an_identifier_is_a_text_that_nothing_else_tells() {
        let refused = |name: &'static str, text: &str| parse(name, text).unwrap_err().to_string();
        let listings = crate::fixture::CODEBOOK_LISTINGS;
        let state = "{name: member_state, type: string, class: public";
        let hidden_state = "{name: member_state, type: string, class: identifier";
        let hidden = listings.replace(state, hidden_state);

        let coded = refused("listings", &hidden);
        assert!(coded.contains("the identifier member_state cannot have categories"), "{coded}");
        let uncoded = hidden.replace(", categories: [DE, FR]", "");
        assert!(parse("listings", &uncoded).is_ok());
        let bounded =
            refused("listings", &format!("{uncoded}\nmember_state_column: member_state\n"));
        assert!(bounded.contains("cannot have member_state_column"), "{bounded}");
        let sorted = refused(
            "listings",
            &uncoded.replace("sort_order: [listing_id]", "sort_order: [member_state]"),
        );
        assert!(sorted.contains("a place in sort_order"), "{sorted}");
        let date = crate::fixture::CODEBOOK_NOTICES.replace(
            "{name: received, type: date, class: public",
            "{name: received, type: date, class: identifier",
        );
        assert!(refused("notices", &date).contains("neither a string nor a list"));
    }

    #[test]
    fn a_stored_codebook_reads_back_as_the_same() {
        let codebook = parse("notices", crate::fixture::CODEBOOK_NOTICES).unwrap();
        let stored = StoredCodebook::new(codebook).unwrap();

        let read = StoredCodebook::read(stored.bytes().to_vec()).unwrap();

        assert_eq!(read.codebook(), stored.codebook());
        assert_eq!(read.sha256(), stored.codebook().digest().unwrap());
    }
}
