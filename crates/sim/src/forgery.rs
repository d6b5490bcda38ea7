//! What a stolen password of the bus allows: events that no service would record. They are recorded like any other, and must
//! stop nothing.

use std::{cell::RefCell, collections::BTreeSet, sync::Arc, time::Duration};

use bus::{Append, Appended, Read, Transport as _};
use eventstore::{Reader as _, log::LogReader};
use kernel::{
    Actor, Clock as _, EventId, EventType, Expected, Metadata, NewEvent, Position, Recorded,
    StreamId,
};
use serde_json::value::to_raw_value;

use crate::{
    dice::Dice,
    faults::{Fault, Tally},
    parts::Ground,
};

/// How long the forger waits for an answer.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Kinds that are forged with data that nothing can read, each in a stream of its category.
const UNREADABLE: [(&str, &str); 5] = [
    (contracts::customer::CATEGORY, "customer.registered"),
    (contracts::product::CATEGORY, "product.added"),
    (contracts::order::CATEGORY, "order.placed"),
    (contracts::order::CATEGORY, "order.denied"),
    (contracts::product::CATEGORY, "product.stock-reserved"),
];

/// The ids of what was forged.
pub(crate) type Forged = RefCell<BTreeSet<EventId>>;

/// Forges one event: one that cannot be read, or the twin of a real one. The twin of a registration has a stream of its own, and
/// so there are two customers of one name.
pub(crate) async fn forge(ground: &Ground, reader: &LogReader, (dice, tally): (&Dice, &Tally)) {
    let Ok(events) = all_events(reader).await else { return };
    let id = ground.ids.event_id(ground.clock.now());
    let (fault, stream, expected, event) = if dice.happens(500) {
        let (category, kind) = *dice.pick(&UNREADABLE);
        (Fault::UnreadableEvent, fresh(category, dice), Expected::None, unreadable(id, kind, dice))
    } else {
        let of_kind = |event: &&Arc<Recorded>| event.kind.as_str() == "customer.registered";
        let models: Vec<_> = events.iter().filter(of_kind).collect();
        if models.is_empty() {
            return;
        }
        let model = *dice.pick(&models);
        let (stream, expected) = (fresh(contracts::customer::CATEGORY, dice), Expected::None);
        (Fault::ForgedTwin, stream, expected, twin(id, model))
    };
    ground.forged.borrow_mut().insert(id);
    let append = Append { stream, expected, events: Arc::from(vec![event]) };
    let answer = ground.transport.append(append, TIMEOUT).await;
    if matches!(answer, Ok(Appended::Recorded { .. })) {
        tally.count(fault);
    }
}

/// Everything that is recorded.
pub(crate) async fn all_events(reader: &LogReader) -> Result<Vec<Arc<Recorded>>, String> {
    let (mut from, mut events) = (Position(1), Vec::new());
    loop {
        let page = reader.read(&Read::All { from, categories: Vec::new() }).await;
        let page = page.map_err(|error| format!("{error:?}"))?;
        events.extend(page.events);
        if page.end {
            return Ok(events);
        }
        from = page.next;
    }
}

fn fresh(category: &str, dice: &Dice) -> StreamId {
    let id = uuid::Uuid::from_bytes(dice.bytes());
    StreamId::new(category, id).expect("a UUID is a stream's id")
}

fn unreadable(id: EventId, kind: &str, dice: &Dice) -> NewEvent {
    let metadata = Metadata {
        actor: Actor::Anonymous,
        correlation: uuid::Uuid::from_bytes(dice.bytes()),
        traceparent: None,
        cause: None,
        idempotency: None,
    };
    let kind = EventType::parse(kind).expect("a kind of event");
    let data = to_raw_value(&serde_json::json!({ "nonsense": dice.number() }));
    NewEvent { id, kind, schema: 1, metadata, data: data.expect("is JSON") }
}

fn twin(id: EventId, of: &Recorded) -> NewEvent {
    let metadata = Metadata { cause: None, idempotency: None, ..of.metadata.clone() };
    NewEvent { id, kind: of.kind.clone(), schema: of.schema, metadata, data: of.data.clone() }
}
