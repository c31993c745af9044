//! Notices: what a reader of an answer must know of the snapshots that it rests on.
//!
//! # Invariant
//! Nothing here is of one run: no query, and no time but that of what it tells. So equal answers
//! with equal notices are equal bytes.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ids::{DatasetName, SnapshotId};
use crate::redaction::Ground;
use crate::time::{Date, Timestamp};

/// What a reader of an answer must know of one snapshot that it rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// What there is to know.
    #[serde(flatten)]
    pub matter: Matter,
    /// The dataset.
    pub dataset: DatasetName,
    /// The snapshot that was used.
    pub snapshot: SnapshotId,
}

/// What there is to know of a snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Matter {
    /// The data is known to be incomplete for a time that the snapshot covers.
    KnownGap {
        /// First day.
        from: Date,
        /// Last day.
        until: Date,
        /// What is missing.
        note: String,
    },
    /// The snapshot was wrong, and another stands in its place.
    Correction {
        /// The snapshot that was published in its place.
        superseded_by: SnapshotId,
        /// What was wrong.
        reason: String,
        /// When that became current.
        at: Timestamp,
    },
    /// The law took something out: it is in no answer any more.
    Redaction {
        /// Why, by law.
        ground: Ground,
        /// Whole rows.
        rows: u64,
        /// Single cells of rows that stayed.
        cells: u64,
        /// What was counted.
        counted: Counted,
        /// Rows of before this day, too; not counted before they are removed from the files.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<Date>,
        /// When the last of it was recorded.
        at: Timestamp,
    },
    /// The snapshot was taken back; nothing is answered from it any more.
    Withdrawal {
        /// Why.
        reason: String,
        /// When.
        at: Timestamp,
    },
}

/// What the counts of a redaction are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Counted {
    /// What redactions of the dataset name, whether this snapshot has it or not.
    Named,
    /// What was in this snapshot and is not any more.
    Removed,
}

impl Matter {
    /// The kind as JSON and headers write it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::KnownGap { .. } => "known_gap",
            Self::Correction { .. } => "correction",
            Self::Redaction { .. } => "redaction",
            Self::Withdrawal { .. } => "withdrawal",
        }
    }

    /// When it came to be, of what came after the snapshot was published; a known gap was there
    /// from the beginning.
    #[must_use]
    pub fn at(&self) -> Option<Timestamp> {
        match self {
            Self::KnownGap { .. } => None,
            Self::Correction { at, .. }
            | Self::Redaction { at, .. }
            | Self::Withdrawal { at, .. } => Some(*at),
        }
    }
}

/// The notice as a line for people.
impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { matter, dataset, snapshot } = self;
        match matter {
            Matter::KnownGap { from, until, note } => {
                write!(f, "{dataset}: incomplete from {from} to {until}: {note}")
            }
            Matter::Correction { superseded_by, reason, at } => {
                let day = at.date();
                write!(
                    f,
                    "{dataset}: {snapshot} was corrected by {superseded_by} on {day}: {reason}"
                )
            }
            Matter::Redaction { ground, rows, cells, counted, before, at } => {
                let (law, day) = (ground.law(), at.date());
                match counted {
                    Counted::Named => write!(
                        f,
                        "{dataset}: redactions name {rows} rows and {cells} cells; what the \
                         snapshot has of them is left out"
                    )?,
                    Counted::Removed => {
                        write!(f, "{dataset}: {rows} rows and {cells} cells were removed")?;
                    }
                }
                if let Some(before) = before {
                    write!(f, ", and rows of before {before}")?;
                }
                write!(f, " ({ground}: {law}), last on {day}")
            }
            Matter::Withdrawal { reason, at } => {
                let day = at.date();
                write!(f, "{dataset}: {snapshot} was withdrawn on {day}: {reason}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Before compaction nobody has counted what a snapshot holds, and the line does not claim it.
    #[test]
    fn a_redaction_tells_what_was_counted() {
        let notice = |counted| Notice {
            matter: Matter::Redaction {
                ground: Ground::Art17,
                rows: 2,
                cells: 1,
                counted,
                before: None,
                at: Timestamp::parse("2026-11-23T18:20:31Z").unwrap(),
            },
            dataset: DatasetName::parse("ads").unwrap(),
            snapshot: SnapshotId::from_digest(&crate::Sha256Digest::of(b"a")),
        };

        assert_eq!(
            notice(Counted::Named).to_string(),
            "ads: redactions name 2 rows and 1 cells; what the snapshot has of them is left out \
             (art17: GDPR Art. 17), last on 2026-11-23"
        );
        assert_eq!(
            notice(Counted::Removed).to_string(),
            "ads: 2 rows and 1 cells were removed (art17: GDPR Art. 17), last on 2026-11-23"
        );
    }

    /// The form stands in answers that people keep.
    #[test]
    fn a_notice_has_one_form_in_json_and_one_for_people() {
        let id = |text: &str| SnapshotId::from_digest(&crate::Sha256Digest::of(text.as_bytes()));
        let notice = Notice {
            matter: Matter::Correction {
                superseded_by: id("b"),
                reason: "prices were in cents".to_owned(),
                at: Timestamp::parse("2026-11-23T18:20:31Z").unwrap(),
            },
            dataset: DatasetName::parse("ads").unwrap(),
            snapshot: id("a"),
        };

        let json = serde_json::to_value(&notice).unwrap();

        let expected = serde_json::json!({
            "kind": "correction",
            "dataset": "ads",
            "snapshot": id("a"),
            "superseded_by": id("b"),
            "reason": "prices were in cents",
            "at": "2026-11-23T18:20:31.000000Z",
        });
        assert_eq!(json, expected);
        assert_eq!(serde_json::from_value::<Notice>(json).unwrap(), notice);
        let (old, new) = (id("a"), id("b"));
        let line = format!("ads: {old} was corrected by {new} on 2026-11-23: prices were in cents");
        assert_eq!(notice.to_string(), line);
    }
}
