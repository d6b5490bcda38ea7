//! The same seed treats the nth event the same way.

use std::sync::{Arc, Mutex};

use kernel::{
    Actor, EventId, EventType, Metadata, Position, Recorded, StreamId, Timestamp, Version, sync,
};
use serde_json::value::RawValue;
use store::{Memory, Message, Transport as _};
use uuid::Uuid;

use super::{BusDice, BusFault, FaultRates, FaultyTransport, Meddler};

/// What was struck: the fault, and the position of the event.
#[derive(Clone, Default)]
struct Struck(Arc<Mutex<Vec<(BusFault, Position)>>>);

impl Meddler for Struck {
    fn struck(&self, fault: BusFault, event: Option<&Recorded>) {
        if let Some(event) = event {
            sync::lock(&self.0).push((fault, event.position));
        }
    }
}

fn event(at: u64) -> Arc<Recorded> {
    Arc::new(Recorded {
        position: Position(at),
        stream: StreamId::new("note", at).expect("a name"),
        version: Version(0),
        id: EventId(Uuid::nil()),
        kind: EventType::parse("note.written").expect("a type"),
        schema: 1,
        time: Timestamp::default(),
        metadata: Metadata::of(Actor::anonymous(), Uuid::nil()),
        data: RawValue::from_string("{}".to_owned()).expect("JSON").into(),
    })
}

/// The fates of 200 events of which so many are recorded together, turn by turn.
async fn fates(seed: u64, together: &[u64]) -> Vec<(BusFault, Position)> {
    let struck = Struck::default();
    let dice = BusDice::new(seed);
    let bus = FaultyTransport::around(Arc::new(Memory::new()), dice, struck.clone());
    bus.set_rates(FaultRates::STORM);
    let mut events = (1..=200).map(event);
    for count in together.iter().cycle() {
        let count = usize::try_from(*count).expect("a few");
        let batch: Vec<_> = events.by_ref().take(count).collect();
        if batch.is_empty() {
            break;
        }
        bus.publish(Message::Recorded(Arc::from(batch))).await;
    }
    sync::lock(&struck.0).clone()
}

#[tokio::test]
async fn a_seed_treats_the_nth_event_the_same_way_however_events_are_grouped() {
    let one_by_one = fates(7, &[1]).await;
    assert!(one_by_one.len() > 20, "{one_by_one:?}");
    assert_eq!(one_by_one, fates(7, &[1]).await);
    assert_eq!(one_by_one, fates(7, &[3, 1, 5, 2, 4]).await);
    assert_ne!(one_by_one, fates(8, &[1]).await);
}
