//! Limits of one query and budgets of one day.
//!
//! # Invariant
//! A caller may only lower a limit: [`Limits::lowered_by`] refuses to raise one.

use serde::{Deserialize, Serialize};

/// The name of a limit, as a caller writes it and as problems name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitName {
    /// Wall time of the run.
    WallMs,
    /// Memory of the worker's pool.
    MemoryBytes,
    /// Bytes spilled to disk.
    SpillBytes,
    /// Bytes read from snapshots.
    ScanBytes,
    /// Rows of the answer.
    Rows,
    /// Bytes of the answer.
    Bytes,
}

impl LimitName {
    /// The name as a caller writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::WallMs => "wall_ms",
            Self::MemoryBytes => "memory_bytes",
            Self::SpillBytes => "spill_bytes",
            Self::ScanBytes => "scan_bytes",
            Self::Rows => "rows",
            Self::Bytes => "bytes",
        }
    }

    /// The unit of its number, for problems.
    #[must_use]
    pub fn unit(self) -> &'static str {
        match self {
            Self::WallMs => "milliseconds",
            Self::MemoryBytes | Self::SpillBytes | Self::ScanBytes | Self::Bytes => "bytes",
            Self::Rows => "rows",
        }
    }
}

/// The limits of one query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Wall time of planning and running, in milliseconds.
    pub wall_ms: u64,
    /// Memory of the worker's pool, in bytes.
    pub memory_bytes: u64,
    /// Bytes spilled to disk.
    pub spill_bytes: u64,
    /// Bytes read from snapshots, as estimated before the run.
    pub scan_bytes: u64,
    /// Rows of the answer.
    pub rows: u64,
    /// Bytes of the answer.
    pub bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            wall_ms: 60 * 1_000,
            memory_bytes: 1 << 30,
            spill_bytes: 4 << 30,
            scan_bytes: 64 << 30,
            rows: 10_000_000,
            bytes: 1 << 30,
        }
    }
}

/// Some of the limits: what a grant or a caller changes, the rest untouched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitsPatch {
    /// See [`Limits::wall_ms`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wall_ms: Option<u64>,
    /// See [`Limits::memory_bytes`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<u64>,
    /// See [`Limits::spill_bytes`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spill_bytes: Option<u64>,
    /// See [`Limits::scan_bytes`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scan_bytes: Option<u64>,
    /// See [`Limits::rows`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// See [`Limits::bytes`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
}

/// A caller asked for more than the grant gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("limits.{} may only be lowered: {asked} asked, {allowed} allowed", name.as_str())]
pub struct LimitRaised {
    /// Which limit.
    pub name: LimitName,
    /// What the grant gives.
    pub allowed: u64,
    /// What was asked.
    pub asked: u64,
}

impl Limits {
    /// The number behind a name.
    #[must_use]
    pub fn get(&self, name: LimitName) -> u64 {
        match name {
            LimitName::WallMs => self.wall_ms,
            LimitName::MemoryBytes => self.memory_bytes,
            LimitName::SpillBytes => self.spill_bytes,
            LimitName::ScanBytes => self.scan_bytes,
            LimitName::Rows => self.rows,
            LimitName::Bytes => self.bytes,
        }
    }

    /// These limits with what a grant changes, up or down.
    #[must_use]
    pub fn replaced_by(&self, patch: &LimitsPatch) -> Self {
        Self {
            wall_ms: patch.wall_ms.unwrap_or(self.wall_ms),
            memory_bytes: patch.memory_bytes.unwrap_or(self.memory_bytes),
            spill_bytes: patch.spill_bytes.unwrap_or(self.spill_bytes),
            scan_bytes: patch.scan_bytes.unwrap_or(self.scan_bytes),
            rows: patch.rows.unwrap_or(self.rows),
            bytes: patch.bytes.unwrap_or(self.bytes),
        }
    }

    /// The smaller of two sets of limits, limit by limit.
    #[must_use]
    pub fn min(&self, other: &Self) -> Self {
        Self {
            wall_ms: self.wall_ms.min(other.wall_ms),
            memory_bytes: self.memory_bytes.min(other.memory_bytes),
            spill_bytes: self.spill_bytes.min(other.spill_bytes),
            scan_bytes: self.scan_bytes.min(other.scan_bytes),
            rows: self.rows.min(other.rows),
            bytes: self.bytes.min(other.bytes),
        }
    }

    /// These limits with what a caller lowers.
    ///
    /// # Errors
    /// The first limit that the caller asked to raise.
    pub fn lowered_by(&self, patch: &LimitsPatch) -> Result<Self, LimitRaised> {
        let asked = [
            (LimitName::WallMs, patch.wall_ms),
            (LimitName::MemoryBytes, patch.memory_bytes),
            (LimitName::SpillBytes, patch.spill_bytes),
            (LimitName::ScanBytes, patch.scan_bytes),
            (LimitName::Rows, patch.rows),
            (LimitName::Bytes, patch.bytes),
        ];
        for (name, asked) in asked {
            let allowed = self.get(name);
            if let Some(asked) = asked.filter(|&asked| allowed < asked) {
                return Err(LimitRaised { name, allowed, asked });
            }
        }
        Ok(self.replaced_by(patch))
    }
}

/// What a project may use in one UTC day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DailyBudget {
    /// Queries that were answered or are running.
    pub queries: u64,
    /// Bytes read from snapshots.
    pub scan_bytes: u64,
    /// Bytes of answers.
    pub result_bytes: u64,
}

impl Default for DailyBudget {
    fn default() -> Self {
        Self { queries: 10_000, scan_bytes: 1 << 40, result_bytes: 64 << 30 }
    }
}

/// What was used of a [`DailyBudget`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Queries that were answered or are running.
    pub queries: u64,
    /// Bytes read from snapshots.
    pub scan_bytes: u64,
    /// Bytes of answers.
    pub result_bytes: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_may_lower_a_limit_but_not_raise_it() {
        let limits = Limits::default();
        let lower = LimitsPatch { rows: Some(10), ..LimitsPatch::default() };
        let higher = LimitsPatch { rows: Some(limits.rows + 1), ..LimitsPatch::default() };

        assert_eq!(limits.lowered_by(&lower).map(|limits| limits.rows), Ok(10));
        assert_eq!(limits.lowered_by(&higher).map_err(|raised| raised.name), Err(LimitName::Rows));
    }
}
