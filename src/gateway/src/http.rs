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
//! - [`answer`]: answers on their way out.
//! - [`queries`], [`log`], [`health`]: the resources.

pub(crate) mod answer;
pub mod door;
pub mod health;
pub mod log;
pub mod openapi;
pub mod problem;
pub mod queries;
pub mod wire;

use utoipa_actix_web::service_config::ServiceConfig;

pub use door::caller::{Caller, Operator};
pub use door::contract::Contract;
pub use door::permission::Permission;
pub use door::request::RequestContext;
pub use problem::{Kind, Problem};

/// Registers every operation; each resource adds its own.
pub(crate) fn operations(config: &mut ServiceConfig) {
    health::operations(config);
    log::operations(config);
    queries::operations(config);
}

/// Who may call which operation; each resource lists its own.
pub(crate) fn permissions() -> impl Iterator<Item = (&'static str, Permission)> {
    [health::PERMISSIONS, log::PERMISSIONS, queries::PERMISSIONS].into_iter().flatten().copied()
}
