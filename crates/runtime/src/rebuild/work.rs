//! The task that takes the other generation through the log, compares, and switches.

mod meet;
mod opened;
mod show;

pub(super) use show::stage;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use kernel::{Position, Recorded};
use tokio::sync::{mpsc, watch};

use super::{Rebuild, Refused, Request, Wish, pace::Pace, state::Stage};
use crate::{
    EventStore, Inbox, ModelError, Newer, Progress, ReadModel, Subscription,
    model::{Compared, Generations, Other, Project, Purpose, Taking},
};

/// The pause after a failure.
const RETRY: Duration = Duration::from_secs(1);
/// The pause in front of an event of a newer version. What this program reads does not change while it runs; but another instance may
/// have taken the model past the event.
const STOPPED: Duration = Duration::from_mins(1);

/// Why the other generation could not be taken further.
enum Trouble {
    Model(ModelError),
    Newer(Newer),
}

/// A model's generations at work.
pub(super) struct Work<'a, M: ReadModel + ?Sized> {
    store: &'a EventStore,
    model: &'a M,
    generations: &'a dyn Generations<M::Change>,
    project: Project<M::Change>,
    /// Of the generation that serves.
    serving: &'a Progress,
    shown: &'a Rebuild,
    /// People dropped a generation: until the next start, none is begun by itself.
    declined: AtomicBool,
}

/// The other generation as it is taken through the log.
struct Taken<'a, C> {
    model: Arc<dyn ReadModel<Change = C>>,
    inbox: Inbox,
    waiting: EventStore,
    pace: Pace<'a>,
}

/// What is to be done with a generation that is at the end of the log.
enum Due {
    Nothing,
    Compare,
    Switch,
}

impl<'a, M: ReadModel + ?Sized> Work<'a, M> {
    pub(super) fn new(
        store: &'a EventStore,
        model: &'a M,
        generations: &'a dyn Generations<M::Change>,
        project: Project<M::Change>,
        serving: &'a Progress,
        shown: &'a Rebuild,
    ) -> Self {
        Self {
            store,
            model,
            generations,
            project,
            serving,
            shown,
            declined: AtomicBool::new(false),
        }
    }

    /// Works until there is a request, carries it out, and continues; never returns.
    pub(super) async fn run(&self, asked: &mut mpsc::Receiver<Request>) {
        loop {
            let request = tokio::select! {
                biased;
                request = asked.recv() => request,
                () = self.work() => None,
            };
            let Some(Request { wish, done }) = request else {
                return std::future::pending().await;
            };
            let outcome = self.fulfil(wish).await;
            self.show();
            // Who asked may have gone.
            let _gone = done.send(outcome);
        }
    }

    async fn fulfil(&self, wish: Wish) -> Result<(), Refused> {
        self.shown.state().allows(wish)?;
        let name = self.serving.name();
        match wish {
            Wish::Begin => self.begin().await?,
            Wish::Switch => {
                if let Some(other) = self.generations.other() {
                    self.generations.wish(other.number).await?;
                }
            }
            Wish::Drop => {
                if let Some(other) = self.generations.other() {
                    self.generations.drop_other(other.number).await?;
                }
                self.declined.store(true, Ordering::Relaxed);
                tracing::info!(projector = name, "dropped the other read model");
            }
        }
        Ok(())
    }

    async fn begin(&self) -> Result<(), ModelError> {
        self.generations.begin().await?;
        tracing::info!(
            projector = self.serving.name(),
            "the read model is rebuilt beside the one that serves"
        );
        Ok(())
    }

    /// Takes the other generation through the log, again and again where that fails; never returns.
    async fn work(&self) {
        let mut told = None;
        let mut changes = self.generations.changes();
        loop {
            if let Some(changes) = &mut changes {
                changes.mark_unchanged();
            }
            let worked = tokio::select! {
                biased;
                () = changed(&mut changes) => Ok(()),
                worked = self.once() => worked,
            };
            let Err(error) = worked else {
                told = None;
                continue;
            };
            let (why, pause) = match error {
                Trouble::Model(error) => (error.to_string(), RETRY),
                Trouble::Newer(newer) => (newer.explained(), STOPPED),
            };
            if told.as_ref() != Some(&why) {
                tracing::warn!(
                    projector = self.serving.name(),
                    error = why,
                    ?pause,
                    "the other read model cannot be taken further; retrying after every pause"
                );
            }
            self.show_stage(Stage::Failing(why.clone()));
            told = Some(why);
            tokio::select! {
                biased;
                () = changed(&mut changes) => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    async fn once(&self) -> Result<(), Trouble> {
        self.generations.refresh().await?;
        self.show();
        if !self.generations.is_looked_after_here() {
            return Ok(self.watch().await?);
        }
        match self.generations.other() {
            Some(other) => self.follow(other).await,
            // The older model serves as it did before; the new one is built beside it.
            None if !self.declined.load(Ordering::Relaxed) && self.generations.is_outdated()? => {
                Ok(self.begin().await?)
            }
            None => std::future::pending().await,
        }
    }

    /// Shows how far another instance has taken the other generation; returns only if that cannot be determined.
    async fn watch(&self) -> Result<(), ModelError> {
        loop {
            self.generations.refresh().await?;
            if let Some(other) = self.generations.other() {
                let model = self.generations.open_other().await?;
                self.show_far(other, model.checkpoint().await?);
            }
            tokio::time::sleep(RETRY).await;
        }
    }

    /// Takes the other generation along with the log until something is to be done with it, and does that.
    async fn follow(&self, other: Other) -> Result<(), Trouble> {
        let mut taken = self.open().await?;
        let mut subscription =
            Subscription::open(self.store, taken.model.checkpoint().await?).await;
        subscription.look().await;
        loop {
            self.show_beside(other, &taken, &subscription);
            if subscription.is_caught_up() {
                match self.due(other) {
                    Due::Nothing => {}
                    Due::Compare => return Ok(self.compare(other, taken).await?),
                    Due::Switch => return Ok(self.switch(other, taken).await?),
                }
            }
            let from = subscription.position();
            let events = subscription.next_many(taken.model.events_at_once()).await;
            taken.pace.work();
            let to = subscription.position();
            if other.purpose == Purpose::Kept {
                // Instances that still answer from it must not have promised more than the one that serves has.
                drop(self.serving.watch().wait_for(|position| *position >= to).await);
            }
            if let Some(newer) = self.take(&mut taken, &events, from, to).await? {
                return Err(Trouble::Newer(newer));
            }
            taken.pace.pause().await;
        }
    }

    fn due(&self, other: Other) -> Due {
        if self.generations.wished() == Some(other.number) {
            return Due::Switch;
        }
        match (other.purpose, self.generations.compared()) {
            (Purpose::Kept, _)
            | (Purpose::Building, Some(Compared::Differ(_) | Compared::Disagree(_))) => {
                Due::Nothing
            }
            (Purpose::Building, Some(Compared::Equal { .. } | Compared::Agree { .. })) => {
                Due::Switch
            }
            (Purpose::Building, None) => Due::Compare,
        }
    }

    /// Returns the event in front of which it stopped, if only a newer version of the program reads it.
    async fn take(
        &self,
        taken: &mut Taken<'_, M::Change>,
        events: &[Arc<Recorded>],
        from: Position,
        to: Position,
    ) -> Result<Option<Newer>, ModelError> {
        let Taken { model, inbox, waiting, .. } = taken;
        let mut taking = Taking { model: &**model, project: self.project, inbox, waiting };
        Ok(taking.take(events, from, to).await?.newer)
    }

    /// Compares the other generation with the one that serves, as both are at one position.
    async fn compare(
        &self,
        other: Other,
        mut taken: Taken<'_, M::Change>,
    ) -> Result<(), ModelError> {
        let mut comparison = {
            let Some(_turn) = self.meet(&mut taken).await? else { return Ok(()) };
            self.generations.compare().await?
        };
        self.show_stage(Stage::Comparing);
        let compared = loop {
            taken.pace.work();
            if let Some(compared) = comparison.step().await? {
                break compared;
            }
            taken.pace.pause().await;
        };
        let name = self.serving.name();
        match &compared {
            Compared::Equal { rows } => {
                tracing::info!(
                    projector = name,
                    rows,
                    "the rebuilt read model equals the one that serves"
                );
            }
            Compared::Agree { rows } => tracing::info!(
                projector = name,
                rows,
                "the rebuilt read model has another schema; its counts and sums agree with the one that serves"
            ),
            Compared::Differ(how) | Compared::Disagree(how) => tracing::warn!(
                projector = name,
                how,
                "the rebuilt read model differs from the one that serves, so it waits for a decision: switch to it, or drop it"
            ),
        }
        self.generations.note(other.number, &compared).await?;
        self.shown.show(|state| state.compared = Some(compared));
        Ok(())
    }

    /// Has the other generation serve.
    async fn switch(
        &self,
        other: Other,
        mut taken: Taken<'_, M::Change>,
    ) -> Result<(), ModelError> {
        self.show_stage(Stage::Switching);
        self.generations.warm().await?;
        let Some(_turn) = self.meet(&mut taken).await? else { return Ok(()) };
        self.generations.switch(other.number).await?;
        let position = taken.model.checkpoint().await?;
        tracing::info!(
            projector = self.serving.name(),
            %position,
            "switched to the rebuilt read model; the previous one is kept until it is dropped"
        );
        Ok(())
    }
}

impl From<ModelError> for Trouble {
    fn from(error: ModelError) -> Self {
        Self::Model(error)
    }
}

/// Returns once another instance has changed something; never where there is none.
async fn changed(changes: &mut Option<watch::Receiver<u64>>) {
    match changes {
        // The sender is with the generations.
        Some(changes) => drop(changes.changed().await),
        None => std::future::pending().await,
    }
}
