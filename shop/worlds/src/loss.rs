//! A log that comes back shorter: an older copy of the disk is put in its place. It is refused, and once the loss is accepted the
//! shop continues with what is left, and rebuilds its models from it.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

use eventlog::{Files as _, Known, OpenError};
use kernel::{Position, Recorded};
use runtime::Progress;
use store::LogStore;

use crate::{faults::Fault, forgery::all_events, parts::Models, schedule::Schedule};

/// Time for all messages under way to be delivered to stopped parts.
const EMPTIED: Duration = Duration::from_secs(5);
/// Time for a service to see that its model is ahead of the log.
const NOTICED: Duration = Duration::from_secs(20);

/// An instance that is not running.
struct Stopped {
    name: String,
    service: String,
    models: Models,
    /// Up to where one of its models has seen the log.
    seen: Position,
}

impl Schedule {
    /// Everything stops; the log is one of a while ago; everything is started again.
    pub(crate) async fn shorten_log(&self) {
        let Some(before) = self.store.borrow().as_ref().map(|store| store.reader.clone()) else {
            return;
        };
        let copy = self.environment.disk.contents();
        self.pause().await;
        let stopped = self.stop_all().await;
        // Only now: until the end more is recorded, and seen.
        let events = all_events(&before).await.expect("a whole log");
        let last = events.last().expect("the shop was opened");
        let known = Known {
            position: last.position.0,
            event: Some(*last.id.0.as_bytes()),
            ..Known::default()
        };
        drop(before);
        self.put_back(&copy);
        tokio::time::sleep(EMPTIED).await;
        match self.open_log(known, false).await {
            // Nothing had been recorded since.
            Ok(log) => *self.store.borrow_mut() = Some(self.environment.serve(log).await),
            Err(OpenError::Lost(_)) => {
                self.tally.count(Fault::LogShortened);
                let log = self.open_log(known, true).await.expect("the loss is accepted");
                *self.store.borrow_mut() = Some(self.environment.serve(log).await);
                self.forget_the_lost().await;
                self.start_ahead(stopped).await;
                return;
            }
            Err(error) => panic!("a copy of the log does not open: {error}"),
        }
        for Stopped { name, service, models, .. } in stopped {
            let instance = self.environment.start(&service, models).await;
            self.instances.borrow_mut().insert(name, instance);
        }
    }

    /// Opens the log, however often that takes on a disk that fails.
    async fn open_log(&self, known: Known, accept_loss: bool) -> Result<LogStore, OpenError> {
        loop {
            match self.environment.open_log(Some(known), accept_loss) {
                Err(OpenError::Io { .. }) => self.pause().await,
                opened => return opened,
            }
        }
    }

    async fn stop_all(&self) -> Vec<Stopped> {
        let instances = self.instances.take();
        let mut stopped = Vec::new();
        for (name, instance) in instances {
            let service = instance.service.name.to_owned();
            // The list of ended sessions, which each has.
            let seen = instance.service.followers.last().map(Progress::position);
            let (models, seen) = (instance.kill().await, seen.unwrap_or_default());
            stopped.push(Stopped { name, service, models, seen });
        }
        self.stop_store().await;
        stopped
    }

    fn put_back(&self, copy: &BTreeMap<PathBuf, Vec<u8>>) {
        let disk = &self.environment.disk;
        for path in disk.contents().into_keys().filter(|path| !copy.contains_key(path)) {
            disk.remove(&path).expect("a disk in calm weather");
        }
        for (path, bytes) in copy {
            disk.put(path, bytes);
        }
    }

    /// What was acknowledged and is lost is no longer expected.
    async fn forget_the_lost(&self) {
        let events = self.recorded().await;
        let head = events.last().map_or(0, |event| event.position.0);
        let is_left = |order: &uuid::Uuid| {
            let stream = contracts::order::stream(*order);
            events.iter().any(|event| event.stream == stream)
        };
        let mut told = self.people.told.borrow_mut();
        told.orders.retain(is_left);
        told.positions.retain(|position| *position <= head);
    }

    /// Services on models that are ahead of the log stop and leave them as they are; on empty ones they start again.
    async fn start_ahead(&self, stopped: Vec<Stopped>) {
        for Stopped { name, service, models, seen } in &stopped {
            let instance = self.environment.start(service, models.clone()).await;
            for _ in 0..NOTICED.as_secs() {
                if instance.has_failed() || *seen <= self.head().await {
                    break;
                }
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            if !instance.has_failed() && *seen > self.head().await {
                let what = format!("{name} continues with a model ahead of the log (promise 2)");
                self.people.told.borrow_mut().wrong.push(what);
            }
            instance.abandon().await;
        }
        for Stopped { name, service, .. } in stopped {
            let instance = self.environment.start(&service, self.environment.models(&name)).await;
            self.instances.borrow_mut().insert(name, instance);
        }
    }

    async fn head(&self) -> Position {
        self.recorded().await.last().map(|event| event.position).unwrap_or_default()
    }

    async fn recorded(&self) -> Vec<Arc<Recorded>> {
        let reader = self.store.borrow().as_ref().map(|store| store.reader.clone());
        all_events(&reader.expect("the store is open")).await.expect("a whole log")
    }
}
