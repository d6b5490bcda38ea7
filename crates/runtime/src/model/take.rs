//! Applies events to a model: an event that it cannot apply is set aside, and everything else continues; unless a newer version of the
//! program recorded it.

use std::{panic::AssertUnwindSafe, sync::Arc};

use futures_util::FutureExt;
use kernel::{Position, Recorded};

use super::{ModelError, Project, ReadModel, SetAside, Unfit};
use crate::Newer;

/// Why an engine could not take an event, in words that are the same for all.
const CONTRADICTS: &str = "it contradicts an earlier event";

/// What became of the events that a model was to take.
#[derive(Debug, Default)]
pub struct Taken {
    /// Those that were set aside.
    pub aside: Vec<SetAside>,
    /// Those that say nothing to it, with what they are.
    pub foreign: Vec<SetAside>,
    /// The one in front of which the model stopped, if it did. It has taken all events before.
    pub newer: Option<Newer>,
}

/// Takes `model` from one position to another, by the events between them. Which of them it cannot take does not depend on how the
/// events come in batches, so a rebuilt model sets the same ones aside.
pub async fn take<M: ReadModel + ?Sized>(
    model: &M,
    project: Project<M::Change>,
    events: &[Arc<Recorded>],
    mut from: Position,
    to: Position,
) -> Result<Taken, ModelError> {
    let mut taken = Taken::default();
    let mut changes = Changes::default();
    for event in events {
        match projected(|| project(event)) {
            Ok(None) => {}
            Ok(Some(change)) => changes.push(event.position, change),
            Err(Unfit::Foreign(what)) => taken.foreign.push(SetAside::new(event.position, &what)),
            Err(Unfit::Newer(what)) => {
                let newer = Newer { position: event.position, what };
                changes.make(model, from, newer.before(), &mut taken.aside).await?;
                taken.newer = Some(newer);
                return Ok(taken);
            }
            Err(Unfit::Broken(reason)) => {
                changes.make(model, from, before(event.position), &mut taken.aside).await?;
                let unfit = SetAside::new(event.position, &reason);
                model.set_aside(&unfit).await?;
                taken.aside.push(unfit);
                (from, changes) = (event.position, Changes::default());
            }
        }
    }
    changes.make(model, from, to, &mut taken.aside).await?;
    Ok(taken)
}

/// The changes that a pure function derives from an event; if it panics, the event cannot be applied.
pub(crate) fn projected<T>(project: impl FnOnce() -> Result<T, Unfit>) -> Result<T, Unfit> {
    std::panic::catch_unwind(AssertUnwindSafe(project))
        .unwrap_or_else(|_| Err(Unfit::broken("its values are too large to compute with")))
}

fn before(position: Position) -> Position {
    Position(position.0.saturating_sub(1))
}

/// Changes with the positions of their events.
struct Changes<C> {
    positions: Vec<Position>,
    changes: Vec<C>,
}

impl<C> Default for Changes<C> {
    fn default() -> Self {
        Self { positions: Vec::new(), changes: Vec::new() }
    }
}

impl<C: Send + Sync> Changes<C> {
    fn push(&mut self, position: Position, change: C) {
        self.positions.push(position);
        self.changes.push(change);
    }

    /// Makes all at once, or, where one is unfit, each by itself.
    async fn make<M: ReadModel<Change = C> + ?Sized>(
        &self,
        model: &M,
        mut from: Position,
        to: Position,
        aside: &mut Vec<SetAside>,
    ) -> Result<(), ModelError> {
        if from == to {
            return Ok(());
        }
        match apply(model, from, &self.changes, to).await {
            Err(ModelError::Unfit(_)) => {}
            made => return made,
        }
        for (change, position) in self.changes.chunks(1).zip(&self.positions) {
            match apply(model, from, change, *position).await {
                Err(ModelError::Unfit(reason)) => {
                    tracing::debug!(%position, reason, "an event does not fit");
                    if from < before(*position) {
                        model.apply(from, &[], before(*position)).await?;
                    }
                    let unfit = SetAside::new(*position, CONTRADICTS);
                    model.set_aside(&unfit).await?;
                    aside.push(unfit);
                }
                made => made?,
            }
            from = *position;
        }
        if from < to { model.apply(from, &[], to).await } else { Ok(()) }
    }
}

/// Changes made; an engine that panics over them cannot make them.
async fn apply<M: ReadModel + ?Sized>(
    model: &M,
    from: Position,
    changes: &[M::Change],
    to: Position,
) -> Result<(), ModelError> {
    let made = AssertUnwindSafe(model.apply(from, changes, to)).catch_unwind().await;
    made.unwrap_or_else(|_| Err(ModelError::Unfit("it panicked".to_owned())))
}
