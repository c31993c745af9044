//! The rules that a codebook itself must keep.

use std::collections::BTreeSet;

use super::{Class, Codebook, Field, FieldType, Kind, LimitName, Predicate};
use crate::ids::ColumnName;

/// Why a codebook cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodebookError {
    /// It has no columns.
    #[error("has no fields")]
    NoFields,
    /// Two columns have one name.
    #[error("has the field {0} twice")]
    FieldTwice(ColumnName),
    /// Something names a column that is not there.
    #[error("{place} names the field {field}, which is not there")]
    FieldUnknown {
        /// The key of the codebook that names it.
        place: &'static str,
        /// What it names.
        field: ColumnName,
    },
    /// A key is empty or holds a column that may be null.
    #[error("primaryKey needs at least one field, and none that is nullable")]
    KeyNullable,
    /// `period_unit` stands where there are no periods, or lacks where there are.
    #[error("period_unit and time_column go with kind: periods, and period_unit only with it")]
    PeriodUnit,
    /// The time column is neither a date nor a moment.
    #[error("time_column {0} is neither a date nor a datetime")]
    TimeColumnType(ColumnName),
    /// Allowed values stand at a column that is no text.
    #[error("the field {0} has categories but is neither a string nor a list")]
    CategoriesType(ColumnName),
    /// What must leave as a pseudonym can leave as none.
    #[error("the identifier {0} is neither a string nor a list of strings")]
    IdentifierType(ColumnName),
    /// A column of identifiers says what only plain values can.
    #[error("the identifier {field} cannot have {what}: it would tell what the pseudonym hides")]
    IdentifierTold {
        /// The column.
        field: ColumnName,
        /// What it has or is.
        what: &'static str,
    },
    /// A column came with a schema version that is still to come.
    #[error("the field {0} is newer than the codebook's schema_version")]
    SinceFuture(ColumnName),
    /// The changelog has no line on the newest schema version.
    #[error("changelog has no entry for the newest schema_version")]
    ChangelogMissing,
    /// A limit is no share of rows.
    #[error("the limit quality {0} is not between 0 and 1")]
    LimitShare(LimitName),
    /// Two columns of which one is not to be later than the other cannot be compared.
    #[error("quality.order compares {0} and {1}, which are not both dates or both datetimes")]
    OrderTypes(ColumnName, ColumnName),
    /// A comparison cannot be grouped by a column that may hold anything.
    #[error("diff_by {0} has no categories, so that its values may be anything")]
    DiffByOpen(ColumnName),
    /// A text that a reader needs is empty.
    #[error("{0} is empty")]
    TextEmpty(&'static str),
}

impl Codebook {
    /// Checks the codebook's own rules.
    ///
    /// # Errors
    /// The first rule it breaks.
    pub fn check(&self) -> Result<(), CodebookError> {
        self.check_texts()?;
        self.check_fields()?;
        self.check_names()?;
        self.check_quality()?;
        self.check_kind()
    }

    fn check_texts(&self) -> Result<(), CodebookError> {
        let texts = [
            ("title", &self.title),
            ("description", &self.description),
            ("row_unit", &self.row_unit),
        ];
        for (name, text) in texts {
            if text.trim().is_empty() {
                return Err(CodebookError::TextEmpty(name));
            }
        }
        if self.legal_basis.is_empty() {
            return Err(CodebookError::TextEmpty("legal_basis"));
        }
        if self.changelog.iter().all(|entry| entry.schema_version != self.schema_version) {
            return Err(CodebookError::ChangelogMissing);
        }
        Ok(())
    }

    fn check_fields(&self) -> Result<(), CodebookError> {
        if self.fields.is_empty() {
            return Err(CodebookError::NoFields);
        }
        let mut seen = BTreeSet::new();
        for field in &self.fields {
            if !seen.insert(&field.name) {
                return Err(CodebookError::FieldTwice(field.name.clone()));
            }
            self.check_field(field)?;
        }
        Ok(())
    }

    fn check_field(&self, field: &Field) -> Result<(), CodebookError> {
        if field.description.trim().is_empty() {
            return Err(CodebookError::TextEmpty("a field's description"));
        }
        let holds_text = matches!(field.field_type, FieldType::String | FieldType::List);
        if field.categories.is_some() && !holds_text {
            return Err(CodebookError::CategoriesType(field.name.clone()));
        }
        if field.class == Class::Identifier {
            self.check_identifier(field)?;
        }
        if self.schema_version < field.since {
            return Err(CodebookError::SinceFuture(field.name.clone()));
        }
        if let Some(Predicate { column, .. }) = &field.null_unless {
            self.known("null_unless", column)?;
        }
        Ok(())
    }

    /// Checks that nothing tells of an identifier but its pseudonym.
    fn check_identifier(&self, field: &Field) -> Result<(), CodebookError> {
        if !matches!(field.field_type, FieldType::String | FieldType::List) {
            return Err(CodebookError::IdentifierType(field.name.clone()));
        }
        let is = |column: &Option<ColumnName>| column.as_ref() == Some(&field.name);
        let told = [
            // There would be one pseudonym for each code, to be told by how frequent it is.
            ("categories", field.categories.is_some()),
            // A grant that bounds it would name its values.
            ("member_state_column", is(&self.member_state_column)),
            // Rows would lie in the order of what is hidden.
            ("a place in sort_order", self.sort_order.contains(&field.name)),
            ("diff_by", is(&self.diff_by)),
        ];
        match told.into_iter().find(|(_, is_told)| *is_told) {
            Some((what, _)) => {
                Err(CodebookError::IdentifierTold { field: field.name.clone(), what })
            }
            None => Ok(()),
        }
    }

    fn check_names(&self) -> Result<(), CodebookError> {
        for name in &self.primary_key {
            if self.known("primaryKey", name)?.nullable {
                return Err(CodebookError::KeyNullable);
            }
        }
        if self.primary_key.is_empty() {
            return Err(CodebookError::KeyNullable);
        }
        for name in &self.sort_order {
            self.known("sort_order", name)?;
        }
        for name in self.foreign_keys.iter().flat_map(|key| &key.fields) {
            self.known("foreignKeys", name)?;
        }
        if let Some(name) = &self.member_state_column {
            self.known("member_state_column", name)?;
        }
        if let Some(retention) = &self.retention {
            self.known("retention.clock", &retention.clock)?;
        }
        Ok(())
    }

    fn check_quality(&self) -> Result<(), CodebookError> {
        for (name, share) in self.quality.limits() {
            if !(0.0..=1.0).contains(&share) {
                return Err(CodebookError::LimitShare(name.clone()));
            }
            if let Some(column) = &name.column {
                self.known("quality", column)?;
            }
        }
        for (earlier, later) in &self.quality.order {
            let earlier_type = self.known("quality.order", earlier)?.field_type;
            let later_type = self.known("quality.order", later)?.field_type;
            let is_time = matches!(earlier_type, FieldType::Date | FieldType::Datetime);
            if !is_time || earlier_type != later_type {
                return Err(CodebookError::OrderTypes(earlier.clone(), later.clone()));
            }
        }
        if let Some(name) = &self.diff_by
            && self.known("diff_by", name)?.categories.is_none()
        {
            return Err(CodebookError::DiffByOpen(name.clone()));
        }
        Ok(())
    }

    fn check_kind(&self) -> Result<(), CodebookError> {
        if (self.kind == Kind::Periods) != self.period_unit.is_some() {
            return Err(CodebookError::PeriodUnit);
        }
        if self.kind == Kind::Periods && self.time_column.is_none() {
            return Err(CodebookError::PeriodUnit);
        }
        if let Some(name) = &self.time_column {
            let field = self.known("time_column", name)?;
            if !matches!(field.field_type, FieldType::Date | FieldType::Datetime) {
                return Err(CodebookError::TimeColumnType(name.clone()));
            }
        }
        Ok(())
    }

    fn known(&self, place: &'static str, name: &ColumnName) -> Result<&Field, CodebookError> {
        self.field(name.as_str())
            .ok_or_else(|| CodebookError::FieldUnknown { place, field: name.clone() })
    }
}
