//! Tests of event-sourced systems.
//!
//! - [`given()`] an aggregate's past, when a command comes, then these events: the rules alone, without anything around them.
//! - [`given_recorded()`] data of an older schema, when it is read, then this event: an upcaster alone.
//! - [`released()`] schemas of events are kept as golden files, so that whatever was recorded once can be read for as long as the system
//!   lives.
//! - [`Testbed`]: one service by itself on a real log, called through its router, on a [`TestClock`].
//! - [`World`]: the whole system on one thread under paused time, on a simulated disk and a bus that loses, repeats and reorders, crashed
//!   and restarted at moments that a seed chooses. The same seed gives the same log, to the byte.
//!
//! Use it as a dev-dependency of a system that is built with `agora`. Nothing is mocked: what is tested is the system that is shipped, on
//! other surroundings. A world has no threads and no real time, so it finds no data races and measures nothing.
//!
//! ```
//! use agora::prelude::*;
//! use serde_json::json;
//! use testkit::{FaultRates, World, given};
//!
//! events! { Counted { Raised { by: u32 } = "counter.raised" @ 1 } }
//!
//! #[derive(Clone, Default)]
//! struct Counter;
//!
//! impl Aggregate for Counter {
//!     const CATEGORY: &'static str = "counter";
//!     type Command = u32;
//!     type Event = Counted;
//!
//!     fn decide(&self, by: &u32) -> Decision<Counted> {
//!         if *by == 0 { refuse("Raise it by at least 1.") } else { Ok(vec![Counted::Raised { by: *by }]) }
//!     }
//!
//!     fn evolve(&mut self, _: &Counted) {}
//! }
//!
//! async fn routes(system: &System) -> Result<Router> {
//!     let counters = system.commands::<Counter>()?;
//!     let raise = async move |Path(id): Path<Id>, request: Request<u32>| counters.answer(&id, request).await;
//!     Ok(Router::new().route("/counters/{id}", post(raise)))
//! }
//!
//! // The rules alone.
//! given::<Counter>([Counted::Raised { by: 2 }])
//!     .when(3)
//!     .then([Counted::Raised { by: 3 }])
//!     .when(0)
//!     .then_refused("Raise it by at least 1.");
//!
//! // The whole system, on a bad bus and with a power failure.
//! let recorded = World::run(7, "counters", routes, async |world| {
//!     world.rates(FaultRates::STORM);
//!     for n in 0..5 {
//!         // An answer may be lost, which is a 503; the key makes it safe to ask again.
//!         while !world.post_once("/counters/visits", &json!(1), &format!("key-{n}")).await.status.is_success() {}
//!     }
//!     world.crash().await;
//!     world.idle().await;
//!     world.events().await.len()
//! });
//! assert_eq!(recorded, 5);
//! ```

#![deny(missing_docs)]

mod answer;
mod clock;
mod given;
mod model_at;
mod released;
mod testbed;
mod world;

pub use answer::{Answer, Ask};
pub use clock::TestClock;
pub use eventlog::simdisk::Chances;
pub use faults::{BusFault, Dice, FaultRates, FaultyTransport, Meddler};
pub use given::{Given, GivenRecorded, When, WhenRead, given, given_recorded};
pub use model_at::ModelAt;
pub use released::{Released, Written, released};
pub use testbed::{Databases, Testbed, dump, in_memory, ready};
pub use world::World;
