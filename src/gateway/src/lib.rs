//! The gateway: the use cases that read as sentences, and the HTTP door in front of them.
//!
//! Floor 3. It holds the keys, the log, the catalogue, the registry and the budgets.
//! It parses neither SQL nor a data file: both happen in a worker behind the wall, and
//! nothing in this crate's dependency tree could do it.
//!
//! # Invariant
//! No byte of an answer leaves before the log durably has its outcome entry.
//!
//! # Rooms
//! - [`settings`]: what an operator may choose.
//! - [`application`]: everything one data folder needs, opened together; [`serve`]: its doors.
//! - [`ask`]: from a question to an answer that the log knows.
//! - `notices`: what is told with every answer.
//! - [`publish`]: from a steward's delivery to an edition that the log knows.
//! - [`redact`]: what the law takes out.
//! - [`withdraw`]: a snapshot is taken back.
//! - [`register`]: what the registrar decides, and the tokens that follow from it.
//! - [`spool`]: stored answers; [`records`]: where queries stand in the log.
//! - [`metrics`]: what a Prometheus server may count.
//! - [`http`]: the door: requests in, answers and problem documents out.

pub mod application;
pub mod ask;
mod flood;
pub mod http;
pub mod metrics;
mod notices;
pub mod publish;
pub mod records;
pub mod redact;
pub mod register;
pub mod serve;
pub mod settings;
pub mod spool;
pub mod withdraw;

pub use application::Application;
pub use settings::Settings;

/// The contract as YAML: what `openapi.yaml` at the root of the repository must be.
#[must_use]
pub fn openapi_yaml() -> &'static str {
    http::Contract::get().yaml()
}
