//! A million wide rows under a fixed memory cap, in a process of their own.
//!
//! # Invariant
//! What a publication takes is set by its job, and not by how many rows were delivered.
#![expect(clippy::unwrap_used, reason = "a test may fail where it stands")]

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::Path;

use domain::publication::{PublishJob, SourceFile};
use domain::{Codebook, Date};

const MEGABYTE: u64 = 1024 * 1024;

const ROWS: u64 = 1_000_000;

/// Memory that the job may use for what grows with its rows.
const MEMORY_BYTES: u64 = 96 * MEGABYTE;

/// Memory that the process may have had at its peak: the job's, what Parquet keeps of a row group
/// that is being written, and the blocks on their way.
const PEAK_BYTES_MAX: u64 = 320 * MEGABYTE;

/// The codebook of listings, the widest of a state.
fn listings() -> Codebook {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../datasets/listings"));
    let yaml = fs::read_to_string(folder.join("codebook.yaml")).unwrap();
    serde_saphyr::from_str(&yaml).unwrap()
}

/// Writes a million listings in no order; about 250 bytes each.
fn deliver(path: &Path) {
    let mut file = BufWriter::new(File::create(path).unwrap());
    file.write_all(
        b"listing_id,trader_id,title,listing_url,title_lang,description,category_id,category_path,\
          brand_claimed,gtin,manufacturer_name,eu_responsible_person_present,\
          eu_responsible_person_country,ce_marking_declared,safety_warning_present,\
          product_identification_complete,trader_sign_present,labelling_info_present,price_eur,\
          ships_from_country,offered_in,first_published_at,status,status_changed_at,\
          removal_action_id,content_fingerprint,duplicate_cluster_id,age_restricted,\
          orders_eu_bucket\n",
    )
    .unwrap();
    for row in 0..ROWS {
        let (id, kind, month) = ((row * 7919) % ROWS, row % 300, 1 + row % 12);
        writeln!(
            file,
            "L{id:09},T{:06},item {row} of {} kinds,,en,\"Sold as seen, number {row} of a long \
             series\",c{kind},toys > kind {kind},Brand {},,,true,DE,true,false,true,true,,{}.{:02},\
             CN,\"[\"\"DE\"\",\"\"FR\"\"]\",2025-{month:02}-01T00:00:00Z,ACTIVE,\
             2026-01-01T00:00:00Z,,,,false,1-9",
            (row * row) % 9973,
            row % 977,
            row % 500,
            row % 1000,
            row % 100,
        )
        .unwrap();
    }
    file.flush().unwrap();
}

/// The most memory that this process ever had.
fn peak_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok().map(|kilobytes: u64| kilobytes * 1024)
}

#[test]
fn a_million_rows_are_published_under_a_fixed_memory_cap() {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("listings.csv");
    deliver(&source);
    let scratch = tempfile::tempdir().unwrap();
    let bytes = fs::metadata(&source).unwrap().len();
    let job = PublishJob {
        codebook: listings(),
        as_of: Date::from_ymd_opt(2026, 11, 23).unwrap(),
        period: None,
        sources: vec![SourceFile { name: "listings.csv".to_owned(), media_type: None, bytes }],
        kept: Vec::new(),
        offsets: Vec::new(),
        previous: None,
        references: Vec::new(),
        rejects_max: 0,
        dry_run: false,
        memory_bytes: MEMORY_BYTES,
        spill_bytes: 1024 * MEGABYTE,
        expanded_bytes_max: 4096 * MEGABYTE,
    };

    let files = vec![File::open(&source).unwrap()];
    let draft = publish::run(job, files, scratch.path(), &mut |_| {});

    let draft = draft.unwrap_or_else(|failure| panic!("{failure:?}"));
    assert_eq!(draft.files.iter().map(|file| file.row_count).sum::<u64>(), ROWS);
    let Some(peak_bytes) = peak_bytes() else {
        println!("skipped: this system does not tell how much memory a process had");
        return;
    };
    assert!(peak_bytes < PEAK_BYTES_MAX, "{} MB", peak_bytes / MEGABYTE);
}
