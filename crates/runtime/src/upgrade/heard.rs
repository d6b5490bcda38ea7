//! What runs: the instances that announced themselves lately, and what they read.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use kernel::{Clock, sync};
use store::{Announcement, Message, Topic};

use crate::{
    Deps,
    schemas::{Newest, number},
};

/// The interval of announcements.
pub(super) const ANNOUNCED_EVERY: Duration = Duration::from_secs(2);
/// An instance that has been silent for so long is gone: the bus does not lose five announcements in a row. If it was only cut off, it
/// stops in front of the newer schema, and nothing is lost.
const GONE_AFTER: Duration = Duration::from_secs(10);
/// After so long, everything that runs has been heard.
pub(super) const LISTENS: Duration = GONE_AFTER;
/// When nothing at all is heard for longer, the bus does not work.
const SILENCE_MAX: Duration = Duration::from_secs(5);
/// Instances remembered at once; more are the result of a fault.
const INSTANCES_MAX: usize = 1024;

/// An instance as it announced itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// Its service.
    pub service: String,
    /// Its name among the instances of its service.
    pub name: String,
    /// Its version, for people.
    pub version: String,
    /// What it reads: the types with a number above 1.
    pub reads: Newest,
}

impl Instance {
    fn of(said: &Announcement) -> Self {
        let newer = said.reads.iter().filter(|(_, newest)| **newest > 1);
        Self {
            service: said.name.clone(),
            name: said.instance.clone(),
            version: said.version.clone(),
            reads: newer.map(|(kind, newest)| (kind.clone(), *newest)).collect(),
        }
    }

    /// Whether it reads these schemas.
    #[must_use]
    pub fn can_read(&self, schemas: &Newest) -> bool {
        schemas.iter().all(|(kind, schema)| number(&self.reads, kind) >= *schema)
    }
}

/// What has been heard.
#[derive(Default)]
struct Said {
    /// Since when without a break.
    since: Option<Duration>,
    /// When any instance was last heard, this process's own included: while the bus works, that is at most seconds ago.
    last: Duration,
    /// By service and name, with when each was last heard.
    instances: BTreeMap<(String, String), (Duration, Instance)>,
}

pub(super) struct Heard {
    clock: Arc<dyn Clock>,
    said: Arc<Mutex<Said>>,
}

impl Heard {
    /// Listens until the tasks stop.
    pub(super) fn listen(deps: &Deps) -> Self {
        let (heard, deps) =
            (Self { clock: Arc::clone(&deps.clock), said: Arc::default() }, deps.clone());
        let said = Arc::clone(&heard.said);
        deps.tasks.clone().spawn_until_stopped("upgrade-instances", async move {
            let mut receiver = deps.transport.subscribe(Topic::Services).await;
            while let Some(heard) = receiver.next().await {
                let (mut said, now) = (sync::lock(&said), deps.clock.elapsed());
                match heard {
                    store::Heard::Lost => said.since = Some(now),
                    store::Heard::Message(Message::Service(announcement)) => {
                        said.take_in(&announcement, now);
                    }
                    store::Heard::Message(_) => {}
                }
            }
        });
        heard
    }

    /// Those that are not gone.
    pub(super) fn instances(&self) -> Vec<Instance> {
        let (now, mut said) = (self.clock.elapsed(), sync::lock(&self.said));
        said.forget(now);
        said.instances.values().map(|(_, instance)| instance.clone()).collect()
    }

    /// Whether everything that runs has had the time to announce itself, and was heard if it did.
    pub(super) fn knows_all(&self) -> bool {
        let (now, said) = (self.clock.elapsed(), sync::lock(&self.said));
        let long_enough = said.since.is_some_and(|since| now >= since + LISTENS);
        long_enough && now <= said.last + SILENCE_MAX
    }
}

impl Said {
    fn take_in(&mut self, announcement: &Announcement, now: Duration) {
        self.forget(now);
        // After a silence the bus, or this process, was away: others seem gone only because of that.
        if self.since.is_none() || now > self.last + SILENCE_MAX {
            self.since = Some(now);
        }
        self.last = now;
        let key = (announcement.name.clone(), announcement.instance.clone());
        if self.instances.len() < INSTANCES_MAX || self.instances.contains_key(&key) {
            self.instances.insert(key, (now, Instance::of(announcement)));
        }
    }

    fn forget(&mut self, now: Duration) {
        self.instances.retain(|_, (heard, _)| *heard + GONE_AFTER > now);
    }
}
