//! Effects outside the log, such as a mail or a call of another system: each event is handed over in order, at least once.
//!
//! The checkpoint moves after the effect. A process that dies between the two repeats the last effect, so an effect that must not happen
//! twice is named by the event's position.

use std::time::Duration;

use futures_util::future::BoxFuture;
use kernel::{Position, Recorded};

use crate::{
    Deps, EventStore, ModelError, Newer, Progress, SetAside, Subscription, Tasks, Unfit,
    sqlite::Database,
};

/// The pause after an effect first failed; doubled up to [`RETRY_MAX`].
const RETRY: Duration = Duration::from_millis(200);
const RETRY_MAX: Duration = Duration::from_secs(30);
/// The cause under which an effect that fails is told.
const EFFECT: &str = "effect";
/// The same for a checkpoint that cannot be kept.
const CHECKPOINT: &str = "checkpoint";

/// An effect under way; an error is retried until it succeeds, and everything behind it waits.
pub type Effect = BoxFuture<'static, Result<(), String>>;

/// What to do about an event, if anything. One that cannot be read is set aside: counted and said. In front of one that only a newer version
/// of the program reads, the follower stops.
pub trait Follower: Send + 'static {
    /// Called for every event in the order of the log; after an effect that failed, again for the same event.
    fn follow(&mut self, event: &Recorded) -> Result<Option<Effect>, Unfit>;
}

impl<F> Follower for F
where
    F: FnMut(&Recorded) -> Result<Option<Effect>, Unfit> + Send + 'static,
{
    fn follow(&mut self, event: &Recorded) -> Result<Option<Effect>, Unfit> {
        self(event)
    }
}

/// Runs `follower` from its checkpoint in `database` until the tasks stop.
pub fn spawn(deps: &Deps, database: Database, follower: impl Follower, progress: Progress) {
    let (tasks, store) = (deps.tasks.clone(), deps.store());
    progress.asks(&store);
    let following = Following { tasks, store, database, progress };
    deps.tasks.spawn_until_stopped("follower", following.run(follower));
}

struct Following {
    tasks: Tasks,
    store: EventStore,
    database: Database,
    progress: Progress,
}

impl Following {
    async fn run(self, mut follower: impl Follower) {
        let mut done = self.kept(Database::checkpoint).await;
        self.recognise().await;
        self.progress.has_aside(self.kept(Database::aside).await.len());
        let mut subscription = Subscription::open(&self.store, done).await;
        subscription.look().await;
        self.progress.moved(done, &subscription);
        loop {
            let events = subscription.next().await;
            for event in &events {
                match follower.follow(event) {
                    Ok(None) => continue,
                    Ok(Some(first)) => self.happen(first, &mut follower, event).await,
                    Err(Unfit::Foreign(what)) => {
                        self.progress.passes_over(&SetAside::new(event.position, &what));
                        continue;
                    }
                    Err(Unfit::Newer(what)) => {
                        let newer = Newer { position: event.position, what };
                        self.move_on(&mut done, newer.before()).await;
                        self.progress.stops_before(&newer);
                        return self.progress.falls_behind(&self.store).await;
                    }
                    Err(Unfit::Broken(reason)) => {
                        self.move_on(&mut done, Position(event.position.0.saturating_sub(1))).await;
                        let aside = SetAside::new(event.position, &reason);
                        self.kept(|database| database.set_aside(&aside)).await;
                        self.progress.sets_aside(&aside);
                        done = event.position;
                        continue;
                    }
                }
                self.move_on(&mut done, event.position).await;
            }
            self.move_on(&mut done, subscription.position()).await;
            self.progress.moved(done, &subscription);
        }
    }

    /// Stops the process if the checkpoint is one of another log: effects would be left out.
    async fn recognise(&self) {
        let Some(first) = self.store.first().await else { return };
        let noted = self.kept(|database| database.built_from(first)).await;
        if noted != first {
            let name = self.progress.name();
            self.tasks.fail(
                "follower",
                format_args!(
                    "the checkpoint of {name} belongs to another log, so nothing was done. Remove its file if every event of this log is \
                     to be followed from the start"
                ),
            );
            std::future::pending::<()>().await;
        }
    }

    /// Waits until the effect has happened.
    async fn happen(&self, first: Effect, follower: &mut impl Follower, event: &Recorded) {
        let (mut effect, mut pause) = (first, RETRY);
        while let Err(reason) = effect.await {
            self.progress.failed();
            let position = event.position;
            self.progress
                .failing(EFFECT, format_args!("the event at {position} is retried: {reason}"));
            tokio::time::sleep(pause).await;
            pause = pause.saturating_mul(2).min(RETRY_MAX);
            let Ok(Some(again)) = follower.follow(event) else { break };
            effect = again;
        }
        self.progress.recovered(EFFECT);
    }

    async fn move_on(&self, done: &mut Position, to: Position) {
        if *done < to {
            let from = *done;
            self.kept(|database| database.apply(from, to, |_| Ok(()))).await;
            *done = to;
        }
    }

    /// Works with the checkpoint's database until that succeeds. A damaged one is set aside, and following starts again from its
    /// beginning after the next start.
    async fn kept<T>(&self, work: impl Fn(&Database) -> Result<T, ModelError>) -> T {
        let mut pause = RETRY;
        loop {
            match self.database.recover().and_then(|()| work(&self.database)) {
                Ok(value) => {
                    self.progress.recovered(CHECKPOINT);
                    return value;
                }
                Err(error) => self.progress.failing(CHECKPOINT, error),
            }
            tokio::time::sleep(pause).await;
            pause = pause.saturating_mul(2).min(RETRY_MAX);
        }
    }
}
