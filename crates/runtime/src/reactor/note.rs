//! How far a reactor is, noted in its own stream: a hint where to begin after a restart.

use std::sync::Arc;

use kernel::{Actor, EventType, Expected, Metadata, NewEvent, Position, Recorded, StreamId};
use serde::{Deserialize, Serialize};
use serde_json::value::to_raw_value;
use store::{Append, Appended};

use crate::{Deps, EventStore};

/// The type of the notes in a reactor's own stream.
const SETTLED: &str = "reactor.settled";

#[derive(Serialize, Deserialize)]
struct Settled {
    position: Position,
}

/// The position in a note. A reactor has settled nothing that was recorded after its note: one that says so is made up, and believing it
/// would stop the reactor for good. It begins from the start then; what it did before is known by its marks.
fn settled_position(name: &str, note: &Recorded) -> Position {
    match serde_json::from_str::<Settled>(note.data.get()) {
        Ok(Settled { position }) if position < note.position => position,
        Ok(Settled { position }) => {
            tracing::error!(reactor = name, %position, note = %note.position, "ignored a progress note that points past its own position; reading the log from the start. Find out who recorded it");
            Position::START
        }
        Err(error) => {
            tracing::error!(reactor = name, %error, note = %note.position, "ignored a progress note that cannot be read; reading the log from the start");
            Position::START
        }
    }
}

/// How far a reactor is, noted in its own stream now and then.
pub(super) struct Note {
    stream: StreamId,
    expected: Expected,
    pub(super) position: Position,
}

impl Note {
    pub(super) async fn load(store: &EventStore, name: &str) -> Self {
        let stream = StreamId::new("reactor", name).expect("a reactor's name is a stream's id");
        let last = store.last(&stream).await;
        let expected = Expected::after(last.as_ref().map(|event| event.version));
        let position = last.map_or(Position::START, |event| settled_position(name, &event));
        Self { stream, expected, position }
    }

    pub(super) async fn write(&mut self, deps: &Deps, store: &EventStore, position: Position) {
        let name = self.stream.id().to_owned();
        let now = deps.clock.now();
        let event = NewEvent {
            id: deps.ids.event_id(now),
            kind: EventType::parse(SETTLED).expect("a type's name"),
            schema: 1,
            metadata: Metadata::of(Actor::reactor(name.as_str()), deps.ids.uuid(now)),
            data: to_raw_value(&Settled { position }).expect("a number serialises"),
        };
        let append = Append {
            stream: self.stream.clone(),
            expected: self.expected,
            events: Arc::from(vec![event]),
        };
        match store.append(append).await {
            Appended::Recorded { version, .. } => {
                self.expected = Expected::Version(version);
                self.position = position;
            }
            // Another instance is further, or as far: its note serves as well.
            Appended::Conflict { .. } => {
                *self = Self { position, ..Self::load(store, &name).await }
            }
            Appended::Refused { reason } => {
                tracing::error!(reactor = name, %reason, "the event store refused a progress note");
            }
        }
    }
}
