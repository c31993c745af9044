//! The columns of an answer: their types, reduced to those that every format has.

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use arrow::error::ArrowError;
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use domain::verdict::{AnswerColumn, Refusal};

use crate::refusal;
use crate::schema::moment_type;

/// The columns of an answer.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    schema: SchemaRef,
    columns: Vec<AnswerColumn>,
}

impl Shape {
    /// The shape of an answer with the columns of a plan.
    ///
    /// # Errors
    /// A column whose values have no form outside the engine.
    pub(crate) fn of(planned: &Schema) -> Result<Self, Refusal> {
        let mut fields = Vec::with_capacity(planned.fields().len());
        let mut columns = Vec::with_capacity(planned.fields().len());
        for field in planned.fields() {
            let Some(data_type) = answer_type(field.data_type()) else {
                let detail = format!(
                    "The column `{}` of the answer is of the type {}, which no format has. \
                     Write CAST to VARCHAR, or name its parts.",
                    field.name(),
                    field.data_type()
                );
                return Err(refusal::invalid(detail, None));
            };
            let column_type = word(&data_type);
            columns.push(AnswerColumn { name: field.name().clone(), column_type });
            // All may be null: what the plan knows of that is none of the reader's business.
            fields.push(Field::new(field.name(), data_type, true));
        }
        Ok(Self { schema: Arc::new(Schema::new(fields)), columns })
    }

    /// The columns, as the verdict and JSON name them.
    pub(crate) fn columns(&self) -> &[AnswerColumn] {
        &self.columns
    }

    /// The Arrow schema of every batch that [`Shape::fit`] gives.
    pub(super) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Brings a batch of the plan into the answer's types; text becomes compact by that.
    ///
    /// # Errors
    /// A value that its type cannot hold.
    pub(crate) fn fit(&self, batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
        let columns = batch.columns().iter().zip(self.schema.fields());
        let columns: Result<Vec<ArrayRef>, ArrowError> = columns
            .map(|(array, field)| {
                if array.data_type() == field.data_type() {
                    return Ok(Arc::clone(array));
                }
                let options = CastOptions { safe: false, ..CastOptions::default() };
                cast_with_options(array, field.data_type(), &options)
            })
            .collect();
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns?, &options)
    }
}

/// The type in which a column leaves, if it can.
fn answer_type(planned: &DataType) -> Option<DataType> {
    if matches!(planned, DataType::Boolean | DataType::Int64 | DataType::UInt64) {
        return Some(planned.clone());
    }
    if planned.is_integer() {
        return Some(DataType::Int64);
    }
    match planned {
        DataType::Float16 => Some(DataType::Float32),
        DataType::Float32 | DataType::Float64 => Some(planned.clone()),
        DataType::Decimal32(precision, scale) | DataType::Decimal64(precision, scale) => {
            Some(DataType::Decimal128(*precision, *scale))
        }
        DataType::Decimal128(..) | DataType::Decimal256(..) => Some(planned.clone()),
        DataType::Null | DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
            Some(DataType::Utf8)
        }
        DataType::Binary
        | DataType::LargeBinary
        | DataType::BinaryView
        | DataType::FixedSizeBinary(_) => Some(DataType::Binary),
        DataType::Date32 | DataType::Date64 => Some(DataType::Date32),
        DataType::Timestamp(..) => Some(moment_type()),
        DataType::Duration(_) => Some(DataType::Duration(TimeUnit::Microsecond)),
        DataType::Dictionary(_, values) => answer_type(values),
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::ListView(item)
        | DataType::LargeListView(item)
        | DataType::FixedSizeList(item, _) => {
            let item = answer_type(item.data_type())?;
            Some(DataType::List(Arc::new(Field::new_list_field(item, true))))
        }
        DataType::Boolean
        | DataType::Int8
        | DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::UInt8
        | DataType::UInt16
        | DataType::UInt32
        | DataType::UInt64
        | DataType::Time32(_)
        | DataType::Time64(_)
        | DataType::Interval(_)
        | DataType::Struct(_)
        | DataType::Union(..)
        | DataType::Map(..)
        | DataType::RunEndEncoded(..) => None,
    }
}

/// The codebook's word for a type, else Arrow's name.
fn word(data_type: &DataType) -> String {
    let word = if data_type.is_integer() {
        "integer"
    } else if data_type.is_floating() {
        "number"
    } else if data_type.is_decimal() {
        "decimal"
    } else if *data_type == DataType::Utf8 {
        "string"
    } else if *data_type == DataType::Boolean {
        "boolean"
    } else if *data_type == DataType::Date32 {
        "date"
    } else if matches!(data_type, DataType::Timestamp(..)) {
        "datetime"
    } else if matches!(data_type, DataType::List(item) if *item.data_type() == DataType::Utf8) {
        "list"
    } else {
        return data_type.to_string();
    };
    word.to_owned()
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::IntervalUnit;

    use super::*;

    fn shape_of(data_type: DataType) -> Result<Shape, Refusal> {
        Shape::of(&Schema::new(vec![Field::new("a", data_type, true)]))
    }

    fn word_of(data_type: DataType) -> String {
        shape_of(data_type).unwrap().columns()[0].column_type.clone()
    }

    #[test]
    fn types_have_the_codebooks_words_where_it_has_one() {
        let text = DataType::List(Arc::new(Field::new_list_field(DataType::Utf8View, true)));

        assert_eq!(word_of(DataType::Utf8View), "string");
        assert_eq!(word_of(DataType::Int32), "integer");
        assert_eq!(word_of(DataType::Decimal128(28, 2)), "decimal");
        assert_eq!(word_of(DataType::Timestamp(TimeUnit::Nanosecond, None)), "datetime");
        assert_eq!(word_of(text), "list");
        assert_eq!(word_of(DataType::Duration(TimeUnit::Second)), "Duration(µs)");
    }

    #[test]
    fn a_type_that_no_format_has_is_refused_and_its_neighbour_is_not() {
        assert!(shape_of(DataType::Interval(IntervalUnit::MonthDayNano)).is_err());
        assert!(shape_of(DataType::Duration(TimeUnit::Second)).is_ok());
    }
}
