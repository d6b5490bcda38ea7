//! Applies events to a model: an event that it cannot apply is set aside, and with it the later ones of its stream; everything else
//! continues, unless a newer version of the program recorded it.

use std::{panic::AssertUnwindSafe, sync::Arc};

use futures_util::FutureExt;
use kernel::{Position, Recorded};

use super::{ModelError, Project, ReadModel, SetAside, TakenUp, Unfit};
use crate::{
    Newer,
    inbox::{Due, Inbox, Waiting},
};

/// Why an engine could not take an event, in words that are the same for all.
const CONTRADICTS: &str = "it contradicts an earlier event";

/// The outcome of the events that a model was to take.
#[derive(Debug, Default)]
pub struct Taken {
    /// Those that were set aside.
    pub aside: Vec<SetAside>,
    /// Those that say nothing to it, with what they are.
    pub foreign: Vec<SetAside>,
    /// The one in front of which the model stopped, if it did. It has taken all events before.
    pub newer: Option<Newer>,
}

/// Takes a model through the log. Which events it cannot take does not depend on how they come in batches, so a rebuilt model sets the same
/// ones aside.
pub struct Taking<'a, M: ReadModel + ?Sized> {
    /// The model.
    pub model: &'a M,
    /// What an event changes in it.
    pub project: Project<M::Change>,
    /// Its entries are those that the model has.
    pub inbox: &'a mut Inbox,
    /// Where the events are that wait.
    pub waiting: &'a mut dyn Waiting,
}

impl<M: ReadModel + ?Sized> Taking<'_, M> {
    /// Takes the model from one position to another, by the events between them. After an error the model and its inbox may be further than
    /// `from`; the inbox is to be read again then.
    pub async fn take(
        &mut self,
        events: &[Arc<Recorded>],
        from: Position,
        to: Position,
    ) -> Result<Taken, ModelError> {
        let mut taken = Taken::default();
        let mut batch = Batch { from, events: Vec::new(), changes: Vec::new() };
        for event in events {
            if self.inbox.is_decision(event) {
                self.make(&mut batch, before(event.position), &mut taken).await?;
                if !self.decided(event, &mut taken).await? {
                    continue;
                }
                if taken.newer.is_some() {
                    return Ok(taken);
                }
                batch.from = event.position;
            } else if self.inbox.holds(event) {
                self.waiting.keep(event);
            } else {
                match projected(|| (self.project)(event)) {
                    Ok(None) => {}
                    Ok(Some(change)) => batch.push(event, change),
                    Err(Unfit::Foreign(what)) => taken.foreign.push(SetAside::of(event, &what)),
                    Err(unfit) => {
                        // This may set an earlier event of the stream aside.
                        self.make(&mut batch, before(event.position), &mut taken).await?;
                        match unfit {
                            _ if self.inbox.holds(event) => self.waiting.keep(event),
                            Unfit::Newer(what) => {
                                taken.newer = Some(Newer { position: event.position, what });
                                return Ok(taken);
                            }
                            Unfit::Broken(reason) | Unfit::Foreign(reason) => {
                                self.park(event, &reason, &mut taken).await?;
                                batch.from = event.position;
                            }
                        }
                    }
                }
            }
        }
        self.make(&mut batch, to, &mut taken).await?;
        Ok(taken)
    }

    /// Makes the changes of a batch and moves the checkpoint to `to`: all at once, or, where one is unfit, each by itself.
    async fn make(
        &mut self,
        batch: &mut Batch<M::Change>,
        to: Position,
        taken: &mut Taken,
    ) -> Result<(), ModelError> {
        let Batch { mut from, events, changes } = batch.replaced(to);
        if from == to {
            return Ok(());
        }
        match attempt(self.model.apply(from, &changes, to)).await {
            Err(ModelError::Unfit(_)) => {}
            made => return made,
        }
        for (change, event) in changes.chunks(1).zip(&events) {
            if self.inbox.holds(event) {
                self.waiting.keep(event);
                continue;
            }
            match attempt(self.model.apply(from, change, event.position)).await {
                Err(ModelError::Unfit(reason)) => {
                    tracing::debug!(position = %event.position, reason, "an event does not fit");
                    if from < before(event.position) {
                        self.model.apply(from, &[], before(event.position)).await?;
                    }
                    self.park(event, CONTRADICTS, taken).await?;
                }
                made => made?,
            }
            from = event.position;
        }
        if from < to { self.model.apply(from, &[], to).await } else { Ok(()) }
    }

    /// Sets an event aside, given that the checkpoint is just before it.
    async fn park(
        &mut self,
        event: &Arc<Recorded>,
        reason: &str,
        taken: &mut Taken,
    ) -> Result<(), ModelError> {
        let entry = SetAside::of(event, reason);
        self.model.set_aside(&entry).await?;
        self.waiting.keep(event);
        self.inbox.park(entry.clone());
        taken.aside.push(entry);
        Ok(())
    }

    /// Takes what waits, if the event is a decision about it; whether it is one, or might be one of a newer version.
    async fn decided(&mut self, event: &Recorded, taken: &mut Taken) -> Result<bool, ModelError> {
        match self.inbox.decided(event) {
            Ok(None) => return Ok(false),
            Ok(Some(due)) => {
                taken.newer = self.take_up(&due, event.position, &mut taken.aside).await?;
            }
            Err(newer) => taken.newer = Some(newer),
        }
        Ok(true)
    }

    /// Takes what waits behind an entry that was decided about at a position, up to the next event that cannot be taken. One of a newer
    /// version among them stops the model in front of the decision.
    async fn take_up(
        &mut self,
        due: &Due,
        at: Position,
        aside: &mut Vec<SetAside>,
    ) -> Result<Option<Newer>, ModelError> {
        let events = self.waiting.events(&due.entry.stream, due.from, at).await;
        let (mut changed, mut changes, mut again) = (Vec::new(), Vec::new(), None);
        for event in due.of(events) {
            match projected(|| (self.project)(&event)) {
                Ok(None) | Err(Unfit::Foreign(_)) => {}
                Ok(Some(change)) => {
                    changes.push(change);
                    changed.push(event);
                }
                Err(Unfit::Newer(what)) => return Ok(Some(Newer { position: at, what })),
                Err(Unfit::Broken(reason)) => {
                    again = Some(SetAside::of(&event, &reason));
                    break;
                }
            }
        }
        loop {
            let up = TakenUp {
                entry: &due.entry,
                changes: changes.get(..changed.len()).unwrap_or_default(),
                again: again.as_ref(),
            };
            let made = attempt(self.model.take_up(before(at), up, at)).await;
            match (made, changed.pop()) {
                (Err(ModelError::Unfit(_)), Some(last)) => {
                    again = Some(SetAside::of(&last, CONTRADICTS));
                }
                (made, _) => break made?,
            }
        }
        self.inbox.close(&due.entry);
        if let Some(again) = again {
            self.inbox.park(again.clone());
            aside.push(again);
        }
        Ok(None)
    }
}

/// Changes with their events, from where the checkpoint is.
struct Batch<C> {
    from: Position,
    events: Vec<Arc<Recorded>>,
    changes: Vec<C>,
}

impl<C> Batch<C> {
    fn push(&mut self, event: &Arc<Recorded>, change: C) {
        self.events.push(Arc::clone(event));
        self.changes.push(change);
    }

    /// Leaves an empty one that begins at `from`.
    fn replaced(&mut self, from: Position) -> Self {
        std::mem::replace(self, Self { from, events: Vec::new(), changes: Vec::new() })
    }
}

/// The changes that a pure function derives from an event; if it panics, the event cannot be applied.
pub(crate) fn projected<T>(project: impl FnOnce() -> Result<T, Unfit>) -> Result<T, Unfit> {
    std::panic::catch_unwind(AssertUnwindSafe(project))
        .unwrap_or_else(|_| Err(Unfit::broken("its values are too large to compute with")))
}

/// Changes made; an engine that panics over them cannot make them.
async fn attempt(make: impl Future<Output = Result<(), ModelError>>) -> Result<(), ModelError> {
    let made = AssertUnwindSafe(make).catch_unwind().await;
    made.unwrap_or_else(|_| Err(ModelError::Unfit("it panicked".to_owned())))
}

fn before(position: Position) -> Position {
    Position(position.0.saturating_sub(1))
}
