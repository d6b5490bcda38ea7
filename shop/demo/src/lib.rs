//! The sample shop: its goods and people, a year of its life, and the traffic that keeps it alive.
//!
//! ```text
//!  data/*.csv ─▶ goods ─▶ plan ─┬─▶ year: the real services on one thread, on a calendar that the plan moves ─▶ a log
//!                               └─▶ fill: the services of a running shop, today
//!                                   traffic: the same, now and then ─▶ desk ─▶ the services' own calls
//! ```
//!
//! Nothing here writes an event: whatever is recorded, a service has decided and recorded, because someone asked for it.

mod calendar;
mod chance;
mod desk;
mod disk;
mod filling;
mod goods;
mod plan;
mod playground;
mod service;
mod shop;
mod traffic;
mod year;

pub use goods::{CUSTOMER, PASSWORD};
pub use plan::DAYS;
pub use playground::{Bus, Playground, Second, Toys};
pub use service::{Demo, offered};
pub use year::{Conditions, Lived, YearError, live};
