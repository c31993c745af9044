//! What holds in every world, checked on what was written.

mod advertising;
mod causality;
mod computed;
mod conformity;
mod delivered;
mod enforcement;
mod keys;
mod life;
mod monitoring;
mod recommenders;
mod reported;
mod suspensions;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::deliver::deliver;
use crate::marketplace::Marketplace;
use crate::settings::Sizes;
use crate::{GenerateError, Scale, WorldSettings, generate};

/// A marketplace a tenth as large as the smallest, so that a test can look at all of it.
fn village(seed: u64) -> Marketplace {
    let sizes = Sizes { traders: 400, listings: 4_000, ads: 800, foreign_statements: 3_000 };
    Marketplace::of_sizes(&WorldSettings::new(seed, Scale::Small), sizes).unwrap()
}

/// Every file below a folder with its bytes.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(below) = folders.pop() {
        for path in fs::read_dir(below).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().display().to_string();
                files.insert(name, fs::read(path).unwrap());
            }
        }
    }
    files
}

/// The files of the village that a seed gives.
fn village_files(seed: u64) -> BTreeMap<String, Vec<u8>> {
    let folder = TempDir::new().unwrap();
    deliver(&village(seed), folder.path(), &mut |_| ()).unwrap();
    files(folder.path())
}

/// A reviewer who is told the seed can make the same world and check every byte.
#[test]
fn the_same_seed_gives_the_same_bytes() {
    let first = village_files(5);

    let second = village_files(5);

    assert!(60 < first.len());
    assert!(first == second);
}

/// Only what a platform writes down once and for all is the same in every world.
#[test]
fn another_seed_gives_another_world() {
    let (first, second) = (village_files(5), village_files(6));

    let same = first.iter().filter(|(name, bytes)| second.get(*name) == Some(*bytes));

    let same: BTreeSet<_> = same.filter_map(|(name, _)| name.split('/').nth(2)).collect();
    let written_once = [
        "commitments",
        "recommender_parameters",
        "recommender_systems",
        "sanction_policies",
        "sanction_rules",
        "trustee_findings",
    ];
    assert_eq!(same, BTreeSet::from(written_once));
}

#[test]
fn a_small_world_has_about_a_hundred_thousand_rows() {
    let folder = TempDir::new().unwrap();
    let mut told = Vec::new();

    let report = generate(&WorldSettings::new(1, Scale::Small), folder.path(), |progress| {
        told.push(progress);
    });

    let report = report.unwrap();
    let last = told.last().unwrap();
    let newest = report.editions.last().unwrap();
    assert!((90_000..110_000).contains(&newest.rows()), "{}", newest.rows());
    assert_eq!(last.rows, newest.rows());
    assert!(last.rows_expected.abs_diff(last.rows) < last.rows / 10);
    let deliveries = report.editions.iter().flat_map(|edition| &edition.deliveries);
    let written: usize = deliveries.map(|delivery| delivery.files.len()).sum();
    assert_eq!(written + 1, files(folder.path()).len());
}

/// What lies there may be somebody's work; a world is not worth it.
#[test]
fn a_folder_with_something_in_it_is_left_alone() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("thesis.tex"), "draft").unwrap();

    let refused = generate(&WorldSettings::new(1, Scale::Small), folder.path(), |_| ());

    assert!(matches!(refused, Err(GenerateError::NotEmpty { .. })));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_world_that_ends_before_it_begins_is_refused() {
    let settings = WorldSettings::new(1, Scale::Small);
    let settings = WorldSettings { as_of: settings.from, ..settings };
    let folder = TempDir::new().unwrap();

    let refused = generate(&settings, folder.path(), |_| ());

    assert!(matches!(refused, Err(GenerateError::Span(_))));
}
