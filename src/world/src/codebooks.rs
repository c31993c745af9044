//! The codebooks in `datasets/`, read for tests: what the world writes must conform to them.

use std::fs;
use std::path::{Path, PathBuf};

use domain::codebook::Codebook;

use crate::deliver::tables;

/// The datasets that this world writes and that are described.
pub(crate) fn datasets() -> impl Iterator<Item = &'static str> {
    tables().map(|table| table.dataset).filter(|dataset| path(dataset).is_file())
}

/// Where a codebook is.
fn path(dataset: &str) -> PathBuf {
    let datasets = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../datasets"));
    datasets.join(dataset).join("codebook.yaml")
}

/// Reads one codebook.
pub(crate) fn codebook(dataset: &str) -> Codebook {
    let text = fs::read_to_string(path(dataset)).unwrap();
    serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{dataset}: {error}"))
}

#[test]
fn every_codebook_keeps_its_own_rules() {
    for dataset in datasets() {
        let codebook = codebook(dataset);

        assert_eq!(codebook.name.as_str(), dataset);
        assert_eq!(codebook.check(), Ok(()), "{dataset}");
        assert!(codebook.digest().is_ok(), "{dataset}");
    }
}

/// A researcher cannot tell what a column answers to unless it says so; keys answer to nothing.
#[test]
fn every_column_but_a_key_has_a_legal_source() {
    for dataset in datasets() {
        let codebook = codebook(dataset);
        let silent = codebook.fields.iter().filter(|field| field.legal_source.is_none());

        assert!(
            silent.clone().all(|field| codebook.primary_key.contains(&field.name)),
            "{dataset}"
        );
    }
}

/// A rule on a column that is not there would never be checked, and nobody would notice.
#[test]
fn every_quality_rule_names_a_column_that_is_there() {
    for dataset in datasets() {
        let codebook = codebook(dataset);
        codebook.check().unwrap();
    }
}
