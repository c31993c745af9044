//! The demo world: a marketplace that hangs together, the same for the same seed.
//!
//! Floor 3. Knows `domain`; does not know the catalogue, the engine or HTTP. It writes what a
//! platform's own systems would deliver, and leaves it to the publish path to read, check and sort it.
//!
//! # Invariant
//! Each row follows from the seed and its index (`draw`), so nothing is held but keys and the
//! buffers of files: a world of any size is written in the same memory, and any row can be asked
//! about any other.
//!
//! # Rooms
//! - `settings`: what a world is made from.
//! - `marketplace`: whose is what.
//! - `traders`, `listings`, `ads`, `moderation_actions`, `statements`, `platforms`: the rows.
//! - `recommenders`, `affiliates`, `detectors`, `prevalence`, `monitoring`: what is shown, looked for
//!   and reported.
//! - `products`, `infringements`, `places`, `words`: what they are made of.
//! - `draw`, `octaves`, `mix`, `calendar`, `pseudonyms`: seeded chance, time and names.
//! - `seen`: the dates at which all that is looked at.
//! - `record`, `table`, `write`, `deliver`: the files.
//! - `truths`: what is true of the world.

mod ads;
mod affiliates;
mod calendar;
mod deliver;
mod detectors;
mod draw;
mod infringements;
mod listings;
mod marketplace;
mod mix;
mod moderation_actions;
mod monitoring;
mod octaves;
mod places;
mod platforms;
mod prevalence;
mod products;
mod pseudonyms;
mod recommenders;
mod record;
mod seen;
mod settings;
mod statements;
mod table;
mod traders;
mod truths;
mod words;
mod write;

#[cfg(test)]
mod codebooks;
#[cfg(test)]
mod tests;

pub use deliver::{Delivery, EditionReport, GenerateError, WorldProgress, WorldReport, generate};
pub use settings::{InvalidScale, InvalidSpan, Scale, WorldSettings};
