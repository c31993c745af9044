//! The wall: the worker's protocol, its isolation, and the pool that spawns and kills workers.
//!
//! SQL and data files are parsed in worker processes only. A crash, a memory bomb or a stack
//! overflow there costs one query, never the service.
//!
//! Floor 2. Knows `domain`; does not know SQL, Parquet, HTTP, the log or who may ask what.
//!
//! # Invariant
//! A worker serves one project at most. Once it was bound to one it is handed to no other, and it
//! is killed, reaped and its private folder swept before its place is given to anybody. It is told
//! that project's pseudonym key, and never another's.
//!
//! # Rooms
//! - [`protocol`]: what gateway and worker say to each other, byte for byte.
//! - [`wall`]: the layers around a worker, and how many of them must stand.
//! - [`isolate`]: what a worker gives up, and how it puts the wall up.
//! - [`probe`]: what it tries, to prove that the wall stands.
//! - [`pool`]: who gets a worker, when, for how long.
//! - [`end`]: how a worker's life ended, for the log and the metrics.

pub mod end;
pub mod isolate;
pub mod pool;
pub mod probe;
pub mod protocol;
pub mod wall;

pub use end::{Stop, WorkerEnd};
pub use pool::{
    CompactEnd, KillHandle, Lease, LeaseError, NoVerdict, Pool, PoolCounts, PoolObserver,
    PoolSettings, PublishEnd, Publisher, RunEnd, ScratchFolder, SelfTestFailure, SinkFull,
    StartError, WallSettings, WorkerError,
};
pub use wall::{Layer, Level, ProcessLimits, Wall};
