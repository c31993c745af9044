//! The way of an edition: several datasets, validated together, activated together or not at all.
//!
//! # Order
//! A worker lists the archive. Then one worker after the other drafts a dataset, those that others
//! point at first, so that keys are held against the new files. Where datasets point at each other
//! in a circle, the keys into what was drafted later are looked at once more. Only when all of them
//! stand is anything made durable.

use domain::DatasetName;
use domain::publication::{Progress, ReferencedSnapshot, RejectReport, Stage};
use domain::task::{ListTask, OrphansFound, OrphansTask, Task, TaskEnd};

use crate::Application;
use crate::publish::candidate::Candidate;
use crate::publish::contents::{self, Delivered};
use crate::publish::job::{self, EditionSoFar, Sources};
use crate::publish::make::Making;
use crate::publish::publications::{MemberState, ProgressNote, Success, Underway};
use crate::publish::run::Work;
use crate::publish::{EditionOrder, PublishError, Report};

/// What is known of an edition while its datasets are drafted.
#[derive(Default)]
struct Drafting {
    edition: EditionSoFar,
    /// What stands against it, of all its datasets.
    report: RejectReport,
    is_rejected: bool,
    /// Bytes of the datasets that are done.
    bytes_done: u64,
    rows_done: u64,
    /// For each candidate, the datasets that it points at and that were drafted after it.
    late: Vec<Vec<DatasetName>>,
}

impl Application {
    /// Validates the datasets of an archive together, then makes them current together.
    pub(super) async fn carry_edition(
        &self,
        work: Work,
        order: &EditionOrder,
        underway: &mut Underway,
    ) -> Result<Success, PublishError> {
        let delivered = self.list(&work, order, underway).await?;
        let datasets = delivered.iter().map(|part| &part.order.dataset);
        underway.progress().members(datasets.clone());
        let mut drafting = Drafting::default();
        drafting.edition.datasets = datasets.cloned().collect();
        let bytes_total = delivered.iter().map(Delivered::bytes).sum();
        for part in delivered {
            self.draft_member(part, &work, &mut drafting, bytes_total, underway).await?;
        }
        self.check_late(&mut drafting, underway).await?;
        if drafting.is_rejected {
            return Err(PublishError::Rejected(Box::new(drafting.report)));
        }
        if order.wishes.dry_run {
            return Ok(Success::checked(None));
        }
        for place in 0..drafting.edition.candidates.len() {
            let candidate = &drafting.edition.candidates[place];
            let changes = self.changes(candidate, underway).await?;
            drafting.edition.candidates[place].changes = changes;
        }
        underway.commit()?;
        let making = Making {
            as_of: order.as_of,
            is_staged: order.wishes.stage,
            attribution: &work.delivery.attribution,
            candidates: drafting.edition.candidates,
        };
        let made = self.make(making, underway).await?;
        Ok(Success {
            state: made.state,
            snapshot: None,
            edition: made.edition,
            report: None,
            members: made.snapshots,
        })
    }

    /// Has a worker list the archive, and sorts what is in it.
    async fn list(
        &self,
        work: &Work,
        order: &EditionOrder,
        underway: &mut Underway,
    ) -> Result<Vec<Delivered>, PublishError> {
        let (name, bytes) = (work.source.name.clone(), work.source.bytes);
        let file = work.file.try_clone().map_err(PublishError::Scratch)?;
        let task = Task::List(ListTask { name, bytes });
        match self.perform(&task, vec![file], underway).await? {
            TaskEnd::Listed(files) => contents::sort(files, bytes, order, &self.catalogue().view()),
            TaskEnd::Orphans(_)
            | TaskEnd::Compared(_)
            | TaskEnd::Columns(_)
            | TaskEnd::Rejected(_)
            | TaskEnd::DiskFull => Err(PublishError::Contents),
        }
    }

    /// Has a worker draft one dataset; that it is rejected lets the others go on, so that the
    /// report is of all.
    async fn draft_member(
        &self,
        part: Delivered,
        work: &Work,
        drafting: &mut Drafting,
        bytes_total: u64,
        underway: &mut Underway,
    ) -> Result<(), PublishError> {
        let (note, bytes) = (underway.progress(), part.bytes());
        let Delivered { order, files, offsets } = part;
        let dataset = order.dataset.clone();
        note.member(&dataset, |member| member.state = MemberState::Running);
        let view = self.catalogue().view();
        let descriptor = work.file.try_clone().map_err(PublishError::Scratch)?;
        let sources = Sources { files, offsets, descriptor };
        let settings = &self.settings().publish;
        let prepared = job::prepare(&order, &view, sources, &drafting.edition, settings)?;
        let edition = &drafting.edition;
        let late = job::targets(&prepared.codebook);
        let late = late
            .into_iter()
            .filter(|target| edition.datasets.contains(*target) && edition.find(target).is_none());
        let late: Vec<_> = late.cloned().collect();
        let (bytes_done, rows_done) = (drafting.bytes_done, drafting.rows_done);
        let drafted = self.draft(order, prepared, underway, |now| {
            note.member(&dataset, |member| member.progress = Some(now));
            let (bytes_read, rows) = (bytes_done + now.bytes_read, rows_done + now.rows);
            note.note(Progress { bytes_read, bytes_total, rows, ..now });
        });
        let drafted = drafted.await;
        drafting.bytes_done += bytes;
        match drafted {
            Ok(candidate) => {
                drafting.rows_done += candidate.drafted.draft.rejects.rows_read;
                note_candidate(&note, &candidate, MemberState::Checked);
                drafting.edition.candidates.push(candidate);
                drafting.late.push(late);
                Ok(())
            }
            Err(PublishError::Rejected(report)) => {
                drafting.rows_done += report.rows_read;
                note.member(&dataset, |member| {
                    member.state = MemberState::Rejected;
                    member.report = Some(Report::of_rejects(&report));
                });
                drafting.reject(&dataset, *report);
                Ok(())
            }
            Err(other) => Err(other),
        }
    }

    /// Holds keys against the datasets that were drafted after those that have them.
    async fn check_late(
        &self,
        drafting: &mut Drafting,
        underway: &mut Underway,
    ) -> Result<(), PublishError> {
        let view = self.catalogue().view();
        for place in 0..drafting.edition.candidates.len() {
            let late = std::mem::take(&mut drafting.late[place]);
            let edition = &drafting.edition;
            // One that was rejected cannot be pointed at, and the edition is rejected for it.
            let targets: Vec<&Candidate> =
                late.iter().filter_map(|dataset| edition.find(dataset)).collect();
            if targets.is_empty() {
                continue;
            }
            let candidate = &edition.candidates[place];
            let mut files = Vec::new();
            candidate.open_new(&mut files)?;
            for target in &targets {
                target.open(&view, &mut files)?;
            }
            let references = targets.iter().map(|target| ReferencedSnapshot {
                dataset: target.dataset().clone(),
                files: target.files(),
            });
            let task = Task::Orphans(Box::new(OrphansTask {
                codebook: candidate.codebook.codebook().clone(),
                files: candidate.new_files(),
                references: references.collect(),
                memory_bytes: self.settings().publish.memory_bytes,
            }));
            underway.progress().reach(Stage::Validate);
            let TaskEnd::Orphans(found) = self.perform(&task, files, underway).await? else {
                return Err(PublishError::Contents);
            };
            drafting.complete(place, found, underway);
        }
        Ok(())
    }
}

impl Drafting {
    /// Adds what stands against one dataset, its files named as they lie in the archive.
    fn reject(&mut self, dataset: &DatasetName, report: RejectReport) {
        self.is_rejected = true;
        self.report.rows_read += report.rows_read;
        self.report.rows_rejected += report.rows_rejected;
        self.report.rejects.extend(report.rejects.into_iter().map(|mut reject| {
            if reject.file != dataset.as_str() {
                reject.file = format!("{dataset}/{}", reject.file);
            }
            reject
        }));
    }

    /// Puts what late keys came to into a candidate's findings.
    fn complete(&mut self, place: usize, found: OrphansFound, underway: &Underway) {
        let candidate = &mut self.edition.candidates[place];
        let findings = &mut candidate.drafted.draft.quality;
        for finding in found.findings {
            let of_same = findings.iter_mut().find(|known| {
                let (rule, field) = (known.rule == finding.rule, known.field == finding.field);
                rule && field && known.against == finding.against
            });
            match of_same {
                Some(known) => *known = finding,
                None => findings.push(finding),
            }
        }
        let candidate = &self.edition.candidates[place];
        let is_rejected = !found.rejects.is_empty();
        let state = if is_rejected { MemberState::Rejected } else { MemberState::Checked };
        note_candidate(&underway.progress(), candidate, state);
        if is_rejected {
            let dataset = candidate.dataset().clone();
            let rows_read = candidate.drafted.draft.rejects.rows_read;
            let report = RejectReport { rejects: found.rejects, rows_read, rows_rejected: 0 };
            underway.progress().member(&dataset, |member| {
                if let Some(known) = &mut member.report {
                    known.rejects.extend(report.rejects.iter().cloned());
                }
            });
            self.reject(&dataset, report);
        }
    }
}

/// Notes what a draft of a dataset came to.
fn note_candidate(note: &ProgressNote, candidate: &Candidate, state: MemberState) {
    let report = Report::of(&candidate.drafted.draft);
    note.member(candidate.dataset(), |member| {
        member.state = state;
        member.report = Some(report);
    });
}
