//! The protocol's promises, over real sockets.

use std::borrow::Cow;
use std::fs::File;
use std::io::{Read as _, Seek as _, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::thread;

use domain::codebook::Class;
use domain::grant::RowBounds;
use domain::ids::{ColumnName, DatasetName, Sha256Digest, SnapshotId};
use domain::limits::{LimitName, Limits};
use domain::outcome::{FailureKind, LimitHit, Summary};
use domain::publication::{CompactJob, Draft, Progress, RejectReport, Stage};
use domain::question::{Format, Mount, MountedFile, OnLimit, Pin, Question, Version};
use domain::redaction::MountedRedactions;
use domain::verdict::{AnswerColumn, Position, Refusal, RefusalCode, Scan, Verdict};
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::*;
use crate::probe::Probe;
use crate::wall::{Level, ProcessLimits};

/// Any text, of any characters.
fn text() -> impl Strategy<Value = String> {
    proptest::collection::vec(any::<char>(), 0..40).prop_map(|chars| chars.into_iter().collect())
}

fn digest() -> impl Strategy<Value = Sha256Digest> {
    any::<[u8; 32]>().prop_map(Sha256Digest::from_bytes)
}

fn mounts() -> impl Strategy<Value = Vec<Mount>> {
    let file = (digest(), any::<u64>(), any::<u64>(), proptest::option::of(text())).prop_map(
        |(sha256, bytes, row_count, period)| MountedFile { sha256, bytes, row_count, period },
    );
    let mount =
        (digest(), proptest::collection::vec(file, 0..4)).prop_map(|(sha256, files)| Mount {
            dataset: DatasetName::parse("ads").unwrap(),
            snapshot: SnapshotId::from_digest(&sha256),
            fields: Vec::new(),
            rows: RowBounds::default(),
            time_column: None,
            member_state_column: None,
            files,
            sort_order: vec![ColumnName::parse("ad_id").unwrap()],
            redactions: None,
        });
    proptest::collection::vec(mount, 0..3)
}

fn question() -> impl Strategy<Value = Question> {
    (text(), text(), mounts(), any::<bool>(), proptest::sample::select(Format::ALL.to_vec()))
        .prop_map(|(sql, parameters_json, mounts, explain, format)| Question {
            sql,
            parameters_json,
            as_of: domain::Date::from_ymd_opt(2026, 11, 1).unwrap(),
            limits: Limits::default(),
            on_limit: OnLimit::Truncate,
            format,
            explain,
            pins: pins(&mounts),
            mounts,
            known: Vec::new(),
        })
}

fn pins(mounts: &[Mount]) -> Vec<Pin> {
    let pin = |mount: &Mount| Pin {
        version: Version::Snapshot(mount.snapshot.clone()),
        mount: mount.clone(),
        columns: Vec::new(),
    };
    mounts.iter().map(pin).collect()
}

fn hello() -> impl Strategy<Value = ToWorker<'static>> {
    (text(), any::<usize>(), any::<u64>()).prop_map(|(path, threads, bytes)| ToWorker::Hello {
        wall: WallWanted {
            level: Level::Strict,
            limits: ProcessLimits { memory_bytes: bytes, file_bytes: bytes },
            scratch: path.clone().into(),
            without: Some(Layer::Landlock),
            probe: Some(Probe::ReadFile(path.into())),
        },
        threads,
        descriptors: threads,
    })
}

fn to_worker() -> impl Strategy<Value = ToWorker<'static>> {
    prop_oneof![
        hello(),
        any::<[u8; 32]>().prop_map(|key| ToWorker::Bind { key: PseudonymKey::new(key) }),
        question().prop_map(|question| ToWorker::Plan(Cow::Owned(question))),
        any::<usize>()
            .prop_map(|descriptors| ToWorker::Go { notices: Vec::new().into(), descriptors }),
    ]
}

fn verdict() -> impl Strategy<Value = Verdict> {
    (digest(), text(), any::<u64>(), proptest::option::of(text())).prop_map(
        |(sha256, name, scan_bytes, explanation)| Verdict {
            scans: vec![Scan {
                dataset: DatasetName::parse("ads").unwrap(),
                snapshot: SnapshotId::from_digest(&sha256),
                columns: vec![(ColumnName::parse("ad_id").unwrap(), Class::Public)],
            }],
            columns: vec![AnswerColumn { name: name.clone(), column_type: name }],
            scan_bytes,
            plan_sha256: sha256,
            explanation,
        },
    )
}

fn from_worker() -> impl Strategy<Value = FromWorker> {
    let refusal = (text(), any::<u64>()).prop_map(|(detail, line)| Refusal {
        code: RefusalCode::ColumnUnknown,
        detail,
        position: Some(Position { line, column: line }),
    });
    let summary = (any::<u64>(), digest(), any::<bool>()).prop_map(|(rows, sha256, truncated)| {
        Summary { rows, rows_sha256: sha256, truncated, scan_bytes: rows, memory_peak_bytes: rows }
    });
    let hit = any::<u64>().prop_map(|allowed| LimitHit {
        name: LimitName::Rows,
        allowed,
        scan_bytes: allowed,
    });
    let progress = any::<u64>().prop_map(|rows| Progress {
        stage: Stage::LayOut,
        bytes_read: rows,
        bytes_total: rows,
        rows,
    });
    prop_oneof![
        Just(FromWorker::Ready(Wall { level: Level::Strict, layers: Layer::ALL.into() })),
        text().prop_map(|reason| FromWorker::NoWall { layer: Layer::Seccomp, reason }),
        any::<Option<i32>>().prop_map(|errno| FromWorker::Probed { errno }),
        verdict().prop_map(FromWorker::Verdict),
        refusal.prop_map(FromWorker::Refused),
        digest().prop_map(|sha256| {
            let version = Version::Snapshot(SnapshotId::from_digest(&sha256));
            let dataset = DatasetName::parse("ads").unwrap();
            FromWorker::Versions(vec![VersionWanted { dataset, version, position: None }])
        }),
        summary.prop_map(FromWorker::Finished),
        Just(FromWorker::Failed(FailureKind::DivideByZero)),
        hit.prop_map(FromWorker::LimitHit),
        progress.prop_map(FromWorker::Progress),
        Just(FromWorker::Rejected(RejectReport::default())),
        any::<u64>().prop_map(|rows| FromWorker::Drafted(Box::new(draft(rows)))),
        text().prop_map(|message| FromWorker::Fault { message }),
    ]
}

fn draft(row_count: u64) -> Draft {
    Draft {
        files: Vec::new(),
        kept: vec![Sha256Digest::of(b"kept")],
        row_count,
        coverage: domain::manifest::Coverage::default(),
        columns: Vec::new(),
        sources: Vec::new(),
        quality: Vec::new(),
        rejects: RejectReport::default(),
    }
}

/// What comes out of a frame that was made of a message.
fn through<M: Serialize, N: DeserializeOwned>(message: &M) -> Option<N> {
    let frame = encode(message).unwrap();
    let mut rest = frame.as_slice();
    let read = read_message(&mut rest, MESSAGE_BYTES_MAX).unwrap();
    assert!(rest.is_empty());
    read
}

/// A receiver that reads exactly these bytes, then the end.
fn receiver_of(bytes: &[u8]) -> Receiver {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let (receiver, _) = Receiver::open(theirs).unwrap();
    let bytes = bytes.to_vec();
    // More bytes than the socket holds wait for the reader.
    thread::spawn(move || (&ours).write_all(&bytes));
    receiver
}

proptest! {
    #[test]
    fn what_the_gateway_says_is_what_the_worker_hears(message in to_worker()) {
        prop_assert_eq!(through::<_, ToWorker<'static>>(&message), Some(message));
    }

    #[test]
    fn what_the_worker_says_is_what_the_gateway_hears(message in from_worker()) {
        prop_assert_eq!(through::<_, FromWorker>(&message), Some(message));
    }

    #[test]
    fn random_bytes_are_an_error_and_nothing_worse(bytes: Vec<u8>) {
        let mut source = bytes.as_slice();
        while let Ok(Some(_)) = read_message::<FromWorker>(&mut source, JOB_BYTES_MAX) {}
        let mut receiver = receiver_of(&bytes);
        while let Ok(Some(_)) = receiver.receive() {}
    }

    /// The frame is right, what it holds is anything: still no more than an error.
    #[test]
    fn a_frame_of_random_bytes_is_an_error(body: Vec<u8>, kind in 0_u8..6) {
        prop_assume!(serde_json::from_slice::<ToWorker<'static>>(&body).is_err());
        let mut frame = vec![kind];
        frame.extend(u32::try_from(body.len()).unwrap().to_le_bytes());
        frame.extend(&body);

        prop_assert!(receiver_of(&frame).receive().is_err());
    }

    #[test]
    fn a_frame_that_breaks_off_is_an_error(message in to_worker(), index: prop::sample::Index) {
        let frame = encode(&message).unwrap();
        let cut = 1 + index.index(frame.len() - 1);

        let read = read_message::<ToWorker<'static>>(&mut &frame[..cut], MESSAGE_BYTES_MAX);

        prop_assert!(matches!(read, Err(ProtocolError::Truncated)));
    }
}

#[test]
fn a_frame_that_announces_too_much_is_refused_before_it_is_read() {
    let limits = [(1, MESSAGE_BYTES_MAX), (2, CHUNK_BYTES_MAX), (3, 1)];
    for (kind, length_bytes_max) in limits {
        let [a, b, c, d] = u32::try_from(length_bytes_max + 1).unwrap().to_le_bytes();

        let header = Header::parse([kind, a, b, c, d]);

        assert!(matches!(header, Err(ProtocolError::TooLong { .. })), "kind {kind}");
    }
}

#[test]
fn a_message_that_is_too_long_is_not_sent() {
    let message = FromWorker::Fault { message: "x".repeat(MESSAGE_BYTES_MAX) };

    assert!(matches!(encode(&message), Err(ProtocolError::TooLong { .. })));
}

/// What a worker is told of a dataset in so many periods, each in a file of its own.
fn compaction(files: u64) -> ToWorker<'static> {
    let file = |number: u64| MountedFile {
        sha256: Sha256Digest::of(&number.to_le_bytes()),
        bytes: number,
        row_count: number,
        period: Some(format!("period {number}")),
    };
    let job = CompactJob {
        codebook: serde_json::from_value(codebook()).unwrap(),
        files: (0..files).map(file).collect(),
        redactions: MountedRedactions {
            targets: Vec::new(),
            cutoffs: Vec::new(),
            fields: Vec::new(),
            keys: None,
        },
        dry_run: false,
        memory_bytes: 0,
        spill_bytes: 0,
    };
    ToWorker::Compact { job: Box::new(Cow::Owned(job)), descriptors: 0 }
}

fn codebook() -> serde_json::Value {
    serde_json::json!({
        "name": "ads", "title": "Ads", "description": "Ads.", "legal_basis": ["DSA Art. 39"],
        "tier": "public", "row_unit": "ad", "kind": "state", "primaryKey": [], "sort_order": [],
        "schema_version": 1, "fields": [], "changelog": [],
    })
}

/// A job may name more files than one frame holds: it comes in parts, and whole.
#[test]
fn a_job_of_more_files_than_one_frame_holds_arrives() {
    let message = compaction(70_000);
    let frames = encode_job(&message).unwrap();
    assert!(matches!(encode(&message), Err(ProtocolError::TooLong { .. })));

    let received = receiver_of(&frames).receive();

    let Ok(Some((received, files))) = received else { panic!("{received:?}") };
    assert!(received == message && files.is_empty());
}

/// Whoever may not speak at length is cut short, before it is read.
#[test]
fn parts_beyond_the_limit_are_refused() {
    let frames = encode_job(&compaction(70_000)).unwrap();
    let first = &frames[..Header::BYTES + MESSAGE_BYTES_MAX];
    let endless = first.repeat(JOB_BYTES_MAX / MESSAGE_BYTES_MAX + 1);

    let short = read_message::<ToWorker<'static>>(&mut frames.as_slice(), MESSAGE_BYTES_MAX);
    let long = read_message::<ToWorker<'static>>(&mut endless.as_slice(), JOB_BYTES_MAX);
    let cut = read_message::<ToWorker<'static>>(&mut &*first, JOB_BYTES_MAX);

    assert!(matches!(short, Err(ProtocolError::TooLong { .. })));
    assert!(matches!(long, Err(ProtocolError::TooLong { .. })));
    assert!(matches!(cut, Err(ProtocolError::Truncated)));
    assert!(matches!(Header::new(Kind::Part, 7), Err(ProtocolError::Unexpected { .. })));
}

#[test]
fn a_closed_socket_is_an_end_and_no_error() {
    assert!(matches!(receiver_of(&[]).receive(), Ok(None)));
}

#[test]
fn an_answer_goes_out_in_chunks_that_are_not_too_long() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let (_, mut sender) = Receiver::open(theirs).unwrap();
    let answer: Vec<u8> = (0..=255).cycle().take(2 * CHUNK_BYTES_MAX + 7).collect();
    let sent = answer.clone();
    let sending = thread::spawn(move || sender.send_chunk(&sent).is_ok());

    let mut came = Vec::new();
    let mut lengths = Vec::new();
    while came.len() < answer.len() {
        let mut head = [0; Header::BYTES];
        (&ours).read_exact(&mut head).unwrap();
        let header = Header::parse(head).unwrap();
        assert_eq!(header.kind, Kind::Chunk);
        let mut body = vec![0; header.length_bytes];
        (&ours).read_exact(&mut body).unwrap();
        lengths.push(header.length_bytes);
        came.extend(body);
    }

    assert!(sending.join().unwrap());
    assert_eq!(lengths, [CHUNK_BYTES_MAX, CHUNK_BYTES_MAX, 7]);
    assert!(came == answer);
}

/// Sends a *go* that announces some descriptors, with batches of the same file attached.
fn go(socket: &UnixStream, file: &File, announced: usize, batches: &[usize]) {
    let message =
        encode(&ToWorker::Go { notices: Vec::new().into(), descriptors: announced }).unwrap();
    (&*socket).write_all(&message).unwrap();
    for &count in batches {
        let descriptors = vec![file.as_fd(); count];
        let frame = encode_descriptors(count).unwrap();
        assert_eq!(send_batch(socket, &frame, &descriptors).unwrap(), frame.len());
    }
}

#[test]
fn files_arrive_in_order_over_as_many_frames_as_they_need() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let (mut receiver, _) = Receiver::open(theirs).unwrap();
    let mut files: Vec<File> = (0..3).map(|_| tempfile::tempfile().unwrap()).collect();
    for (index, file) in files.iter_mut().enumerate() {
        write!(file, "file {index}").unwrap();
        file.rewind().unwrap();
    }

    go(&ours, &files[0], 0, &[]);
    let descriptors: Vec<_> = files.iter().map(File::as_fd).collect();
    (&ours)
        .write_all(&encode(&ToWorker::Go { notices: Vec::new().into(), descriptors: 3 }).unwrap())
        .unwrap();
    send_batch(&ours, &encode_descriptors(2).unwrap(), &descriptors[..2]).unwrap();
    send_batch(&ours, &encode_descriptors(1).unwrap(), &descriptors[2..]).unwrap();

    let (_, none) = receiver.receive().unwrap().unwrap();
    let (message, received) = receiver.receive().unwrap().unwrap();
    assert!(none.is_empty());
    assert_eq!(message, ToWorker::Go { notices: Vec::new().into(), descriptors: 3 });
    let texts: Vec<String> =
        received.iter().map(|file| std::io::read_to_string(file).unwrap()).collect();
    assert_eq!(texts, ["file 0", "file 1", "file 2"]);
}

#[test]
fn descriptors_that_do_not_fit_their_announcement_are_an_error() {
    let file = tempfile::tempfile().unwrap();
    for (announced, batches) in [(3, &[2, 2][..]), (0, &[1]), (1, &[2])] {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let (mut receiver, _) = Receiver::open(theirs).unwrap();
        go(&ours, &file, announced, batches);
        drop(ours);

        let first = receiver.receive();
        let second = receiver.receive();

        assert!(first.is_err() || second.is_err(), "{announced} announced, {batches:?} sent");
    }
}

#[test]
fn no_frame_brings_more_descriptors_than_the_kernel_takes() {
    assert!(encode_descriptors(DESCRIPTORS_PER_FRAME_MAX).is_ok());
    assert!(encode_descriptors(DESCRIPTORS_PER_FRAME_MAX + 1).is_err());
    assert!(encode_descriptors(0).is_err());
}
