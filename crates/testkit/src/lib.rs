//! Tests of event-sourced systems.
//!
//! - [`given()`] an aggregate's past, when a command comes, then these events: the rules alone, without anything around them.
//! - [`released()`] schemas of events are kept as golden files, so that whatever was recorded once can be read for as long as the system
//!   lives.
//! - [`Testbed`]: one service by itself on a real log, called through its router, on a [`TestClock`].
//! - [`World`]: the whole system on one thread under paused time, on a simulated disk and a bus that loses, repeats and reorders, crashed
//!   and restarted at moments that a seed chooses. The same seed gives the same log, to the byte.

mod answer;
mod clock;
mod dice;
mod given;
mod released;
mod testbed;
mod transport;
mod world;

pub use answer::{Answer, Ask};
pub use clock::TestClock;
pub use dice::Dice;
pub use eventlog::simdisk::Chances;
pub use given::{Given, When, given};
pub use released::{Released, Written, released};
pub use testbed::{Databases, Testbed, dump, in_memory, ready};
pub use transport::{BusFault, Meddler, Stormy, Weather};
pub use world::World;
