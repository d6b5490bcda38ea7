//! The product service at its border: over a real event store, called through its router.

mod harness;
mod smoke;
