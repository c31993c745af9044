//! A server of its own process: what stays when it is killed, and what it must not pile up.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use sandbox::RunEnd;

use super::{LONG, Room, rows, run, script};

/// Tells the two programs below that they are meant.
const ROLE: &str = "READING_ROOM_TEST_SERVER";

/// Runs one of the programs below in a process of its own.
fn start(name: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env(ROLE, name)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Whether this process was started to be that program.
fn is_started_as(name: &str) -> bool {
    std::env::var(ROLE).is_ok_and(|role| role == name)
}

/// A server that is busy until it is killed; whoever killed it removes its folder.
#[tokio::test]
async fn busy_server() {
    if !is_started_as("server::busy_server") {
        return;
    }
    let room = Room::open();
    let mut lease = room.planned("p-ada", "pid then park").await;
    let sink = |pid: &[u8]| {
        println!("\nfolder-of {}", room.folder.path().display());
        println!("worker {}", std::str::from_utf8(pid).unwrap());
        Ok(())
    };
    let _ = lease.execute(Vec::new(), &[], LONG, sink).await;
}

/// A worker follows its server, even when the server has no time to say goodbye.
#[test]
fn a_killed_server_takes_its_workers_along() {
    let mut server = start("server::busy_server");
    let mut folder = None;
    let mut worker = None;
    let lines = BufReader::new(server.stdout.take().unwrap()).lines().map_while(Result::ok);
    for line in lines {
        if let Some(path) = line.strip_prefix("folder-of ") {
            folder = Some(PathBuf::from(path));
        }
        if let Some(pid) = line.strip_prefix("worker ") {
            worker = Pid::from_raw(pid.parse().unwrap());
            break;
        }
    }
    let worker = pidfd_open(worker.unwrap(), PidfdFlags::empty()).unwrap();

    server.kill().unwrap();
    server.wait().unwrap();

    // Readable when the process has ended; without that this waits for ever.
    let mut ended = [PollFd::new(&worker, PollFlags::IN)];
    assert_eq!(poll(&mut ended, None).unwrap(), 1);
    std::fs::remove_dir_all(folder.unwrap()).unwrap();
}

/// A server that does everything that moves descriptors, then counts what is left open.
#[tokio::test]
async fn counting_server() {
    if !is_started_as("server::counting_server") {
        return;
    }
    let before = script::open_descriptors();
    let room = Room::open();
    let file = tempfile::tempfile().unwrap();
    let files = || (0..300).map(|_| file.try_clone().unwrap()).collect::<Vec<File>>();
    let mut in_worker = Vec::new();
    for _ in 0..3 {
        let mut lease = room.planned("p-ada", "descriptors").await;
        in_worker.push(rows(run(&mut lease, files()).await.0));
    }
    for sql in ["abort", "garbage", "verdict again", "fault", "exit 3"] {
        let mut lease = room.planned("p-ada", sql).await;
        let end = run(&mut lease, files()).await.0;
        assert!(!matches!(end, Ok(RunEnd::Finished(_))), "{sql}: {end:?}");
    }
    let publisher = room.pool.publisher().await.unwrap();
    drop(publisher.run(&script::job("draft"), files(), |_| {}).await);
    drop(file);
    drop(room);
    in_worker.dedup();
    assert_eq!(in_worker.len(), 1, "descriptors pile up in the worker: {in_worker:?}");
    println!("\nleft-over {}", script::open_descriptors() - before);
}

#[test]
fn no_descriptor_is_left_over() {
    let server = start("server::counting_server").wait_with_output().unwrap();

    let said = String::from_utf8(server.stdout).unwrap();
    assert!(server.status.success(), "{said}");
    assert!(said.contains("left-over 0\n"), "{said}");
}
