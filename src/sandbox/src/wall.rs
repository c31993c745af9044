//! The wall around a worker: its layers, and how much of it must stand.
//!
//! No layer is enough by itself: Landlock knows files but lets a process fork, seccomp knows calls
//! but not the files that they name. What each holds back is in docs/sandbox.md.
//!
//! # Source
//! landlock(7), seccomp(2), `user_namespaces(7)`, setrlimit(2).

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::probe::Probe;

/// How much of the wall must stand around a worker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Every required layer stands, or there is no worker.
    #[default]
    Strict,
    /// As many layers as the machine has.
    BestEffort,
    /// A process of its own and no more: no keys, no inherited descriptors or environment, no core
    /// dumps, no new privileges, and it dies with the gateway.
    Off,
}

impl Level {
    /// The level as settings, `/readyz` and the log write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::BestEffort => "best-effort",
            Self::Off => "off",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that is no level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a sandbox level is one of strict, best-effort, off")]
pub struct NoLevel;

impl FromStr for Level {
    type Err = NoLevel;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let levels = [Self::Strict, Self::BestEffort, Self::Off];
        levels.into_iter().find(|level| level.as_str() == text).ok_or(NoLevel)
    }
}

/// One layer of the wall.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layer {
    /// Limits of memory, of the length of a file, of processor time.
    Rlimits,
    /// No network device, and no rights beyond an ordinary user's.
    Namespaces,
    /// No file but those of the private folder.
    Landlock,
    /// No system call but those that a worker needs.
    Seccomp,
}

impl Layer {
    /// All layers, in the order in which they are put up: what a later one forbids, an earlier one
    /// may need.
    pub const ALL: [Self; 4] = [Self::Rlimits, Self::Namespaces, Self::Landlock, Self::Seccomp];

    /// Whether there is no worker without it at level `strict`. Namespaces are a second lock on
    /// doors that the others shut; many machines do not let ordinary users have them.
    #[must_use]
    pub fn is_required(self) -> bool {
        self != Self::Namespaces
    }

    /// The layer as `/readyz`, messages and metrics write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rlimits => "rlimits",
            Self::Namespaces => "namespaces",
            Self::Landlock => "landlock",
            Self::Seccomp => "seccomp",
        }
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The wall that stands around a worker.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wall {
    /// How much of it had to stand.
    pub level: Level,
    /// What stands.
    pub layers: BTreeSet<Layer>,
}

impl Wall {
    /// Whether it is what this level promises.
    #[must_use]
    pub fn holds(&self, level: Level) -> bool {
        let is_there = |layer: &Layer| !layer.is_required() || self.layers.contains(layer);
        self.level == level && (level != Level::Strict || Layer::ALL.iter().all(is_there))
    }

    /// The layers that do not stand.
    pub fn missing(&self) -> impl Iterator<Item = Layer> {
        Layer::ALL.into_iter().filter(|layer| !self.layers.contains(layer))
    }
}

/// What a worker's process may use at most, whatever it is asked.
///
/// # Units
/// Bytes. `u64::MAX` is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProcessLimits {
    /// Memory that it may have for itself.
    pub memory_bytes: u64,
    /// The longest file that it may write.
    pub file_bytes: u64,
}

impl ProcessLimits {
    /// No limits.
    pub const NONE: Self = Self { memory_bytes: u64::MAX, file_bytes: u64::MAX };

    /// Memory that a worker has before it holds any data: its program, its threads' stacks.
    const BASE_BYTES: u64 = 192 << 20;

    /// Those of a worker that may hold that much data, and write so much beside.
    ///
    /// # Source
    /// Measured: an engine whose pool has n bytes takes up to 1.6 n in all.
    #[must_use]
    pub fn for_data(memory_bytes: u64, file_bytes: u64) -> Self {
        let beside = memory_bytes / 5 * 3;
        let memory_bytes = memory_bytes.saturating_add(beside).saturating_add(Self::BASE_BYTES);
        Self { memory_bytes, file_bytes }
    }
}

/// The wall that a worker is told to put up around itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WallWanted {
    /// How much of it must stand.
    pub level: Level,
    /// What the process may use.
    pub limits: ProcessLimits,
    /// Its private folder, the only one that stays open to it.
    pub scratch: PathBuf,
    /// A layer that is left out, which makes the self-test fail: that is how it is tested.
    pub without: Option<Layer>,
    /// What to try behind the wall, instead of becoming ready.
    pub probe: Option<Probe>,
}
