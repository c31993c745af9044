//! How a run fails, and what must not leave then.

use domain::outcome::FailureKind;

use super::world::{Bytes, ENGINE, SECRET, World};
use crate::{Fault, RunResult};

fn failure(sql: &str) -> FailureKind {
    let told = World::open().with_secret().tell(sql);
    let text = format!("{:?} {:?}", told.result, told.verdict);
    assert!(!text.contains(SECRET), "{sql}: {text}");
    match told.result {
        RunResult::Failed(kind) => kind,
        other @ (RunResult::Finished(_) | RunResult::LimitHit(_) | RunResult::Fault(_)) => {
            panic!("{sql}: {other:?}")
        }
    }
}

#[test]
fn a_cast_that_fails_tells_its_kind_and_never_the_value() {
    for sql in [
        "SELECT CAST(secret AS BIGINT) FROM ads",
        "SELECT 1 FROM ads WHERE CAST(secret AS BIGINT) = 1",
        "SELECT 1 FROM ads WHERE CAST(secret AS BIGINT) = 1 AND ad_id = 'A1'",
        "SELECT CAST(secret AS DATE) FROM ads",
        "SELECT sum(secret::DOUBLE) FROM ads",
        "SELECT 1 FROM ads a JOIN ads b ON a.ad_id = b.ad_id AND a.secret::BIGINT < b.impressions",
    ] {
        assert_eq!(failure(sql), FailureKind::Cast, "{sql}");
    }
}

#[test]
fn other_failures_on_values_have_their_kinds() {
    assert_eq!(failure("SELECT 1 / impressions FROM ads"), FailureKind::DivideByZero);
    assert_eq!(failure("SELECT 1 % impressions FROM ads"), FailureKind::DivideByZero);
    assert_eq!(failure("SELECT impressions * 1000000000000000000 FROM ads"), FailureKind::Overflow);
    let sum = "SELECT sum(impressions + 9223372036854775000) FROM ads WHERE impressions > 0";
    assert_eq!(failure(sum), FailureKind::Overflow);
    let sums = format!("{sum} GROUP BY targeted IS NULL");
    assert_eq!(failure(&sums), FailureKind::Overflow);
    assert_eq!(
        failure("SELECT 1 FROM ads WHERE secret = (SELECT secret FROM ads)"),
        FailureKind::ManyRows
    );
    assert!(matches!(
        failure("SELECT to_timestamp(secret) FROM ads"),
        FailureKind::Value | FailureKind::Cast
    ));
    assert_eq!(
        failure("SELECT first_shown + INTERVAL '100000' YEAR FROM ads"),
        FailureKind::Overflow
    );
}

#[test]
fn a_constant_that_cannot_be_computed_is_refused_before_anything_is_read() {
    let refusal = World::open().refusal("SELECT CAST('abc' AS BIGINT) FROM ads");

    assert!(refusal.detail.contains("constant"), "{refusal:?}");
}

#[test]
fn files_that_are_not_the_mounted_ones_are_a_fault() {
    let world = World::open();
    let run = |files| {
        let vetted = ENGINE.plan(world.question("SELECT ad_id FROM ads")).unwrap();
        ENGINE.run(vetted, files, &[], &mut Bytes::default())
    };
    let sql = "SELECT ad_id FROM ad_reach";
    let other = world.files(&world.question(sql), &world.tell(sql).verdict);

    assert!(matches!(run(Vec::new()), RunResult::Fault(Fault::Files(_))));
    let other = other.into_iter().take(1).collect();
    assert!(matches!(run(other), RunResult::Fault(Fault::Files(_))));
}

#[test]
fn a_file_that_is_no_parquet_is_a_fault() {
    let world = World::open();
    let vetted = ENGINE.plan(world.question("SELECT ad_id FROM ads")).unwrap();
    let length = world.mounts[0].files[0].bytes;
    let file = tempfile::tempfile().unwrap();
    file.set_len(length).unwrap();
    // Another digest, so that the footer of the real file is not at hand.
    let mut other = world.question("SELECT ad_id FROM ads");
    other.mounts[0].files[0].sha256 = domain::Sha256Digest::of(b"zeros");
    drop(vetted);
    let vetted = ENGINE.plan(other).unwrap();

    let result = ENGINE.run(vetted, vec![file], &[], &mut Bytes::default());

    assert!(matches!(result, RunResult::Fault(Fault::Unreadable)), "{result:?}");
}
