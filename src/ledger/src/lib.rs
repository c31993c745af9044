//! The log: an append-only Merkle tree in a folder, which anyone can check with tools that we
//! did not write.
//!
//! Floor 1. Knows `domain` only for its digest; does not know what an entry says, HTTP, SQL, nor
//! the time of day. A regulator can build this room alone.
//!
//! # Invariant
//! An append resolves only after its entry is durable. Each checkpoint covers durable entries
//! only and is consistent with every earlier one. After the first failed write nothing more is
//! accepted.
//!
//! # Shape
//! ```text
//! log/entries                     write-ahead file: the source, and the private attachments
//! log/tile/<L>/<N>[.p/<W>]        hashes of the tree, derived from the entries
//! log/tile/entries/<N>[.p/<W>]    the entries themselves, 256 to a bundle
//! log/checkpoint                  origin, size and root hash, signed
//! ```
//!
//! # Rooms
//! - [`key`], [`note`]: signing keys and signed notes, for checkpoints and for manifests.
//! - [`leaf`], [`record`]: where an entry stands, and what is appended.
//! - [`tile`], [`checkpoint`], [`proof`]: what the outside reads.
//! - [`log`]: the one writer: append, seal, read, prove.
//! - [`verify`]: the check that needs the public key alone.
//!
//! # Source
//! C2SP tlog-tiles, tlog-checkpoint, signed-note; RFC 6962 §2.1.

pub mod checkpoint;
mod disk;
mod entries;
pub mod key;
pub mod leaf;
pub mod log;
pub mod note;
pub mod proof;
pub mod record;
mod scan;
#[cfg(test)]
mod specimen;
pub mod tile;
mod tree;
pub mod verify;

pub use checkpoint::Checkpoint;
pub use entries::{ReadError, Records};
pub use key::{SigningKey, VerifyingKey};
pub use leaf::{LeafIndex, TreeSize};
pub use log::{Append, AppendError, Log, Observer, OpenError, Recovery, Unavailable};
pub use record::{Record, StoredRecord};
pub use scan::{Damage, Spot};
pub use tile::TilePath;
pub use verify::{TileSource, Verified, VerifyError, verify_directory, verify_source};
