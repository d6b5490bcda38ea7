//! The status of a model's generations, as it is reported.

use std::time::Duration;

use kernel::Position;

use super::{Refused, Wish};
use crate::{model::Compared, model::Purpose, progress::remaining};

/// The state of the generations of a model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// The number of the one that serves.
    pub serving: u32,
    /// The one beside it.
    pub beside: Option<Beside>,
    /// The last comparison of two that were built by this process.
    pub compared: Option<Compared>,
}

/// A generation that does not serve.
#[derive(Clone, Debug, PartialEq)]
pub struct Beside {
    /// Its number.
    pub number: u32,
    /// Why it is there.
    pub purpose: Purpose,
    /// What is done with it.
    pub stage: Stage,
    /// How far it is.
    pub position: Position,
    /// The end of the log, as far as is known.
    pub head: Position,
    /// Events a second that it took, pauses included.
    pub rate: Option<f64>,
}

/// What is done with a generation that does not serve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It is taken through the log, to serve then.
    Building,
    /// It is at the end of the log, and compared with the one that serves.
    Comparing,
    /// It is to serve as soon as both are at the same position.
    Switching,
    /// It is complete and not like the one that serves: people decide.
    Different(String),
    /// It served before, and follows the log to serve again if it must.
    Kept,
    /// It cannot be taken further now; why. It is tried again.
    Failing(String),
}

impl Beside {
    /// How long it takes until it is at the end of the log, at its pace so far.
    #[must_use]
    pub fn remaining(&self) -> Option<Duration> {
        let behind = self.head.0.saturating_sub(self.position.0);
        remaining(behind, self.rate?)
    }
}

impl State {
    /// Whether people may have the other generation serve: one that served before, or a complete one, whatever it is like.
    fn is_offered(&self, stage: &Stage) -> bool {
        let served = self.beside.as_ref().is_some_and(|other| other.purpose == Purpose::Kept);
        served || matches!(stage, Stage::Different(_) | Stage::Switching)
    }

    /// Whether a wish fits.
    pub(super) fn allows(&self, wish: Wish) -> Result<(), Refused> {
        let refused = match (wish, self.beside.as_ref().map(|beside| &beside.stage)) {
            (Wish::Begin, Some(Stage::Kept)) => {
                "the model before the last rebuild is still kept; drop it first"
            }
            (Wish::Begin, Some(Stage::Different(_))) => {
                "a rebuilt model that differs waits for a decision; switch to it, or drop it first"
            }
            (Wish::Begin, Some(_)) => "the model is being rebuilt already",
            (Wish::Switch | Wish::Drop, None) => {
                "no other generation of the model is kept or being built"
            }
            (Wish::Switch, Some(stage)) if !self.is_offered(stage) => {
                "the new model is not complete yet; it serves by itself once it is, and equals the old one"
            }
            (Wish::Begin, None) | (Wish::Switch | Wish::Drop, Some(_)) => return Ok(()),
        };
        Err(Refused::Now(refused))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_served_or_is_complete_can_be_switched_to() {
        let allows = |purpose, stage| {
            let (position, head) = (Position::START, Position::START);
            let beside = Beside { number: 2, purpose, stage, position, head, rate: None };
            let state = State { serving: 1, beside: Some(beside), compared: None };
            state.allows(Wish::Switch).is_ok()
        };
        let failing = || Stage::Failing("the disk is full".to_owned());
        assert!(!allows(Purpose::Building, Stage::Building));
        assert!(!allows(Purpose::Building, Stage::Comparing));
        assert!(!allows(Purpose::Building, failing()), "nothing was compared");
        assert!(allows(Purpose::Building, Stage::Different("a row".to_owned())));
        assert!(allows(Purpose::Kept, Stage::Kept));
        assert!(allows(Purpose::Kept, failing()));
    }
}
