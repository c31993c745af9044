//! The writer's promises, on real folders.

mod append;
mod crash;
mod model;
mod publish;
