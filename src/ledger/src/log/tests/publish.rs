//! What the outside finds: tiles, checkpoints, proofs.

use super::super::*;
use crate::specimen::{files, fill, key, open, record};
use crate::tile::TILE_WIDTH;
use crate::verify::verify_directory;

#[test]
fn a_new_log_has_a_checkpoint_of_nothing() {
    let (key, folder) = (key(), tempfile::tempdir().unwrap());

    let (log, _) = open(folder.path(), &key);

    assert_eq!(log.checkpoint().size(), TreeSize::EMPTY);
    assert_eq!(files(folder.path()), ["checkpoint", "entries"]);
    verify_directory(folder.path(), key.verifying_key(), None).unwrap();
}

#[test]
fn a_closed_log_is_sealed_and_holds_the_files_of_its_size_only() {
    let (key, folder) = (key(), tempfile::tempdir().unwrap());
    let (log, _) = open(folder.path(), &key);
    for _ in 0..5 {
        fill(&log, 52);
        log.seal_now().unwrap();
    }

    drop(log);

    let expected = [
        "checkpoint",
        "entries",
        "tile/0/000",
        "tile/0/001.p/4",
        "tile/1/000.p/1",
        "tile/entries/000",
        "tile/entries/001.p/4",
    ];
    assert_eq!(files(folder.path()), expected);
}

#[test]
fn every_sealed_entry_has_a_proof_and_no_other_has() {
    let (key, folder) = (key(), tempfile::tempdir().unwrap());
    let (log, _) = open(folder.path(), &key);
    fill(&log, 300);
    let checkpoint = log.seal_now().unwrap();
    fill(&log, 1);

    for number in 0..300 {
        let proof = log.prove_inclusion(LeafIndex::new(number)).unwrap();
        assert_eq!(proof.verify(&checkpoint, &record(number).entry), Ok(()));
    }
    let unsealed = log.prove_inclusion(LeafIndex::new(300));
    assert!(matches!(unsealed, Err(ProveError::Outside { .. })));
}

#[test]
fn every_checkpoint_is_consistent_with_every_earlier_one() {
    let (key, folder) = (key(), tempfile::tempdir().unwrap());
    let (log, _) = open(folder.path(), &key);
    let mut earlier = Vec::new();

    for step in [1, 6, 249, 1, 30] {
        fill(&log, step);
        let checkpoint = log.seal_now().unwrap();
        for before in &earlier {
            let before: &Arc<Checkpoint> = before;
            let proof = log.prove_consistency(before.size()).unwrap();
            assert_eq!(proof.verify(before, &checkpoint), Ok(()));
        }
        earlier.push(checkpoint);
    }
}

/// Whoever holds a checkpoint of a moment ago can still fetch all that it names.
#[test]
fn a_tile_is_served_in_each_width_it_ever_had_and_in_none_it_has_not_yet() {
    let (key, folder) = (key(), tempfile::tempdir().unwrap());
    let (log, _) = open(folder.path(), &key);
    fill(&log, 30);
    log.seal_now().unwrap();
    fill(&log, 230);
    let bundle = |width| log.tile(&TilePath::entries(0, width)).unwrap();

    assert_eq!(bundle(31), None);
    let early = bundle(17).unwrap();
    log.seal_now().unwrap();

    assert_eq!(bundle(17), Some(early.clone()));
    assert!(bundle(TILE_WIDTH).unwrap().starts_with(&early));
    assert_eq!(log.tile(&TilePath::hashes(0, 0, 17)).unwrap().unwrap().len(), 17 * 32);
}

#[test]
fn sealing_what_is_sealed_changes_nothing() {
    let (key, folder) = (key(), tempfile::tempdir().unwrap());
    let (log, _) = open(folder.path(), &key);
    fill(&log, 2);

    let first = log.seal_now().unwrap();

    assert!(Arc::ptr_eq(&first, &log.seal_now().unwrap()));
}
