//! What is added up while blocks come in, in whatever order they do.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use crate::columns::Columns;
use crate::duplicates::{self, Duplicates, Keys, Other};
use crate::failure::Fault;
use crate::leaf::{self, Leaf};
use crate::orphans::Reference;
use crate::read::{Event, ParsedBlock};
use crate::rejects::{FlawKind, Rejects};
use crate::rule::Rule;

/// What is known of one delivered file.
#[derive(Clone, Debug, Default)]
pub(crate) struct SourceTally {
    /// Rows read from it.
    pub(crate) rows_read: u64,
    /// Rows of it that were rejected.
    pub(crate) rows_rejected: u64,
    /// Rows of it that another row equals.
    pub(crate) rows_duplicate: u64,
    /// The periods it brings, as the days they begin.
    pub(crate) periods: BTreeSet<i32>,
}

/// What is known of one column.
#[derive(Clone, Debug, Default)]
pub(crate) struct ColumnTally {
    /// Accepted rows that lack it.
    pub(crate) nulls: u64,
    /// Accepted rows whose value was renamed.
    pub(crate) renamed: u64,
    /// Accepted rows with a value that has no successor.
    pub(crate) successor_missing: u64,
    /// Rows of files that lack the column as a whole.
    pub(crate) absent: u64,
}

/// All of it.
#[derive(Debug)]
pub(crate) struct Tally {
    /// The files of rows, by their numbers.
    leaves: Vec<Arc<Leaf>>,
    /// For each delivered file.
    pub(crate) sources: Vec<SourceTally>,
    /// For each column.
    pub(crate) columns: Vec<ColumnTally>,
    /// What was rejected.
    pub(crate) rejects: Rejects,
    /// The keys of accepted rows.
    pub(crate) keys: Keys,
    /// For each pair of `quality.order`, accepted rows in which the later is before the earlier.
    pub(crate) disorder: Vec<u64>,
    /// The foreign keys, and what accepted rows point at.
    pub(crate) references: Vec<Reference>,
    /// Periods that the sources are published for, whether they have rows or not.
    pub(crate) periods: BTreeSet<i32>,
}

impl Tally {
    /// Nothing read yet.
    pub(crate) fn new(
        columns: &Columns,
        sources: usize,
        references: Vec<Reference>,
        memory_bytes: u64,
        scratch: &Path,
    ) -> Self {
        Self {
            leaves: Vec::new(),
            sources: vec![SourceTally::default(); sources],
            columns: vec![ColumnTally::default(); columns.all.len()],
            rejects: Rejects::default(),
            keys: duplicates::keys(memory_bytes, scratch),
            disorder: vec![0; columns.order.len()],
            references,
            periods: BTreeSet::new(),
        }
    }

    /// Rows read so far.
    pub(crate) fn rows_read(&self) -> u64 {
        self.sources.iter().map(|source| source.rows_read).sum()
    }

    /// Rows that were accepted one by one; duplicates are still among them.
    pub(crate) fn rows_accepted(&self) -> u64 {
        self.rows_read() - self.rejects.rows_rejected()
    }

    /// Bytes that keys and references take in the scratch folder.
    pub(crate) fn spilled_bytes(&self) -> u64 {
        let references = self.references.iter().map(Reference::spilled_bytes);
        self.keys.spilled_bytes() + references.sum::<u64>()
    }

    /// Adds what came to light.
    ///
    /// # Errors
    /// When the scratch folder cannot be written.
    pub(crate) fn add(&mut self, event: Event, columns: &Columns) -> Result<(), Fault> {
        match event {
            Event::Leaf(leaf) => {
                self.periods.extend(leaf.period);
                self.sources[leaf.source].periods.extend(leaf.period);
                self.leaves.push(leaf);
                Ok(())
            }
            Event::Unfit(path, unfit) => {
                self.rejects.add_unfit(&path, unfit);
                Ok(())
            }
            Event::Block(block) => self.block(*block, columns),
        }
    }

    fn block(&mut self, block: ParsedBlock, columns: &Columns) -> Result<(), Fault> {
        let source = &mut self.sources[block.leaf.source];
        source.rows_read += block.rows_read;
        source.rows_rejected += block.rows_rejected;
        if columns.has_periods() {
            source.periods.extend(&block.periods);
            self.periods.extend(&block.periods);
        }
        self.rejects.count_rows(block.rows_rejected);
        for kind in block.flaws {
            let column = kind.column.map(|place| columns.name(place));
            self.rejects.add(&block.leaf.path, column, kind);
        }
        let rows = block.rows_read - block.rows_rejected;
        for (place, tally) in self.columns.iter_mut().enumerate() {
            tally.nulls += block.nulls[place];
            tally.renamed += block.renamed[place];
            tally.successor_missing += block.successor_missing[place];
        }
        for (sum, count) in self.disorder.iter_mut().zip(&block.disorder) {
            *sum += count;
        }
        for place in &block.leaf.missing {
            self.columns[*place].absent += rows;
        }
        self.keys.extend(&block.keys)?;
        let sides = block.pointers.iter().zip(&block.targets);
        for (reference, (pointers, targets)) in self.references.iter_mut().zip(sides) {
            reference.extend(pointers, targets)?;
        }
        Ok(())
    }

    /// The file and line of a location.
    pub(crate) fn place(&self, location: u64) -> (String, u64) {
        let (number, line) = leaf::place(location);
        (self.leaves[number as usize].path.clone(), line)
    }

    /// Counts the rows that are dropped, and rejects those in conflict.
    pub(crate) fn settle(&mut self, duplicates: &Duplicates) {
        for location in &duplicates.equal {
            let (leaf, _) = leaf::place(*location);
            let source = self.leaves[leaf as usize].source;
            self.sources[source].rows_duplicate += 1;
        }
        for (location, other) in &duplicates.conflicting {
            let (number, line) = leaf::place(*location);
            let leaf = Arc::clone(&self.leaves[number as usize]);
            let where_else = match other {
                Other::Published => "a row published for another period".to_owned(),
                Other::Row(other) => {
                    let (number, line) = leaf::place(*other);
                    format!("line {line} of {}", self.leaves[number as usize].path)
                }
            };
            let detail = format!("it has the primary key of {where_else}, but other values");
            let kind = FlawKind { column: None, rule: Rule::PrimaryKey, line, detail, count: 1 };
            self.rejects.add(&leaf.path, None, kind);
            self.rejects.count_rows(1);
            self.sources[leaf.source].rows_rejected += 1;
        }
    }
}
