//! What carries out commands and follows the log: aggregates, projectors, reactors, subscriptions and tasks.
//!
//! ```text
//!  command ─▶ Aggregates ── append ──▶ event store ── broadcast ──▶ Subscription ─▶ Projector ─▶ read model ─▶ Progress
//!                 ▲                                                      │
//!                 └──────────────── reaction ◀── Reactor ◀───────────────┘
//! ```
//!
//! Use it to write services without the front door, or with other engines for read models. It has no HTTP (`web` has), no
//! scheduler, and no transactions across streams: what must happen in several follows as reactions.
//!
//! ```
//! use std::{path::Path, sync::Arc, time::Duration};
//!
//! use eventlog::{Options, simdisk::SimDisk};
//! use kernel::{Actor, Clock as _, Decider, Event, Ids, Metadata, Recorded, StreamId, events};
//! use runtime::{
//!     Aggregate, Aggregates, Budget, Deps, CommandRequest, Schemas, Tasks, Traces, Unfit,
//!     clock::SystemClock,
//!     event_store::{self, Figures},
//!     projector,
//!     snapshots::Snapshots,
//!     sqlite::{Embedded, Location, Schema, Tables},
//! };
//! use store::{LogStore, Memory};
//!
//! events! { TillEvent { Received { cents: u32 } = "till.received" @ 1 } }
//!
//! struct Till;
//!
//! impl Decider for Till {
//!     type State = u32;
//!     type Command = u32;
//!     type Event = TillEvent;
//!     type Rejection = ();
//!
//!     fn decide(_held: &u32, cents: &u32) -> Result<Vec<TillEvent>, ()> {
//!         Ok(vec![TillEvent::Received { cents: *cents }])
//!     }
//!
//!     fn evolve(held: &mut u32, event: &TillEvent) {
//!         let TillEvent::Received { cents } = event;
//!         *held += cents;
//!     }
//! }
//!
//! impl Aggregate for Till {
//!     const CATEGORY: &'static str = "till";
//! }
//!
//! /// The read model: what each till holds.
//! struct Holdings;
//!
//! impl Tables for Holdings {
//!     type Change = (String, u32);
//!
//!     fn schema(&self) -> Schema {
//!         let create = "CREATE TABLE till (name TEXT PRIMARY KEY, cents INTEGER NOT NULL)";
//!         Schema { model: "holdings", unmarked: &[], number: 1, variant: 0, create }
//!     }
//!
//!     fn another(&self) -> Self {
//!         Holdings
//!     }
//!
//!     fn write(&self, transaction: &rusqlite::Transaction<'_>, changes: &[(String, u32)]) -> rusqlite::Result<()> {
//!         let sql = "INSERT INTO till VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET cents = cents + excluded.cents";
//!         changes.iter().try_for_each(|change| transaction.execute(sql, (&change.0, change.1)).map(drop))
//!     }
//! }
//!
//! fn project(event: &Recorded) -> Result<Option<(String, u32)>, Unfit> {
//!     let TillEvent::Received { cents } = TillEvent::read(event)?;
//!     Ok(Some((event.stream.id().to_owned(), *cents)))
//! }
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let deps = Deps {
//!     clock: Arc::new(SystemClock),
//!     ids: Arc::new(Ids::from_seed([7; 32])), // secret randomness in production
//!     transport: Arc::new(Memory::new()),
//!     tasks: Tasks::new(),
//!     traces: Traces::default(),
//!     budget: Budget::default(),
//!     schemas: Schemas::default(),
//! };
//! let disk = Arc::new(SimDisk::new(1)); // `eventlog::OsFiles` in production
//! let LogStore { writer, reader, .. } = LogStore::open(Path::new("/log"), disk, Options::new([7; 16]))?;
//! event_store::serve(&deps, writer, reader, Figures::default()).await;
//!
//! let model = Embedded::open(Holdings, Location::Memory("front-page".to_owned()), deps.tasks.clone())?;
//! let progress = deps.progress("holdings");
//! projector::spawn(&deps.tasks, &deps.store(), Arc::clone(&model), project, progress.clone());
//!
//! let tills = Aggregates::<Till>::new(&deps, Snapshots::none());
//! for cents in [300, 200] {
//!     let metadata = Metadata::of(Actor::anonymous(), deps.ids.uuid(deps.clock.now()));
//!     let done = tills.execute(StreamId::new("till", 1)?, CommandRequest { command: cents, metadata }).await;
//!     let position = done.expect("it is never refused").position().expect("it is recorded");
//!     progress.reach(position, Duration::from_secs(30)).await.expect("the model catches up");
//! }
//! let held: u32 = model.read(|connection| connection.query_row("SELECT cents FROM till", [], |row| row.get(0)))?;
//! assert_eq!(held, 500);
//! assert!(deps.tasks.shutdown().await);
//! # Ok(())
//! # }
//! ```

#![deny(missing_docs)]

pub mod aggregates;
pub mod budget;
pub mod client;
pub mod clock;
mod deps;
pub mod descriptors;
mod error;
pub mod event_store;
pub mod follower;
pub mod inbox;
pub mod model;
pub mod progress;
pub mod projector;
pub mod reactor;
pub mod rebuild;
pub mod scans;
pub mod schemas;
mod shape;
pub mod snapshots;
pub mod subscription;
pub mod tasks;
pub mod trace;
mod unfit;
pub mod upgrade;
mod upgrade_event;

pub use aggregates::{Aggregate, Aggregates, CommandRequest, Done, ExecuteError};
pub use budget::Budget;
pub use client::EventStore;
pub use deps::Deps;
pub use error::{LocationError, ModelError};
pub use follower::{Delivery, Follower};
pub use inbox::Inbox;
pub use model::{Lease, ModelLocation, ReadModel, ServerEngine, ServerLocation, Shared, sqlite};
pub use progress::{Behind, Progress};
pub use reactor::{Reaction, Reactor};
pub use rebuild::Rebuild;
pub use scans::Scans;
pub use schemas::Schemas;
pub use subscription::Subscription;
pub use tasks::Tasks;
pub use trace::Traces;
pub use unfit::{Newer, SetAside, Unfit};
pub use upgrade::Upgrade;
