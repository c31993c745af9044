//! Stories of the publish path: real files in temporary folders, through the one public door.

mod desk;
mod dumps;
mod files;
mod formats;
mod hostile;
mod keys;
mod rules;
