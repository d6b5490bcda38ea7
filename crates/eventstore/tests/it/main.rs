//! The engines against the contract of their port, and each against what befalls it.

#![expect(clippy::indexing_slicing, reason = "what is not there fails the test, as it should")]

mod backups;
mod copying;
mod events;
mod exchanged;
mod healing;
mod log;
mod mongo;
