//! The threads that gather and encode columns, each with columns of its own.
//!
//! A column stays in its lane from the first row of a file to the last, so its null count and its
//! sketch are kept where its values pass anyway.
//!
//! # Invariant
//! Which lane a column is in has no part in the bytes that come out.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use arrow::array::{Array as _, ArrayRef, AsArray as _};
use arrow::datatypes::{Field as ArrowField, SchemaRef};
use domain::codebook::FieldType;
use parquet::arrow::arrow_writer::{ArrowColumnChunk, ArrowColumnWriter, compute_leaves};

use super::summary::ColumnFacts;
use crate::columns::{Column, Columns};
use crate::convert::lists;
use crate::failure::Fault;
use crate::fingerprint::each_hash;
use crate::sort::scattered::Scattered;

/// Batches that may wait before a lane.
const WAITING_MAX: usize = 4;

/// What a lane is told.
enum Order {
    /// A row group begins; here is a writer for each of the lane's columns.
    Begin(Vec<ArrowColumnWriter>),
    /// Rows of it.
    Rows(Arc<Scattered>),
    /// It ends; give back the chunks.
    EndGroup,
    /// The file ends; give back what is known of the columns.
    EndFile,
}

/// What a lane answers.
enum Answer {
    Group(Result<Vec<ArrowColumnChunk>, Fault>),
    File(Vec<ColumnFacts>),
}

/// One thread and the columns it encodes.
struct Lane {
    /// The columns' places in the codebook.
    places: Vec<usize>,
    orders: Option<SyncSender<Order>>,
    answers: Receiver<Answer>,
    thread: Option<JoinHandle<()>>,
}

/// All lanes.
pub(crate) struct Lanes(Vec<Lane>);

impl Lanes {
    /// Starts the lanes.
    pub(crate) fn new(columns: &Columns, threads: usize) -> Self {
        let lanes = assign(columns, threads.max(1)).into_iter().map(|places| {
            let (orders, inbox) = sync_channel(WAITING_MAX);
            let (outbox, answers) = sync_channel(1);
            let worker = Worker::new(columns, &places);
            let thread = std::thread::spawn(move || worker.run(&inbox, &outbox));
            Lane { places, orders: Some(orders), answers, thread: Some(thread) }
        });
        Self(lanes.collect())
    }

    /// Begins a row group with a writer for each column, in the codebook's order.
    ///
    /// # Errors
    /// When a lane is gone.
    pub(crate) fn begin(&mut self, writers: Vec<ArrowColumnWriter>) -> Result<(), Fault> {
        let mut writers: Vec<Option<ArrowColumnWriter>> = writers.into_iter().map(Some).collect();
        for lane in &self.0 {
            let own = lane.places.iter().filter_map(|place| writers[*place].take()).collect();
            lane.order(Order::Begin(own))?;
        }
        Ok(())
    }

    /// Encodes rows.
    ///
    /// # Errors
    /// When a lane is gone.
    pub(crate) fn rows(&mut self, rows: &Arc<Scattered>) -> Result<(), Fault> {
        self.0.iter().try_for_each(|lane| lane.order(Order::Rows(Arc::clone(rows))))
    }

    /// Ends a row group; gives its chunks in the codebook's order.
    ///
    /// # Errors
    /// When a column could not be encoded.
    pub(crate) fn end_group(&mut self) -> Result<Vec<ArrowColumnChunk>, Fault> {
        self.0.iter().try_for_each(|lane| lane.order(Order::EndGroup))?;
        let mut all = Vec::new();
        for lane in &self.0 {
            match lane.answer()? {
                Answer::Group(chunks) => all.extend(lane.places.iter().copied().zip(chunks?)),
                Answer::File(_) => return Err(GONE),
            }
        }
        all.sort_by_key(|(place, _)| *place);
        Ok(all.into_iter().map(|(_, chunk)| chunk).collect())
    }

    /// Ends a file; gives what is known of its columns, in the codebook's order.
    ///
    /// # Errors
    /// When a lane is gone.
    pub(crate) fn end_file(&mut self) -> Result<Vec<ColumnFacts>, Fault> {
        self.0.iter().try_for_each(|lane| lane.order(Order::EndFile))?;
        let mut all = Vec::new();
        for lane in &self.0 {
            match lane.answer()? {
                Answer::File(facts) => all.extend(lane.places.iter().copied().zip(facts)),
                Answer::Group(_) => return Err(GONE),
            }
        }
        all.sort_by_key(|(place, _)| *place);
        Ok(all.into_iter().map(|(_, facts)| facts).collect())
    }
}

impl Drop for Lanes {
    fn drop(&mut self) {
        for lane in &mut self.0 {
            lane.orders = None;
        }
        for thread in self.0.iter_mut().filter_map(|lane| lane.thread.take()) {
            // A lane that panicked has been noticed by its missing answer.
            let _ = thread.join();
        }
    }
}

/// A lane that does not answer has panicked.
const GONE: Fault = Fault::Panicked { thread: "encoding" };

impl Lane {
    fn order(&self, order: Order) -> Result<(), Fault> {
        let orders = self.orders.as_ref().ok_or(GONE)?;
        orders.send(order).map_err(|_| GONE)
    }

    fn answer(&self) -> Result<Answer, Fault> {
        self.answers.recv().map_err(|_| GONE)
    }
}

/// Gives each lane columns, so that all have about as much to do.
fn assign(columns: &Columns, threads: usize) -> Vec<Vec<usize>> {
    let mut heavy_first: Vec<usize> = (0..columns.all.len()).collect();
    heavy_first.sort_by_key(|place| std::cmp::Reverse(weight(&columns.all[*place])));
    let mut lanes = vec![(0, Vec::new()); threads.min(columns.all.len()).max(1)];
    for place in heavy_first {
        if let Some((load, places)) = lanes.iter_mut().min_by_key(|(load, _)| *load) {
            *load += weight(&columns.all[place]);
            places.push(place);
        }
    }
    lanes.into_iter().map(|(_, places)| places).collect()
}

/// About how long a column takes to encode, beside one of numbers.
fn weight(column: &Column) -> u32 {
    match column.field.field_type {
        FieldType::List => 6,
        FieldType::String if column.field.free_text => 6,
        FieldType::String if column.categories.is_none() => 4,
        FieldType::String => 2,
        FieldType::Integer
        | FieldType::Number
        | FieldType::Decimal
        | FieldType::Boolean
        | FieldType::Date
        | FieldType::Datetime => 1,
    }
}

/// What runs in a lane.
struct Worker {
    places: Vec<usize>,
    are_lists: Vec<bool>,
    schema: SchemaRef,
    writers: Vec<ArrowColumnWriter>,
    facts: Vec<ColumnFacts>,
    failure: Option<Fault>,
}

impl Worker {
    fn new(columns: &Columns, places: &[usize]) -> Self {
        let is_list = |place: &usize| columns.all[*place].field.field_type == FieldType::List;
        Self {
            are_lists: places.iter().map(is_list).collect(),
            facts: vec![ColumnFacts::default(); places.len()],
            places: places.to_vec(),
            schema: Arc::clone(&columns.file_schema),
            writers: Vec::new(),
            failure: None,
        }
    }

    fn run(mut self, inbox: &Receiver<Order>, outbox: &SyncSender<Answer>) {
        for order in inbox {
            let answer = match order {
                Order::Begin(writers) => {
                    self.writers = writers;
                    continue;
                }
                Order::Rows(rows) => {
                    if self.failure.is_none() {
                        self.failure = self.encode(&rows).err();
                    }
                    continue;
                }
                Order::EndGroup => Answer::Group(self.end_group()),
                Order::EndFile => Answer::File(self.facts.iter_mut().map(std::mem::take).collect()),
            };
            if outbox.send(answer).is_err() {
                return;
            }
        }
    }

    fn encode(&mut self, rows: &Scattered) -> Result<(), Fault> {
        for (own, place) in self.places.iter().enumerate() {
            let mut values = rows.column(*place)?;
            self.facts[own].note(&values);
            if self.are_lists[own] {
                values = lists::to_lists(values.as_string_view())?;
            }
            let field: &ArrowField = self.schema.field(*place);
            for leaf in compute_leaves(field, &values)? {
                self.writers[own].write(&leaf)?;
            }
        }
        Ok(())
    }

    fn end_group(&mut self) -> Result<Vec<ArrowColumnChunk>, Fault> {
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        let writers = std::mem::take(&mut self.writers).into_iter();
        writers.map(|writer| writer.close().map_err(Fault::Write)).collect()
    }
}

impl ColumnFacts {
    /// Takes note of values.
    fn note(&mut self, values: &ArrayRef) {
        self.null_count += values.null_count() as u64;
        if values.null_count() < values.len() {
            each_hash(values, |hash| self.sketch.add(hash));
        }
    }
}
