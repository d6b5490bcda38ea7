//! What all services share in I/O and that knows no business.
//!
//! ```text
//!  command ─▶ Aggregates ── append ──▶ event store ── broadcast ──▶ Subscription ─▶ Projector ─▶ read model ─▶ Progress
//!                 ▲                                                      │
//!                 └──────────────── reaction ◀── Reactor ◀───────────────┘
//! ```

pub mod aggregates;
pub mod auth;
pub mod clock;
pub mod descriptors;
pub mod http;
pub mod metrics;
pub mod model;
pub mod progress;
pub mod projector;
pub mod reactor;
pub mod scans;
pub mod service;
pub mod sessions;
pub mod snapshots;
pub mod sqlite;
pub mod store;
pub mod subscription;
pub mod tasks;
pub mod trace;

pub use aggregates::{Aggregate, Aggregates, Done, ExecuteError, Request};
pub use model::{
    Lease, LocationError, ModelError, ModelLocation, ReadModel, ServerLocation, SetAside, Shared,
    Unfit,
};
pub use progress::Progress;
pub use reactor::{Reaction, Reactor};
pub use scans::Scans;
pub use service::{Deps, Inspect, Service};
pub use store::EventStore;
pub use subscription::Subscription;
pub use tasks::Tasks;
pub use trace::Traces;
