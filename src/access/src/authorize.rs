//! May it? What a project's grants cover, and whether a verdict stays within.
//!
//! A worker is not believed: the verdict it gives is checked here against the grants, dataset by
//! dataset and column by column, with the class that the codebook gives a column.
//!
//! # Invariant
//! [`Authorized`] has one maker, `authorize`, and [`Reserved`] one, the budget: a query
//! that was not authorized cannot be reserved, and one that was not reserved cannot run.
//!
//! # Rooms
//! - [`scope`]: what a principal may consult now.
//! - [`denial`]: how a no is explained.

mod denial;
mod scope;

use std::sync::Arc;

use domain::limits::Usage;
use domain::{Codebook, ColumnName, Grant, Limits, LimitsPatch, Principal, Project, Verdict};

use crate::limit::Reservation;
use crate::revocation::Standing;

pub use denial::Denial;
pub use scope::{Granted, Scope};
pub(crate) use scope::{Grants, may_work};

/// A verdict that stays within the grants.
#[derive(Debug)]
pub struct Authorized {
    principal: Principal,
    project: Arc<Project>,
    verdict: Verdict,
    limits: Limits,
    grants: Vec<Grant>,
}

impl Authorized {
    /// What the plan would consult and give.
    #[must_use]
    pub fn verdict(&self) -> &Verdict {
        &self.verdict
    }

    /// The limits of this query: what the grants used give, lowered by what was asked. Where they
    /// differ from the question's, it must be planned again with these.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The grants that this query uses; none for oversight.
    #[must_use]
    pub fn grants(&self) -> &[Grant] {
        &self.grants
    }

    /// The project it is asked under.
    #[must_use]
    pub fn project(&self) -> &Project {
        &self.project
    }

    /// What must go on holding while this query runs.
    #[must_use]
    pub fn standing(&self) -> Standing {
        Standing::of(&self.principal).with_grants(&self.grants)
    }
}

/// An authorized query whose place in the budget is kept; dropping it gives the place back.
#[derive(Debug)]
pub struct Reserved {
    authorized: Authorized,
    reservation: Reservation,
}

impl Reserved {
    pub(crate) fn new(authorized: Authorized, reservation: Reservation) -> Self {
        Self { authorized, reservation }
    }

    /// What was authorized.
    #[must_use]
    pub fn authorized(&self) -> &Authorized {
        &self.authorized
    }

    /// Charges what was used in place of what was reserved.
    ///
    /// An answered query counts as one query with what it scanned and gave; a stopped one as none
    /// with what it scanned; a failed one as nothing.
    pub fn settle(self, used: Usage) {
        self.reservation.settle(used);
    }
}

/// Checks a verdict, which was planned with an earlier scope, against what the principal may
/// consult now.
///
/// # Errors
/// The first dataset, column or limit that is outside, or a grant that changed since planning:
/// the worker has mounted the earlier one's columns and rows.
pub(crate) fn authorize(
    principal: &Principal,
    planned: &Scope,
    scope: &Scope,
    (verdict, kept): (Verdict, &[&Codebook]),
    asked: &LimitsPatch,
) -> Result<Authorized, Denial> {
    let mut limits: Option<Limits> = None;
    let mut grants: Vec<Grant> = Vec::new();
    for (index, scan) in verdict.scans.iter().enumerate() {
        let (dataset, snapshot) = (&scan.dataset, &scan.snapshot);
        let is_again = |other: &domain::verdict::Scan| {
            (&other.dataset, &other.snapshot) == (dataset, snapshot)
        };
        if verdict.scans[..index].iter().any(is_again) {
            // No honest worker names one twice; each time would open all its files again.
            return Err(Denial::GrantChanged { dataset: dataset.clone() });
        }
        let (codebook, granted) = scope.granted(&scan.dataset, principal.role)?;
        if planned.dataset(&scan.dataset) != Ok(granted) {
            return Err(Denial::GrantChanged { dataset: scan.dataset.clone() });
        }
        let own = kept.get(index).filter(|own| own.name == scan.dataset);
        // A snapshot that the catalogue does not have was never mounted.
        let own = own.ok_or_else(|| Denial::GrantChanged { dataset: scan.dataset.clone() })?;
        for (column, _) in &scan.columns {
            covers(granted, (own, codebook), column)?;
        }
        let given = granted.limits();
        limits = Some(limits.map_or(given, |limits| limits.min(&given)));
        for grant in granted.grants() {
            if !grants.contains(grant) {
                grants.push(grant.clone());
            }
        }
    }
    let limits = limits.unwrap_or(*scope.limits());
    let limits = limits.lowered_by(asked).map_err(Denial::LimitRaised)?;
    if limits.scan_bytes < verdict.scan_bytes {
        let (allowed, asked) = (limits.scan_bytes, verdict.scan_bytes);
        return Err(Denial::ScanTooLarge { allowed, asked });
    }
    let (principal, project) = (principal.clone(), Arc::clone(scope.shared_project()));
    Ok(Authorized { principal, project, verdict, limits, grants })
}

/// Checks one column, by what the codebooks say of it and not by what the worker says: that which
/// the snapshot kept to, and today's where it still has the column.
fn covers(
    granted: &Granted,
    (own, today): (&Codebook, &Codebook),
    column: &ColumnName,
) -> Result<(), Denial> {
    let [then, now] = [own, today].map(|codebook| codebook.field(column.as_str()));
    let is_covered = then.is_some_and(|field| granted.covers(field))
        && now.is_none_or(|field| granted.covers(field));
    if is_covered {
        return Ok(());
    }
    Err(Denial::ColumnNotGranted {
        dataset: own.name.clone(),
        column: column.clone(),
        class: now.or(then).map(|field| field.class),
        grants: granted.grants().iter().map(|grant| grant.id.clone()).collect(),
    })
}
