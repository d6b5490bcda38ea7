//! The recorded events over HTTP.

#![expect(clippy::indexing_slicing, reason = "what is not there fails the test, as it should")]

mod backups;
mod healing;
