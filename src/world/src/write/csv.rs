//! CSV, in the platform's own dialect and in that of the Transparency Database's dumps.

use std::io;
use std::marker::PhantomData;

use csv::WriterBuilder;
use domain::{Date, Timestamp};

use super::{RowFile, Sink};
use crate::record::{Cell, Cents, Column};

/// How a dialect writes times.
pub(crate) trait Dialect {
    /// A day.
    fn date(day: Date) -> String;
    /// A moment.
    fn moment(moment: Timestamp) -> String;
}

/// The platform's own: ISO 8601 days and RFC 3339 moments.
pub(crate) struct Plain;

impl Dialect for Plain {
    fn date(day: Date) -> String {
        day.to_string()
    }

    fn moment(moment: Timestamp) -> String {
        moment.to_string()
    }
}

/// That of the dumps: `2026-10-01 00:00:00` for a day too, and no part of a second.
pub(crate) struct Dump;

impl Dialect for Dump {
    fn date(day: Date) -> String {
        format!("{day} 00:00:00")
    }

    fn moment(moment: Timestamp) -> String {
        let second = moment.unix_s().rem_euclid(24 * 3600);
        let [hour, minute, second] = [second / 3600, second / 60 % 60, second % 60];
        format!("{} {hour:02}:{minute:02}:{second:02}", moment.date())
    }
}

/// A CSV file with a header line.
pub(crate) struct CsvFile<D> {
    writer: csv::Writer<Sink>,
    dialect: PhantomData<D>,
}

/// Bytes that a CSV writer holds before it hands them on; the sink below holds the rest.
const ROW_BYTES: usize = 4 * 1024;

impl<D: Dialect> CsvFile<D> {
    /// Begins a file with its header line.
    pub(crate) fn begin(sink: Sink, columns: &'static [Column]) -> io::Result<Self> {
        let mut builder = WriterBuilder::new();
        let mut writer = builder.has_headers(false).buffer_capacity(ROW_BYTES).from_writer(sink);
        writer.write_record(columns.iter().map(|(name, _)| name))?;
        Ok(Self { writer, dialect: PhantomData })
    }
}

impl<D: Dialect> RowFile for CsvFile<D> {
    fn write(&mut self, cells: &[Cell<'_>]) -> io::Result<()> {
        for cell in cells {
            match cell {
                Cell::Null => self.writer.write_field("")?,
                Cell::Text(text) => self.writer.write_field(text)?,
                Cell::Integer(number) => self.writer.write_field(number.to_string())?,
                Cell::Boolean(true) => self.writer.write_field("true")?,
                Cell::Boolean(false) => self.writer.write_field("false")?,
                Cell::Decimal(amount) => self.writer.write_field(decimal(*amount))?,
                Cell::Number(number) => self.writer.write_field(number.to_string())?,
                Cell::Date(day) => self.writer.write_field(D::date(*day))?,
                Cell::Moment(moment) => self.writer.write_field(D::moment(*moment))?,
                Cell::Texts(texts) => self.writer.write_field(serde_json::to_vec(texts)?)?,
            }
        }
        self.writer.write_record(None::<&[u8]>)?;
        Ok(())
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        let sink = self.writer.into_inner().map_err(csv::IntoInnerError::into_error)?;
        sink.finish()
    }
}

/// An amount with its point.
pub(crate) fn decimal(amount: Cents) -> String {
    format!("{}.{:02}", amount.0 / 100, amount.0 % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dump_writes_days_and_moments_as_the_commission_does() {
        let moment = Timestamp::parse("2026-10-05T07:08:09.5Z").unwrap();

        assert_eq!(Dump::moment(moment), "2026-10-05 07:08:09");
        assert_eq!(Dump::date(moment.date()), "2026-10-05 00:00:00");
        assert_eq!(decimal(Cents(1205)), "12.05");
    }
}
