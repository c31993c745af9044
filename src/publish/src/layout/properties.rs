//! How columns are encoded, and why so.
//!
//! Chosen by what researchers' questions took: docs/decisions/0011-how-files-are-laid-out.md.

use domain::codebook::{Class, Field, FieldType};
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use parquet::schema::types::ColumnPath;

use crate::columns::Columns;
use crate::failure::Fault;

/// Rows of a row group: 16 batches. Small enough that statistics leave most of them out of a question
/// for the latest rows and that two cores share a day's file; large enough that a footer stays small
/// (422 KB were measured at 128 k rows of 2×10^7).
pub(crate) const ROW_GROUP_ROWS: usize = 16 * crate::sort::BATCH_ROWS;

/// Rows of a file: 32 row groups, about a gigabyte of the widest dataset.
pub(crate) const FILE_ROWS_MAX: usize = 32 * ROW_GROUP_ROWS;

/// Rows of a page, the smallest piece that the page index lets a query skip.
const PAGE_ROWS: usize = crate::sort::BATCH_ROWS;

/// How often a bloom filter says "perhaps" of what is not there.
const BLOOM_FALSE_POSITIVES: f64 = 0.01;

/// The fastest to write; of moderation actions, whose texts are mostly keys, it makes smaller files than
/// higher levels do.
const ZSTD_LEVEL: i32 = 1;

/// Who wrote it; the same for every version of this program that lays out in the same way.
const CREATED_BY: &str = "Reading Room layout 2";

/// The properties of a dataset's files.
///
/// # Errors
/// Never: the compression level is one that there is.
pub(crate) fn properties(columns: &Columns) -> Result<WriterProperties, Fault> {
    let sorting = columns
        .sort_order
        .iter()
        .take_while(|place| columns.all[**place].field.field_type != FieldType::List);
    let sorting: Vec<SortingColumn> = sorting
        .filter_map(|place| i32::try_from(*place).ok())
        .map(|column_idx| SortingColumn { column_idx, descending: false, nulls_first: false })
        .collect();
    let mut builder = WriterProperties::builder()
        .set_writer_version(WriterVersion::PARQUET_1_0)
        .set_created_by(CREATED_BY.to_owned())
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(ZSTD_LEVEL)?))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_data_page_row_count_limit(PAGE_ROWS)
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_sorting_columns(Some(sorting));
    for (place, column) in columns.all.iter().enumerate() {
        let path = || leaf_path(&column.field);
        if is_looked_up(columns, place) {
            builder = builder
                .set_column_bloom_filter_enabled(path(), true)
                .set_column_bloom_filter_fpp(path(), BLOOM_FALSE_POSITIVES)
                .set_column_bloom_filter_max_ndv(path(), ROW_GROUP_ROWS as u64);
        }
        if is_unique(columns, place) {
            builder = builder.set_column_dictionary_enabled(path(), false);
        }
        // Nobody asks for a range of prose or lists; its bounds would only swell the page index.
        if column.field.free_text || column.field.field_type == FieldType::List {
            builder = builder.set_column_statistics_enabled(path(), EnabledStatistics::Chunk);
        }
    }
    Ok(builder.build())
}

/// Where Parquet keeps a column's values.
pub(crate) fn leaf_path(field: &Field) -> ColumnPath {
    let name = field.name.as_str().to_owned();
    match field.field_type {
        FieldType::List => ColumnPath::new(vec![name, "list".to_owned(), "item".to_owned()]),
        FieldType::String
        | FieldType::Integer
        | FieldType::Number
        | FieldType::Decimal
        | FieldType::Boolean
        | FieldType::Date
        | FieldType::Datetime => ColumnPath::new(vec![name]),
    }
}

/// Whether single values of a column are looked up: keys, and what points at keys.
fn is_looked_up(columns: &Columns, place: usize) -> bool {
    let field = &columns.all[place].field;
    let name = field.name.as_str();
    let points = columns.codebook.foreign_keys.iter().any(|key| key.fields.contains(&field.name));
    field.field_type == FieldType::String
        && field.categories.is_none()
        && (columns.primary_key.contains(&place)
            || points
            || field.class == Class::Identifier
            || name.ends_with("_id")
            || name.ends_with("_uid"))
}

/// Whether no value of a column comes twice, so that a dictionary would be in vain.
fn is_unique(columns: &Columns, place: usize) -> bool {
    columns.primary_key == [place]
}
