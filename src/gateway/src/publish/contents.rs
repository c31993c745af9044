//! What an edition's archive brings: which files for which dataset, and in which order to draft.

use std::collections::{BTreeMap, BTreeSet};

use catalogue::View;
use domain::DatasetName;
use domain::publication::{Reject, RejectReport, SourceFile};
use domain::task::PackedFile;

use crate::publish::{EditionOrder, Order, PublishError, job};

/// One dataset of an edition, as it was delivered.
#[derive(Debug)]
pub(super) struct Delivered {
    pub(super) order: Order,
    pub(super) files: Vec<SourceFile>,
    /// Where each begins in the archive.
    pub(super) offsets: Vec<u64>,
}

impl Delivered {
    /// Bytes of its files.
    pub(super) fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }
}

/// Sorts the files of an archive by dataset, the datasets so that those which others point at come
/// first, as far as that goes.
///
/// # Errors
/// A report of what lies where it should not; a fault where the worker cannot be believed.
pub(super) fn sort(
    listed: Vec<PackedFile>,
    archive_bytes: u64,
    order: &EditionOrder,
    view: &View,
) -> Result<Vec<Delivered>, PublishError> {
    let mut folders: BTreeMap<DatasetName, (Vec<SourceFile>, Vec<u64>)> = BTreeMap::new();
    let mut rejects = Vec::new();
    for file in listed {
        let end = file.offset.checked_add(file.bytes);
        if end.is_none_or(|end| archive_bytes < end) {
            return Err(PublishError::Contents);
        }
        match place(&file.path, view) {
            Ok((dataset, name)) => {
                let (files, offsets) = folders.entry(dataset).or_default();
                let name = name.to_owned();
                files.push(SourceFile { name, media_type: None, bytes: file.bytes });
                offsets.push(file.offset);
            }
            Err(detail) => rejects.push(misplaced(file.path, detail)),
        }
    }
    let mut delivered = Vec::new();
    for (dataset, (files, offsets)) in folders {
        match order.of(dataset.clone(), view) {
            Ok(order) => delivered.push(Delivered { order, files, offsets }),
            Err(error) => rejects.push(misplaced(format!("{dataset}/"), error.to_string())),
        }
    }
    if rejects.is_empty() {
        return Ok(in_order(delivered, view));
    }
    let report = RejectReport { rejects, ..RejectReport::default() };
    Err(PublishError::Rejected(Box::new(report)))
}

/// The dataset in whose folder a file lies, and its path in there.
fn place<'a>(path: &'a str, view: &View) -> Result<(DatasetName, &'a str), String> {
    let Some((folder, name)) = path.split_once('/') else {
        let detail = "it lies beside the folders; an edition has one folder for each dataset, and \
                      nothing else";
        return Err(detail.to_owned());
    };
    let dataset = DatasetName::parse(folder).ok().filter(|name| view.enforced(name).is_some());
    let dataset = dataset.ok_or("its folder is not named after a dataset")?;
    let is_plain = !name.is_empty() && !name.split('/').any(|part| matches!(part, "" | "." | ".."));
    if is_plain {
        Ok((dataset, name))
    } else {
        Err("its path is none within its folder".to_owned())
    }
}

fn misplaced(file: String, detail: String) -> Reject {
    Reject { file, line: None, column: None, rule: "format".to_owned(), detail, count: 1 }
}

/// Datasets that others point at before those, in the order of their names where they point at each
/// other in a circle.
fn in_order(mut delivered: Vec<Delivered>, view: &View) -> Vec<Delivered> {
    let mut ordered = Vec::with_capacity(delivered.len());
    while !delivered.is_empty() {
        let waiting: BTreeSet<_> =
            delivered.iter().map(|part| part.order.dataset.clone()).collect();
        let is_free = |part: &Delivered| {
            let codebook = view.enforced(&part.order.dataset);
            codebook.is_none_or(|it| job::targets(it).iter().all(|to| !waiting.contains(*to)))
        };
        let next = delivered.iter().position(is_free).unwrap_or(0);
        ordered.push(delivered.remove(next));
    }
    ordered
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use catalogue::Catalogue;
    use ledger::SigningKey;

    use super::*;
    use crate::publish::order::EditionWishes;

    fn sorted(paths: &[&str]) -> Result<Vec<String>, PublishError> {
        let folder = tempfile::tempdir().unwrap();
        let key = Arc::new(SigningKey::generate("room.example").unwrap());
        let view = Catalogue::open(folder.path(), key, &[]).unwrap().view();
        let order =
            EditionOrder { as_of: "2026-11-01".parse().unwrap(), wishes: EditionWishes::default() };
        let listed = paths.iter().map(|path| PackedFile {
            path: (*path).to_owned(),
            offset: 512,
            bytes: 10,
        });
        let delivered = sort(listed.collect(), 1024, &order, &view)?;
        Ok(delivered.into_iter().map(|part| part.order.dataset.to_string()).collect())
    }

    #[test]
    fn a_dataset_comes_after_those_that_it_points_at() {
        let order = sorted(&["listings/a.csv", "listings/b.csv", "traders/a.csv"]).unwrap();

        assert_eq!(order, ["traders", "listings"]);
    }

    #[test]
    fn what_lies_in_no_datasets_folder_is_named() {
        let paths = ["truths.json", "secrets/a.csv", "listings/../a.csv", "traders/a.csv"];

        let Err(PublishError::Rejected(report)) = sorted(&paths) else { panic!("it is sorted") };

        let files: Vec<_> = report.rejects.iter().map(|reject| reject.file.as_str()).collect();
        assert_eq!(files, paths[..3]);
    }

    /// The worker has read hostile bytes: what it says of them is checked.
    #[test]
    fn a_file_beyond_the_archive_is_not_believed() {
        let folder = tempfile::tempdir().unwrap();
        let key = Arc::new(SigningKey::generate("room.example").unwrap());
        let view = Catalogue::open(folder.path(), key, &[]).unwrap().view();
        let order =
            EditionOrder { as_of: "2026-11-01".parse().unwrap(), wishes: EditionWishes::default() };
        let file = PackedFile { path: "traders/a.csv".to_owned(), offset: u64::MAX, bytes: 1 };

        let refused = sort(vec![file], 1024, &order, &view);

        assert!(matches!(refused, Err(PublishError::Contents)));
    }
}
