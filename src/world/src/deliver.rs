//! Writes a world: a folder for each edition, in it a folder for each dataset, in the formats that a
//! platform's systems use; beside them what is true of the world.
//!
//! # Shape
//! ```text
//! editions/2026-10-01/traders/traders.csv
//! editions/2026-10-01/listings/listings-00000.ndjson.gz
//! editions/2026-11-01/moderation_actions/moderation_actions-2026-10-00000.csv
//! editions/2026-11-01/statements_of_reasons/sor-global-2026-10-31-full-00000-00000.csv.gz
//! truths.json
//! ```
//!
//! # Rooms
//! - `tables`: the list of what is written.
//! - `desk`: the files of all editions while they are being written.
//! - `report`: what was written.

mod desk;
mod report;
mod tables;

use std::fs;
use std::path::Path;

pub(crate) use self::desk::Desk;
pub use self::report::{Delivery, EditionReport, GenerateError, WorldProgress, WorldReport};
use self::tables::GROUPS;
pub(crate) use self::tables::Group;
#[cfg(test)]
pub(crate) use self::tables::tables;
use crate::marketplace::Marketplace;
use crate::settings::WorldSettings;
use crate::truths;

/// Writes a world into a folder that is empty or not there yet.
///
/// # Errors
/// [`GenerateError`]; what was written until then is left for a look.
pub fn generate(
    settings: &WorldSettings,
    out: &Path,
    mut on_progress: impl FnMut(WorldProgress),
) -> Result<WorldReport, GenerateError> {
    deliver(&Marketplace::new(settings)?, out, &mut on_progress)
}

/// The datasets that a world has, in the order of publishing.
pub fn datasets() -> impl Iterator<Item = &'static str> {
    tables::tables().map(|table| table.dataset)
}

/// Writes what a marketplace delivers.
pub(crate) fn deliver(
    marketplace: &Marketplace,
    out: &Path,
    on_progress: &mut dyn FnMut(WorldProgress),
) -> Result<WorldReport, GenerateError> {
    prepare(out)?;
    let mut desk = Desk::create(marketplace, out, on_progress)?;
    for group in GROUPS {
        (group.write)(marketplace, &mut desk)?;
    }
    let (editions, stated) = desk.finish()?;
    let path = out.join(truths::FILE);
    truths::write(&path, marketplace, &editions, &stated)?;
    Ok(WorldReport { editions, truths: path })
}

/// Makes the folder, or sees that it is empty.
fn prepare(out: &Path) -> Result<(), GenerateError> {
    let failed = |source| GenerateError::Write { path: out.to_owned(), source };
    fs::create_dir_all(out).map_err(failed)?;
    if fs::read_dir(out).map_err(failed)?.next().is_some() {
        return Err(GenerateError::NotEmpty { path: out.to_owned() });
    }
    Ok(())
}
