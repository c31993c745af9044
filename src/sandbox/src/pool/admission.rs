//! Admission: who may have a worker now, who waits, who is told to come back.
//!
//! Knows projects and numbers; does not know processes.
//!
//! # Invariant
//! At most `places_max` are taken at once. One project never takes the last of several places,
//! and never more than half of the queue. Nobody waits longer than the queue's deadline.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::ids::ProjectId;
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

/// The right to one running worker; given back when it is dropped.
pub(super) struct Place {
    _project: Option<OwnedSemaphorePermit>,
    _pool: OwnedSemaphorePermit,
}

/// Why nobody gave a place.
pub(super) enum NoPlace {
    /// The queue is full, or its deadline passed.
    Busy {
        /// When asking again makes sense.
        retry_after: Duration,
    },
    /// The pool has ended.
    Stopped,
}

impl From<AcquireError> for NoPlace {
    fn from(_: AcquireError) -> Self {
        Self::Stopped
    }
}

/// Gives places.
pub(super) struct Admission {
    places_max: usize,
    queue_max: usize,
    queue_wait: Duration,
    places: Arc<Semaphore>,
    queue: Mutex<Queue>,
}

/// Who waits, and what each project has taken.
#[derive(Default)]
struct Queue {
    waiting: usize,
    projects: HashMap<ProjectId, Desk>,
}

/// One project's share.
struct Desk {
    places: Arc<Semaphore>,
    waiting: usize,
}

impl Admission {
    /// From this many on, projects that hold and want nothing are forgotten.
    const PROJECTS_KEPT: usize = 256;

    /// An admission where every place is free; there is one at least.
    pub(super) fn new(places_max: usize, queue_max: usize, queue_wait: Duration) -> Self {
        let places_max = places_max.clamp(1, Semaphore::MAX_PERMITS);
        let places = Arc::new(Semaphore::new(places_max));
        Self { places_max, queue_max, queue_wait, places, queue: Mutex::default() }
    }

    /// How many places are free.
    pub(super) fn free(&self) -> usize {
        self.places.available_permits()
    }

    /// How many places are taken.
    pub(super) fn taken(&self) -> usize {
        self.places_max.saturating_sub(self.free())
    }

    /// How many wait for a place.
    pub(super) fn waiting(&self) -> usize {
        self.lock().waiting
    }

    /// Takes a place for a project, now or when its turn comes.
    ///
    /// # Order
    /// First come, first served among those whose project may have another place.
    pub(super) async fn place(&self, project: &ProjectId) -> Result<Place, NoPlace> {
        let share = self.share(project);
        if let Some(place) = self.free_place(&share) {
            return Ok(place);
        }
        if self.places.is_closed() {
            return Err(NoPlace::Stopped);
        }
        let _ticket = self.wait(project)?;
        let turn = async {
            let project = share.acquire_owned().await?;
            let pool = Arc::clone(&self.places).acquire_owned().await?;
            Ok(Place { _project: Some(project), _pool: pool })
        };
        tokio::time::timeout(self.queue_wait, turn).await.unwrap_or_else(|_| Err(self.busy()))
    }

    /// Takes a place that belongs to no project, when its turn comes.
    pub(super) async fn any_place(&self) -> Result<Place, NoPlace> {
        let pool = Arc::clone(&self.places).acquire_owned().await?;
        Ok(Place { _project: None, _pool: pool })
    }

    /// Gives no more places, and sends everybody away who waits for one.
    pub(super) fn close(&self) {
        self.places.close();
        for desk in self.lock().projects.values() {
            desk.places.close();
        }
    }

    /// A place, if nobody needs to wait for it.
    fn free_place(&self, share: &Arc<Semaphore>) -> Option<Place> {
        let project = Arc::clone(share).try_acquire_owned().ok()?;
        let pool = Arc::clone(&self.places).try_acquire_owned().ok()?;
        Some(Place { _project: Some(project), _pool: pool })
    }

    /// How many places one project may have.
    fn share_max(&self) -> usize {
        (self.places_max - 1).max(1)
    }

    /// The places of one project.
    fn share(&self, project: &ProjectId) -> Arc<Semaphore> {
        let share_max = self.share_max();
        let mut queue = self.lock();
        if !queue.projects.contains_key(project) && Self::PROJECTS_KEPT <= queue.projects.len() {
            let is_in_use = |desk: &Desk| {
                desk.places.available_permits() < share_max || 1 < Arc::strong_count(&desk.places)
            };
            queue.projects.retain(|_, desk| is_in_use(desk));
        }
        let desk = queue.projects.entry(project.clone()).or_insert_with(|| {
            let places = Arc::new(Semaphore::new(share_max));
            if self.places.is_closed() {
                places.close();
            }
            Desk { places, waiting: 0 }
        });
        Arc::clone(&desk.places)
    }

    /// Enters the queue, if there is room.
    fn wait(&self, project: &ProjectId) -> Result<Ticket<'_>, NoPlace> {
        let share_max = (self.queue_max / 2).max(1);
        let mut queue = self.lock();
        if self.queue_max <= queue.waiting {
            return Err(self.busy());
        }
        let Some(desk) = queue.projects.get_mut(project) else {
            return Err(self.busy());
        };
        if share_max <= desk.waiting {
            return Err(self.busy());
        }
        desk.waiting += 1;
        queue.waiting += 1;
        Ok(Ticket { admission: self, project: project.clone() })
    }

    /// Tells to come back when those who wait now have had their turn.
    fn busy(&self) -> NoPlace {
        NoPlace::Busy { retry_after: self.queue_wait.max(Duration::from_secs(1)) }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One who waits; leaves the queue when dropped.
struct Ticket<'a> {
    admission: &'a Admission,
    project: ProjectId,
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        let mut queue = self.admission.lock();
        queue.waiting -= 1;
        if let Some(desk) = queue.projects.get_mut(&self.project) {
            desk.waiting -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(name: &str) -> ProjectId {
        ProjectId::parse(name).unwrap()
    }

    /// The deadline of a queue that nobody should have to wait in.
    const LONG: Duration = Duration::from_secs(3600);

    #[tokio::test]
    async fn one_project_never_takes_the_last_of_several_places() {
        let admission = Admission::new(3, 0, LONG);
        let (ada, bob) = (project("p-ada"), project("p-bob"));

        let held = [admission.place(&ada).await.ok(), admission.place(&ada).await.ok()];
        let third = admission.place(&ada).await;
        let other = admission.place(&bob).await;

        assert!(held.iter().all(Option::is_some));
        assert!(matches!(third, Err(NoPlace::Busy { .. })));
        assert!(other.is_ok());
        assert_eq!(admission.free(), 0);
    }

    #[tokio::test]
    async fn the_only_place_serves_every_project_in_turn() {
        let admission = Admission::new(1, 2, LONG);
        let (ada, bob) = (project("p-ada"), project("p-bob"));
        let first = admission.place(&ada).await.ok();

        // Each leaves as soon as it has had its turn.
        let turn = async |project| admission.place(project).await.is_ok();
        let (second, third, ()) = tokio::join!(turn(&bob), turn(&ada), async { drop(first) });

        assert!(second);
        assert!(third);
    }

    #[tokio::test]
    async fn nobody_waits_longer_than_the_deadline() {
        let admission = Admission::new(1, 1, Duration::from_millis(1));
        let _held = admission.place(&project("p-ada")).await.ok();

        let late = admission.place(&project("p-bob")).await;

        let retry_after = match late {
            Err(NoPlace::Busy { retry_after }) => Some(retry_after),
            Err(NoPlace::Stopped) | Ok(_) => None,
        };
        assert_eq!(retry_after, Some(Duration::from_secs(1)));
        assert_eq!(admission.lock().waiting, 0);
    }

    #[tokio::test]
    async fn one_project_never_fills_the_queue() {
        let admission = Admission::new(1, 2, LONG);
        let (ada, bob) = (project("p-ada"), project("p-bob"));
        let _held = admission.place(&ada).await.ok();

        let mut first = std::pin::pin!(admission.place(&ada));
        let first_waits = is_waiting(first.as_mut()).await;
        let second = admission.place(&ada).await;
        let mut other = std::pin::pin!(admission.place(&bob));
        let other_waits = is_waiting(other.as_mut()).await;

        assert!(first_waits && other_waits);
        assert!(matches!(second, Err(NoPlace::Busy { .. })));
    }

    /// Polls once; tells whether the future waits.
    async fn is_waiting<F: Future>(mut future: std::pin::Pin<&mut F>) -> bool {
        std::future::poll_fn(|ctx| std::task::Poll::Ready(future.as_mut().poll(ctx).is_pending()))
            .await
    }

    #[tokio::test]
    async fn an_ended_pool_sends_everybody_away() {
        let admission = Admission::new(1, 4, LONG);
        let _held = admission.place(&project("p-ada")).await.ok();
        let bob = project("p-bob");

        let (waited, ()) = tokio::join!(admission.place(&bob), async { admission.close() });
        let late = admission.place(&project("p-new")).await;

        assert!(matches!(waited, Err(NoPlace::Stopped)));
        assert!(matches!(late, Err(NoPlace::Stopped)));
    }
}
