//! Drives a read model through the log: the change and the checkpoint in one transaction.
//!
//! ```text
//!  own model:    open ─▶ project ─▶ project ─▶ …                     stale: open again
//!  shared model: follow the checkpoint ──lease──▶ open ─▶ project ─▶ …
//!                        ▲                                   │
//!                        └──────── lease lost, stale ────────┘
//!  before an event of a newer version: stop. Shared: give the lease to an instance that may read it
//! ```

mod follow;
mod lease;
mod origin;
mod retry;

use std::{sync::Arc, time::Duration};

use kernel::{Position, Recorded};
use tokio::sync::watch;

use crate::{
    EventStore, Inbox, ModelError, Newer, Progress, ReadModel, Subscription, Tasks,
    model::{Generations, Project, Taken, Taking},
    progress::{MODEL, NEWER},
};
use lease::Keeper;
use retry::Retry;

/// The pause after a model first failed; doubled up to [`RETRY_MAX`].
const RETRY: Duration = Duration::from_millis(200);
const RETRY_MAX: Duration = Duration::from_secs(2);
/// The time between two looks through a model's file.
const LOOK_EVERY: Duration = Duration::from_hours(24);
/// More events at once than this are a busy log's.
const BUSY: usize = 8;
/// The pauses between two transactions, in which more events come together for the next one.
struct Breath {
    /// While no caller waits for the model; one that begins to ends it.
    unawaited: Duration,
    /// While a caller does: unnoticed by users.
    awaited: Duration,
}

/// While the log is busy.
const EMBEDDED: Breath =
    Breath { unawaited: Duration::from_millis(5), awaited: Duration::from_millis(1) };
/// With a model on a server, to which every transaction costs a round trip.
const SHARED: Breath =
    Breath { unawaited: Duration::from_millis(50), awaited: Duration::from_millis(5) };

/// Takes `model` through the log until `tasks` stop, on a thread of its own. `project` says what an event changes. An event that cannot
/// be applied is set aside in the model and counted, and later events are applied.
///
/// Of several instances on one shared model one projects, under a lease; the others follow its checkpoint, so that `progress` says
/// on each how far the model is, and one of them takes over within 5 s when the lease is no longer kept.
pub fn spawn<M: ReadModel + ?Sized>(
    tasks: &Tasks,
    store: &EventStore,
    model: Arc<M>,
    project: Project<M::Change>,
    progress: Progress,
) {
    let (store, stopping) = (store.clone(), tasks.clone());
    progress.asks(&store);
    if model.database().is_some_and(|database| database.is_file()) {
        let (checking, checked) = (tasks.clone(), Arc::clone(&model));
        tasks.spawn_until_stopped("model-check", async move {
            look_through(&checking, &*checked).await;
        });
    }
    tasks.spawn_blocking("projector", async move {
        let projection = Projection {
            tasks: &stopping,
            store: &store,
            model: &*model,
            project,
            progress: &progress,
        };
        let mut keeper = model.shared().map(Keeper::new);
        stopping.unless_stopped(projection.run(keeper.as_mut())).await;
        if let Some(mut keeper) = keeper {
            keeper.release().await;
        }
    });
}

/// Looks for damage in pages that are rarely read, at the start and once a day. The projector is notified; any other failure shows
/// again when the model is used.
async fn look_through<M: ReadModel + ?Sized>(tasks: &Tasks, model: &M) {
    loop {
        if let Some(database) = model.database() {
            drop(tasks.blocking(move || database.look_through()).await);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Why projecting ended.
enum Ended {
    /// Another instance has moved the model: open it again.
    Moved,
    /// Another generation of the model serves now: go on with that one.
    Switched,
    /// Only a newer version of the program reads the next event.
    Newer(Newer),
}

/// What is projected into, with what belongs to it alone.
struct Place<C> {
    /// The generation that served when it was opened, if there are several: a switch meanwhile does not change where the events go.
    generation: Option<Arc<dyn ReadModel<Change = C>>>,
    inbox: Inbox,
    waiting: EventStore,
}

/// A projection: model, mapping function, progress.
struct Projection<'a, M: ReadModel + ?Sized> {
    tasks: &'a Tasks,
    store: &'a EventStore,
    model: &'a M,
    project: Project<M::Change>,
    progress: &'a Progress,
}

impl<M: ReadModel + ?Sized> Projection<'_, M> {
    /// Takes the model through the log; never returns.
    async fn run(&self, keeper: Option<&mut Keeper<'_>>) {
        if let Some(first) = self.store.first().await {
            self.recognise(first).await;
            return self.take_through(keeper).await;
        }
        // A new log: the model is known as its own with the first event.
        tokio::select! {
            biased;
            () = self.take_through(keeper) => {}
            () = self.recognise_once_there_is_a_log() => {}
        }
    }

    /// Takes the model through the log; never returns.
    async fn take_through(&self, keeper: Option<&mut Keeper<'_>>) {
        let Some(keeper) = keeper else {
            loop {
                match self.project().await {
                    Ended::Newer(_) => self.progress.falls_behind(self.store).await,
                    Ended::Moved => tokio::time::sleep(RETRY).await,
                    Ended::Switched => {}
                }
            }
        };
        let (held, wanted) = (watch::Sender::new(false), watch::Sender::new(true));
        tokio::select! {
            biased;
            () = keeper.keep(&held, wanted.subscribe(), self.progress) => {}
            () = self.run_shared(held.subscribe(), &wanted) => {}
        }
    }

    /// Projects while the lease is held, and otherwise follows the instance that holds it. The lease is wanted until an event comes that only
    /// a newer instance reads, and again once one has taken the model past it.
    async fn run_shared(&self, mut held: watch::Receiver<bool>, wanted: &watch::Sender<bool>) {
        loop {
            tokio::select! {
                biased;
                () = becomes(&mut held, true) => {}
                () = follow::follow(self.store, self.model, self.progress) => {}
            }
            tracing::info!(projector = self.progress.name(), "projecting into the shared model");
            let ended = tokio::select! {
                biased;
                () = becomes(&mut held, false) => continue,
                ended = self.project() => ended,
            };
            match ended {
                Ended::Moved => tokio::time::sleep(RETRY).await,
                Ended::Switched => {}
                Ended::Newer(newer) => {
                    wanted.send_replace(false);
                    tokio::select! {
                        biased;
                        () = self.passed(newer.position) => self.progress.recovered(NEWER),
                        () = follow::follow(self.store, self.model, self.progress) => {}
                    }
                    wanted.send_replace(true);
                }
            }
        }
    }

    /// Returns once another instance has taken the model past a position.
    async fn passed(&self, position: Position) {
        while self.progress.position() < position {
            tokio::time::sleep(RETRY_MAX).await;
        }
    }

    /// Projects until another instance turns out to have moved the model, or only a newer one reads the next event.
    async fn project(&self) -> Ended {
        let generations = self.model.generations();
        let mut serving = generations.map(Generations::serving);
        let (checkpoint, mut place) = self.open().await;
        let mut subscription = Subscription::open(self.store, checkpoint).await;
        // Even an empty log makes ready.
        subscription.look().await;
        self.progress.moved(checkpoint, &subscription);
        loop {
            let from = subscription.position();
            let events = tokio::select! {
                biased;
                () = self.damaged() => return self.rebuild(),
                () = switched(&mut serving) => return Ended::Switched,
                events = subscription.next_many(self.model.events_at_once()) => events,
            };
            let to = subscription.position();
            if let Some(first) = events.first().filter(|_| from == Position::START) {
                self.recognise(first.id.0).await;
            }
            let turn = match generations {
                Some(generations) => Some(generations.turn().lock().await),
                None => None,
            };
            if serving.as_ref().is_some_and(|number| number.has_changed().is_ok_and(|is| is)) {
                return Ended::Switched;
            }
            let taken = match self.take(&mut place, &events, from, to).await {
                Ok(taken) => taken,
                Err(ended) => return ended,
            };
            drop(turn);
            self.progress.recovered(MODEL);
            taken.aside.iter().for_each(|event| self.progress.sets_aside(event));
            if !taken.aside.is_empty() || place.inbox.count() != self.progress.set_aside_count() {
                self.progress.has_aside(place.inbox.entries());
            }
            taken.foreign.iter().for_each(|event| self.progress.passes_over(event));
            if let Some(newer) = taken.newer {
                self.progress.stops_before(&newer);
                return Ended::Newer(newer);
            }
            self.progress.moved(to, &subscription);
            self.breathe(events.len() > BUSY && subscription.is_caught_up()).await;
        }
    }

    /// Takes the model from one position to another, again and again while its database fails.
    async fn take(
        &self,
        place: &mut Place<M::Change>,
        events: &[Arc<Recorded>],
        from: Position,
        to: Position,
    ) -> Result<Taken, Ended> {
        let mut retry = Retry::of(MODEL);
        loop {
            let (project, inbox, waiting) = (self.project, &mut place.inbox, &mut place.waiting);
            let taken = match &place.generation {
                Some(model) => {
                    Taking { model: &**model, project, inbox, waiting }.take(events, from, to).await
                }
                None => {
                    Taking { model: self.model, project, inbox, waiting }
                        .take(events, from, to)
                        .await
                }
            };
            match taken {
                Ok(taken) => return Ok(taken),
                Err(ModelError::Stale) => {
                    self.progress.failed();
                    tracing::warn!(projector = self.progress.name(), %from, "checkpoint was moved by another instance; reopening");
                    return Err(Ended::Moved);
                }
                Err(ModelError::Damaged(_)) => return Err(self.rebuild()),
                Err(error) => retry.after(&error, self.progress).await,
            }
        }
    }

    /// Returns once the model's database is found damaged, by any of its users.
    async fn damaged(&self) {
        match self.model.database() {
            Some(database) => database.damaged().await,
            None => std::future::pending().await,
        }
    }

    /// Begins again with a new database, in place of a damaged one, when it is opened next.
    fn rebuild(&self) -> Ended {
        self.progress.failed();
        if !self.model.is_in_memory() {
            self.progress.failing(
                MODEL,
                "the read model is damaged; moving it aside and rebuilding it from the log",
            );
            self.progress.lost();
        }
        Ended::Moved
    }

    /// Lets more events come together for the next transaction.
    async fn breathe(&self, busy: bool) {
        let breath = match self.model.shared() {
            Some(_) => SHARED,
            None if busy => EMBEDDED,
            None => return,
        };
        if self.progress.is_awaited() {
            tokio::time::sleep(breath.awaited).await;
        } else {
            // Continue on a new waiter or on timeout, whichever comes first.
            let _either = tokio::time::timeout(breath.unawaited, self.progress.asked()).await;
        }
    }

    /// The model's checkpoint, and what is projected into.
    async fn open(&self) -> (Position, Place<M::Change>) {
        let mut retry = Retry::of(MODEL);
        loop {
            match self.opened().await {
                Ok((generation, checkpoint, entries)) => {
                    self.progress.recovered(MODEL);
                    self.progress.has_aside(entries.clone());
                    let (name, ordered) = (self.progress.name(), self.model.keeps_order());
                    let inbox = Inbox::new(name, ordered, entries);
                    let waiting = self.store.clone();
                    return (checkpoint, Place { generation, inbox, waiting });
                }
                Err(error) => retry.after(&error, self.progress).await,
            }
        }
    }
}

/// Returns once another generation serves.
async fn switched(serving: &mut Option<watch::Receiver<u32>>) {
    match serving {
        Some(number) => drop(number.changed().await),
        None => std::future::pending().await,
    }
}

/// Returns once the lease is as `wanted`.
async fn becomes(held: &mut watch::Receiver<bool>, wanted: bool) {
    // The sender lives in the same future.
    drop(held.wait_for(|held| *held == wanted).await);
}
