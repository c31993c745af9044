//! Comma-separated values: RFC 4180, and what PHP writes instead.
//!
//! PHP's `fputcsv` doubles a quote within quotes, but not one that follows a backslash. So in
//! the Commission's dumps `\"` may be a quote of the text or the end of a field that ends in a
//! backslash. A row is read as RFC 4180 has it; only if it then has not as many fields as the
//! header, it is read the other ways. Rows of dumps stand on one line each.
//!
//! # Invariant
//! A row has as many cells as the header has columns, or it is rejected.

use memchr::{memchr, memchr_iter, memchr3};

use super::blocks::RecordEnd;
use super::cells::{Cells, CellsBuilder, Kind};
use super::encoding::NotText;
use crate::failure::Unfit;
use crate::rejects::Flaws;
use crate::rule::Rule;

/// Most columns that a header may have.
const COLUMNS_MAX: usize = 4_096;

/// Which CSV it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// RFC 4180.
    Standard,
    /// What PHP's `fputcsv` writes, one row a line.
    Php,
}

impl Dialect {
    /// Where its records end.
    pub(crate) fn record_end(self) -> RecordEnd {
        match self {
            Self::Standard => RecordEnd::UnquotedLine,
            Self::Php => RecordEnd::Line,
        }
    }
}

/// What a backslash before a quote means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Backslash {
    /// Nothing.
    Plain,
    /// The quote is one of the text.
    Escapes,
    /// The quote is one of the text unless a field could end there.
    EscapesWithin,
}

/// Why a record cannot be taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Malformed {
    /// A quote within a field that does not begin with one.
    StrayQuote,
    /// Something between the end of a quoted field and the next comma.
    AfterQuote,
    /// A quote that is never closed.
    Unclosed,
}

impl Malformed {
    fn detail(self) -> &'static str {
        match self {
            Self::StrayQuote => {
                "a quote stands within a field that is not quoted; put the field into quotes and \
                 double the quote"
            }
            Self::AfterQuote => {
                "something stands between a closing quote and the next comma; double a quote that \
                 belongs to the text"
            }
            Self::Unclosed => "a quote is opened and never closed",
        }
    }
}

/// Reads a header line; gives its names and where the rows begin.
///
/// # Errors
/// When it cannot be taken apart, or has too many columns.
pub(crate) fn header(text: &str) -> Result<(Vec<String>, usize), Unfit> {
    use super::cells::Column as _;
    let mut row = CellsBuilder::new(0);
    let (end, result) =
        Record { text, end: text.len(), backslash: Backslash::Plain }.read(0, &mut row);
    result.map_err(|malformed| Unfit::new(Rule::Header, malformed.detail()).at_line(1))?;
    let width = row.row_width();
    if COLUMNS_MAX < width {
        let detail = format!("the header has more than {COLUMNS_MAX} columns");
        return Err(Unfit::new(Rule::Header, detail).at_line(1));
    }
    let mut header = CellsBuilder::new(width);
    let _ = Record { text, end: text.len(), backslash: Backslash::Plain }.read(0, &mut header);
    header.end_row(0, 1);
    let (cells, _) = header.finish(text.to_owned());
    let names = (0..width).map(|place| cells.column(place).cell(0).text.to_owned());
    Ok((names.collect(), end))
}

/// Takes a block of whole records apart.
pub(crate) fn take_apart(
    text: String,
    not_text: &[(usize, NotText)],
    first_line: u64,
    width: usize,
    dialect: Dialect,
) -> (Cells, Flaws) {
    let mut rows = CellsBuilder::new(width);
    let bytes = text.as_bytes();
    let mut at = 0;
    let mut line = first_line;
    while at < bytes.len() {
        let blank = blank_line(&bytes[at..]);
        if 0 < blank {
            at += blank;
            line += 1;
            continue;
        }
        let (end, result) = match dialect {
            Dialect::Standard => standard(&text, at, &mut rows, width),
            Dialect::Php => php(&text, at, &mut rows, width),
        };
        match result {
            Ok(()) => rows.end_row(at, line),
            Err(detail) => rows.end_unreadable(at, line, Rule::Format, detail),
        }
        line += memchr_iter(b'\n', &bytes[at..end]).count() as u64;
        at = end;
    }
    let (cells, mut flaws) = rows.finish(text);
    for (offset, why) in not_text {
        if let Some(row) = cells.row_of(*offset) {
            flaws.unreadable(row, Rule::Encoding, || why.detail().to_owned());
        }
    }
    (cells, flaws)
}

/// How many bytes a blank line has, if one stands here.
fn blank_line(bytes: &[u8]) -> usize {
    match bytes {
        [b'\n', ..] => 1,
        [b'\r', b'\n', ..] => 2,
        [b'\r'] => 1,
        _ => 0,
    }
}

/// Reads one record as RFC 4180 has it; gives where the next one begins.
fn standard(
    text: &str,
    at: usize,
    rows: &mut CellsBuilder,
    width: usize,
) -> (usize, Result<(), String>) {
    let record = Record { text, end: text.len(), backslash: Backslash::Plain };
    let (end, result) = record.read(at, rows);
    (end, verdict(result, rows, width))
}

/// Reads one line as PHP may have written it; gives where the next one begins.
fn php(
    text: &str,
    at: usize,
    rows: &mut CellsBuilder,
    width: usize,
) -> (usize, Result<(), String>) {
    let bytes = text.as_bytes();
    let end = memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |length| at + length + 1);
    let mut first = None;
    for backslash in [Backslash::Plain, Backslash::Escapes, Backslash::EscapesWithin] {
        let rewritten = rows.rewriting().len();
        let (_, result) = Record { text, end, backslash }.read(at, rows);
        let verdict = verdict(result, rows, width);
        if verdict.is_ok() {
            return (end, verdict);
        }
        rows.discard_row();
        rows.rewriting().truncate(rewritten);
        first.get_or_insert(verdict);
    }
    (end, first.unwrap_or(Ok(())))
}

/// Whether a record was taken apart into as many cells as there are columns.
fn verdict(result: Result<(), Malformed>, rows: &CellsBuilder, width: usize) -> Result<(), String> {
    match (result, rows.row_width()) {
        (Err(malformed), _) => Err(malformed.detail().to_owned()),
        (Ok(()), found) if found == width => Ok(()),
        (Ok(()), found) => Err(format!("it has {found} fields where the header has {width}")),
    }
}

/// A record being read.
struct Record<'a> {
    text: &'a str,
    /// Where it ends at the latest.
    end: usize,
    backslash: Backslash,
}

impl Record<'_> {
    /// Reads the fields from a position on; gives where the next record begins.
    fn read(&self, start: usize, rows: &mut CellsBuilder) -> (usize, Result<(), Malformed>) {
        let bytes = &self.text.as_bytes()[..self.end];
        let mut at = start;
        loop {
            let field = if bytes.get(at) == Some(&b'"') {
                self.quoted(at + 1, rows)
            } else {
                Self::plain(bytes, at, rows)
            };
            match field {
                Ok(end) => match bytes.get(end) {
                    Some(b',') => at = end + 1,
                    Some(b'\r') => return (self.end.min(end + 2), Ok(())),
                    Some(_) => return (end + 1, Ok(())),
                    None => return (self.end, Ok(())),
                },
                Err((malformed, at)) => {
                    let rest = memchr(b'\n', &bytes[at..]);
                    return (rest.map_or(self.end, |length| at + length + 1), Err(malformed));
                }
            }
        }
    }

    /// Reads a field without quotes; gives where it ends.
    fn plain(
        bytes: &[u8],
        start: usize,
        rows: &mut CellsBuilder,
    ) -> Result<usize, (Malformed, usize)> {
        let end = memchr3(b',', b'\n', b'"', &bytes[start..]).map_or(bytes.len(), |at| start + at);
        let end = match bytes.get(end) {
            Some(b'"') => return Err((Malformed::StrayQuote, end)),
            Some(b',') => end,
            // The carriage return before a line feed belongs to the line's end.
            _ if start < end && bytes[end - 1] == b'\r' => end - 1,
            _ => end,
        };
        rows.push(Kind::Text, start, end);
        Ok(end)
    }

    /// Reads a field in quotes, from behind its opening quote; gives where it ends.
    fn quoted(&self, open: usize, rows: &mut CellsBuilder) -> Result<usize, (Malformed, usize)> {
        let bytes = &self.text.as_bytes()[..self.end];
        let rewritten = rows.rewriting().len();
        let mut copied = open;
        let mut at = open;
        let close = loop {
            let Some(quote) = memchr(b'"', &bytes[at..]).map(|length| at + length) else {
                return Err((Malformed::Unclosed, at));
            };
            if self.is_of_the_text(bytes, open, quote) {
                at = quote + 1;
            } else if bytes.get(quote + 1) == Some(&b'"') {
                rows.rewriting().push_str(&self.text[copied..=quote]);
                copied = quote + 2;
                at = copied;
            } else {
                break quote;
            }
        };
        if copied == open {
            rows.push(Kind::Text, open, close);
        } else {
            rows.rewriting().push_str(&self.text[copied..close]);
            rows.push_rewritten(Kind::Text, rewritten);
        }
        if could_end(bytes, close + 1) {
            Ok(close + 1)
        } else {
            Err((Malformed::AfterQuote, close + 1))
        }
    }

    /// Whether a quote is one of the text because of the backslash before it.
    fn is_of_the_text(&self, bytes: &[u8], open: usize, quote: usize) -> bool {
        let follows_backslash = open < quote && bytes[quote - 1] == b'\\';
        follows_backslash
            && match self.backslash {
                Backslash::Plain => false,
                Backslash::Escapes => true,
                // PHP puts no space behind a comma, and quotes what begins with one.
                Backslash::EscapesWithin => {
                    !could_end(bytes, quote + 1) || bytes[quote + 1..].starts_with(b", ")
                }
            }
    }
}

/// Whether a field could end here: a comma, a line's end, or nothing, comes next.
fn could_end(bytes: &[u8], at: usize) -> bool {
    matches!(&bytes[at.min(bytes.len())..], [] | [b',' | b'\n', ..] | [b'\r', b'\n', ..] | [b'\r'])
}

#[cfg(test)]
mod tests {
    use super::super::cells::Column as _;
    use super::*;

    fn rows(text: &str, width: usize, dialect: Dialect) -> Vec<Result<Vec<String>, u64>> {
        let (cells, flaws) = take_apart(text.to_owned(), &[], 1, width, dialect);
        let row = |row: usize| {
            if flaws.is_rejected(row) {
                return Err(cells.lines()[row]);
            }
            Ok((0..width).map(|place| cells.column(place).cell(row).text.to_owned()).collect())
        };
        (0..cells.rows()).map(row).collect()
    }

    fn row(text: &str, dialect: Dialect) -> Result<Vec<String>, u64> {
        let width = 3;
        rows(text, width, dialect).remove(0)
    }

    #[test]
    fn quoted_and_plain_fields_mix_in_one_row() {
        for dialect in [Dialect::Standard, Dialect::Php] {
            assert_eq!(row("a,\"b c\",d", dialect).unwrap(), ["a", "b c", "d"]);
            assert_eq!(row(",\"\",\"a\"\"b\"\n", dialect).unwrap(), ["", "", "a\"b"]);
            assert_eq!(row("\"[\"\"X\"\"]\",1,2\r\n", dialect).unwrap(), ["[\"X\"]", "1", "2"]);
            assert_eq!(row("a,b,c\r", dialect).unwrap(), ["a", "b", "c"]);
            assert_eq!(row("a,b,\"c\"\r", dialect).unwrap(), ["a", "b", "c"]);
            assert_eq!(row("a,b,", dialect).unwrap(), ["a", "b", ""]);
        }
    }

    #[test]
    fn a_backslash_means_nothing_in_standard_csv() {
        let read = row(r#""a\","{""k"":""x\\"",""l"":1}",c"#, Dialect::Standard).unwrap();

        assert_eq!(read, [r"a\", r#"{"k":"x\\","l":1}"#, "c"]);
    }

    #[test]
    fn a_quote_after_a_backslash_is_read_as_php_wrote_it() {
        assert_eq!(row(r#""say \"hi\" now",b,c"#, Dialect::Php).unwrap()[0], r#"say \"hi\" now"#);
        assert_eq!(row(r#""a \"b, c",d,e"#, Dialect::Php).unwrap()[0], r#"a \"b, c"#);
        assert_eq!(row(r#""path\",b,c"#, Dialect::Php).unwrap()[0], r"path\");
        let both = row(r#""path\","x \"y z",c"#, Dialect::Php).unwrap();
        assert_eq!(both, [r"path\", r#"x \"y z"#, "c"]);
        let mixed = row(r#""a ""b"" \"c\" d",e,f"#, Dialect::Php).unwrap();
        assert_eq!(mixed[0], r#"a "b" \"c\" d"#);
    }

    #[test]
    fn a_line_break_within_quotes_belongs_to_the_text() {
        let read = rows("a,\"b\nc\",d\n\ne,f,g\nx\n", 3, Dialect::Standard);

        assert_eq!(read[0].as_ref().unwrap()[1], "b\nc");
        assert_eq!(read[1].as_ref().unwrap(), &["e", "f", "g"]);
        assert_eq!(read[2], Err(5));
    }

    #[test]
    fn a_row_that_cannot_be_taken_apart_does_not_spoil_the_next() {
        for (text, line) in [
            ("a,b\nc,d,e\n", 1),
            ("a,5\" x,b\nc,d,e\n", 1),
            ("a,\"b\"x,c\nc,d,e\n", 1),
            ("a,b,c,d\nc,d,e\n", 1),
        ] {
            let read = rows(text, 3, Dialect::Standard);
            assert_eq!(read[0], Err(line), "{text}");
            assert_eq!(read[1].as_ref().unwrap(), &["c", "d", "e"], "{text}");
        }
        let read = rows("a,\"b,c\nc,d,e\n", 3, Dialect::Php);
        assert_eq!(read[0], Err(1));
        assert!(read[1].is_ok());
    }

    #[test]
    fn a_header_gives_its_names_and_where_rows_begin() {
        let (names, end) = header("uuid,\"a b\",c\r\n1,2,3\n").unwrap();

        assert_eq!(names, ["uuid", "a b", "c"]);
        assert_eq!(end, "uuid,\"a b\",c\r\n".len());
        assert!(header("a\"b\n").is_err());
        assert!(header(&",".repeat(COLUMNS_MAX)).is_err());
    }

    #[test]
    fn rows_that_are_not_text_are_rejected_alone() {
        let (cells, flaws) =
            take_apart("a,b\nc,d\n".to_owned(), &[(5, NotText::Nul)], 2, 2, Dialect::Standard);

        assert_eq!(cells.rows(), 2);
        assert!(!flaws.is_rejected(0) && flaws.is_unreadable(1));
    }
}
