//! The accounting service at its border: over a real event store, called through its router.

mod calls;
#[cfg(feature = "servers")]
mod couchdb;
mod harness;
mod model;
mod rules;
