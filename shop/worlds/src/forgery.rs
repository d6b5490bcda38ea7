//! Forged events, as a stolen password of the bus would allow: events that no service would record. They are recorded like any
//! other, and must not stop anything.

use std::{cell::RefCell, collections::BTreeSet, sync::Arc};

use contracts::{customer::CustomerEvent, order::OrderEvent, product::ProductEvent};
use kernel::{
    Actor, EventId, EventType, Expected, Metadata, NewEvent, Position, Recorded, StreamId,
};
use serde_json::value::to_raw_value;
use store::{Read, Reader as _, log::LogReader};
use testkit::Dice;

use crate::faults::Fault;

/// Kinds that are forged with data that nothing can read, each in a stream of its category.
const UNREADABLE: [(&str, &str); 5] = [
    (contracts::customer::CATEGORY, CustomerEvent::REGISTERED),
    (contracts::product::CATEGORY, ProductEvent::ADDED),
    (contracts::order::CATEGORY, OrderEvent::PLACED),
    (contracts::order::CATEGORY, OrderEvent::DENIED),
    (contracts::product::CATEGORY, ProductEvent::STOCK_RESERVED),
];

/// Kinds that are forged so in streams that go on.
const POISON: [(&str, &str); 4] = [
    // Every process follows the ends of sessions.
    (contracts::customer::CATEGORY, CustomerEvent::LOGGED_OUT),
    (contracts::customer::CATEGORY, CustomerEvent::CREDIT_RELEASED),
    (contracts::product::CATEGORY, ProductEvent::STOCK_RELEASED),
    (contracts::order::CATEGORY, OrderEvent::DENIED),
];

/// Kinds that begin a stream, and are forged behind its beginning.
const BIRTHS: [&str; 3] = [OrderEvent::PLACED, CustomerEvent::REGISTERED, ProductEvent::ADDED];

/// The one field of what cannot be read.
const NONSENSE: &str = "nonsense";

/// What is forged, and the fault that it is.
pub(crate) type Forgery = (Fault, StreamId, Expected, NewEvent);

/// The ids of what was forged.
pub(crate) type Forged = RefCell<BTreeSet<EventId>>;

/// A forged event, made from what is recorded; none if there is nothing of its kind to copy.
pub(crate) fn forged(id: EventId, events: &[Arc<Recorded>], dice: &Dice) -> Option<Forgery> {
    match dice.within(0..6) {
        0 | 1 => Some(unreadable(id, dice)),
        2 => twin(id, events, dice),
        3 | 4 => poison(id, events, dice),
        _ => second_birth(id, events, dice),
    }
}

/// Whether an event is one that was forged so that nothing can read it.
pub(crate) fn is_unreadable(event: &Recorded) -> bool {
    event.data.get().contains(NONSENSE)
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

/// An event in a stream of its own that cannot be read.
fn unreadable(id: EventId, dice: &Dice) -> Forgery {
    let (category, kind) = *dice.pick(&UNREADABLE);
    let event = nonsense(id, kind, dice);
    (Fault::UnreadableEvent, fresh(category, dice), Expected::None, event)
}

/// An event that cannot be read at the end of a stream that goes on.
fn poison(id: EventId, events: &[Arc<Recorded>], dice: &Dice) -> Option<Forgery> {
    let (category, kind) = *dice.pick(&POISON);
    let of_category = events.iter().filter(|event| event.stream.category() == category);
    let known: Vec<_> = of_category.collect();
    let stream = if known.is_empty() { None } else { Some(&dice.pick(&known).stream) }?;
    let last = known.iter().rfind(|event| event.stream == *stream)?;
    let expected = Expected::Version(last.version);
    Some((Fault::PoisonedStream, stream.clone(), expected, nonsense(id, kind, dice)))
}

fn nonsense(id: EventId, kind: &str, dice: &Dice) -> NewEvent {
    let metadata = Metadata::of(Actor::anonymous(), uuid::Uuid::from_bytes(dice.bytes()));
    let kind = EventType::parse(kind).expect("a kind of event");
    let data = to_raw_value(&serde_json::json!({ NONSENSE: dice.number() })).expect("is JSON");
    NewEvent { id, kind, schema: 1, metadata, data }
}

/// A registration in a stream of its own: there are two customers of one name then.
fn twin(id: EventId, events: &[Arc<Recorded>], dice: &Dice) -> Option<Forgery> {
    let model = any_of(CustomerEvent::REGISTERED, events, dice)?;
    let stream = fresh(contracts::customer::CATEGORY, dice);
    Some((Fault::ForgedTwin, stream, Expected::None, same(id, model)))
}

/// The beginning of a stream once more, at its end.
fn second_birth(id: EventId, events: &[Arc<Recorded>], dice: &Dice) -> Option<Forgery> {
    let kind = *dice.pick(&BIRTHS);
    let model = any_of(kind, events, dice)?;
    let last = events.iter().rfind(|event| event.stream == model.stream)?;
    let expected = Expected::Version(last.version);
    Some((Fault::SecondBirth, model.stream.clone(), expected, same(id, model)))
}

fn any_of<'a>(kind: &str, events: &'a [Arc<Recorded>], dice: &Dice) -> Option<&'a Recorded> {
    let all: Vec<_> = events.iter().filter(|event| event.kind.as_str() == kind).collect();
    if all.is_empty() { None } else { Some(*dice.pick(&all)) }
}

/// The same event once more, as another one.
fn same(id: EventId, model: &Recorded) -> NewEvent {
    let metadata = Metadata { cause: None, idempotency: None, ..model.metadata.clone() };
    let (kind, data) = (model.kind.clone(), model.data.clone().into());
    NewEvent { id, kind, schema: model.schema, metadata, data }
}
