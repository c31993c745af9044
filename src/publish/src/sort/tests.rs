//! Sorting in memory and through files.

use arrow::array::{Array as _, AsArray as _, Int64Array, StringViewArray};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;

use super::*;

fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("name", DataType::Utf8View, true),
        Field::new("number", DataType::Int64, false),
    ]))
}

fn keys() -> Keys {
    Keys::by(&schema(), vec![0, 1]).unwrap()
}

/// Rows from a number on, in an order of their own.
fn batch(first: i64, count: i64) -> RecordBatch {
    let numbers: Vec<i64> = (first..first + count).map(|row| (row * 7919) % 100_003).collect();
    let names = numbers.iter().map(|number| {
        (number % 11 != 0).then(|| format!("a name with its number {:03}", number % 97))
    });
    let names = StringViewArray::from_iter(names);
    let columns: Vec<arrow::array::ArrayRef> =
        vec![Arc::new(names), Arc::new(Int64Array::from(numbers))];
    RecordBatch::try_new(schema(), columns).unwrap()
}

fn held(first: i64, count: i64) -> Held {
    let mut held = Held::default();
    for start in (first..first + count).step_by(1_000) {
        let rows = batch(start, (first + count - start).min(1_000));
        held.push(keys().beside(&rows).unwrap());
    }
    held
}

/// The numbers of rows, as they come.
fn numbers(pieces: impl Iterator<Item = Result<Scattered, DataFusionError>>) -> (Vec<i64>, usize) {
    let batches: Vec<RecordBatch> = pieces.map(|piece| piece.unwrap().batch().unwrap()).collect();
    let most = batches.iter().map(RecordBatch::num_rows).max().unwrap_or_default();
    let all = concat_batches(&schema(), &batches).unwrap();
    (all.column(1).as_primitive::<Int64Type>().values().to_vec(), most)
}

/// What a sort that knows nothing of keys and files says.
fn expected(count: i64) -> Vec<i64> {
    let all = batch(0, count);
    let (names, numbers) = (all.column(0).as_string_view(), all.column(1));
    let numbers = numbers.as_primitive::<Int64Type>();
    let mut rows: Vec<(bool, &str, i64)> = names
        .iter()
        .zip(numbers.values())
        .map(|(name, number)| (name.is_none(), name.unwrap_or_default(), *number))
        .collect();
    rows.sort_unstable();
    rows.into_iter().map(|(_, _, number)| number).collect()
}

#[test]
fn rows_in_memory_leave_in_order_and_as_many_at_once_as_are_wanted() {
    let (found, most) = numbers(held(0, 50_000).sorted().at_once(1_024).map(Ok));

    assert_eq!(found, expected(50_000));
    assert_eq!(most, 1_024);
}

#[test]
fn rows_that_were_spilled_come_back_in_the_same_order() {
    let folder = tempfile::tempdir().unwrap();
    let scratch = Arc::new(Scratch::new(folder.path(), 100 << 20));
    for fan_in in [2, 3, 100] {
        let spilled = (0..7_i64).map(|run| held(run * 5_000, 5_000).sorted());
        let spilled = spilled.map(|rows| spill::write(rows, &schema(), &scratch).unwrap());

        let keys = Arc::new(keys());
        let merged = merge_down(spilled.collect(), fan_in, &keys, &schema(), &scratch).unwrap();

        assert_eq!(numbers(merged).0, expected(35_000), "{fan_in}");
    }
}

/// Parquet's writer tells the two apart, and what is written must not hang on memory.
#[test]
fn rows_without_nulls_have_no_record_of_nulls_wherever_they_come_from() {
    let folder = tempfile::tempdir().unwrap();
    let scratch = Arc::new(Scratch::new(folder.path(), 100 << 20));
    let spilled = [0, 10_000].map(|first| held(first, 10_000).sorted());
    let spilled = spilled.map(|rows| spill::write(rows, &schema(), &scratch).unwrap());
    let merged = Merge::new(spilled.into(), Arc::new(keys())).unwrap();

    let pieces = held(0, 20_000).sorted().at_once(1_000).chain(merged.map(Result::unwrap));
    let nulls = pieces.map(|piece| piece.column(0).unwrap().nulls().cloned());
    let (without, with): (Vec<_>, Vec<_>) = nulls.partition(Option::is_none);

    assert!(!without.is_empty() && !with.is_empty());
    assert!(with.iter().flatten().all(|nulls| 0 < nulls.null_count()));
}

#[test]
fn files_beyond_the_budget_are_an_error_of_their_own_kind_and_give_back_what_they_took() {
    let folder = tempfile::tempdir().unwrap();
    let scratch = Arc::new(Scratch::new(folder.path(), 40_000));

    let error = spill::write(held(0, 50_000).sorted(), &schema(), &scratch).unwrap_err();

    assert!(matches!(error, DataFusionError::ResourcesExhausted(_)), "{error}");
    assert!(spill::write(held(0, 1_000).sorted(), &schema(), &scratch).is_ok());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
