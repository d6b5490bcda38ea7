//! The MongoDB engine against the contract of its port, and against what can go wrong with its server.

#![expect(clippy::indexing_slicing, reason = "what is not there fails the test, as it should")]

mod copying;
mod mongo;
