//! The upgrade of a system while it runs: when events of newer schemas begin to be recorded.
//!
//! ```text
//!  instances of versions N and N+1: each announces what it reads; all of them record what N reads
//!  instances of version N+1 alone:  the event store records `upgrade.finished`, unless that is held back
//!  from then on:                    the schemas of N+1 are recorded, and a program that does not read them refuses to start
//! ```
//!
//! What counts is the event in the log, not what was announced: an instance that starts, or was cut off, learns of it by one small read.

mod heard;

use std::{fmt, sync::Arc};

use kernel::{Actor, Expected, Metadata, Recorded, StreamId};
use store::{Append, Appended, Page, Read};
use thiserror::Error;
use tokio::time::sleep;

pub use crate::upgrade_event::UpgradeEvent;
use crate::{
    Deps, EventStore,
    schemas::{Newest, Unread},
};
pub use heard::Instance;
use heard::{ANNOUNCED_EVERY, Heard};

/// The category of the one stream in which ends of upgrades are recorded.
pub const CATEGORY: &str = "upgrade";
/// Who ends an upgrade without being asked.
const REACTOR: &str = "upgrade";

/// The stream of the ends of upgrades; the last one counts.
#[must_use]
pub fn stream() -> StreamId {
    StreamId::new(CATEGORY, "schemas").expect("a stream's name")
}

/// What asks for the last end of an upgrade.
#[must_use]
pub fn last() -> Read {
    Read::Last { stream: stream() }
}

/// The log holds schemas that this program does not read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "this log holds {} of schema {}, and this program reads it up to schema {}: start version {version} or newer",
    unread.kind, unread.schema, unread.reads
)]
pub struct TooOld {
    unread: Unread,
    version: String,
}

/// The end of the last upgrade, as the log has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Finished {
    /// The schemas that are recorded since.
    pub schemas: Newest,
    /// The version of the program that recorded it.
    pub version: String,
    at: Option<kernel::Version>,
}

impl Finished {
    /// What a page that [`last`] asks for says. Of a log without an end of an upgrade: nothing above schema 1 is recorded.
    #[must_use]
    pub fn of(page: &Page) -> Self {
        page.events.last().map(|event| Self::recorded(event)).unwrap_or_default()
    }

    fn recorded(event: &Recorded) -> Self {
        let at = Some(event.version);
        match UpgradeEvent::read(event) {
            Ok(UpgradeEvent::Finished { schemas, version }) => {
                Self { schemas: schemas.clone(), version: version.clone(), at }
            }
            Err(error) => {
                tracing::error!(%error, position = %event.position, "the end of an upgrade cannot be read; recording what every version reads");
                Self { at, ..Self::default() }
            }
        }
    }

    /// Records accordingly from now on; refused by a program that does not read what the log holds.
    pub fn apply(&self, deps: &Deps) -> Result<(), TooOld> {
        if let Some(unread) = deps.schemas.unread(&self.schemas) {
            return Err(TooOld { unread, version: self.version.clone() });
        }
        deps.schemas.record(self.schemas.clone());
        Ok(())
    }
}

/// Follows what is recorded until that is everything this program reads. A program that does not read what the log holds ends.
pub fn follow(deps: &Deps) {
    let (deps, store) = (deps.clone(), deps.store());
    deps.tasks.clone().spawn_until_stopped("upgrade", async move {
        loop {
            if let Err(old) = Finished::of(&store.read(last()).await).apply(&deps) {
                deps.tasks.fail("upgrade", old);
                return;
            }
            if deps.schemas.records_all() {
                return;
            }
            sleep(ANNOUNCED_EVERY).await;
        }
    });
}

/// Who else runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Others {
    /// No other process: all that runs is this program.
    None,
    /// Other processes, perhaps of other versions, which announce themselves on the bus.
    OnTheBus,
}

/// When an upgrade ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    /// As soon as every instance reads what would be recorded.
    ByItself,
    /// Once an operator says so: until then, instances of the version before may be started again.
    OnRequest,
}

/// Ends upgrades: beside the event store. Cheap to clone.
#[derive(Clone)]
pub struct Upgrade(Arc<Inner>);

struct Inner {
    deps: Deps,
    store: EventStore,
    version: &'static str,
    ends: Ends,
    heard: Option<Heard>,
}

/// How far an upgrade is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// What is recorded.
    pub recorded: Newest,
    /// What would be once the upgrade is finished; the same, if it is.
    pub reads: Newest,
    /// Every instance that announced itself lately.
    pub instances: Vec<Instance>,
    /// Whether that is everything that runs: it takes a while after a start.
    pub knows_all: bool,
}

/// Why an upgrade cannot be finished now.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Unfinished {
    /// It is not known yet what else runs.
    #[error("the event store has just started and does not know yet what else runs; try again in {} s", heard::LISTENS.as_secs())]
    Listening,
    /// These do not read what would be recorded.
    #[error("{} of an older version: {}", if .0.len() == 1 { "an instance is" } else { "instances are" }, names(.0))]
    Older(Vec<Instance>),
    /// The event store did not record it.
    #[error("the event store refused to record it: {0}")]
    Refused(String),
}

fn names(instances: &[Instance]) -> String {
    let named = |one: &Instance| format!("{} {} ({})", one.service, one.name, one.version);
    instances.iter().map(named).collect::<Vec<_>>().join(", ")
}

impl State {
    /// Those that do not read what would be recorded.
    #[must_use]
    pub fn older(&self) -> Vec<Instance> {
        let is_older = |one: &&Instance| !one.can_read(&self.reads);
        self.instances.iter().filter(is_older).cloned().collect()
    }

    /// Whether there is nothing to finish.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.recorded == self.reads
    }
}

impl fmt::Debug for Upgrade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Upgrade({})", self.0.version)
    }
}

impl Upgrade {
    /// Of a program of that version. It hears what others announce until the tasks stop.
    #[must_use]
    pub fn new(deps: &Deps, version: &'static str, others: Others, ends: Ends) -> Self {
        let heard = match others {
            Others::None => None,
            Others::OnTheBus => Some(Heard::listen(deps)),
        };
        Self(Arc::new(Inner { deps: deps.clone(), store: deps.store(), version, ends, heard }))
    }

    /// Whether it ends only on request.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.0.ends == Ends::OnRequest
    }

    /// Finishes the upgrade as soon as that is possible, unless it ends on request: at once where no other process runs, else later.
    pub async fn begin(&self) -> Result<(), Unfinished> {
        match (self.0.ends, &self.0.heard) {
            (Ends::OnRequest, _) => {}
            (Ends::ByItself, None) => drop(self.finish(Actor::reactor(REACTOR)).await?),
            (Ends::ByItself, Some(_)) => self.spawn(),
        }
        Ok(())
    }

    fn spawn(&self) {
        let (upgrade, tasks) = (self.clone(), self.0.deps.tasks.clone());
        tasks.spawn_until_stopped("upgrades", async move {
            while !upgrade.0.deps.schemas.records_all() {
                if let Err(Unfinished::Refused(reason)) =
                    upgrade.finish(Actor::reactor(REACTOR)).await
                {
                    tracing::error!(%reason, "the end of an upgrade was not recorded; retrying");
                }
                sleep(ANNOUNCED_EVERY).await;
            }
        });
    }

    /// Progress of the upgrade.
    pub async fn state(&self) -> State {
        self.state_after(&Finished::of(&self.0.store.read(last()).await))
    }

    fn state_after(&self, finished: &Finished) -> State {
        let mut reads = finished.schemas.clone();
        for (kind, newest) in self.0.deps.schemas.reads() {
            let number = reads.entry(kind).or_default();
            *number = newest.max(*number);
        }
        let (instances, knows_all) = match &self.0.heard {
            Some(heard) => (heard.instances(), heard.knows_all()),
            None => (Vec::new(), true),
        };
        State { recorded: finished.schemas.clone(), reads, instances, knows_all }
    }

    /// Has everything recorded that this program reads, from now on; nothing happens if it is already. From then on no older version starts.
    pub async fn finish(&self, actor: Actor) -> Result<State, Unfinished> {
        loop {
            let finished = Finished::of(&self.0.store.read(last()).await);
            let state = self.state_after(&finished);
            let older = state.older();
            match () {
                () if state.is_finished() => {
                    self.0.deps.schemas.record(state.recorded.clone());
                    return Ok(state);
                }
                () if !state.knows_all => return Err(Unfinished::Listening),
                () if !older.is_empty() => return Err(Unfinished::Older(older)),
                () => {}
            }
            match self.record(&finished, &state.reads, actor.clone()).await? {
                Appended::Recorded { .. } => {
                    tracing::info!(
                        version = self.0.version,
                        "the upgrade is finished: newer schemas are recorded from now on, and no older version starts"
                    );
                    self.0.deps.schemas.record(state.reads.clone());
                    return Ok(State { recorded: state.reads.clone(), ..state });
                }
                // Another event store was first.
                Appended::Conflict { .. } => {}
                Appended::Refused { reason } => return Err(Unfinished::Refused(reason)),
            }
        }
    }

    async fn record(
        &self,
        before: &Finished,
        schemas: &Newest,
        actor: Actor,
    ) -> Result<Appended, Unfinished> {
        let deps = &self.0.deps;
        let event =
            UpgradeEvent::Finished { schemas: schemas.clone(), version: self.0.version.to_owned() };
        let metadata = Metadata::of(actor, deps.ids.uuid(deps.clock.now()));
        // What says so is read by the older ones, so that they can refuse to start.
        let event = deps.new_event(&event, metadata).ok_or_else(|| {
            Unfinished::Refused("its event has no form that older versions read".to_owned())
        })?;
        let expected = Expected::after(before.at);
        Ok(self.0.store.append(Append { stream: stream(), expected, events: [event].into() }).await)
    }
}
