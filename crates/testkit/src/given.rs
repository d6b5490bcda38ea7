//! The rules of an aggregate alone: given its past, when a command comes, then these events or this refusal.

use std::fmt::Debug;

use agora::{Aggregate, Decision};
use kernel::Event;

/// An aggregate with a past.
#[derive(Clone, Debug)]
pub struct Given<A>(A);

/// What an aggregate with a past decided.
#[derive(Debug)]
pub struct When<A: Aggregate> {
    state: A,
    decision: Decision<A::Event>,
}

/// An aggregate to which these events have happened.
pub fn given<A: Aggregate>(events: impl IntoIterator<Item = A::Event>) -> Given<A> {
    let mut state = A::default();
    events.into_iter().for_each(|event| state.evolve(&event));
    Given(state)
}

impl<A: Aggregate> Given<A> {
    /// Decides about a command.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "a test reads given, when, then")]
    pub fn when(self, command: A::Command) -> When<A> {
        let decision = self.0.decide(&command);
        When { state: self.0, decision }
    }
}

impl<A: Aggregate<Event: PartialEq + Debug>> When<A> {
    /// Panics unless exactly these events were decided, and each reads back as it is written. The aggregate with them in its past.
    #[track_caller]
    pub fn then(self, expected: impl IntoIterator<Item = A::Event>) -> Given<A> {
        let expected: Vec<A::Event> = expected.into_iter().collect();
        assert_eq!(self.decision, Ok(expected.clone()));
        let mut state = self.state;
        for event in &expected {
            let again = A::Event::decode(event.kind(), event.schema(), &event.encode());
            assert_eq!(again.as_ref().ok(), Some(event), "an event is not read as it is written");
            state.evolve(event);
        }
        Given(state)
    }

    /// Panics unless the command was refused with these words.
    #[track_caller]
    pub fn then_refused(self, reason: &str) -> Given<A> {
        match &self.decision {
            Err(refused) => assert_eq!(refused.to_string(), reason),
            Ok(events) => {
                panic!("expected the refusal {reason:?}, but these are recorded: {events:?}")
            }
        }
        Given(self.state)
    }
}
