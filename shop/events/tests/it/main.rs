//! The recorded events over HTTP.

mod backups;
mod causation;
mod healing;
