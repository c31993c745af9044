//! The words of Reading Room: the values that every room shares.
//!
//! Floor 0. No I/O, no async, no knowledge of SQL, HTTP, Parquet or SQLite.
//!
//! # Invariant
//! A value of a type from here has passed its own rules: text from outside becomes
//! one only through `parse`, and rendering it again gives the same text.
//!
//! # Rooms
//! - [`ids`], [`time`]: names, digests and moments.
//! - [`principal`], [`project`], [`grant`]: who asks, under which approval, for what.
//! - [`codebook`]: what a dataset's columns are and which values they may hold.
//! - [`manifest`], [`edition`]: what was published.
//! - [`limits`], [`question`], [`verdict`], [`outcome`]: one query, from the asking to the end.
//! - [`publication`]: one run of the publish path; [`task`]: what its worker is asked beside.
//! - [`redaction`]: what the law takes out of every snapshot.
//! - [`pseudonym`]: the key under which a project sees identifiers.
//! - [`change`]: what a registrar's act changes in the registry.
//! - [`canonical`]: canonical JSON (RFC 8785) and its digest.

pub mod canonical;
pub mod change;
pub mod codebook;
pub mod edition;
pub mod grant;
pub mod ids;
pub mod limits;
pub mod manifest;
pub mod notice;
pub mod outcome;
pub mod principal;
pub mod project;
pub mod pseudonym;
pub mod publication;
pub mod question;
pub mod redaction;
pub mod task;
pub mod time;
pub mod verdict;

pub use codebook::Codebook;
pub use edition::Edition;
pub use grant::Grant;
pub use ids::{
    ColumnName, DatasetName, EditionId, GrantId, OrganisationId, ProjectId, QueryId, RequestId,
    Sha256Digest, SnapshotId, Subject, TokenId,
};
pub use limits::{Limits, LimitsPatch};
pub use manifest::Manifest;
pub use notice::Notice;
pub use principal::{Principal, Role};
pub use project::{Member, Project};
pub use pseudonym::PseudonymKey;
pub use question::{Format, Question};
pub use redaction::{Ground, Redaction};
pub use time::{Clock, Date, FixedClock, SystemClock, Timestamp};
pub use verdict::Verdict;
