//! A Parquet file of some kilobytes that truly decodes to more rows than any disk holds.
//!
//! # Shape
//! One text column. Each data page is one run, a handful of bytes that stand for 2³⁰ equal rows; all
//! row groups of the footer point at the same pages.

use std::io::Write as _;
use std::sync::Arc;

use parquet::basic::{Compression, Encoding, Repetition, Type as Physical};
use parquet::column::page::{CompressedPage, Page, PageWriter as _};
use parquet::file::metadata::{
    ColumnChunkMetaData, FileMetaData, ParquetMetaData, ParquetMetaDataWriter, RowGroupMetaData,
};
use parquet::file::writer::{SerializedPageWriter, TrackedWrite};
use parquet::schema::types::{SchemaDescriptor, Type};

/// Rows of one page: as many as a run may stand for.
const PAGE_ROWS: u32 = 1 << 30;
/// Pages of the one column chunk that there is.
const PAGES: i64 = 600;
/// Row groups that claim it.
const GROUPS: i64 = 1_000;

/// Rows of the file: over 6 × 10¹⁴.
pub(crate) const ROWS: i64 = GROUPS * PAGES * PAGE_ROWS as i64;

/// The file, whose one column has this name.
pub(crate) fn giant(column: &str) -> Vec<u8> {
    let mut sink = TrackedWrite::new(Vec::new());
    sink.write_all(b"PAR1").unwrap();
    let mut writer = SerializedPageWriter::new(&mut sink);
    let mut write = |page: Page| {
        let length = page.buffer().len();
        writer.write_page(CompressedPage::new(page, length)).unwrap().bytes_written
    };
    let dictionary_bytes = write(dictionary());
    let data_bytes = (0..PAGES).map(|_| write(run())).sum::<u64>();
    let chunk = Chunk { dictionary_bytes, data_bytes };
    let mut file = sink.into_inner().unwrap();
    ParquetMetaDataWriter::new(&mut file, &footer(column, chunk)).finish().unwrap();
    file
}

/// The lengths of what the one column chunk consists of.
struct Chunk {
    dictionary_bytes: u64,
    data_bytes: u64,
}

/// The one value that there is.
fn dictionary() -> Page {
    let value = [&2_u32.to_le_bytes()[..], b"t1"].concat();
    Page::DictionaryPage {
        buf: value.into(),
        num_values: 1,
        encoding: Encoding::PLAIN,
        is_sorted: false,
    }
}

/// A page of one run: its bit width, its length as a variable-length integer, the value's index.
fn run() -> Page {
    let mut bytes = vec![1];
    let mut header = u64::from(PAGE_ROWS) << 1;
    while 0x7f < header {
        bytes.push((header & 0x7f) as u8 | 0x80);
        header >>= 7;
    }
    bytes.extend([header as u8, 0]);
    Page::DataPage {
        buf: bytes.into(),
        num_values: PAGE_ROWS,
        encoding: Encoding::RLE_DICTIONARY,
        def_level_encoding: Encoding::RLE,
        rep_level_encoding: Encoding::RLE,
        statistics: None,
    }
}

/// The footer, in which every row group has the same column chunk.
fn footer(column: &str, chunk: Chunk) -> ParquetMetaData {
    let text = Type::primitive_type_builder(column, Physical::BYTE_ARRAY)
        .with_repetition(Repetition::REQUIRED)
        .with_converted_type(parquet::basic::ConvertedType::UTF8)
        .build()
        .unwrap();
    let root = Type::group_type_builder("schema").with_fields(vec![Arc::new(text)]).build();
    let schema = Arc::new(SchemaDescriptor::new(Arc::new(root.unwrap())));
    let bytes = (chunk.dictionary_bytes + chunk.data_bytes) as i64;
    let group_rows = PAGES * i64::from(PAGE_ROWS);
    let group = |_| {
        let chunk = ColumnChunkMetaData::builder(schema.column(0))
            .set_encodings(vec![Encoding::PLAIN, Encoding::RLE_DICTIONARY])
            .set_compression(Compression::UNCOMPRESSED)
            .set_num_values(group_rows)
            .set_total_compressed_size(bytes)
            .set_total_uncompressed_size(bytes)
            .set_dictionary_page_offset(Some(4))
            .set_data_page_offset(4 + chunk.dictionary_bytes as i64)
            .build()
            .unwrap();
        RowGroupMetaData::builder(Arc::clone(&schema))
            .set_num_rows(group_rows)
            .set_total_byte_size(bytes)
            .set_column_metadata(vec![chunk])
            .build()
            .unwrap()
    };
    let file = FileMetaData::new(2, ROWS, None, None, Arc::clone(&schema), None);
    ParquetMetaData::new(file, (0..GROUPS).map(group).collect())
}
