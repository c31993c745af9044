//! Writes a world: a folder for each dataset, in the formats that a platform's systems use.
//!
//! # Shape
//! ```text
//! traders/traders.csv
//! listings/listings-00000.ndjson.gz
//! ads/ads.parquet
//! moderation_actions/moderation_actions-2026-10-00000.csv
//! statements_of_reasons/sor-global-2026-10-31-full-00000-00000.csv.gz
//! ```

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use domain::{DatasetName, Date};

use crate::ads::Ad;
use crate::listings::Status;
use crate::marketplace::Marketplace;
use crate::moderation_actions::Action;
use crate::settings::{InvalidSpan, WorldSettings};
use crate::statements::Statement;
use crate::write::csv::{CsvTable, Dump, Plain};
use crate::write::ndjson::NdjsonTable;
use crate::write::parquet::ParquetTable;
use crate::write::parts::Parts;

/// Why a world was not written.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    /// The settings describe no world.
    #[error(transparent)]
    Span(#[from] InvalidSpan),
    /// The folder holds something already, which is left as it is.
    #[error("the folder {} is not empty", path.display())]
    NotEmpty {
        /// The folder.
        path: PathBuf,
    },
    /// A file or folder could not be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// How far the writing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorldProgress {
    /// Rows written so far.
    pub rows: u64,
    /// About how many there will be.
    pub rows_expected: u64,
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorldReport {
    /// The day whose state it shows.
    pub as_of: Date,
    /// One delivery for each dataset, in an order in which references are there when they are needed
    /// as far as they can be.
    pub deliveries: Vec<Delivery>,
}

impl WorldReport {
    /// Rows of all datasets.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.deliveries.iter().map(|delivery| delivery.rows).sum()
    }
}

/// The files of one dataset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The dataset.
    pub dataset: DatasetName,
    /// Its folder, which holds nothing else.
    pub folder: PathBuf,
    /// The files in it, in the order of their names.
    pub files: Vec<PathBuf>,
    /// Their rows.
    pub rows: u64,
}

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

/// Writes what a marketplace delivers.
pub(crate) fn deliver(
    marketplace: &Marketplace,
    out: &Path,
    on_progress: &mut dyn FnMut(WorldProgress),
) -> Result<WorldReport, GenerateError> {
    prepare(out)?;
    let mut tables = Tables::create(out)?;
    let mut counter = Counter::new(marketplace, on_progress);
    write_traders(marketplace, &mut tables, &mut counter)?;
    write_ads(marketplace, &mut tables, &mut counter)?;
    for statement in marketplace.foreign_statements() {
        tables.statement(&statement)?;
        counter.add(1);
    }
    counter.tell();
    Ok(WorldReport { as_of: marketplace.span.until.date(), deliveries: tables.finish()? })
}

/// Writes traders with their listings, and the decisions on both.
fn write_traders(
    marketplace: &Marketplace,
    tables: &mut Tables,
    counter: &mut Counter<'_>,
) -> Result<(), GenerateError> {
    for number in 0..marketplace.sizes.traders {
        let trader = marketplace.trader(number);
        let mut active_listings = 0;
        for number in marketplace.listings_of(number) {
            let listing = marketplace.listing_of(&trader, number);
            active_listings += i64::from(listing.state.0 == Status::Active);
            tables.listings.write(&listing)?;
            counter.add(1 + tables.actions(&listing.history)?);
        }
        tables.traders.write(&marketplace.trader_row(&trader, active_listings))?;
        counter.add(1 + tables.actions(&trader.action)?);
    }
    Ok(())
}

/// Writes advertisements and the decisions on them.
fn write_ads(
    marketplace: &Marketplace,
    tables: &mut Tables,
    counter: &mut Counter<'_>,
) -> Result<(), GenerateError> {
    for number in 0..marketplace.sizes.ads {
        let ad: Ad = marketplace.ad(number);
        tables.ads.write(&ad)?;
        counter.add(1 + tables.actions(&ad.action)?);
    }
    Ok(())
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

/// The files that are open; a table that comes in periods has some for each.
struct Tables {
    out: PathBuf,
    traders: Parts<CsvTable<Plain>>,
    listings: Parts<NdjsonTable>,
    ads: Parts<ParquetTable>,
    months: BTreeMap<String, Parts<CsvTable<Plain>>>,
    days: BTreeMap<Date, Parts<CsvTable<Dump>>>,
}

/// The datasets of this world, in the order of publishing.
const DATASETS: [&str; 5] =
    ["traders", "statements_of_reasons", "moderation_actions", "listings", "ads"];
/// Rows of a file of a delivery, where the format has no custom of its own.
const PART_ROWS_MAX: u64 = 1_000_000;
/// Rows of one CSV file of a dump: the Commission's own number.
const DUMP_PART_ROWS_MAX: u64 = 100_000;
/// CSV files of one archive of a dump, likewise: 1 000 000 rows.
const DUMP_PARTS_MAX: u64 = 1_000_000 / DUMP_PART_ROWS_MAX;

impl Tables {
    fn create(out: &Path) -> Result<Self, GenerateError> {
        for dataset in DATASETS {
            let path = out.join(dataset);
            fs::create_dir(&path).map_err(|source| GenerateError::Write { path, source })?;
        }
        let whole = |dataset, name: &'static str| {
            Parts::new(&out.join(dataset), u64::MAX, move |_| name.to_owned())
        };
        let listings = |part| format!("listings-{part:05}.ndjson.gz");
        Ok(Self {
            out: out.to_owned(),
            traders: whole("traders", "traders.csv"),
            listings: Parts::new(&out.join("listings"), PART_ROWS_MAX, listings),
            ads: Parts::new(&out.join("ads"), u64::MAX, |_| "ads.parquet".to_owned()),
            months: BTreeMap::new(),
            days: BTreeMap::new(),
        })
    }

    /// Writes decisions and their statements; gives back how many rows that were.
    fn actions<'a>(
        &mut self,
        actions: impl IntoIterator<Item = &'a Action>,
    ) -> Result<u64, GenerateError> {
        let mut rows = 0;
        for action in actions {
            let month = action.decided_at.date().format("%Y-%m").to_string();
            let folder = self.out.join("moderation_actions");
            let table = self.months.entry(month).or_insert_with_key(|month| {
                let stem = format!("moderation_actions-{month}");
                Parts::new(&folder, PART_ROWS_MAX, move |part| format!("{stem}-{part:05}.csv"))
            });
            table.write(action)?;
            rows += 1;
            if let Some(statement) = Statement::of(action) {
                self.statement(&statement)?;
                rows += 1;
            }
        }
        Ok(rows)
    }

    /// Writes a statement into the dump of its day.
    fn statement(&mut self, statement: &Statement) -> Result<(), GenerateError> {
        let folder = self.out.join("statements_of_reasons");
        let table = self.days.entry(statement.created_at.date()).or_insert_with_key(|day| {
            let stem = format!("sor-global-{day}-full");
            Parts::new(&folder, DUMP_PART_ROWS_MAX, move |part| {
                let (archive, part) = (part / DUMP_PARTS_MAX, part % DUMP_PARTS_MAX);
                format!("{stem}-{archive:05}-{part:05}.csv.gz")
            })
        });
        table.write(statement)
    }

    /// Ends all files.
    fn finish(self) -> Result<Vec<Delivery>, GenerateError> {
        let written = [
            self.traders.finish()?,
            joined(self.days.into_values().map(Parts::finish))?,
            joined(self.months.into_values().map(Parts::finish))?,
            self.listings.finish()?,
            self.ads.finish()?,
        ];
        let deliveries =
            DATASETS.into_iter().zip(written).map(|(dataset, (files, rows))| Delivery {
                dataset: DatasetName::parse(dataset)
                    .expect("invariant: our names are dataset names"),
                folder: self.out.join(dataset),
                files,
                rows,
            });
        Ok(deliveries.collect())
    }
}

/// The files and rows of a table that comes in periods.
fn joined(
    periods: impl Iterator<Item = Result<(Vec<PathBuf>, u64), GenerateError>>,
) -> Result<(Vec<PathBuf>, u64), GenerateError> {
    let (mut files, mut rows) = (Vec::new(), 0);
    for period in periods {
        let (of_period, count) = period?;
        files.extend(of_period);
        rows += count;
    }
    Ok((files, rows))
}

/// Counts rows and tells of them now and then.
struct Counter<'a> {
    progress: WorldProgress,
    told: u64,
    on_progress: &'a mut dyn FnMut(WorldProgress),
}

impl<'a> Counter<'a> {
    /// Rows between two tellings.
    const STEP: u64 = 5_000;

    fn new(marketplace: &Marketplace, on_progress: &'a mut dyn FnMut(WorldProgress)) -> Self {
        let sizes = marketplace.sizes;
        // Decisions are about a fifth of the listings, and nearly each has a statement.
        let rows_expected =
            sizes.traders + sizes.ads + sizes.listings * 7 / 5 + sizes.foreign_statements;
        Self { progress: WorldProgress { rows: 0, rows_expected }, told: 0, on_progress }
    }

    fn add(&mut self, rows: u64) {
        self.progress.rows += rows;
        if Self::STEP <= self.progress.rows - self.told {
            self.tell();
        }
    }

    fn tell(&mut self) {
        self.told = self.progress.rows;
        (self.on_progress)(self.progress);
    }
}
