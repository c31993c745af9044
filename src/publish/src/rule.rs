//! The rules that a source can break, as reports name them.

/// A rule that a row, a column or a whole source breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rule {
    /// The file is not what it claims to be, or a row is not of the file's shape.
    Format,
    /// Text is not UTF-8, or holds a character that no text may hold.
    Encoding,
    /// A column is unknown, missing or there twice.
    Header,
    /// A value is not of its column's type.
    Type,
    /// A value is not among the codebook's.
    Category,
    /// A value is beyond the codebook's bounds.
    Constraint,
    /// A value is missing where the codebook wants one.
    NotNull,
    /// A value stands where the codebook wants none.
    NullUnless,
    /// A row lies outside the period it is published for.
    Period,
    /// A key is there twice with different rows.
    PrimaryKey,
    /// A key points at nothing.
    ForeignKey,
    /// A moment is before one that it follows.
    TimeOrder,
    /// The whole differs from the snapshot before by more than may be.
    Quality,
    /// The source is larger than may be.
    Size,
}

impl Rule {
    /// The rule's name in reports.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Format => "format",
            Self::Encoding => "encoding",
            Self::Header => "header",
            Self::Type => "type",
            Self::Category => "category",
            Self::Constraint => "constraint",
            Self::NotNull => "not_null",
            Self::NullUnless => "null_unless",
            Self::Period => "period",
            Self::PrimaryKey => "primary_key",
            Self::ForeignKey => "foreign_key",
            Self::TimeOrder => "time_order",
            Self::Quality => "quality",
            Self::Size => "size",
        }
    }
}
