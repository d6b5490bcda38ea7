//! The runtime at its borders.

mod evicting;
mod exchanged;
mod generations;
mod inbox;
mod newer;
mod noted;
mod projecting;
mod reading;
mod replaced;
mod served;
mod sharing;
mod side;
mod sqlite;
mod tasks;
mod upgrading;
mod watched;

use std::sync::Arc;

use kernel::{Ids, Timestamp};
use runtime::{Deps, Tasks, Traces, clock::RuntimeClock};

/// Surroundings under paused time, with a bus of their own.
fn deps() -> Deps {
    Deps {
        clock: Arc::new(RuntimeClock::starting_at(Timestamp::from_micros(1_767_225_600_000_000))),
        ids: Arc::new(Ids::from_seed([5; 32])),
        transport: Arc::new(store::Memory::new()),
        tasks: Tasks::inline(),
        traces: Traces::default(),
        budget: runtime::Budget::default(),
        schemas: runtime::Schemas::default(),
    }
}
