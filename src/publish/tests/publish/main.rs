//! Stories of the publish path: real files in temporary folders, through the one public door.
#![expect(clippy::unwrap_used, reason = "a test may fail where it stands")]
#![expect(clippy::print_stdout, reason = "a test says what it skips")]

mod bounded;
mod columns;
mod compact;
mod compare;
mod desk;
mod dumps;
mod files;
mod formats;
mod giant;
mod hostile;
mod keys;
mod quality;
mod rules;
