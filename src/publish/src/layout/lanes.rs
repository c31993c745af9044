//! Columns being gathered and encoded, by however many threads there are.
//!
//! Each column is a lane of its own, through which the rows of a file pass in order; a thread
//! takes whichever lane is furthest behind. What a column costs depends on its values, so no lane
//! is given to a thread beforehand. Its null count and its sketch are kept where its values pass
//! anyway.
//!
//! # Invariant
//! Which thread works in which lane has no part in the bytes that come out.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use parquet::arrow::arrow_writer::{ArrowColumnChunk, ArrowColumnWriter};

use super::lane::{Lane, weight};
use super::summary::ColumnFacts;
use crate::columns::Columns;
use crate::failure::Fault;
use crate::sort::scattered::Scattered;

/// Batches that may wait for the lane that is furthest behind.
const WAITING_MAX: usize = 4;

/// What passes through every lane.
#[derive(Clone)]
enum Step {
    /// Rows of a row group.
    Rows(Arc<Scattered>),
    /// The end of it.
    EndGroup,
}

/// A lane, and how far it is.
struct Standing {
    /// The lane, unless a thread works in it.
    lane: Option<Lane>,
    /// Steps it has passed.
    passed: usize,
}

/// What the threads share.
struct State {
    /// The heaviest first.
    lanes: Vec<Standing>,
    /// The steps that not all lanes have passed.
    steps: VecDeque<Step>,
    /// Steps that all lanes have passed.
    passed: usize,
    failure: Option<Fault>,
    is_over: bool,
}

/// The state, and those who wait for it to change.
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

/// All lanes, and the threads that work in them.
pub(crate) struct Lanes {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

impl Lanes {
    /// Starts the threads.
    pub(crate) fn new(columns: &Columns, threads: usize) -> Self {
        let mut heavy_first: Vec<usize> = (0..columns.all.len()).collect();
        heavy_first.sort_by_key(|place| std::cmp::Reverse(weight(&columns.all[*place])));
        let lanes = heavy_first
            .into_iter()
            .map(|place| Standing { lane: Some(Lane::new(columns, place)), passed: 0 });
        let state = State {
            lanes: lanes.collect(),
            steps: VecDeque::new(),
            passed: 0,
            failure: None,
            is_over: false,
        };
        let shared = Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new() });
        let thread = |_| {
            let shared = Arc::clone(&shared);
            std::thread::spawn(move || shared.work())
        };
        let threads = (0..threads.max(1)).map(thread).collect();
        Self { shared, threads }
    }

    /// Begins a row group with a writer for each column, in the codebook's order.
    ///
    /// # Errors
    /// When a column could not be encoded.
    pub(crate) fn begin(&mut self, writers: Vec<ArrowColumnWriter>) -> Result<(), Fault> {
        let mut writers: Vec<Option<ArrowColumnWriter>> = writers.into_iter().map(Some).collect();
        self.shared.at_rest(|lane| lane.begin(writers[lane.place()].take())).map(drop)
    }

    /// Encodes rows.
    ///
    /// # Errors
    /// When a column could not be encoded.
    pub(crate) fn rows(&mut self, rows: Scattered) -> Result<(), Fault> {
        self.shared.add(Step::Rows(Arc::new(rows)))
    }

    /// Ends a row group; gives its chunks in the codebook's order.
    ///
    /// # Errors
    /// When a column could not be encoded.
    pub(crate) fn end_group(&mut self) -> Result<Vec<ArrowColumnChunk>, Fault> {
        self.shared.add(Step::EndGroup)?;
        let chunks = self.shared.at_rest(Lane::take_chunk)?;
        Ok(chunks.into_iter().flatten().collect())
    }

    /// Ends a file; gives what is known of its columns, in the codebook's order.
    ///
    /// # Errors
    /// When a column could not be encoded.
    pub(crate) fn end_file(&mut self) -> Result<Vec<ColumnFacts>, Fault> {
        self.shared.at_rest(Lane::take_facts)
    }
}

impl Drop for Lanes {
    fn drop(&mut self) {
        self.shared.lock().is_over = true;
        self.shared.changed.notify_all();
        for thread in self.threads.drain(..) {
            // A panic has been noticed as a failure.
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until something is so, or encoding failed.
    fn wait(&self, is_so: impl Fn(&State) -> bool) -> Result<MutexGuard<'_, State>, Fault> {
        let is_waiting = |state: &mut State| state.failure.is_none() && !is_so(state);
        let state = self.changed.wait_while(self.lock(), is_waiting);
        let mut state = state.unwrap_or_else(PoisonError::into_inner);
        if let Some(failure) = state.failure.take() {
            // Whoever asks again is told of it again, if in fewer words.
            state.failure = Some(GONE);
            return Err(failure);
        }
        Ok(state)
    }

    /// Lets a step pass through all lanes, once there is room for it.
    fn add(&self, step: Step) -> Result<(), Fault> {
        self.wait(|state| state.steps.len() < WAITING_MAX)?.steps.push_back(step);
        self.changed.notify_all();
        Ok(())
    }

    /// Asks each lane for something once all steps are passed; the answers are in the codebook's
    /// order.
    fn at_rest<T>(&self, mut ask: impl FnMut(&mut Lane) -> T) -> Result<Vec<T>, Fault> {
        let mut state = self.wait(|state| state.steps.is_empty())?;
        let lanes = state.lanes.iter_mut().filter_map(|standing| standing.lane.as_mut());
        let mut answers: Vec<(usize, T)> = lanes.map(|lane| (lane.place(), ask(lane))).collect();
        answers.sort_by_key(|(place, _)| *place);
        Ok(answers.into_iter().map(|(_, answer)| answer).collect())
    }

    /// What a thread does: takes a lane a step further, until all is over.
    fn work(&self) {
        let _noticing = NoticePanic(self);
        let mut state = self.lock();
        while !state.is_over {
            let Some((number, mut lane, step)) = state.furthest_behind() else {
                let waited = self.changed.wait(state);
                state = waited.unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            drop(state);
            let taken = match &step {
                Step::Rows(rows) => lane.encode(rows),
                Step::EndGroup => lane.end_group(),
            };
            drop(step);
            state = self.lock();
            state.come_back(number, lane, taken);
            self.changed.notify_all();
        }
    }
}

impl State {
    /// Takes the lane that has passed fewest steps, with the step it is to pass now.
    fn furthest_behind(&mut self) -> Option<(usize, Lane, Step)> {
        let (passed, waiting) = (self.passed, self.passed + self.steps.len());
        let standing = self.lanes.iter_mut().enumerate();
        let (number, standing) = standing
            .filter(|(_, standing)| standing.lane.is_some() && standing.passed < waiting)
            .min_by_key(|(_, standing)| standing.passed)?;
        let step = self.steps[standing.passed - passed].clone();
        Some((number, standing.lane.take()?, step))
    }

    /// Puts a lane back that has passed a step, or failed to.
    fn come_back(&mut self, number: usize, lane: Lane, taken: Result<(), Fault>) {
        let standing = &mut self.lanes[number];
        standing.lane = Some(lane);
        standing.passed += 1;
        let all = self.lanes.iter().map(|standing| standing.passed).min().unwrap_or_default();
        self.steps.drain(..all - self.passed);
        self.passed = all;
        if let Err(failure) = taken {
            self.failure.get_or_insert(failure);
        }
    }
}

/// A thread that panicked.
const GONE: Fault = Fault::Panicked { thread: "encoding" };

/// Tells of a panic as a failure, so that nobody waits for its lane.
struct NoticePanic<'a>(&'a Shared);

impl Drop for NoticePanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.lock().failure.get_or_insert(GONE);
            self.0.changed.notify_all();
        }
    }
}
