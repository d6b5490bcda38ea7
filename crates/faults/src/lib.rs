//! Faults of a running system, wrapped around its ports. Worlds and demonstrations use the same ones.
//!
//! - [`FaultyTransport`]: a bus that loses, repeats, delays and reorders what passes, at rates that can be changed at any time, and that can be cut off.
//! - [`Slowness`]: an event store and services that take their time over each event.
//! - [`Freezer`]: tasks and requests that make no progress until they are released, as those of a process that got SIGSTOP.
//! - [`Disk`]: a file system whose power can be cut, and that can be full.
//! - [`Skew`]: a clock that shows the wrong time of day.
//! - [`Tampering`]: the database of a read model, tampered with.
//! - [`Outdated`]: an instance of an older version, which meets events that it does not know.
//! - [`Part`]: a service of a process that is stopped, killed, frozen, slowed, and started again from its database.
//!
//! All chance comes from a seed: that of [`Dice`], or of a [`Disk`] whose power comes back.
//!
//! ```
//! use std::{path::Path, sync::Arc};
//!
//! use eventlog::{NewRecord, Options, open, simdisk::SimDisk};
//! use faults::Disk;
//!
//! let event = |version: u8| NewRecord {
//!     stream: "till-1",
//!     version: version.into(),
//!     id: [version; 16],
//!     kind: "till.counted",
//!     time_us: 0,
//!     metadata: b"{}",
//!     data: b"{}",
//! };
//! let disk = Disk::over(Arc::new(SimDisk::new(1))); // over `eventlog::OsFiles` in a real folder
//! let mut log = open(Path::new("/log"), Arc::new(disk.clone()), Options::new([7; 16]))?;
//! log.writer.append(&[event(0)])?;
//!
//! disk.cut_power_in(0); // in the middle of the next write
//! assert!(log.writer.append(&[event(1)]).is_err());
//! drop(log);
//!
//! disk.restore(42)?; // of what was not synced, the seed decides what is left
//! let log = open(Path::new("/log"), Arc::new(disk), Options::new([7; 16]))?;
//! assert!(log.reader.head() >= 1, "what was acknowledged is there");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![deny(missing_docs)]

mod bus;
mod clock;
mod dice;
mod disk;
mod freeze;
mod outdated;
mod part;
mod slow;
mod tamper;

pub use bus::{BusDice, BusFault, FaultRates, FaultyTransport, Meddler};
pub use clock::{Skew, SkewedClock};
pub use dice::Dice;
pub use disk::{Disk, PowerLoss};
pub use freeze::Freezer;
pub use outdated::{Outdated, OutdatedBus};
pub use part::{Booting, Down, Emptying, Part, PartState};
pub use slow::{SlowBus, SlowWriter, Slowness};
pub use tamper::Tampering;
