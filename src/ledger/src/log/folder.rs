//! The published files of a log: tiles and checkpoint, written so that a crash at any moment
//! leaves every tile of the checkpoint that is there.
//!
//! # Order
//! Tiles, then the folders that name them, then the checkpoint, each on the disk before the
//! next; superseded partial tiles go last.

use std::collections::{BTreeSet, HashSet};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::checkpoint::{CHECKPOINT_FILE, Checkpoint};
use crate::disk::{sync_folder, write_durable};
use crate::tile::TilePath;

/// A new checkpoint before it takes its name.
const CHECKPOINT_DRAFT_FILE: &str = "checkpoint.new";

/// Where all tiles lie.
pub(super) const TILE_FOLDER: &str = "tile";

/// One round of publishing into a log's folder.
pub(super) struct Publication<'folder> {
    folder: &'folder Path,
    touched: BTreeSet<PathBuf>,
}

impl<'folder> Publication<'folder> {
    pub(super) fn new(folder: &'folder Path) -> Self {
        Self { folder, touched: BTreeSet::new() }
    }

    /// Writes a tile that no checkpoint covers yet, so nobody counts on its file.
    pub(super) fn write_tile(&mut self, path: &TilePath, bytes: &[u8]) -> io::Result<()> {
        let file = path.file_in(self.folder);
        let parent = file.parent().unwrap_or(self.folder);
        self.make_folder(parent)?;
        write_durable(File::create(&file)?, bytes)?;
        self.touched.insert(parent.to_owned());
        Ok(())
    }

    fn make_folder(&mut self, folder: &Path) -> io::Result<()> {
        if folder.is_dir() {
            return Ok(());
        }
        let parent = folder.parent().unwrap_or(self.folder);
        self.make_folder(parent)?;
        fs::create_dir(folder)?;
        self.touched.insert(parent.to_owned());
        Ok(())
    }

    /// Puts the checkpoint in place, once everything that it covers is on the disk.
    pub(super) fn publish(self, checkpoint: &Checkpoint) -> io::Result<()> {
        for folder in &self.touched {
            sync_folder(folder)?;
        }
        let draft = self.folder.join(CHECKPOINT_DRAFT_FILE);
        write_durable(File::create(&draft)?, checkpoint.as_str().as_bytes())?;
        fs::rename(&draft, self.folder.join(CHECKPOINT_FILE))?;
        sync_folder(self.folder)
    }
}

/// Deletes a superseded partial tile, and its folder with the last one.
pub(super) fn remove_tile(folder: &Path, path: &TilePath) -> io::Result<()> {
    let file = path.file_in(folder);
    remove_if_there(&file)?;
    let stays = [io::ErrorKind::DirectoryNotEmpty, io::ErrorKind::NotFound];
    match file.parent().map(fs::remove_dir) {
        Some(Err(error)) if !stays.contains(&error.kind()) => Err(error),
        _ => Ok(()),
    }
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Deletes what a crash may have left: partial tiles that are not the current checkpoint's, and
/// a checkpoint that never took its name.
pub(super) fn sweep(folder: &Path, current: &HashSet<TilePath>) -> io::Result<()> {
    remove_if_there(&folder.join(CHECKPOINT_DRAFT_FILE))?;
    let mut stale = Vec::new();
    find_partial(folder, Path::new(TILE_FOLDER), &mut stale)?;
    stale.retain(|path| !current.contains(path));
    stale.iter().try_for_each(|path| remove_tile(folder, path))
}

fn find_partial(folder: &Path, within: &Path, found: &mut Vec<TilePath>) -> io::Result<()> {
    let children = match fs::read_dir(folder.join(within)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        children => children?,
    };
    for child in children {
        let child = child?;
        let path = within.join(child.file_name());
        if child.file_type()?.is_dir() {
            find_partial(folder, &path, found)?;
        } else if let Some(tile) = path.to_str().and_then(|text| TilePath::parse(text).ok())
            && !tile.is_full()
        {
            found.push(tile);
        }
    }
    Ok(())
}
