//! The playground: faults of the seeded worlds, injected into the running sample shop, and their effects.
//!
//! ```text
//!  back office ─▶ calls ─┬─▶ bus: loses, repeats, delays, reorders
//!                        ├─▶ parts: stopped, killed, frozen, slow, started again
//!                        ├─▶ disk: loses its power
//!                        ├─▶ traffic, sales, presets
//!                        └─▶ drills: incidents made of these, and of what happens around a shop
//!        log ─▶ watch ─▶ the promises, checked event by event as the worlds check them
//! ```
//!
//! It is there only if the process was put together with it: without it, nothing of this is in the way of a message or a task.

mod auth;
mod bus;
mod calls;
mod drills;
mod power;
mod presets;
mod sale;
mod state;
mod watch;

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex, OnceLock},
};

use axum::Router;
use contracts::rest::playground::{Playing, Power, Rates};
use faults::{Disk, Part};
use futures_util::future::BoxFuture;
use kernel::{Timestamp, sync};
use tokio_util::sync::CancellationToken;
use web::{Service, ServiceDeps};

pub use bus::Bus;

use crate::{service::Demo, traffic::Pace};
use sale::Sold;
use watch::Watch;

/// The name of its service.
const NAME: &str = "playground";

/// The playground within a running shop. A cheap clone.
#[derive(Clone)]
pub struct Playground(Arc<Inner>);

/// What is played with.
pub struct Toys {
    /// Of the process, with a bus without faults: who watches must not be deceived.
    pub deps: ServiceDeps,
    pub bus: Bus,
    /// Under the log.
    pub disk: Disk,
    /// The event store, and then the services.
    pub parts: Vec<Part>,
    pub demo: Demo,
    /// The files of the read models that are SQLite databases, by service.
    pub databases: BTreeMap<&'static str, PathBuf>,
    pub second: Second,
}

/// Starts a second process on the data folder of this one, and returns when it has ended.
pub type Second = Arc<dyn Fn() -> BoxFuture<'static, ()> + Send + Sync>;

/// Ends warnings whose causes are over.
type Forget = Box<dyn Fn() + Send + Sync>;

struct Inner {
    toys: Toys,
    watch: Watch,
    /// Where programs make their calls.
    gateway: OnceLock<Router>,
    /// Lets the gateway forget what it warns of.
    forget: OnceLock<Forget>,
    chosen: Mutex<Chosen>,
    /// One at a time gives power back.
    turn: tokio::sync::Mutex<()>,
}

/// What was asked for last.
#[derive(Default)]
struct Chosen {
    seed: u64,
    traffic: Option<u32>,
    playing: Option<(Playing, CancellationToken)>,
    sale: Option<Sold>,
    drill: Option<drills::On>,
    power: Option<Power>,
}

impl Playground {
    /// Begins to watch the log; changes nothing yet.
    #[must_use]
    pub fn new(toys: Toys) -> Self {
        let watch = Watch::spawn(&toys.deps);
        let (chosen, turn) = (Mutex::default(), tokio::sync::Mutex::default());
        let (gateway, forget) = (OnceLock::new(), OnceLock::new());
        Self(Arc::new(Inner { toys, watch, gateway, forget, chosen, turn }))
    }

    /// Calls from outside go through this router; `forget` lets the gateway forget what it warns of.
    pub fn reaches(&self, gateway: Router, forget: impl Fn() + Send + Sync + 'static) {
        let _already_known = self.0.gateway.set(gateway);
        let _already_known = self.0.forget.set(Box::new(forget));
    }

    /// Undoes what a later start of the shop would still find: someone's changes to its databases.
    pub async fn leave(&self) {
        let on = self.end_drill().await.filter(drills::On::is_lasting);
        self.clear_up(on).await;
    }

    /// The calls of the playground.
    #[must_use]
    pub fn service(&self) -> Service {
        calls::service(self)
    }

    fn part(&self, name: &str) -> Option<&Part> {
        self.0.toys.parts.iter().find(|part| part.name() == name)
    }

    fn now(&self) -> Timestamp {
        self.0.toys.deps.clock.now()
    }

    /// All chance begins again from this seed.
    fn begin(&self, seed: u64) {
        sync::lock(&self.0.chosen).seed = seed;
        self.0.toys.bus.reseed(seed);
    }

    fn set_rates(&self, rates: Rates) {
        self.0.toys.bus.set_rates(rates);
    }

    /// How many visits in a minute; without a number, as many as without faults.
    fn set_traffic(&self, visits: Option<u32>) {
        let seed = {
            let mut chosen = sync::lock(&self.0.chosen);
            chosen.traffic = visits;
            chosen.seed
        };
        match visits {
            Some(visits) => self.0.toys.demo.come(Pace::PerMinute { visits, seed }),
            None => self.0.toys.demo.as_usual(),
        }
    }

    /// Ends every fault. What is down is started again; the state of the part says why that fails.
    async fn heal(&self) {
        let playing = sync::lock(&self.0.chosen).playing.take();
        if let Some((_, end)) = playing {
            end.cancel();
        }
        self.set_rates(Rates::default());
        let drill = self.end_drill().await;
        self.keep_power().await;
        for part in &self.0.toys.parts {
            if let Err(error) = mend(part).await {
                tracing::error!(part = part.name(), %error, "a part could not be started again; press \"End all faults\" to try once more");
            }
        }
        self.clear_up(drill).await;
        self.set_traffic(None);
        self.forget_warnings();
    }

    /// Warnings outlast their causes for a while. These causes are known to be over; what is still wrong is noticed again.
    fn forget_warnings(&self) {
        let services = self.0.toys.parts.iter().filter_map(Part::service);
        for follower in services.flat_map(|service| service.followers) {
            follower.forget_warnings();
        }
        if let Some(forget) = self.0.forget.get() {
            forget();
        }
    }

    fn seed(&self) -> u64 {
        sync::lock(&self.0.chosen).seed
    }
}

/// Ends the faults of a part.
async fn mend(part: &Part) -> Result<(), String> {
    part.slowness().end();
    part.thaw();
    part.start().await
}
