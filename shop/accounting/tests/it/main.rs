//! The accounting service at its border: over a real event store, called through its router.

mod calls;
mod couchdb;
mod harness;
mod model;
