//! What is broken, forged or not what it says: each gives a clear reject, and nothing is left.
#![expect(clippy::wildcard_enum_match_arm, reason = "Arrow has more types than a codebook")]

use std::fs;
use std::io::Write as _;

use domain::codebook::FieldType;
use domain::{Codebook, ColumnName};
use parquet::arrow::arrow_reader::ArrowReaderMetadata;

use crate::desk::{Desk, shared, tar, traders, zip};

fn rule(name: &str, bytes: impl AsRef<[u8]>) -> String {
    let reject = Desk::of(traders()).file(name, bytes).reject();
    assert!(reject.file.starts_with(name), "{}", reject.file);
    reject.rule
}

#[test]
fn a_file_that_is_not_what_its_name_says_is_rejected() {
    let noise: Vec<u8> =
        (0..100_000_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    for name in ["a.zip", "a.parquet", "a.csv.gz", "a.csv.zst", "a.tar", "a.parquet.gz"] {
        assert_eq!(rule(name, &noise), "format", "{name}");
        assert_eq!(rule(name, &noise[..10]), "format", "{name}");
    }
    assert_eq!(rule("a.doc", "x"), "format");
    assert_eq!(rule("a", "x"), "format");
}

#[test]
fn an_archive_that_was_cut_is_rejected() {
    let whole = zip(&[("a.csv", b"trader_id\nt1\n")], false);
    let csv = "trader_id\n".to_owned() + &"t1\n".repeat(100_000);
    let packed = zstd::encode_all(csv.as_bytes(), 0).unwrap();

    assert_eq!(rule("a.zip", &whole[..whole.len() - 10]), "format");
    assert_eq!(rule("a.csv.zst", &packed[..packed.len() / 2]), "format");
}

#[test]
fn a_zip_whose_content_was_changed_is_rejected() {
    let mut stored = zip(&[("a.csv", b"trader_id\nt1\nt2\n")], true);
    let at = stored.windows(2).position(|two| two == b"t2").unwrap();
    stored[at] = b'x';

    assert_eq!(rule("a.zip", stored), "format");
}

#[test]
fn a_zip_bomb_is_cut_off() {
    let mut zeros = b"trader_id,country\n".to_vec();
    zeros.resize(256 * 1024 * 1024, b'\n');
    let bomb = zip(&[("a.csv", &zeros)], false);
    assert!(bomb.len() < 1024 * 1024);

    assert_eq!(rule("bomb.zip", &bomb), "size");
    let nested = zip(&[("bomb.csv.zip", &bomb)], false);
    assert_eq!(rule("nested.zip", &nested), "size");
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(&zeros).unwrap();
    assert_eq!(rule("bomb.csv.gz", gzip.finish().unwrap()), "size");
}

#[test]
fn archives_within_archives_end_somewhere() {
    let csv: &[u8] = b"trader_id\nt1\n";
    let one = zip(&[("a.csv", csv)], false);
    let two = zip(&[("a.csv.zip", &one)], false);
    let three = zip(&[("a.zip", &two)], false);

    assert_eq!(Desk::of(traders()).file("two.zip", &two).made().draft.row_count, 1);
    assert_eq!(rule("three.zip", &three), "format");
    let folder = tar(&[("d/two.zip", &two)]);
    assert_eq!(Desk::of(traders()).file("folder.tar", folder).made().draft.row_count, 1);
    assert_eq!(rule("a.zip", zip(&[("folder.tar", &tar(&[("a.csv", csv)]))], false)), "format");
}

#[test]
fn nothing_in_an_archive_is_passed_over_but_what_systems_leave() {
    let csv: &[u8] = b"trader_id\nt1\n";
    let left = [("a.csv", csv), (".DS_Store", b"x"), ("__MACOSX/._a.csv", b"x")];

    assert_eq!(Desk::of(traders()).file("a.zip", zip(&left, false)).made().draft.row_count, 1);
    assert_eq!(Desk::of(traders()).file("a.tar", tar(&left)).made().draft.row_count, 1);
    assert_eq!(rule("a.zip", zip(&[("a.csv", csv), ("notes.txt", b"x")], false)), "format");
    assert_eq!(rule("a.tar", tar(&[("a.csv", csv), ("a.csv.sha1", b"x")])), "format");
    assert_eq!(rule("a.tar", tar(&[("b.csv.sha1", b"x")])), "format");
}

#[test]
fn a_link_in_a_tar_is_no_file() {
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Symlink);
    header.set_size(0);
    builder.append_link(&mut header, "a.csv", "/etc/passwd").unwrap();

    assert_eq!(rule("a.tar", builder.into_inner().unwrap()), "format");
}

#[test]
fn a_wrong_header_is_told_with_the_nearest_names() {
    let detail = |header: &str| {
        let reject = Desk::of(traders()).file("a.csv", format!("{header}\n")).reject();
        assert_eq!((reject.rule.as_str(), reject.line), ("header", Some(1)), "{header}");
        reject.detail
    };

    assert!(detail("trader_id,contry").contains("nearest is country"));
    assert!(detail("country,offers").contains("trader_id is missing"));
    assert!(detail("trader_id,trader_id").contains("twice"));
    assert!(detail("trader_id;country").contains("is no column"));
    assert_eq!(rule("a.csv", ""), "header");
    assert_eq!(rule("a.csv", "\n\n"), "header");
}

#[test]
fn text_that_is_none_is_rejected_row_by_row() {
    for (bytes, line) in [
        (&b"trader_id,country\nt1,AT\nt2\xff,AT\nt3,AT\n"[..], 3),
        (b"trader_id,country\nt1,AT\nt2\0,AT\nt3,AT\n", 3),
        (b"trader_id,country\nt1,AT\nt3,A\xc3", 3),
    ] {
        let reject = Desk::of(traders()).file("a.csv", bytes).reject();
        assert_eq!((reject.rule.as_str(), reject.line, reject.count), ("encoding", Some(line), 1));
    }
    assert_eq!(rule("a.csv", b"trader_id\xff\nt1\n"), "encoding");
    assert_eq!(rule("a.csv", b"\xff\xfet\0r\0"), "encoding");
    assert_eq!(rule("a.ndjson", b"{\"trader_id\":\"\xff\"}"), "encoding");
    assert_eq!(rule("a.ndjson", br#"{"trader_id":"\u0000"}"#), "encoding");
}

#[test]
fn a_row_of_another_shape_is_rejected_with_its_line() {
    for rows in ["t1\n", "t1,AT,x\n", "\"t1,AT\n", "t\"1,AT\n", "\"t1\"x,AT\n"] {
        let reject =
            Desk::of(traders()).file("a.csv", format!("trader_id,country\n{rows}")).reject();
        assert_eq!((reject.rule.as_str(), reject.line), ("format", Some(2)), "{rows}");
    }
}

#[test]
fn a_quote_that_is_never_closed_does_not_eat_memory() {
    let mut csv = "trader_id,country\nt1,AT\nt2,\"".to_owned();
    csv.push_str(&"x,y\n".repeat(5_000_000));

    let reject = Desk::of(traders()).file("a.csv", csv).reject();

    assert_eq!((reject.rule.as_str(), reject.line), ("size", Some(3)));
}

#[test]
fn one_unfit_file_does_not_hide_what_is_wrong_with_the_others() {
    let report = Desk::of(traders())
        .file("a.zip", "no zip")
        .file("b.csv", "trader_id,country\nt1,XX\n")
        .with(|job| job.rejects_max = 10)
        .rejected();

    let rules: Vec<_> = report.rejects.iter().map(|reject| reject.rule.as_str()).collect();
    assert_eq!(rules, ["format", "category"]);
}

/// A codebook that fits a Parquet file as well as any can, so that its pages are really read.
fn codebook_of(bytes: &[u8]) -> Option<Codebook> {
    let bytes = bytes::Bytes::copy_from_slice(bytes);
    let schema = ArrowReaderMetadata::load(&bytes, Default::default()).ok()?;
    let schema = schema.schema();
    let mut codebook = traders();
    let template = codebook.fields[0].clone();
    codebook.fields = schema
        .fields()
        .iter()
        .filter_map(|field| {
            let data_type = field.data_type();
            let field_type = match data_type {
                arrow::datatypes::DataType::Boolean => FieldType::Boolean,
                arrow::datatypes::DataType::List(_) => FieldType::List,
                _ if data_type.is_integer() => FieldType::Integer,
                _ if data_type.is_numeric() => FieldType::Number,
                _ => FieldType::String,
            };
            let name = ColumnName::parse(field.name()).ok()?;
            Some(domain::codebook::Field { name, field_type, nullable: true, ..template.clone() })
        })
        .collect();
    let first = codebook.fields.first()?.name.clone();
    codebook.primary_key = vec![first.clone()];
    codebook.sort_order = vec![first];
    Some(codebook)
}

/// The indices of a dictionary of one entry need no bits, and this file spends none on them. Some
/// readers stumble over that; ours reads what is there.
const WIDTH_ZERO: &str = "ARROW-GH-43605.parquet";

#[test]
fn no_malformed_parquet_file_is_published_or_does_harm() {
    let Some(folder) = shared("corpora/parquet-bad") else { return };
    let mut tried = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "parquet") {
            continue;
        }
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let bytes = fs::read(&path).unwrap();

        let stranger = Desk::of(traders()).file(&name, &bytes).rejected();
        assert!(!stranger.rejects.is_empty(), "{name}");
        if let Some(codebook) = codebook_of(&bytes) {
            let fitting = Desk::of(codebook).file(&name, &bytes);
            if name == WIDTH_ZERO {
                let made = fitting.made();
                assert_eq!(made.draft.row_count, 1, "the same row again and again");
            } else {
                println!("{name}: {:?}", fitting.rejected().rejects.first());
            }
        }
        tried += 1;
    }
    assert!(5 < tried);
}

#[test]
fn a_parquet_file_with_any_byte_flipped_is_read_or_rejected_but_never_panics() {
    let csv = "trader_id,country,offers\n".to_owned()
        + &(0..50).map(|row| format!("t{row},AT,{row}\n")).collect::<String>();
    let made = Desk::of(traders()).file("a.csv", csv).made();
    let good = fs::read(made.path(&made.draft.files[0].file)).unwrap();

    for at in (0..good.len()).step_by(good.len() / 120) {
        let mut bad = good.clone();
        bad[at] ^= 0x5a;
        let outcome = Desk::of(traders()).file("a.parquet", bad).run(&mut |_| {});
        if let Err(publish::PublishFailure::Fault(fault)) = outcome {
            panic!("byte {at}: {fault:?}");
        }
    }
}
