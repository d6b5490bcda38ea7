//! Reports the progress of the work.

use kernel::Position;

use super::{Taken, Work};
use crate::{
    ReadModel, Subscription,
    model::{Compared, Generations, Other, Purpose},
    rebuild::state::{Beside, Stage},
};

impl<M: ReadModel + ?Sized> Work<'_, M> {
    /// Shows which generations there are.
    pub(super) fn show(&self) {
        let serving = *self.generations.serving().borrow();
        let other = self.generations.other();
        let stage = self.stage();
        self.shown.show(|state| {
            state.serving = serving;
            let known = state.beside.take();
            state.beside = other.map(|Other { number, purpose }| match known {
                Some(known) if known.number == number => Beside { purpose, stage, ..known },
                _ => {
                    let (position, head) = (Position::START, self.serving.position());
                    Beside { number, purpose, stage, position, head, rate: None }
                }
            });
        });
    }

    pub(super) fn show_stage(&self, stage: Stage) {
        self.shown.show(|state| {
            if let Some(beside) = &mut state.beside {
                beside.stage = stage;
            }
        });
    }

    pub(super) fn show_beside(
        &self,
        other: Other,
        taken: &Taken<'_, M::Change>,
        subscription: &Subscription,
    ) {
        let (position, head) = (subscription.position(), subscription.head());
        let rate = taken.pace.rate(position);
        let Other { number, purpose } = other;
        let beside = Beside { number, purpose, stage: self.stage(), position, head, rate };
        self.shown.show(|state| state.beside = Some(beside));
    }

    /// Shows how far the other generation is, without having taken it there.
    pub(super) fn show_far(&self, other: Other, position: Position) {
        let head = self.serving.position();
        let Other { number, purpose } = other;
        let beside = Beside { number, purpose, stage: self.stage(), position, head, rate: None };
        self.shown.show(|state| state.beside = Some(beside));
    }

    fn stage(&self) -> Stage {
        stage(self.generations)
    }
}

/// What is done with the other generation, if there is one.
pub(in crate::rebuild) fn stage<C>(generations: &dyn Generations<C>) -> Stage {
    let other = generations.other();
    if other.is_some_and(|other| generations.wished() == Some(other.number)) {
        return Stage::Switching;
    }
    match (other.map(|other| other.purpose), generations.compared()) {
        (Some(Purpose::Building), Some(Compared::Differ(how) | Compared::Disagree(how))) => {
            Stage::Different(how)
        }
        (Some(Purpose::Kept), _) => Stage::Kept,
        _ => Stage::Building,
    }
}
