//! Inside the wall: from SQL to answers.

pub mod schema;
