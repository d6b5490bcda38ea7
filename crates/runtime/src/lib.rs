//! The runtime of event-sourced services.
//!
//! ```text
//!  command ─▶ Aggregates ── append ──▶ event store ── broadcast ──▶ Subscription ─▶ Projector ─▶ read model ─▶ Progress
//!                 ▲                                                      │
//!                 └──────────────── reaction ◀── Reactor ◀───────────────┘
//! ```

pub mod aggregates;
pub mod client;
pub mod clock;
mod deps;
pub mod descriptors;
pub mod event_store;
pub mod follower;
pub mod model;
pub mod progress;
pub mod projector;
pub mod reactor;
pub mod scans;
pub mod snapshots;
pub mod sqlite;
pub mod subscription;
pub mod tasks;
pub mod trace;

pub use aggregates::{Aggregate, Aggregates, Done, ExecuteError, Request};
pub use client::EventStore;
pub use deps::Deps;
pub use follower::{Effect, Follower};
pub use model::{
    Lease, LocationError, ModelError, ModelLocation, ReadModel, ServerLocation, SetAside, Shared,
    Unfit,
};
pub use progress::{Behind, Progress};
pub use reactor::{Reaction, Reactor};
pub use scans::Scans;
pub use subscription::Subscription;
pub use tasks::Tasks;
pub use trace::Traces;
