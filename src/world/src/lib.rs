//! The demo world: a marketplace that hangs together, the same for the same seed.
//!
//! Floor 3. Knows `domain`; does not know the catalogue, the engine or HTTP. It writes what a
//! platform's own systems would deliver, and leaves it to the publish path to read, check and sort it.
//!
//! # Invariant
//! Each row follows from the seed, its index (`draw`) and its trader's suspensions, so nothing is held
//! but keys, suspensions and the buffers of files: a world of any size is written in about the same
//! memory, and any row can be asked about any other.
//!
//! # Rooms
//! - `settings`: what a world is made from.
//! - `marketplace`: whose is what.
//! - `suspensions`: who is suspended when, found before anything is written.
//! - `traders`, `listings`, `ads`, `moderation_actions`, `statements`, `platforms`: the rows.
//! - `recommenders`, `affiliates`, `detectors`, `prevalence`, `monitoring`: what is shown, looked for
//!   and reported.
//! - `verifications`, `listing_events`, `notices`, `orders`, `complaints`, `consumers`, `sanctions`,
//!   `safety`: the rows that lead to these and follow from them.
//! - `enforcement`: what is true of them.
//! - `products`, `infringements`, `places`, `words`: what they are made of.
//! - `draw`, `octaves`, `mix`, `calendar`, `pseudonyms`: seeded chance, time and names.
//! - `seen`: the dates at which all that is looked at.
//! - `record`, `table`, `write`, `deliver`: the files.
//! - `truths`: what is true of the world.

mod ads;
mod affiliates;
mod calendar;
mod complaints;
mod consumers;
mod deliver;
mod detectors;
mod draw;
mod enforcement;
mod infringements;
mod listing_events;
mod listings;
mod marketplace;
mod mix;
mod moderation_actions;
mod monitoring;
mod notices;
mod octaves;
mod orders;
mod places;
mod platforms;
mod prevalence;
mod products;
mod pseudonyms;
mod recommenders;
mod record;
mod safety;
mod sanctions;
mod seen;
mod settings;
mod statements;
mod suspensions;
mod table;
mod traders;
mod truths;
mod verifications;
mod words;
mod write;

#[cfg(test)]
mod codebooks;
#[cfg(test)]
mod tests;

pub use deliver::{
    Delivery, EditionReport, GenerateError, WorldProgress, WorldReport, datasets, generate,
};
pub use settings::{InvalidScale, InvalidSpan, Scale, WorldSettings};
