//! Events that a subscriber cannot take: they and the later events of their streams wait, in order, until an operator decides; everything else
//! goes on. Nothing is taken twice or out of order, whatever is restarted or built again.

mod late;
mod newer;

use kernel::{
    Actor, Event, EventType, Expected, Metadata, NewEvent, Position, Recorded, StreamId, events,
};
use runtime::{
    Deps, Progress, Unfit,
    inbox::{InboxEvent, stream as decisions},
};
use serde_json::{Value, json, value::to_raw_value};
use store::{Append, Appended};
use uuid::Uuid;

use crate::projecting::{PATIENCE, World};

async fn record(deps: &Deps, stream: &StreamId, kind: &str, data: &Value) -> Position {
    record_as(deps, stream, (kind, 1), data).await
}

/// The same under another schema number.
async fn record_as(
    deps: &Deps,
    stream: &StreamId,
    (kind, schema): (&str, u32),
    data: &Value,
) -> Position {
    let last = deps.store().last(stream).await;
    let event = NewEvent {
        id: deps.ids.event_id(deps.clock.now()),
        kind: EventType::parse(kind).expect("a type"),
        schema,
        metadata: Metadata::of(Actor::of("user", "ada").expect("a user"), Uuid::from_u128(2)),
        data: to_raw_value(data).expect("JSON"),
    };
    let expected = Expected::after(last.map(|last| last.version));
    let append = Append { stream: stream.clone(), expected, events: [event].into() };
    let Appended::Recorded { last, .. } = deps.store().append(append).await else {
        panic!("it is not recorded")
    };
    last
}

/// A decision, as an operator's call records it.
async fn decide(deps: &Deps, decision: InboxEvent) -> Position {
    let (InboxEvent::Retried { subscriber, .. }
    | InboxEvent::Skipped { subscriber, .. }
    | InboxEvent::Parked { subscriber, .. }) = &decision;
    let data = serde_json::from_str(decision.encode().get()).expect("JSON");
    record(deps, &decisions(subscriber), decision.kind(), &data).await
}

fn skipped(subscriber: &str, Position(position): Position) -> InboxEvent {
    let (subscriber, reason) = (subscriber.to_owned(), "a test".to_owned());
    InboxEvent::Skipped { subscriber, position, reason }
}

fn retried(subscriber: &str, Position(position): Position) -> InboxEvent {
    InboxEvent::Retried { subscriber: subscriber.to_owned(), position }
}

fn till(number: u32) -> StreamId {
    StreamId::new("till", number).expect("a name")
}

/// Something that a subscriber takes, or cannot.
pub(crate) async fn cents(deps: &Deps, number: u32, cents: Value) -> Position {
    record(deps, &till(number), "till.received", &json!({ "cents": cents })).await
}

fn entries(progress: &Progress) -> Vec<(u64, u64)> {
    progress.inbox().iter().map(|entry| (entry.position.0, entry.version.0)).collect()
}

events! { TillEvent { Received { cents: u32 } = "till.received" @ 1 } }

/// A projection that takes what it can read.
fn reads(event: &Recorded) -> Result<Option<Position>, Unfit> {
    if event.stream.category() == "till" {
        TillEvent::read(event)?;
    }
    Ok((event.stream.category() == "till").then_some(event.position))
}

/// The same after a repair: it can read everything.
#[expect(clippy::unnecessary_wraps, reason = "a projection is a function of this type")]
fn repaired(event: &Recorded) -> Result<Option<Position>, Unfit> {
    Ok((event.stream.category() == "till").then_some(event.position))
}

fn applied(world: &World) -> Vec<u64> {
    let model = world.model.lock().expect("no holder panics");
    model.applied.iter().map(|position| position.0).collect()
}

#[tokio::test(start_paused = true)]
async fn a_stream_waits_behind_what_cannot_be_read_and_goes_on_when_that_is_skipped() {
    let world = World::open().await;
    let deps = &world.deps;
    let one = world.start_with("depot.projector", reads).await;
    cents(deps, 1, json!(1)).await;
    let broken = cents(deps, 1, json!("much")).await;
    for (number, value) in [(2, json!(1)), (1, json!(2)), (2, json!(2)), (1, json!(3))] {
        one.reaches(cents(deps, number, value).await, PATIENCE).await;
    }
    assert_eq!(applied(&world), [1, 3, 5], "the other stream goes on");
    assert_eq!(entries(&one.progress), [(2, 1)]);
    assert!(one.progress.is_ready(), "it is degraded, and works");
    // Decisions about another subscriber, another entry and something unknown decide nothing.
    decide(deps, skipped("depot.reactor", broken)).await;
    decide(deps, skipped("depot.projector", Position(4))).await;
    let nothing = record(deps, &decisions("depot.projector"), "inbox.danced", &json!({})).await;
    one.reaches(nothing, PATIENCE).await;
    assert_eq!(applied(&world), [1, 3, 5]);
    // It still cannot be read.
    one.reaches(decide(deps, retried("depot.projector", broken)).await, PATIENCE).await;
    assert_eq!((applied(&world), entries(&one.progress)), (vec![1, 3, 5], vec![(2, 1)]));
    one.reaches(decide(deps, skipped("depot.projector", broken)).await, PATIENCE).await;
    assert_eq!(applied(&world), [1, 3, 5, 4, 6], "what waited, in order");
    assert_eq!(entries(&one.progress), []);
    // A decision once more decides nothing, and the stream is as any other.
    decide(deps, skipped("depot.projector", broken)).await;
    let last = cents(deps, 1, json!(4)).await;
    one.reaches(last, PATIENCE).await;
    assert_eq!(applied(&world), [1, 3, 5, 4, 6, last.0]);
}

#[tokio::test(start_paused = true)]
async fn what_waits_is_taken_up_to_the_next_event_that_cannot_be_taken() {
    let world = World::open().await;
    let deps = &world.deps;
    world.model.lock().expect("no holder panics").unfit.push(Position(5));
    let one = world.start_with("depot.projector", reads).await;
    // In one stream: what cannot be read, what does not fit, and others.
    for value in [json!(1), json!("much"), json!(3), json!(4), json!(5), json!(6), json!("more")] {
        cents(deps, 1, value).await;
    }
    let last = cents(deps, 1, json!(8)).await;
    one.reaches(last, PATIENCE).await;
    let mut expected = vec![1];
    for (entry, next, taken) in
        [(2, vec![(5, 4)], vec![3, 4]), (5, vec![(7, 6)], vec![6]), (7, vec![], vec![8])]
    {
        let at = decide(deps, skipped("depot.projector", Position(entry))).await;
        one.reaches(at, PATIENCE).await;
        expected.extend(taken);
        assert_eq!((applied(&world), entries(&one.progress)), (expected.clone(), next));
    }
}

/// A repaired program that builds the model again needs no decision; one that is retried takes everything in its order.
#[tokio::test(start_paused = true)]
async fn after_a_repair_a_retry_takes_everything_and_a_rebuilt_model_is_the_same() {
    let world = World::open().await;
    let deps = &world.deps.clone();
    let old = world.start_with("depot.projector", reads).await;
    let broken = cents(deps, 1, json!("much")).await;
    let mut last = broken;
    for (number, value) in [(1, json!(1)), (2, json!(1)), (1, json!(2))] {
        last = cents(deps, number, value).await;
    }
    old.reaches(last, PATIENCE).await;
    old.tasks.kill().await;
    let new = world.start_with("depot.projector", repaired).await;
    new.reaches(cents(deps, 1, json!(3)).await, PATIENCE).await;
    assert_eq!(applied(&world), [3], "it has been set aside, though this program can read it");
    assert_eq!(entries(&new.progress), [(1, 0)], "known after a restart");
    new.reaches(decide(deps, retried("depot.projector", broken)).await, PATIENCE).await;
    assert_eq!((applied(&world), entries(&new.progress)), (vec![3, 1, 2, 4, 5], vec![]));
    // The same program as before builds the same again, from the same log.
    let other = world.with_new_model();
    let again = other.start_with("depot.projector", reads).await;
    again.reaches(other.deps.store().head().await, PATIENCE).await;
    assert_eq!((applied(&other), entries(&again.progress)), (vec![3], vec![(1, 0)]));
    again.tasks.kill().await;
    let last = other.with_new_model();
    let fresh = last.start_with("depot.projector", repaired).await;
    fresh.reaches(last.deps.store().head().await, PATIENCE).await;
    assert_eq!((applied(&last), entries(&fresh.progress)), (vec![1, 2, 3, 4, 5], vec![]));
}
