//! Effects outside the log, such as a mail or a call of another system: each event is handed over in order, at least once.
//!
//! The checkpoint moves after the effect. A process that dies between the two repeats the last effect, so an effect that must not happen
//! twice is named by the event's position.

use std::time::Duration;

use futures_util::future::BoxFuture;
use kernel::{Position, Recorded};

use crate::{
    Deps, EventStore, Inbox, ModelError, Newer, Progress, SetAside, Subscription, Tasks, Unfit,
    inbox::Waiting, model::TakenUp, sqlite::Database,
};

/// The pause after an effect first failed; doubled up to [`RETRY_MAX`].
const RETRY: Duration = Duration::from_millis(200);
const RETRY_MAX: Duration = Duration::from_secs(30);
/// The cause under which a failing effect is reported.
const EFFECT: &str = "effect";
/// The same for a checkpoint that cannot be kept.
const CHECKPOINT: &str = "checkpoint";

/// An effect under way; an error is retried until it succeeds, and everything behind it waits.
pub type Delivery = BoxFuture<'static, Result<(), String>>;

/// What to do about an event, if anything. One that cannot be read goes to the [inbox](crate::inbox). In front of one that only a newer version
/// of the program reads, the follower stops.
pub trait Follower: Send + 'static {
    /// Called for every event in the order of the log; after an effect that failed, again for the same event.
    fn follow(&mut self, event: &Recorded) -> Result<Option<Delivery>, Unfit>;
}

impl<F> Follower for F
where
    F: FnMut(&Recorded) -> Result<Option<Delivery>, Unfit> + Send + 'static,
{
    fn follow(&mut self, event: &Recorded) -> Result<Option<Delivery>, Unfit> {
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
        let mut inbox = Inbox::new(self.progress.name(), true, self.kept(Database::aside).await);
        self.progress.has_aside(inbox.entries());
        let mut subscription = Subscription::open(&self.store, done).await;
        subscription.look().await;
        self.progress.moved(done, &subscription);
        loop {
            for event in &subscription.next().await {
                let taken = if inbox.is_decision(event) {
                    self.decided(&mut done, event, &mut inbox, &mut follower).await
                } else if inbox.holds(event) {
                    Ok(())
                } else {
                    self.take(&mut done, event, &mut inbox, &mut follower).await
                };
                if let Err(newer) = taken {
                    self.move_on(&mut done, newer.before()).await;
                    self.progress.stops_before(&newer);
                    return self.progress.falls_behind(&self.store).await;
                }
            }
            self.move_on(&mut done, subscription.position()).await;
            self.progress.moved(done, &subscription);
        }
    }

    async fn take(
        &self,
        done: &mut Position,
        event: &Recorded,
        inbox: &mut Inbox,
        follower: &mut impl Follower,
    ) -> Result<(), Newer> {
        match follower.follow(event) {
            Ok(None) => return Ok(()),
            Ok(Some(first)) => self.happen(first, follower, event).await,
            Err(Unfit::Foreign(what)) => self.progress.passes_over(&SetAside::of(event, &what)),
            Err(Unfit::Newer(what)) => return Err(Newer { position: event.position, what }),
            Err(Unfit::Broken(reason)) => {
                self.move_on(done, before(event.position)).await;
                let entry = SetAside::of(event, &reason);
                self.kept(|database| database.set_aside(&entry)).await;
                *done = event.position;
                self.parked(inbox, entry);
            }
        }
        self.move_on(done, event.position).await;
        Ok(())
    }

    /// Lets the effects happen that waited for a decision, if the event is one. Interrupted, they happen again from the first one on.
    async fn decided(
        &self,
        done: &mut Position,
        event: &Recorded,
        inbox: &mut Inbox,
        follower: &mut impl Follower,
    ) -> Result<(), Newer> {
        let Some(due) = inbox.decided(event)? else { return Ok(()) };
        let (at, mut again) = (event.position, None);
        let waited = self.store.clone().events(&due.entry.stream, due.from, at).await;
        for event in due.of(waited) {
            match follower.follow(&event) {
                Ok(None) | Err(Unfit::Foreign(_)) => {}
                Ok(Some(first)) => self.happen(first, follower, &event).await,
                Err(Unfit::Newer(what)) => return Err(Newer { position: at, what }),
                Err(Unfit::Broken(reason)) => {
                    again = Some(SetAside::of(&event, &reason));
                    break;
                }
            }
        }
        self.move_on(done, before(at)).await;
        let up = TakenUp::<()> { entry: &due.entry, changes: &[], again: again.as_ref() };
        self.kept(|database| database.take_up(before(at), &up, at, |_| Ok(()))).await;
        *done = at;
        inbox.close(&due.entry);
        self.progress.has_aside(inbox.entries());
        if let Some(again) = again {
            self.parked(inbox, again);
        }
        Ok(())
    }

    fn parked(&self, inbox: &mut Inbox, entry: SetAside) {
        self.progress.sets_aside(&entry);
        inbox.park(entry);
        self.progress.has_aside(inbox.entries());
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
    async fn happen(&self, first: Delivery, follower: &mut impl Follower, event: &Recorded) {
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

fn before(position: Position) -> Position {
    Position(position.0.saturating_sub(1))
}
