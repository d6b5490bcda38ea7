//! A read model that several instances share, in memory: what each of them sees of it, and how its calls end.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use kernel::Position;
use runtime::{
    Lease, ModelError, ReadModel, SetAside, Shared,
    model::{Relocatable, TakenUp},
};
use tokio::sync::watch;
use uuid::Uuid;

/// One instance's side of a model that is a list of positions.
#[derive(Clone)]
pub(crate) struct Side {
    pub(crate) model: Arc<Mutex<Held>>,
    pub(crate) weather: watch::Sender<Weather>,
    /// Of another generation: where the first one is, and its number.
    first: Option<(Arc<Mutex<Held>>, u32)>,
}

#[derive(Default)]
pub(crate) struct Held {
    pub(crate) checkpoint: Position,
    pub(crate) applied: Vec<Position>,
    /// How often changes were applied.
    pub(crate) transactions: usize,
    /// It says nothing of what it takes at once, like an engine on a server.
    pub(crate) is_remote: bool,
    pub(crate) aside: Vec<SetAside>,
    /// Changes that can never be made.
    pub(crate) unfit: Vec<Position>,
    pub(crate) lease: Option<Lease>,
    first: Option<Uuid>,
    pub(crate) record: Option<String>,
    pub(crate) others: BTreeMap<u32, Arc<Mutex<Held>>>,
    /// The next record with this in it is taken, and that is not answered.
    pub(crate) unanswered: Option<&'static str>,
}

/// How an instance's calls end.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Weather {
    Fine,
    /// The server does not answer.
    Away,
    /// The instance itself stands still.
    Frozen,
}

impl Side {
    pub(crate) fn new(model: &Arc<Mutex<Held>>) -> Arc<Self> {
        Arc::new(Self::of(model))
    }

    pub(crate) fn of(model: &Arc<Mutex<Held>>) -> Self {
        let weather = watch::Sender::new(Weather::Fine);
        Self { model: Arc::clone(model), weather, first: None }
    }

    async fn call<T>(&self, call: impl FnOnce(&mut Held) -> T) -> Result<T, ModelError> {
        // A call takes time, so that others get in between.
        tokio::time::sleep(Duration::from_millis(1)).await;
        let mut weather = self.weather.subscribe();
        let weather = *weather.wait_for(|now| *now != Weather::Frozen).await.expect("weather");
        if weather == Weather::Away {
            return Err(ModelError::Unavailable("it is away".to_owned()));
        }
        Ok(call(&mut self.model.lock().expect("no holder panics")))
    }
}

#[async_trait]
impl ReadModel for Side {
    type Change = Position;

    async fn checkpoint(&self) -> Result<Position, ModelError> {
        self.call(|model| model.checkpoint).await
    }

    fn events_at_once(&self) -> usize {
        if self.model.lock().expect("no holder panics").is_remote { 1 } else { 5000 }
    }

    async fn apply(
        &self,
        from: Position,
        changes: &[Position],
        to: Position,
    ) -> Result<(), ModelError> {
        self.call(|model| {
            if model.checkpoint != from {
                return Err(ModelError::Stale);
            }
            if changes.iter().any(|change| model.unfit.contains(change)) {
                return Err(ModelError::Unfit("it is".to_owned()));
            }
            model.applied.extend(changes);
            model.transactions += 1;
            model.checkpoint = to;
            Ok(())
        })
        .await?
    }

    async fn set_aside(&self, event: &SetAside) -> Result<(), ModelError> {
        self.call(|model| {
            if model.checkpoint.next() != event.position {
                return Err(ModelError::Stale);
            }
            model.aside.push(event.clone());
            model.checkpoint = event.position;
            Ok(())
        })
        .await?
    }

    async fn take_up(
        &self,
        from: Position,
        up: TakenUp<'_, Position>,
        to: Position,
    ) -> Result<(), ModelError> {
        self.call(|model| {
            if model.checkpoint != from {
                return Err(ModelError::Stale);
            }
            if up.changes.iter().any(|change| model.unfit.contains(change)) {
                return Err(ModelError::Unfit("it is".to_owned()));
            }
            model.aside.retain(|entry| entry != up.entry);
            model.aside.extend(up.again.cloned());
            model.applied.extend(up.changes);
            model.checkpoint = to;
            Ok(())
        })
        .await?
    }

    async fn aside(&self) -> Result<Vec<SetAside>, ModelError> {
        self.call(|model| model.aside.clone()).await
    }

    async fn built_from(&self, first: Uuid) -> Result<Uuid, ModelError> {
        self.call(|model| *model.first.get_or_insert(first)).await
    }

    async fn reset(&self) -> Result<(), ModelError> {
        self.call(|model| {
            let others = std::mem::take(&mut model.others);
            let (lease, record) = (model.lease, model.record.take());
            *model = Held { lease, record, others, ..Held::default() };
        })
        .await
    }

    fn engine(&self) -> &'static str {
        "memory"
    }

    async fn dump(&self) -> Result<Vec<String>, ModelError> {
        self.call(|model| {
            let aside = model.aside.iter().map(runtime::sqlite::aside_line);
            model.applied.iter().map(ToString::to_string).chain(aside).collect()
        })
        .await
    }

    fn shared(&self) -> Option<&dyn Shared> {
        Some(self)
    }
}

#[async_trait]
impl Shared for Side {
    async fn lease(&self) -> Result<Option<Lease>, ModelError> {
        self.call(|model| model.lease).await
    }

    async fn replace_lease(&self, seen: Option<Lease>, next: Lease) -> Result<bool, ModelError> {
        self.call(|model| {
            let as_seen = model.lease == seen;
            if as_seen {
                model.lease = Some(next);
            }
            as_seen
        })
        .await
    }
}

#[async_trait]
impl Relocatable for Side {
    fn beside(&self, number: u32) -> Result<Self, ModelError> {
        let mut first = self.model.lock().expect("no holder panics");
        let model = Arc::clone(first.others.entry(number).or_default());
        let first = Some((Arc::clone(&self.model), number));
        Ok(Self { model, weather: self.weather.clone(), first })
    }

    async fn record(&self) -> Result<Option<String>, ModelError> {
        self.call(|model| model.record.clone()).await
    }

    async fn replace_record(&self, seen: Option<&str>, next: &str) -> Result<bool, ModelError> {
        self.call(|model| {
            let as_seen = model.record.as_deref() == seen;
            if as_seen {
                model.record = Some(next.to_owned());
            }
            match model.unanswered.take_if(|part| next.contains(*part)) {
                Some(_) => Err(ModelError::Unavailable("no answer".to_owned())),
                None => Ok(as_seen),
            }
        })
        .await?
    }

    async fn remove(&self) -> Result<(), ModelError> {
        self.call(|model| *model = Held::default()).await?;
        let (first, number) = self.first.as_ref().expect("the first place stays");
        first.lock().expect("no holder panics").others.remove(number);
        Ok(())
    }
}
