//! What is in an edition's archive: where each file lies, none of them looked into.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};

use domain::publication::{RejectReport, SourceFile};
use domain::task::{ListTask, PackedFile, TaskEnd};

use crate::draft;
use crate::failure::{Fault, PublishFailure, Unfit};
use crate::rule::Rule;
use crate::source::archive::{cut, each_of_tar};
use crate::source::section::Section;

/// Files that one edition's archive may hold.
const FILES_MAX: usize = 20_000;

/// The longest path of a file in an edition's archive, in bytes.
const PATH_BYTES_MAX: usize = 255;

/// Lists the files of an archive.
///
/// # Errors
/// When the archive did not come as one file.
pub(crate) fn list(task: &ListTask, files: Vec<File>) -> Result<TaskEnd, Fault> {
    let given = files.len();
    let Ok([file]) = <[File; 1]>::try_from(files) else {
        return Err(Fault::Descriptors { named: 1, given });
    };
    let section = Section::new(file, task.bytes);
    let listed = catch_unwind(AssertUnwindSafe(|| entries(&section))).unwrap_or_else(|_| {
        Err(Unfit::new(
            Rule::Format,
            "it is damaged: reading it failed where a sound one could not",
        ))
    });
    Ok(match listed {
        Ok(files) => TaskEnd::Listed(files),
        Err(unfit) => TaskEnd::Rejected(rejected(task, unfit)),
    })
}

fn entries(section: &Section) -> Result<Vec<PackedFile>, Unfit> {
    let mut files = Vec::new();
    each_of_tar(section, |entry| {
        let Some(entry) = entry? else { return Ok(()) };
        let path = entry.name;
        if path.len() > PATH_BYTES_MAX || path.contains(char::is_control) {
            let detail = format!("a path in it is longer than {PATH_BYTES_MAX} bytes or not text");
            return Err(Unfit::new(Rule::Format, detail));
        }
        let Some((offset, bytes)) = entry.stretch else {
            let Unfit { rule, detail, .. } = cut();
            return Err(Unfit::new(rule, format!("{path}: {detail}")));
        };
        if files.len() == FILES_MAX {
            let detail = format!("the archive holds more than {FILES_MAX} files");
            return Err(Unfit::new(Rule::Size, detail));
        }
        files.push(PackedFile { path, offset, bytes });
        Ok(())
    })?;
    if files.is_empty() {
        return Err(Unfit::new(Rule::Format, "there are no files in it"));
    }
    Ok(files)
}

/// The report on an archive that is no use.
fn rejected(task: &ListTask, unfit: Unfit) -> RejectReport {
    let archive = SourceFile { name: task.name.clone(), media_type: None, bytes: task.bytes };
    match draft::rejected(&[archive], unfit) {
        PublishFailure::Rejected(report) => report,
        PublishFailure::Fault(_) => RejectReport::default(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn listed(bytes: &[u8]) -> TaskEnd {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        let task = ListTask { name: "edition.tar".to_owned(), bytes: bytes.len() as u64 };
        list(&task, vec![file]).unwrap()
    }

    fn archive(files: &[(&str, &str)]) -> Vec<u8> {
        let mut archive = tar::Builder::new(Vec::new());
        for (path, text) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(text.len() as u64);
            header.set_mode(0o644);
            archive.append_data(&mut header, path, text.as_bytes()).unwrap();
        }
        archive.into_inner().unwrap()
    }

    #[test]
    fn files_are_told_with_where_they_lie() {
        let bytes = archive(&[("listings/a.csv", "id\n1\n"), ("traders/b.csv", "id\n")]);

        let TaskEnd::Listed(files) = listed(&bytes) else { panic!("it is sound") };

        let paths: Vec<_> = files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(paths, ["listings/a.csv", "traders/b.csv"]);
        let at = usize::try_from(files[0].offset).unwrap();
        assert_eq!(&bytes[at..at + 5], b"id\n1\n");
    }

    #[test]
    fn what_is_no_archive_or_cut_is_rejected() {
        let bytes = archive(&[("listings/a.csv", &"id\n".repeat(1000))]);
        let detail = |bytes: &[u8]| {
            let TaskEnd::Rejected(report) = listed(bytes) else { panic!("it was listed") };
            report.rejects[0].detail.clone()
        };

        assert!(detail(b"id,title\n1,doll\n").contains("not a sound tar"), "no archive");
        assert!(detail(&bytes[..1024]).contains("cut"), "cut");
        assert!(detail(&archive(&[])).contains("no files"), "empty");
    }
}
