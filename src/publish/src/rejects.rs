//! The reject report: what was wrong where, and how often.
//!
//! # Invariant
//! Each (file, column, rule) is named once, by its first row in reading order, whatever order
//! threads finish in; and no row is rejected without being counted.

use std::collections::BTreeMap;

use domain::ColumnName;
use domain::publication::{Reject, RejectReport};

use crate::failure::Unfit;
use crate::rule::Rule;

/// Kinds of flaw that a report names; more of them would help nobody.
const KINDS_MAX: usize = 1_000;

/// Characters of a value that a message shows.
const SHOWN_CHARACTERS_MAX: usize = 60;

/// What the rows of one block break.
#[derive(Debug)]
pub(crate) struct Flaws {
    /// Rows that cannot even be taken apart; none of their values is looked at.
    unreadable: Vec<bool>,
    /// Rows that break a rule.
    rejected: Vec<bool>,
    count: u64,
    found: BTreeMap<(Option<usize>, Rule), Found>,
}

/// One kind of flaw in one block.
#[derive(Debug)]
struct Found {
    row: usize,
    detail: String,
    count: u64,
    /// The row counted last, so that one row counts once.
    last: usize,
}

impl Flaws {
    /// No flaws in so many rows.
    pub(crate) fn none(rows: usize) -> Self {
        Self {
            unreadable: vec![false; rows],
            rejected: vec![false; rows],
            count: 0,
            found: BTreeMap::new(),
        }
    }

    /// Rejects a row; the detail is only written for the first of its kind.
    pub(crate) fn reject(
        &mut self,
        row: usize,
        column: Option<usize>,
        rule: Rule,
        detail: impl FnOnce() -> String,
    ) {
        if self.unreadable[row] {
            return;
        }
        if !self.rejected[row] {
            self.rejected[row] = true;
            self.count += 1;
        }
        match self.found.get_mut(&(column, rule)) {
            Some(found) if found.last == row => {}
            Some(found) => {
                if row < found.row {
                    found.row = row;
                    found.detail = detail();
                }
                found.count += 1;
                found.last = row;
            }
            None => {
                let found = Found { row, detail: detail(), count: 1, last: row };
                self.found.insert((column, rule), found);
            }
        }
    }

    /// Rejects a row that cannot be taken apart, for that and for nothing else.
    pub(crate) fn unreadable(&mut self, row: usize, rule: Rule, detail: impl FnOnce() -> String) {
        self.reject(row, None, rule, detail);
        self.unreadable[row] = true;
    }

    /// Whether a row could not be taken apart.
    pub(crate) fn is_unreadable(&self, row: usize) -> bool {
        self.unreadable[row]
    }

    /// Whether a row is rejected.
    pub(crate) fn is_rejected(&self, row: usize) -> bool {
        self.rejected[row]
    }

    /// How many rows are rejected.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// Whether each row is kept.
    pub(crate) fn kept(&self) -> arrow::array::BooleanArray {
        self.rejected.iter().map(|rejected| Some(!rejected)).collect()
    }

    /// What was found, with the line of each first row.
    pub(crate) fn into_found(self, line: impl Fn(usize) -> u64) -> Vec<FlawKind> {
        let found = self.found.into_iter();
        let kinds = found.map(|((column, rule), found)| FlawKind {
            column,
            rule,
            line: line(found.row),
            detail: found.detail,
            count: found.count,
        });
        kinds.collect()
    }
}

/// One kind of flaw, as it leaves a block.
#[derive(Debug)]
pub(crate) struct FlawKind {
    /// The column, by its place in the codebook.
    pub(crate) column: Option<usize>,
    /// The rule broken.
    pub(crate) rule: Rule,
    /// The line of the first row.
    pub(crate) line: u64,
    /// What is wrong with it.
    pub(crate) detail: String,
    /// How many rows.
    pub(crate) count: u64,
}

/// What all sources break.
#[derive(Debug, Default)]
pub(crate) struct Rejects {
    found: BTreeMap<(String, Option<ColumnName>, Rule), Reject>,
    /// Kinds that the report has no room for.
    unnamed: u64,
    /// What all sources together break.
    verdicts: Vec<Reject>,
    /// Whether something is unfit as a whole, so that no tolerance of single rows helps.
    fatal: bool,
    rows_rejected: u64,
}

impl Rejects {
    /// Adds rows that break a rule.
    pub(crate) fn add(&mut self, file: &str, column: Option<&ColumnName>, kind: FlawKind) {
        self.insert(file, column, kind.rule, Some(kind.line), kind.detail, kind.count);
    }

    /// Adds a file that is unfit as a whole.
    pub(crate) fn add_unfit(&mut self, file: &str, unfit: Unfit) {
        self.fatal = true;
        self.insert(file, unfit.column.as_ref(), unfit.rule, unfit.line, unfit.detail, 1);
    }

    /// Adds what all sources together break, with the file of the first row where there is one,
    /// and the dataset where not.
    pub(crate) fn add_verdict(&mut self, file: String, unfit: Unfit, count: u64) {
        self.fatal = true;
        let Unfit { line, column, rule, detail } = unfit;
        let rule = rule.as_str().to_owned();
        self.verdicts.push(Reject { file, line, column, rule, detail, count });
    }

    /// Counts rejected rows, each once however many rules it breaks.
    pub(crate) fn count_rows(&mut self, rows: u64) {
        self.rows_rejected += rows;
    }

    /// How many rows are rejected.
    pub(crate) fn rows_rejected(&self) -> u64 {
        self.rows_rejected
    }

    /// Rows that break one rule, whichever the file and column.
    pub(crate) fn count_of(&self, rule: Rule) -> u64 {
        let of_rule = self.found.values().filter(|reject| reject.rule == rule.as_str());
        of_rule.map(|reject| reject.count).sum()
    }

    /// Rows that break one rule at one column, whichever the file.
    pub(crate) fn count_at(&self, rule: Rule, column: &ColumnName) -> u64 {
        let found = self.found.values().filter(|reject| {
            reject.rule == rule.as_str() && reject.column.as_ref() == Some(column)
        });
        found.map(|reject| reject.count).sum()
    }

    /// Whether these are too many to publish the rest.
    pub(crate) fn is_too_much(&self, rows_max: u64) -> bool {
        self.fatal || rows_max < self.rows_rejected
    }

    /// The report.
    pub(crate) fn into_report(self, rows_read: u64) -> RejectReport {
        let mut rejects: Vec<Reject> = self.found.into_values().collect();
        rejects.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
        rejects.extend(self.verdicts);
        if 0 < self.unnamed {
            rejects.push(Reject {
                file: String::new(),
                line: None,
                column: None,
                rule: Rule::Format.as_str().to_owned(),
                detail: "there are more kinds of flaw than a report names".to_owned(),
                count: self.unnamed,
            });
        }
        RejectReport { rows_rejected: self.rows_rejected, rows_read, rejects }
    }

    fn insert(
        &mut self,
        file: &str,
        column: Option<&ColumnName>,
        rule: Rule,
        line: Option<u64>,
        detail: String,
        count: u64,
    ) {
        let has_room = self.found.len() < KINDS_MAX;
        match self.found.entry((file.to_owned(), column.cloned(), rule)) {
            std::collections::btree_map::Entry::Occupied(mut known) => {
                let known = known.get_mut();
                known.count += count;
                if line < known.line {
                    known.line = line;
                    known.detail = detail;
                }
            }
            std::collections::btree_map::Entry::Vacant(place) if has_room => {
                let rule = rule.as_str().to_owned();
                let (file, column) = (file.to_owned(), column.cloned());
                place.insert(Reject { file, line, column, rule, detail, count });
            }
            std::collections::btree_map::Entry::Vacant(_) => self.unnamed += count,
        }
    }
}

/// A text from a source as a message may show it: short, on one line, in quotes.
pub(crate) fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN_CHARACTERS_MAX).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    format!("{shown:?}")
}

/// The name nearest to one that is not known, as the end of a sentence.
pub(crate) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    /// Below this a name is another one, and not the same mistyped.
    const SIMILARITY_MIN: f64 = 0.75;
    let similar = known.map(|one| (strsim::jaro_winkler(name, one), one));
    let best = similar.max_by(|a, b| a.0.total_cmp(&b.0));
    match best {
        Some((similarity, one)) if SIMILARITY_MIN <= similarity => {
            format!("; the nearest is {one}")
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_counts_once_and_the_first_of_each_kind_is_named() {
        let mut flaws = Flaws::none(4);
        flaws.reject(2, Some(0), Rule::Type, || "third".to_owned());
        flaws.reject(1, Some(0), Rule::Type, || "second".to_owned());
        flaws.reject(1, Some(0), Rule::Type, || "again".to_owned());
        flaws.reject(1, Some(1), Rule::NotNull, || "null".to_owned());

        assert_eq!(flaws.count(), 2);
        let found = flaws.into_found(|row| row as u64 + 10);

        assert_eq!(found[0].detail, "second");
        assert_eq!((found[0].line, found[0].count), (11, 2));
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn a_report_does_not_depend_on_the_order_of_blocks() {
        let column = ColumnName::parse("day").ok();
        let kind = |line| FlawKind {
            column: Some(0),
            rule: Rule::Type,
            line,
            detail: format!("at {line}"),
            count: 3,
        };
        let report = |lines: [u64; 2]| {
            let mut rejects = Rejects::default();
            for line in lines {
                rejects.add("a.csv", column.as_ref(), kind(line));
                rejects.count_rows(3);
            }
            rejects.into_report(100)
        };

        assert_eq!(report([7, 90]), report([90, 7]));
        assert_eq!(report([7, 90]).rejects[0].detail, "at 7");
        assert_eq!(report([7, 90]).rejects[0].count, 6);
    }

    #[test]
    fn an_unfit_file_is_too_much_whatever_may_be_rejected() {
        let mut rejects = Rejects::default();
        rejects.add_unfit("a.zip", Unfit::new(Rule::Format, "no zip"));

        assert!(rejects.is_too_much(u64::MAX));
    }

    #[test]
    fn the_nearest_name_is_told_only_if_it_is_near() {
        let known = || ["created_at", "platform_name"].into_iter();

        assert_eq!(nearest("create_at", known()), "; the nearest is created_at");
        assert_eq!(nearest("zzz", known()), "");
    }

    #[test]
    fn a_shown_text_stays_on_one_line() {
        assert_eq!(shown("a\nb"), "\"a\\nb\"");
        assert!(shown(&"x".repeat(1000)).len() < 80);
    }
}
