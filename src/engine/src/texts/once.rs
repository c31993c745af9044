//! An expression that is evaluated once for each text of a batch.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{AsArray as _, RecordBatch, RecordBatchOptions};
use datafusion::arrow::compute::take;
use datafusion::arrow::datatypes::{DataType, FieldRef, Schema, SchemaRef};
use datafusion::common::tree_node::{Transformed, TransformedResult as _, TreeNode as _};
use datafusion::error::Result as EngineResult;
use datafusion::logical_expr::{ColumnarValue, Operator};
use datafusion::physical_expr::expressions::{BinaryExpr, Column, DynamicFilterTracking, LikeExpr};
use datafusion::physical_expr::utils::collect_columns;
use datafusion::physical_expr::{PhysicalExpr, ScalarFunctionExpr};
use datafusion::physical_expr_common::physical_expr::is_volatile;

use super::distinct::Distinct;

/// Stands for an expression that depends on one column of texts only.
#[derive(Debug)]
pub(super) struct Once {
    /// What it stands for.
    whole: Arc<dyn PhysicalExpr>,
    /// The same over a batch of that column alone.
    alone: Arc<dyn PhysicalExpr>,
    column: usize,
    schema: SchemaRef,
}

impl Once {
    /// Stands for an expression, where that can save work.
    pub(super) fn of(whole: &Arc<dyn PhysicalExpr>, schema: &Schema) -> EngineResult<Option<Self>> {
        if !looks_into_texts(whole)
            || is_volatile(whole)
            || DynamicFilterTracking::classify(whole).contains_dynamic_filter()
        {
            return Ok(None);
        }
        let Some(column) = only_column(whole) else { return Ok(None) };
        let field = schema.field(column);
        if *field.data_type() != DataType::Utf8View {
            return Ok(None);
        }
        let alone = Arc::clone(whole).transform_down(|part| {
            let name = part.downcast_ref::<Column>().map(|column| column.name().to_owned());
            Ok(match name {
                Some(name) => Transformed::yes(Arc::new(Column::new(&name, 0)) as Arc<_>),
                None => Transformed::no(part),
            })
        });
        let schema = Arc::new(Schema::new(vec![field.clone()]));
        Ok(Some(Self { whole: Arc::clone(whole), alone: alone.data()?, column, schema }))
    }
}

/// Whether anything in an expression costs more than to compare a value.
fn looks_into_texts(expr: &Arc<dyn PhysicalExpr>) -> bool {
    let is_search = expr.downcast_ref::<BinaryExpr>().is_some_and(|binary| {
        matches!(
            binary.op(),
            Operator::RegexMatch
                | Operator::RegexIMatch
                | Operator::RegexNotMatch
                | Operator::RegexNotIMatch
        )
    });
    is_search
        || expr.is::<LikeExpr>()
        || expr.is::<ScalarFunctionExpr>()
        || expr.children().into_iter().any(looks_into_texts)
}

/// The column of an expression, if there is one and no other.
fn only_column(expr: &Arc<dyn PhysicalExpr>) -> Option<usize> {
    let columns = collect_columns(expr);
    let mut indices = columns.iter().map(Column::index);
    let first = indices.next()?;
    indices.all(|index| index == first).then_some(first)
}

impl PartialEq for Once {
    fn eq(&self, other: &Self) -> bool {
        self.whole.eq(&other.whole)
    }
}

impl Eq for Once {}

impl Hash for Once {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.whole.hash(state);
    }
}

impl fmt::Display for Once {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "once({})", self.whole)
    }
}

impl PhysicalExpr for Once {
    fn return_field(&self, input_schema: &Schema) -> EngineResult<FieldRef> {
        self.whole.return_field(input_schema)
    }

    fn evaluate(&self, batch: &RecordBatch) -> EngineResult<ColumnarValue> {
        let texts = batch.column(self.column);
        let distinct = texts.as_string_view_opt().and_then(Distinct::of);
        let Some(distinct) = distinct else { return self.whole.evaluate(batch) };
        let rows = Some(distinct.rows.len());
        let texts = take(texts, &distinct.rows, None)?;
        let options = RecordBatchOptions::new().with_row_count(rows);
        let alone =
            RecordBatch::try_new_with_options(Arc::clone(&self.schema), vec![texts], &options)?;
        Ok(match self.alone.evaluate(&alone)? {
            ColumnarValue::Array(values) => {
                ColumnarValue::Array(take(&values, &distinct.places, None)?)
            }
            scalar @ ColumnarValue::Scalar(_) => scalar,
        })
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        Vec::new()
    }

    fn with_new_children(
        self: Arc<Self>,
        _: Vec<Arc<dyn PhysicalExpr>>,
    ) -> EngineResult<Arc<dyn PhysicalExpr>> {
        Ok(self)
    }

    fn fmt_sql(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.whole.fmt_sql(f)
    }
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::{Array as _, ArrayRef, Int64Array, StringViewArray};
    use datafusion::arrow::datatypes::Field;
    use datafusion::physical_expr::expressions::{CastExpr, IsNullExpr, like, lit};

    use super::*;

    const TEXTS: [Option<&str>; 4] =
        [Some("counterfeit goods of a brand"), None, Some(""), Some("something else altogether")];

    /// Rows with numbers, and with the texts of a few or with texts of their own.
    fn batch(texts: StringViewArray) -> RecordBatch {
        let numbers = Int64Array::from_iter_values(0..texts.len() as i64);
        let columns: [(&str, ArrayRef); 2] =
            [("number", Arc::new(numbers)), ("text", Arc::new(texts))];
        RecordBatch::try_from_iter_with_nullable(columns.map(|(name, it)| (name, it, true)))
            .unwrap()
    }

    fn repeated() -> RecordBatch {
        batch(TEXTS.iter().cycle().take(1_000).copied().collect())
    }

    fn text() -> Arc<dyn PhysicalExpr> {
        Arc::new(Column::new("text", 1))
    }

    fn is_like(pattern: &str, schema: &Schema) -> Arc<dyn PhysicalExpr> {
        let pattern = lit(datafusion::scalar::ScalarValue::Utf8View(Some(pattern.to_owned())));
        like(false, false, text(), pattern, schema).unwrap()
    }

    fn values(expr: &dyn PhysicalExpr, batch: &RecordBatch) -> ArrayRef {
        expr.evaluate(batch).unwrap().into_array(batch.num_rows()).unwrap()
    }

    #[test]
    fn what_is_worked_out_once_is_what_every_row_has() {
        let own = (0..1_000).map(|row| Some(format!("counterfeit {row}"))).collect();
        for batch in [repeated(), batch(own), repeated().slice(0, 0)] {
            let schema = batch.schema();
            let whole: Arc<dyn PhysicalExpr> = Arc::new(BinaryExpr::new(
                is_like("%counterfeit%", &schema),
                Operator::Or,
                Arc::new(IsNullExpr::new(text())),
            ));

            let once = Once::of(&whole, &schema).unwrap().unwrap();

            assert_eq!(&values(&once, &batch), &values(whole.as_ref(), &batch));
        }
    }

    #[test]
    fn a_failure_stays_one() {
        let batch = repeated();
        let number: Arc<dyn PhysicalExpr> = Arc::new(CastExpr::new(text(), DataType::Int64, None));
        let schema = batch.schema();
        let whole: Arc<dyn PhysicalExpr> = Arc::new(BinaryExpr::new(
            Arc::new(BinaryExpr::new(number, Operator::Gt, lit(1_i64))),
            Operator::And,
            is_like("%goods%", &schema),
        ));

        let once = Once::of(&whole, &schema).unwrap().unwrap();

        assert!(whole.evaluate(&batch).is_err());
        assert!(once.evaluate(&batch).is_err());
    }

    #[test]
    fn what_asks_for_other_columns_or_only_compares_is_left_alone() {
        let schema = Schema::new(vec![
            Field::new("number", DataType::Int64, true),
            Field::new("text", DataType::Utf8View, true),
        ]);
        let is_some: Arc<dyn PhysicalExpr> = Arc::new(IsNullExpr::new(text()));
        let number: Arc<dyn PhysicalExpr> = Arc::new(Column::new("number", 0));
        let both: Arc<dyn PhysicalExpr> = Arc::new(BinaryExpr::new(
            is_like("%a%", &schema),
            Operator::And,
            Arc::new(BinaryExpr::new(number, Operator::Eq, lit(1_i64))),
        ));

        assert_eq!(Once::of(&is_some, &schema).unwrap(), None);
        assert_eq!(Once::of(&both, &schema).unwrap(), None);
    }
}
