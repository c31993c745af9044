//! Retention: redactions that a dataset's codebook asks for, by the age of rows.

use std::sync::Arc;

use audit::Attribution;
use domain::codebook::{Codebook, FieldType, Retention};
use domain::redaction::{Cutoff, Ground, MountedRedactions, RedactedRows};
use domain::{ColumnName, DatasetName, Date, Redaction, SnapshotId};

use tracing::Instrument as _;

use super::{InForce, RedactError};
use crate::Application;
use crate::publish::PublishError;

/// Why retention was not applied.
#[derive(Debug, thiserror::Error)]
pub enum RetentionError {
    /// There is no such dataset.
    #[error("there is no such dataset")]
    DatasetUnknown,
    /// Its codebook has no retention that can be applied.
    #[error("the codebook says nothing of how long rows are kept, or not from which moment on")]
    NoRetention,
    /// The rows could not be counted.
    #[error(transparent)]
    Count(#[from] PublishError),
    /// The redaction could not be put in force.
    #[error(transparent)]
    Redact(#[from] RedactError),
}

/// What retention takes out of a dataset today.
#[derive(Clone, Debug)]
pub struct RetentionReport {
    /// What the codebook says.
    pub retention: Retention,
    /// Why, by law.
    pub ground: Ground,
    /// The first day that stays.
    pub before: Date,
    /// The current snapshot, and how many rows its files hold that go.
    pub current: Option<(SnapshotId, u64)>,
    /// The redaction, unless that was only tried.
    pub in_force: Option<InForce>,
}

impl Application {
    /// Applies a dataset's retention as of today, or only tells what would go.
    ///
    /// # Errors
    /// [`RetentionError`].
    pub async fn apply_retention(
        self: &Arc<Self>,
        dataset: &DatasetName,
        dry_run: bool,
        attribution: Attribution,
    ) -> Result<RetentionReport, RetentionError> {
        let (room, dataset) = (Arc::clone(self), dataset.clone());
        let way = async move { room.retain(&dataset, dry_run, attribution).await };
        let ended = self.spawn(way.in_current_span()).await;
        ended.unwrap_or(Err(RetentionError::Redact(RedactError::Closing)))
    }

    async fn retain(
        self: &Arc<Self>,
        dataset: &DatasetName,
        dry_run: bool,
        attribution: Attribution,
    ) -> Result<RetentionReport, RetentionError> {
        let view = self.catalogue().view();
        let stored = view.codebook(dataset).ok_or(RetentionError::DatasetUnknown)?;
        let (redaction, retention, clock, before) =
            asked(stored.codebook(), self.clock().today()).ok_or(RetentionError::NoRetention)?;
        let ground = redaction.ground;
        let mut current = None;
        if let Some(snapshot) = view.current(dataset) {
            let field = snapshot.codebook().field(clock.as_str()).cloned();
            let redactions = MountedRedactions {
                targets: Vec::new(),
                cutoffs: vec![Cutoff { clock, before, ground }],
                fields: vec![field.ok_or(RetentionError::NoRetention)?],
                keys: None,
            };
            let counts = self.count_rows(snapshot, redactions).await?;
            let rows = counts.values().map(|count| count.rows).sum();
            current = Some((snapshot.id().clone(), rows));
        }
        let in_force = match dry_run {
            true => None,
            false => Some(self.redact(redaction, attribution).await?),
        };
        Ok(RetentionReport { retention, ground, before, current, in_force })
    }
}

/// What a codebook asks for on a day: the redaction, its words, its clock, the first day that stays.
fn asked(codebook: &Codebook, today: Date) -> Option<(Redaction, Retention, ColumnName, Date)> {
    let redaction = Redaction::of_retention(codebook, today)?;
    let retention = codebook.retention.clone()?;
    let RedactedRows::Before { clock, day } = &redaction.rows else { return None };
    let field = codebook.field(clock.as_str())?;
    if !matches!(field.field_type, FieldType::Date | FieldType::Datetime) {
        return None;
    }
    let (clock, day) = (clock.clone(), *day);
    Some((redaction, retention, clock, day))
}
