//! The files of all editions while they are being written.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs;
use std::path::{Path, PathBuf};

use domain::{DatasetName, Date};

use super::report::{Delivery, EditionReport, GenerateError, WorldProgress};
use super::tables::{GROUPS, tables};
use crate::ads::AdTruths;
use crate::detectors::DetectionTally;
use crate::enforcement::Enforcement;
use crate::marketplace::Marketplace;
use crate::monitoring::tally::Tally;
use crate::record::Record;
use crate::sanctions::Career;
use crate::seen::Seen;
use crate::table::Table;
use crate::truths::Truths;
use crate::write::parts::Parts;

/// Takes each row of the world once and writes it into every edition that knows of it.
pub(crate) struct Desk<'a> {
    editions: Vec<Edition>,
    /// What is true of the newest edition, as its groups state it.
    pub(crate) truths: Truths,
    /// What happened, month by month.
    pub(crate) tally: Tally,
    /// The decisions that detectors led to.
    pub(crate) detections: DetectionTally,
    /// What is true of advertisements.
    pub(crate) ads: AdTruths,
    /// What is true of notices, decisions and sanctions.
    pub(crate) enforcement: Enforcement,
    /// What was held against the trader at hand.
    pub(crate) career: Career,
    progress: WorldProgress,
    told: u64,
    on_progress: &'a mut dyn FnMut(WorldProgress),
}

impl<'a> Desk<'a> {
    /// Rows between two tellings of progress.
    const STEP: u64 = 5_000;

    /// Makes the folders of all editions.
    pub(super) fn create(
        marketplace: &Marketplace,
        out: &Path,
        on_progress: &'a mut dyn FnMut(WorldProgress),
    ) -> Result<Self, GenerateError> {
        let edition = |seen: &Seen| Edition::create(*seen, out);
        let editions = marketplace.editions.iter().map(edition).collect::<Result<_, _>>()?;
        let rows_expected = GROUPS.iter().map(|group| (group.rows_expected)(marketplace)).sum();
        let progress = WorldProgress { rows: 0, rows_expected };
        Ok(Self {
            editions,
            truths: Truths::default(),
            tally: Tally::new(marketplace.editions),
            detections: DetectionTally::new(marketplace.editions),
            ads: AdTruths::default(),
            enforcement: Enforcement::default(),
            career: Career::default(),
            progress,
            told: 0,
            on_progress,
        })
    }

    /// Writes a row into every edition that knows of it.
    pub(crate) fn write<R: Record>(&mut self, record: &R) -> Result<(), GenerateError> {
        for edition in &mut self.editions {
            if edition.seen.has(record.since()) {
                edition.write(record)?;
            }
        }
        let newest = self.editions.last();
        let is_there = newest.is_some_and(|edition| edition.seen.has(record.since()));
        self.progress.rows += u64::from(is_there);
        if Self::STEP <= self.progress.rows - self.told {
            self.tell();
        }
        Ok(())
    }

    /// Ends all files; gives back what the editions hold and what is true of the newest.
    pub(super) fn finish(mut self) -> Result<(Vec<EditionReport>, Truths), GenerateError> {
        self.tell();
        self.enforcement.state(&mut self.truths);
        let editions = self.editions.into_iter().map(Edition::finish).collect::<Result<_, _>>()?;
        Ok((editions, self.truths))
    }

    fn tell(&mut self) {
        self.told = self.progress.rows;
        (self.on_progress)(self.progress);
    }
}

/// The files of one table, by the first day of their period.
type Periods = BTreeMap<Option<Date>, Parts>;

/// One edition while it is being written.
struct Edition {
    seen: Seen,
    folder: PathBuf,
    tables: BTreeMap<&'static str, Periods>,
}

impl Edition {
    fn create(seen: Seen, out: &Path) -> Result<Self, GenerateError> {
        let folder = out.join("editions").join(seen.at.date().to_string());
        make(&folder)?;
        Ok(Self { seen, folder, tables: BTreeMap::new() })
    }

    fn write<R: Record>(&mut self, record: &R) -> Result<(), GenerateError> {
        let table = R::TABLE;
        let period = table.files.period(record.since().date());
        let periods = self.tables.entry(table.dataset).or_default();
        let parts = match periods.entry(period) {
            Entry::Occupied(parts) => parts.into_mut(),
            Entry::Vacant(place) => {
                let folder = self.folder.join(table.dataset);
                make(&folder)?;
                place.insert(Parts::new(&folder, table, period))
            }
        };
        parts.write(&record.cells(self.seen))
    }

    fn finish(mut self) -> Result<EditionReport, GenerateError> {
        let mut deliveries = Vec::new();
        for table in tables() {
            // Of what has not happened yet, there is no folder.
            if let Some(periods) = self.tables.remove(table.dataset) {
                deliveries.push(delivery(table, &self.folder, periods)?);
            }
        }
        Ok(EditionReport { as_of: self.seen.at.date(), folder: self.folder, deliveries })
    }
}

/// Makes a folder where there is none.
fn make(folder: &Path) -> Result<(), GenerateError> {
    let failed = |source| GenerateError::Write { path: folder.to_owned(), source };
    fs::create_dir_all(folder).map_err(failed)
}

/// Ends the files of one table.
fn delivery(
    table: &'static Table,
    folder: &Path,
    periods: Periods,
) -> Result<Delivery, GenerateError> {
    let (mut files, mut rows) = (Vec::new(), 0);
    for parts in periods.into_values() {
        let (of_period, count) = parts.finish()?;
        files.extend(of_period);
        rows += count;
    }
    let dataset =
        DatasetName::parse(table.dataset).expect("invariant: our names are dataset names");
    Ok(Delivery { dataset, folder: folder.join(table.dataset), files, rows })
}
