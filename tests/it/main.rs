//! The integration tests: the real server, the real engine, real files, real tokens.
#![expect(clippy::unwrap_used, reason = "a test may fail where it stands")]

mod book;
mod furniture;
mod room;
mod tidy;
