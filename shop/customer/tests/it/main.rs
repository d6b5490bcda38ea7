//! The customer service at its borders.

#![expect(clippy::indexing_slicing, reason = "a test that finds less than it expects is to fail")]

mod accounts;
mod aside;
mod bootstrap;
mod credit;
mod harness;
mod model;
mod passwords;
mod path;
#[cfg(feature = "servers")]
mod redis;
mod rules;
mod sessions;
