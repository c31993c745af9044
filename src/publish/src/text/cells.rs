//! A block taken apart: one cell for each row and source column.
//!
//! # Invariant
//! Every cell points into the block's own text, at character boundaries.

use crate::rejects::Flaws;

/// What a cell holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Nothing.
    Missing,
    /// Text: of CSV, anything.
    Text,
    /// A JSON number.
    Number,
    /// A JSON `true` or `false`.
    Truth,
    /// A JSON array of texts, as canonical JSON.
    List,
    /// A JSON value that no column can hold: an object, or an array of other things.
    Other,
    /// Bytes that are not text.
    Bytes,
}

/// One value of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cell<'a> {
    /// What it is.
    pub(crate) kind: Kind,
    /// Its text; empty where there is none.
    pub(crate) text: &'a str,
}

/// A column of a source's values.
pub(crate) trait Column {
    /// How many there are.
    fn rows(&self) -> usize;

    /// The value of a row.
    fn cell(&self, row: usize) -> Cell<'_>;
}

/// Where a cell's text lies.
#[derive(Clone, Copy, Debug)]
struct Span {
    start: u32,
    length: u32,
    kind: Kind,
    /// Whether it lies in the text that had to be rewritten.
    is_rewritten: bool,
}

/// A block taken apart.
#[derive(Debug)]
pub(crate) struct Cells {
    text: String,
    /// Values that do not stand in the source as they are: quotes undoubled, escapes resolved.
    rewritten: String,
    spans: Vec<Span>,
    width: usize,
    /// Where each row starts in the text.
    starts: Vec<u32>,
    /// The line each row starts at.
    lines: Vec<u64>,
}

impl Cells {
    /// How many rows there are.
    pub(crate) fn rows(&self) -> usize {
        self.lines.len()
    }

    /// The lines that rows start at.
    pub(crate) fn lines(&self) -> &[u64] {
        &self.lines
    }

    /// The row that a byte of the text lies in.
    pub(crate) fn row_of(&self, offset: usize) -> Option<usize> {
        self.starts.partition_point(|start| *start as usize <= offset).checked_sub(1)
    }

    /// The cells of one column.
    pub(crate) fn column(&self, place: usize) -> CellColumn<'_> {
        CellColumn { cells: self, place }
    }

    fn span_text(&self, span: Span) -> &str {
        let text = if span.is_rewritten { &self.rewritten } else { &self.text };
        &text[span.start as usize..(span.start + span.length) as usize]
    }
}

/// One column of a block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CellColumn<'a> {
    cells: &'a Cells,
    place: usize,
}

impl Column for CellColumn<'_> {
    fn rows(&self) -> usize {
        self.cells.rows()
    }

    fn cell(&self, row: usize) -> Cell<'_> {
        let span = self.cells.spans[row * self.cells.width + self.place];
        Cell { kind: span.kind, text: self.cells.span_text(span) }
    }
}

/// Puts the rows of a block together.
#[derive(Debug)]
pub(crate) struct CellsBuilder {
    rewritten: String,
    spans: Vec<Span>,
    width: usize,
    starts: Vec<u32>,
    lines: Vec<u64>,
    /// Rows that could not be taken apart, and why.
    unreadable: Vec<(usize, crate::rule::Rule, String)>,
}

/// A position in a block; blocks are far smaller than 4 GiB.
fn offset(position: usize) -> u32 {
    u32::try_from(position).expect("invariant: a block is smaller than 4 GiB")
}

impl CellsBuilder {
    /// No rows yet, of so many columns.
    pub(crate) fn new(width: usize) -> Self {
        Self {
            rewritten: String::new(),
            spans: Vec::new(),
            width,
            starts: Vec::new(),
            lines: Vec::new(),
            unreadable: Vec::new(),
        }
    }

    /// Adds a cell that stands in the block's text.
    pub(crate) fn push(&mut self, kind: Kind, start: usize, end: usize) {
        let span = Span {
            start: offset(start),
            length: offset(end - start),
            kind: if start == end && kind == Kind::Text { Kind::Missing } else { kind },
            is_rewritten: false,
        };
        self.spans.push(span);
    }

    /// Adds a cell without a value.
    pub(crate) fn push_missing(&mut self) {
        self.push(Kind::Missing, 0, 0);
    }

    /// Where rewritten text would begin that is added now.
    pub(crate) fn rewriting(&mut self) -> &mut String {
        &mut self.rewritten
    }

    /// Adds a cell whose text has been added to [`Self::rewriting`] since it had a length.
    pub(crate) fn push_rewritten(&mut self, kind: Kind, start: usize) {
        self.push(kind, start, self.rewritten.len());
        if let Some(span) = self.spans.last_mut() {
            span.is_rewritten = true;
        }
    }

    /// Sets a cell of the row being built, whose cells are all there.
    pub(crate) fn set_from_last(&mut self, place: usize) {
        let row = self.starts.len() * self.width;
        if let Some(span) = self.spans.pop() {
            self.spans[row + place] = span;
        }
    }

    /// How many cells the row being built has.
    pub(crate) fn row_width(&self) -> usize {
        self.spans.len() - self.starts.len() * self.width
    }

    /// Takes back the cells of the row being built.
    pub(crate) fn discard_row(&mut self) {
        self.spans.truncate(self.starts.len() * self.width);
    }

    /// Gives the row being built as many empty cells as there are columns.
    pub(crate) fn fill_row(&mut self) {
        self.discard_row();
        for _ in 0..self.width {
            self.push_missing();
        }
    }

    /// Ends the row being built, which has as many cells as there are columns.
    pub(crate) fn end_row(&mut self, start: usize, line: u64) {
        debug_assert_eq!(self.row_width(), self.width, "a row has a cell for each column");
        self.starts.push(offset(start));
        self.lines.push(line);
    }

    /// Ends the row being built as one that could not be taken apart.
    pub(crate) fn end_unreadable(
        &mut self,
        start: usize,
        line: u64,
        rule: crate::rule::Rule,
        detail: String,
    ) {
        self.fill_row();
        self.unreadable.push((self.starts.len(), rule, detail));
        self.end_row(start, line);
    }

    /// The block, and the flaws of rows that could not be taken apart.
    pub(crate) fn finish(self, text: String) -> (Cells, Flaws) {
        let mut flaws = Flaws::none(self.lines.len());
        for (row, rule, detail) in self.unreadable {
            flaws.unreadable(row, rule, || detail);
        }
        let Self { rewritten, spans, width, starts, lines, .. } = self;
        (Cells { text, rewritten, spans, width, starts, lines }, flaws)
    }
}
