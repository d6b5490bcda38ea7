//! The order service at its borders.

#![expect(clippy::indexing_slicing, reason = "a test that finds less than it expects is to fail")]

mod calls;
mod channel;
mod door;
mod harness;
mod history;
mod live;
mod model;
#[cfg(feature = "servers")]
mod postgres;
mod rules;
mod saga;
