//! The product service at its border: over a real event store, called through its router.

#![expect(clippy::indexing_slicing, reason = "an answer without what is looked for fails the test")]

mod calls;
mod harness;
mod images;
mod lists;
mod model;
mod newer;
mod orders;
mod pictures;
mod refusals;
mod repeats;
mod rules;
mod search_speed;
