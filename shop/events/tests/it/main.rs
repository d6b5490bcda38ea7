//! The recorded events over HTTP.

mod backups;
mod healing;
