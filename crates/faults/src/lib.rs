//! Faults of a running system, wrapped around its ports. Worlds and demonstrations use the same ones.
//!
//! - [`FaultyTransport`]: a bus that loses, repeats, delays and reorders what passes, at rates that can be changed at any time.
//! - [`Slowness`]: an event store and services that take their time over each event.
//! - [`Freezer`]: tasks and requests that do not go on until they are let, as those of a process that got SIGSTOP.
//! - [`Disk`]: a file system whose power can be cut.
//! - [`Part`]: a service of a process that is stopped, killed, frozen, slowed, and started again from its database.
//!
//! All chance comes from [`Dice`], and so from a seed.

#![deny(missing_docs)]

mod bus;
mod dice;
mod disk;
mod freeze;
mod part;
mod slow;

pub use bus::{BusDice, BusFault, FaultRates, FaultyTransport, Meddler};
pub use dice::Dice;
pub use disk::{Disk, PowerLoss};
pub use freeze::Freezer;
pub use part::{Booting, Down, Emptying, Part, PartState};
pub use slow::{SlowBus, SlowWriter, Slowness};
