//! A table as the registry knows it: its dataset, its columns, its format and its files.

use domain::Date;

use crate::record::Column;

/// One table of the world.
#[derive(Debug)]
pub(crate) struct Table {
    /// The dataset.
    pub(crate) dataset: &'static str,
    /// The columns, in the order of a row's cells.
    pub(crate) columns: &'static [Column],
    /// The format of its files.
    pub(crate) format: Format,
    /// How its rows are dealt to files.
    pub(crate) files: Files,
}

/// The format of a file, by the end of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// CSV, in the platform's own dialect.
    Csv,
    /// The same, compressed.
    CsvGz,
    /// CSV, in the dialect of the Transparency Database's dumps, compressed.
    DumpGz,
    /// One JSON object a line.
    Ndjson,
    /// The same, compressed.
    NdjsonGz,
    /// Parquet.
    Parquet,
}

impl Format {
    /// What the names of its files end in.
    pub(crate) fn ending(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::CsvGz | Self::DumpGz => "csv.gz",
            Self::Ndjson => "ndjson",
            Self::NdjsonGz => "ndjson.gz",
            Self::Parquet => "parquet",
        }
    }
}

/// How the rows of a table are dealt to files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Files {
    /// All in one.
    One,
    /// Some after the other.
    Parts,
    /// By the month of their day.
    Months,
    /// By their day.
    Days,
    /// By their day, with the names of the Transparency Database's dumps.
    Dumps,
}

/// Rows of a file of a delivery, where the format has no custom of its own.
const PART_ROWS_MAX: u64 = 1_000_000;
/// Rows of one CSV file of a dump: the Commission's own number.
const DUMP_PART_ROWS_MAX: u64 = 100_000;
/// CSV files of one archive of a dump, likewise: 1 000 000 rows.
const DUMP_PARTS_MAX: u64 = 1_000_000 / DUMP_PART_ROWS_MAX;

impl Files {
    /// The most rows of one file.
    pub(crate) fn rows_max(self) -> u64 {
        match self {
            Self::One => u64::MAX,
            Self::Parts | Self::Months | Self::Days => PART_ROWS_MAX,
            Self::Dumps => DUMP_PART_ROWS_MAX,
        }
    }

    /// The first day of the period to whose files a row of a day belongs; none where there are none.
    pub(crate) fn period(self, day: Date) -> Option<Date> {
        match self {
            Self::One | Self::Parts => None,
            Self::Months => chrono::Datelike::with_day(&day, 1),
            Self::Days | Self::Dumps => Some(day),
        }
    }
}

impl Table {
    /// The name of a file: of a period, if the table has some, and of a place among its parts.
    pub(crate) fn file_name(&self, period: Option<Date>, part: u64) -> String {
        let (dataset, ending) = (self.dataset, self.format.ending());
        let period = period.unwrap_or_default();
        match self.files {
            Files::One => format!("{dataset}.{ending}"),
            Files::Parts => format!("{dataset}-{part:05}.{ending}"),
            Files::Months => format!("{dataset}-{}-{part:05}.{ending}", period.format("%Y-%m")),
            Files::Days => format!("{dataset}-{period}-{part:05}.{ending}"),
            Files::Dumps => {
                let (archive, part) = (part / DUMP_PARTS_MAX, part % DUMP_PARTS_MAX);
                format!("sor-global-{period}-full-{archive:05}-{part:05}.{ending}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_after_its_table_period_and_part() {
        let named = |files, format| {
            let table = Table { dataset: "notices", columns: &[], format, files };
            let day = Date::from_ymd_opt(2026, 10, 5).and_then(|day| files.period(day));
            table.file_name(day, 12)
        };

        assert_eq!(named(Files::One, Format::Parquet), "notices.parquet");
        assert_eq!(named(Files::Parts, Format::NdjsonGz), "notices-00012.ndjson.gz");
        assert_eq!(named(Files::Months, Format::Csv), "notices-2026-10-00012.csv");
        assert_eq!(named(Files::Days, Format::CsvGz), "notices-2026-10-05-00012.csv.gz");
        assert_eq!(
            named(Files::Dumps, Format::DumpGz),
            "sor-global-2026-10-05-full-00001-00002.csv.gz"
        );
    }
}
