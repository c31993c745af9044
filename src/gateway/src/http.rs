//! The HTTP door: one file per resource, and the rooms every resource passes through.
//!
//! Each handler is an operation of the contract: its name is the `operationId`, its file lists
//! who may call it, and its annotation is what `openapi.yaml` says of it.
//!
//! # Order
//! `door` numbers the request, authenticates and limits the caller, and looks up whether the
//! operation is open to it, all before a byte of the body is read. Handlers come after.
//!
//! # Rooms
//! - [`door`]: what surrounds every operation.
//! - [`problem`]: how a no looks.
//! - [`wire`]: bodies, parameters, negotiation.
//! - [`openapi`]: what the contract says beside the operations.
//! - [`answer`]: answers on their way out; [`absent`]: what is asked for and is not there.
//! - the resources: [`queries`], [`log`], [`health`]; `datasets`, `snapshots`, `editions`,
//!   `catalogue`, `keys`; `publications`, `redactions`; `me`, `tokens`, `projects`, `members`, `grants`.

pub(crate) mod absent;
pub(crate) mod answer;
mod catalogue;
mod changes;
mod datasets;
pub mod door;
mod editions;
mod grants;
pub mod health;
mod keys;
pub mod log;
mod me;
mod members;
pub mod openapi;
pub mod problem;
mod projects;
mod publications;
pub mod queries;
mod redactions;
mod snapshots;
mod tokens;
pub mod wire;

use utoipa_actix_web::service_config::ServiceConfig;

pub use door::caller::{Caller, Operator};
pub use door::contract::Contract;
pub use door::permission::Permission;
pub use door::request::RequestContext;
pub use problem::{Kind, Problem};

/// Registers every operation; each resource adds its own.
pub(crate) fn operations(config: &mut ServiceConfig) {
    catalogue::operations(config);
    changes::operations(config);
    datasets::operations(config);
    // Before the editions: `activate` is no edition's id.
    publications::operations(config);
    editions::operations(config);
    grants::operations(config);
    health::operations(config);
    keys::operations(config);
    log::operations(config);
    me::operations(config);
    members::operations(config);
    projects::operations(config);
    queries::operations(config);
    redactions::operations(config);
    snapshots::operations(config);
    tokens::operations(config);
}

/// Who may call which operation; each resource lists its own.
pub(crate) fn permissions() -> impl Iterator<Item = (&'static str, Permission)> {
    let all = [
        catalogue::PERMISSIONS,
        changes::PERMISSIONS,
        datasets::PERMISSIONS,
        editions::PERMISSIONS,
        grants::PERMISSIONS,
        health::PERMISSIONS,
        keys::PERMISSIONS,
        log::PERMISSIONS,
        me::PERMISSIONS,
        members::PERMISSIONS,
        projects::PERMISSIONS,
        publications::PERMISSIONS,
        queries::PERMISSIONS,
        redactions::PERMISSIONS,
        snapshots::PERMISSIONS,
        tokens::PERMISSIONS,
    ];
    all.into_iter().flatten().copied()
}
