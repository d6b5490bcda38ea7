//! The client's tools, as processes, against a stub of the REST API in this process; and the real shop against bad input.

#![expect(clippy::indexing_slicing, reason = "what is not there fails the test, as it should")]

mod bad_input;
mod bench;
mod client;
mod events;
mod import;
mod order;
mod replay;
mod run;
mod stub;
