//! The recorded events over HTTP.

mod audit;
mod backups;
mod causation;
mod healing;
mod silent;
