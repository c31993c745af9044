//! Do the columns that a project may consult, taken together, undo a pseudonym?
//!
//! An `identifier` column leaves as a project's pseudonym. That is worth nothing where another
//! granted column tells, row by row, whose pseudonym it is. A registrar may have reasons to grant
//! both, so this warns and never refuses.
//!
//! What is known is what the codebooks say: which columns hold the same values (foreign keys),
//! which identify a row, which hold text that people wrote. Two columns that tell the same person
//! without saying so in a codebook are not found, nor are chance matches of places and times.
//!
//! # Rooms
//! - [`links`]: which columns hold the same values, and which datasets can be joined.

mod links;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display, Formatter};

use domain::codebook::{Class, Field};
use domain::{Codebook, ColumnName, DatasetName, Date, Grant};

use links::Links;

/// One column of one dataset.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ColumnOf {
    /// The dataset.
    pub dataset: DatasetName,
    /// Its column.
    pub column: ColumnName,
}

impl Display for ColumnOf {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.dataset, self.column)
    }
}

/// How a column tells whose pseudonym another one shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TellsBy {
    /// It holds the same values in the clear.
    SameValues,
    /// It identifies the rows that are about whom the pseudonym stands for.
    Key,
    /// It holds text that people wrote, where a name may stand.
    FreeText,
}

impl TellsBy {
    /// The word for it in answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SameValues => "same_values",
            Self::Key => "key",
            Self::FreeText => "free_text",
        }
    }
}

/// Two columns that a project may consult, of which one undoes the pseudonyms of the other.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GrantWarning {
    /// The column that leaves as pseudonyms.
    pub identifier: ColumnOf,
    /// The column that tells whose they are.
    pub told_by: ColumnOf,
    /// How it does.
    pub by: TellsBy,
}

impl GrantWarning {
    /// What is wrong, for the registrar.
    #[must_use]
    pub fn explanation(&self) -> String {
        let Self { identifier, told_by, by } = self;
        let how = match by {
            TellsBy::SameValues => "holds the same values in the clear",
            TellsBy::Key => "identifies the rows behind them",
            TellsBy::FreeText => "holds text that people wrote, which may name them",
        };
        let joined = match identifier.dataset == told_by.dataset {
            true => "in the same row",
            false => "and the two datasets can be joined",
        };
        format!(
            "the project sees pseudonyms in {identifier}, but {told_by} {how}, {joined}: \
             together they may undo the pseudonyms; leave one of them out unless the approved \
             purpose needs both"
        )
    }
}

/// Says which pseudonyms a grant undoes, with what its project holds already. What was undone
/// before is said again only where the grant covers one of the two columns.
pub(crate) fn warnings(
    codebooks: &BTreeMap<DatasetName, Codebook>,
    held: &[Grant],
    grant: &Grant,
    today: Date,
) -> Vec<GrantWarning> {
    let others = held.iter().filter(|other| {
        other.id != grant.id && other.revoked_at.is_none() && today <= other.valid_until
    });
    let others: Vec<&Grant> = others.collect();
    let before = Granted::by(codebooks, &others).undone();
    let all: Vec<&Grant> = others.into_iter().chain([grant]).collect();
    let is_of_grant = |of: &ColumnOf| {
        let field = codebooks.get(&of.dataset).and_then(|book| book.field(of.column.as_str()));
        of.dataset == grant.dataset && field.is_some_and(|field| grant.columns.covers(field))
    };
    let undone = Granted::by(codebooks, &all).undone().into_iter();
    let told = undone.filter(|warning| {
        !before.contains(warning)
            || is_of_grant(&warning.identifier)
            || is_of_grant(&warning.told_by)
    });
    told.collect()
}

/// What grants cover together.
struct Granted<'a> {
    codebooks: &'a BTreeMap<DatasetName, Codebook>,
    links: Links<'a>,
    fields: BTreeMap<&'a DatasetName, Vec<&'a Field>>,
}

impl<'a> Granted<'a> {
    fn by(codebooks: &'a BTreeMap<DatasetName, Codebook>, grants: &[&'a Grant]) -> Self {
        let mut fields: BTreeMap<&DatasetName, Vec<&Field>> = BTreeMap::new();
        for grant in grants {
            let covered = codebooks.get(&grant.dataset).into_iter();
            fields
                .entry(&grant.dataset)
                .or_default()
                .extend(covered.flat_map(|codebook| grant.fields(codebook)));
        }
        Self { codebooks, links: Links::of(codebooks), fields }
    }

    /// Every pseudonym that is undone, and by what.
    fn undone(&self) -> BTreeSet<GrantWarning> {
        let mut undone = BTreeSet::new();
        for (dataset, fields) in &self.fields {
            let joined = self.links.joined(dataset, &self.fields);
            for identifier in fields.iter().filter(|field| is_identifier(field)) {
                let identifier = (*dataset, &identifier.name);
                for &other in &joined {
                    self.told_by(identifier, other, &mut undone);
                }
            }
        }
        undone
    }

    /// Adds the columns of one dataset that tell whose pseudonyms an identifier column shows.
    fn told_by(
        &self,
        identifier: (&'a DatasetName, &'a ColumnName),
        other: &'a DatasetName,
        undone: &mut BTreeSet<GrantWarning>,
    ) {
        let is_in_row = identifier.0 == other;
        let describes = self.describes(other, identifier);
        let clear = self.fields.get(other).into_iter().flatten().filter(|it| !is_identifier(it));
        for field in clear {
            let column = (other, &field.name);
            let by = if self.links.are_same(identifier, column) {
                TellsBy::SameValues
            } else if describes && self.is_key(column) {
                TellsBy::Key
            } else if (describes || is_in_row) && field.free_text {
                TellsBy::FreeText
            } else {
                continue;
            };
            let (identifier, told_by) = (column_of(identifier), column_of(column));
            undone.insert(GrantWarning { identifier, told_by, by });
        }
    }

    /// Whether each row of a dataset is about whom an identifier column stands for. Of an
    /// identifier that is no dataset's key, its own rows are all that is known.
    fn describes(
        &self,
        dataset: &'a DatasetName,
        identifier: (&'a DatasetName, &'a ColumnName),
    ) -> bool {
        let is_keyed_by_it = |codebook: &'a Codebook| {
            let [key] = codebook.primary_key.as_slice() else { return false };
            self.links.are_same(identifier, (&codebook.name, key))
        };
        self.codebooks.get(dataset).is_some_and(is_keyed_by_it)
            || (identifier.0 == dataset && !self.codebooks.values().any(is_keyed_by_it))
    }

    /// Whether a column alone identifies a row: by its dataset's word, or another's that points at it.
    fn is_key(&self, (dataset, column): (&'a DatasetName, &'a ColumnName)) -> bool {
        let is_primary = self
            .codebooks
            .get(dataset)
            .is_some_and(|codebook| codebook.primary_key.iter().eq([column]));
        is_primary || self.links.is_target((dataset, column))
    }
}

fn is_identifier(field: &Field) -> bool {
    field.class == Class::Identifier
}

fn column_of((dataset, column): (&DatasetName, &ColumnName)) -> ColumnOf {
    ColumnOf { dataset: dataset.clone(), column: column.clone() }
}
