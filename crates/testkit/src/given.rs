//! Given, when, then: the rules of an aggregate alone, and the upcasters of its events.

use std::fmt::Debug;

use agora::{Aggregate, Decision};
use kernel::{DecodeError, Event};
use serde_json::{Value, value::to_raw_value};

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

/// Data as it was recorded once.
#[derive(Clone, Debug)]
pub struct GivenRecorded {
    kind: &'static str,
    schema: u32,
    data: Value,
}

/// What the program makes of recorded data.
#[derive(Debug)]
pub struct WhenRead<E>(Result<E, DecodeError>);

/// Data of an event type as it was recorded under a schema number, for the test of an upcaster.
///
/// ```
/// use agora::{events, kernel::Fields};
/// use serde_json::json;
/// use testkit::given_recorded;
///
/// events! { AccountEvent {
///     Opened { owner: String, currency: String } = "account.opened" @ 2 { from 1 => in_euros },
/// } }
///
/// fn in_euros(data: &mut Fields) {
///     data.insert("currency".to_owned(), "EUR".into());
/// }
///
/// given_recorded("account.opened", 1, json!({ "owner": "ada" }))
///     .when_read()
///     .then(&AccountEvent::Opened { owner: "ada".to_owned(), currency: "EUR".to_owned() });
/// ```
#[must_use]
pub fn given_recorded(kind: &'static str, schema: u32, data: Value) -> GivenRecorded {
    GivenRecorded { kind, schema, data }
}

impl GivenRecorded {
    /// Reads it as every subscriber and aggregate does.
    #[must_use]
    pub fn when_read<E: Event>(self) -> WhenRead<E> {
        let data = to_raw_value(&self.data).expect("a value is JSON");
        WhenRead(E::decode(self.kind, self.schema, &data))
    }
}

impl<E: PartialEq + Debug> WhenRead<E> {
    /// Panics unless it is this event.
    #[track_caller]
    pub fn then(self, expected: &E) {
        match self.0 {
            Ok(event) => assert_eq!(&event, expected),
            Err(error) => panic!("expected {expected:?}, but it is not read: {error}"),
        }
    }

    /// Panics unless it cannot be read, and this says why.
    #[track_caller]
    pub fn then_refused(self, reason: &str) {
        match self.0 {
            Ok(event) => panic!("expected the refusal {reason:?}, but it is read as {event:?}"),
            Err(error) => assert_eq!(error.to_string(), reason),
        }
    }
}
