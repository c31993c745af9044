//! A disk that is full: the steward is told so, the old edition stands, and the room comes back.
//!
//! The disk is a small one in memory, which only root may make; elsewhere the story is skipped.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use domain::Sha256Digest;

use crate::furniture::{self, listing};
use crate::room::{Folder, ROOMY};

/// How large the disk is.
const DISK: &str = "size=64m";

/// What a log and a registry that go on growing may take of what was free.
const GROWTH_BYTES: u64 = 512 * 1024;

/// A small disk; dropping it takes it away.
struct Disk {
    path: PathBuf,
}

impl Disk {
    /// Makes one, if that may be done here; if not, a line says so.
    fn mount(path: PathBuf) -> Option<Self> {
        fs::create_dir_all(&path).unwrap();
        let mut mount = Command::new("mount");
        let output = mount.args(["-t", "tmpfs", "-o", DISK, "disk"]).arg(&path).output();
        let is_mounted = output.as_ref().is_ok_and(|output| output.status.success());
        if !is_mounted {
            println!("skipped: no disk can be made here ({output:?})");
            return None;
        }
        Some(Self { path })
    }

    fn free_bytes(&self) -> u64 {
        let disk = rustix::fs::statvfs(&self.path).unwrap();
        disk.f_bavail * disk.f_frsize
    }

    /// Fills the disk until only so much is left; gives the file that fills it.
    fn leave(&self, bytes: u64) -> Ballast {
        let path = self.path.join("ballast");
        let file = File::create(&path).unwrap();
        let filling = self.free_bytes().checked_sub(bytes).unwrap();
        rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, filling).unwrap();
        Ballast(path)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.path).status();
    }
}

/// What fills the disk until it is dropped.
struct Ballast(PathBuf);

impl Drop for Ballast {
    fn drop(&mut self) {
        fs::remove_file(&self.0).unwrap();
    }
}

/// Listings whose titles no compression makes smaller.
fn incompressible() -> Vec<u8> {
    let row = |number: u32| {
        let title = Sha256Digest::of(&number.to_le_bytes()).to_string();
        listing(&format!("l-{number}"), "t-1", &title, "1.00")
    };
    let rows: Vec<_> = (0..40_000).map(row).collect();
    furniture::ndjson(&rows).into_bytes()
}

fn publish(folder: &Folder, source: &Path) -> String {
    folder.refused(&["publish", "listings", source.to_str().unwrap(), "--as-of", "2024-11-01"])
}

#[test]
fn a_publication_that_finds_the_disk_full_leaves_the_old_edition_and_gives_the_room_back() {
    let bare = Folder::bare();
    let Some(disk) = Disk::mount(bare.path()) else { return };
    let folder = bare.init(ROOMY);
    furniture::publish(&folder);
    let elsewhere = Folder::bare();
    let source = elsewhere.delivery("many.ndjson", incompressible());
    let source_bytes = source.metadata().unwrap().len();
    let (editions, free) = (folder.json(&["editions", "list"]), disk.free_bytes());

    // Too little for the delivery, then enough for it but not for what becomes of it.
    for left in [source_bytes / 2, source_bytes + 768 * 1024] {
        let ballast = disk.leave(left);
        let said = publish(&folder, &source);
        assert!(said.contains("The server's disk is full; nothing was published"), "{said}");
        drop(ballast);
        assert_eq!(folder.json(&["editions", "list"]), editions);
        assert!(free < disk.free_bytes() + GROWTH_BYTES, "{free} {}", disk.free_bytes());
    }

    folder.done(&["publish", "listings", source.to_str().unwrap(), "--as-of", "2024-11-01"]);
    let room = folder.serve();
    let count = room.role("regulator").csv("SELECT count(*) AS n FROM listings");
    assert_eq!(count, "n\r\n40000\r\n");
}

/// What was taken out is out of every answer; its files follow when there is room again.
#[test]
fn a_compaction_that_finds_the_disk_full_leaves_the_old_snapshot_and_gives_the_room_back() {
    let bare = Folder::bare();
    let Some(disk) = Disk::mount(bare.path()) else { return };
    let folder = bare.init(ROOMY);
    furniture::publish_traders(&folder);
    let elsewhere = Folder::bare();
    let source = elsewhere.delivery("many.ndjson", incompressible());
    folder.done(&["publish", "listings", source.to_str().unwrap(), "--as-of", "2024-11-01"]);
    let words = ["--key", "l-7", "--ground", "order", "--reason", "a ruling"];
    folder.done(&[&["redact", "listings"][..], &words].concat());
    let (list, free) = (folder.json(&["snapshots", "list", "listings"]), disk.free_bytes());

    let ballast = disk.leave(1024 * 1024);
    let said = folder.refused(&["snapshots", "compact", "listings"]);
    drop(ballast);

    assert!(said.contains("The server's disk is full"), "{said}");
    assert_eq!(folder.json(&["snapshots", "list", "listings"]), list);
    assert!(free < disk.free_bytes() + GROWTH_BYTES, "{free} {}", disk.free_bytes());
    folder.done(&["snapshots", "compact", "listings"]);
    let room = folder.serve();
    let count = room.role("regulator").csv("SELECT count(*) AS n FROM listings");
    assert_eq!(count, "n\r\n39999\r\n");
}
