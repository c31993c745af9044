//! The commands, each a few requests and what is printed of them.

pub(crate) mod audit;
pub(crate) mod catalogue;
pub(crate) mod demo;
pub(crate) mod publish;
pub(crate) mod query;
pub(crate) mod redact;
pub(crate) mod registrar;
pub(crate) mod server;
pub(crate) mod snapshots;
