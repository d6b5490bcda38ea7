//! Reads the current generations, which another instance may have changed.

use std::sync::Arc;

use async_trait::async_trait;
use kernel::Position;

use super::{
    state::{Beside, Stage, State},
    work::stage,
};
use crate::{
    ReadModel,
    model::{Generations, Other},
};

/// What a model knows of its generations.
#[async_trait]
pub(super) trait Known: Send + Sync {
    /// What was shown last, with the generations that there are now.
    fn as_they_are(&self, shown: State) -> State;

    async fn refresh(&self);

    fn is_shared(&self) -> bool;
}

pub(super) struct Live<M: ?Sized>(pub(super) Arc<M>);

#[async_trait]
impl<M: ReadModel + ?Sized> Known for Live<M> {
    fn as_they_are(&self, shown: State) -> State {
        let Some(generations) = self.0.generations() else { return shown };
        let beside = generations.other().map(|Other { number, purpose }| match shown.beside {
            Some(known) if (known.number, known.purpose) == (number, purpose) => {
                let stage = match known.stage {
                    // What this instance does now.
                    Stage::Comparing | Stage::Failing(_) => known.stage,
                    _ => stage(generations),
                };
                Beside { stage, ..known }
            }
            _ => Beside {
                number,
                purpose,
                stage: stage(generations),
                position: Position::START,
                head: Position::START,
                rate: None,
            },
        });
        let compared = generations.compared().or(shown.compared);
        State { serving: *generations.serving().borrow(), beside, compared }
    }

    async fn refresh(&self) {
        if let Some(generations) = self.0.generations() {
            // It is shown as it was; readers of the model get the error.
            let _unknown = generations.refresh().await;
        }
    }

    fn is_shared(&self) -> bool {
        self.0.generations().is_some_and(Generations::is_shared)
    }
}
