//! Seeded worlds: the whole shop under faults, deterministic.
//!
//! A world is the real services on one thread under paused time, joined by a bus that loses, repeats, delays and reorders, over
//! the real engine on a disk that loses what was not synced, fills up, and fails one write. Services crash and restart at any await,
//! run twice, lose their read models. The clocks of their machines and the event store's are minutes to days ahead or behind for a
//! while. The store and the services are slow for a while, and more orders come than they can do then. Events are forged: some that
//! nothing can read, a second customer of one name, a second beginning of an order's, a customer's or a product's stream. The log
//! comes back shorter, is refused, and the loss is accepted. In one world of three the services are upgraded meanwhile, and back. Then the faults stop, every order must end, and the log is checked event
//! by event against the promises: forged events have their place in it and change nothing else. The same seed gives the same log to
//! the byte.

pub mod bug;
pub mod faults;
mod forgery;
mod guest;
mod load;
mod loss;
mod parts;
mod rebuilding;
mod schedule;
mod shoppers;
mod stories;
mod upgrading;
mod versions;
pub mod world;

pub use bug::PlantedBug;
pub use faults::{Fault, Tally};
pub use guest::{Guest, Promise};
pub use testkit::Dice;
pub use world::{Recordings, Report, Scenario, recordings, run};
