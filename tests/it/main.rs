//! The integration tests: the real server, the real engine, real files, real tokens.
#![expect(clippy::unwrap_used, reason = "a test may fail where it stands")]
#![expect(clippy::print_stdout, reason = "a test says what it skips, and why it failed")]

mod absent;
mod access;
mod bad_input;
mod book;
mod caller;
mod changes;
mod commands;
mod compaction;
mod crashes;
mod deliveries;
mod demo;
mod editions;
mod full_disk;
mod furniture;
mod guide;
mod hostile;
mod killed;
mod killed_compaction;
mod limits;
mod log;
mod main_job;
mod operations;
mod processes;
mod pseudonyms;
mod questions;
mod redaction;
mod refusals;
mod rogue;
mod room;
mod sandbox;
mod statements;
mod tidy;
mod tokens;
mod versions;
mod vocabularies;
mod wait;
mod waiting;
mod withdrawal;
