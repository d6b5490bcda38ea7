//! Seeded worlds: the whole shop under faults, deterministic.
//!
//! A world is the real services on one thread under paused time, joined by a bus that loses, repeats, delays and reorders, over
//! the real engine on a disk that loses what was not synced. Services crash and restart at any await, run twice, lose their
//! read models; then the weather clears, every order must end, and the log is checked event by event against the promises.
//! The same seed gives the same log to the byte.

pub mod check;
pub mod dice;
pub mod faults;
mod parts;
pub mod plant;
mod shoppers;
mod storm;
mod transport;
pub mod world;

pub use faults::{Fault, Tally};
pub use plant::Plant;
pub use world::{Report, Scenario, run};
