//! What led to an event and what followed from it.

use std::{collections::BTreeMap, sync::Arc};

use contracts::{
    order::{CATEGORY, DEADLINE_REACTOR},
    rest::{causation::Causation, events::RecordedEvent},
};
use identity::Role;
use kernel::{Actor, Cause, Metadata, Position, StreamId};
use runtime::{Tasks, event_store::Figures};
use serde_json::value::RawValue;
use testing::{Answer, Shop, Testbed};
use testkit::Dice;
use uuid::Uuid;
use web::Service;

/// The request that most events here belong to.
const REQUEST: Uuid = Uuid::from_u128(7);

async fn service(bed: &Testbed) -> Service {
    let reader = Arc::new(bed.reader.clone());
    let beside = crate::beside(&bed.deps, bed.database("causes"));
    let service = events::service(&bed.deps, reader, &Figures::default(), None, beside).await;
    service.expect("the index opens")
}

async fn open() -> Shop {
    Shop::open("events", Tasks::inline(), service).await
}

/// Records an event of `stream` by `actor`, which reacts to `cause` if there is one.
async fn record(shop: &Shop, stream: &str, actor: Actor, cause: Option<Position>) -> Position {
    record_for(shop, REQUEST, stream, actor, cause).await
}

async fn record_for(
    shop: &Shop,
    request: Uuid,
    stream: &str,
    actor: Actor,
    cause: Option<Position>,
) -> Position {
    let stream = StreamId::parse(stream).expect("a stream's name");
    let kind = format!("{}.happened", stream.category());
    let cause = cause.map(|position| Cause { reactor: stream.category().into(), position });
    let metadata = Metadata { cause, ..Metadata::of(actor, request) };
    let data = RawValue::from_string("{}".to_owned()).expect("JSON");
    shop.record_raw(stream, &kind, 1, data, metadata).await
}

fn person() -> Actor {
    contracts::actor::customer(Uuid::from_u128(1))
}

fn reactor() -> Actor {
    Actor::reactor("some")
}

async fn ask(shop: &Shop, query: &str) -> Answer {
    shop.ask_as(Role::Manager, "GET", &format!("/read-causation?{query}")).send().await
}

async fn why(shop: &Shop, query: &str) -> Causation {
    serde_json::from_value(ask(shop, query).await.ok()).expect("a causation")
}

fn at(events: &[RecordedEvent]) -> Vec<Position> {
    events.iter().map(|event| Position(event.position)).collect()
}

#[tokio::test(start_paused = true)]
async fn an_event_leads_back_to_its_causes_and_on_to_what_followed_in_every_service() {
    let shop = open().await;
    let before = record_for(&shop, Uuid::from_u128(1), "product-1", person(), None).await;
    let placed = record(&shop, "order-1", person(), None).await;
    let reserved = record(&shop, "product-1", reactor(), Some(placed)).await;
    record_for(&shop, Uuid::from_u128(2), "order-2", person(), None).await;
    let credit = record(&shop, "customer-1", reactor(), Some(placed)).await;
    let finalized = record(&shop, "order-1", reactor(), Some(credit)).await;
    let invoiced = record(&shop, "accounting-invoices", reactor(), Some(finalized)).await;
    let found = why(&shop, &format!("Position={credit}")).await;
    assert_eq!(found.event.position, credit.0);
    assert_eq!((at(&found.causes), at(&found.followed)), (vec![placed], vec![finalized, invoiced]));
    assert!(!found.more && found.indexed_to == invoiced.0 && found.same_request.is_empty());
    let found = why(&shop, &format!("Correlation={REQUEST}")).await;
    assert_eq!(found.event.position, placed.0, "the request is its first event");
    assert_eq!(at(&found.followed), [reserved, credit, finalized, invoiced]);
    let found = why(&shop, &format!("Position={before}")).await;
    assert!(found.causes.is_empty() && found.followed.is_empty());
    let few = why(&shop, &format!("Position={placed}&Limit=2")).await;
    assert_eq!((at(&few.followed), few.more), (vec![reserved, credit], true));
}

#[tokio::test(start_paused = true)]
async fn the_trace_of_a_line_of_the_log_leads_to_what_the_request_caused() {
    let shop = open().await;
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let traceparent = format!("00-{trace}-00f067aa0ba902b7-01");
    let data = || RawValue::from_string("{}".to_owned()).expect("JSON");
    let begin = Metadata {
        traceparent: Some(traceparent.as_str().into()),
        ..Metadata::of(person(), REQUEST)
    };
    record_for(&shop, Uuid::from_u128(1), "product-1", person(), None).await;
    let stream = StreamId::parse("order-1").expect("a stream's name");
    let placed = shop.record_raw(stream, "order.happened", 1, data(), begin).await;
    let reserved = record(&shop, "product-1", reactor(), Some(placed)).await;
    let found = why(&shop, &format!("Trace={trace}")).await;
    assert_eq!((found.event.position, at(&found.followed)), (placed.0, vec![reserved]));
    ask(&shop, "Trace=4bf92f3577b34da6a3ce929d0e0e4737").await.problem(404);
    for odd in ["Trace=%2bbf92f3577b34da6a3ce929d0e0e4736", "Trace=tea"] {
        assert_eq!(ask(&shop, odd).await.problem(422), ["Trace"], "{odd}");
    }
    let both = format!("Trace={trace}&Correlation={REQUEST}");
    assert_eq!(ask(&shop, &both).await.problem(422), ["Position"]);
}

#[tokio::test(start_paused = true)]
async fn what_a_service_did_by_itself_at_a_deadline_followed_from_what_began_it() {
    let shop = open().await;
    let order = format!("{CATEGORY}-1");
    let placed = record(&shop, &order, person(), None).await;
    let other = record(&shop, "order-2", person(), None).await;
    let denied = record(&shop, &order, Actor::reactor(DEADLINE_REACTOR), None).await;
    let released = record(&shop, "product-1", reactor(), Some(denied)).await;
    let found = why(&shop, &format!("Position={placed}")).await;
    assert_eq!(at(&found.followed), [denied, released]);
    assert_eq!(at(&found.same_request), [other], "a second order under the id of one request");
    let found = why(&shop, &format!("Position={released}")).await;
    assert_eq!(at(&found.causes), [placed, denied]);
}

#[tokio::test(start_paused = true)]
async fn a_cause_that_is_not_before_its_event_is_none() {
    let shop = open().await;
    let first = record(&shop, "order-1", reactor(), Some(Position(2))).await;
    let itself = record(&shop, "order-2", reactor(), Some(Position(2))).await;
    let zero = record(&shop, "order-3", reactor(), Some(Position(0))).await;
    for position in [first, itself, zero] {
        let found = why(&shop, &format!("Position={position}")).await;
        assert!(found.causes.is_empty() && found.followed.is_empty(), "{found:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_asks_for_nothing_or_for_what_is_not_there_is_told_so() {
    let shop = open().await;
    record(&shop, "order-1", person(), None).await;
    for query in ["", &format!("Position=1&Correlation={REQUEST}")] {
        assert_eq!(ask(&shop, query).await.problem(422), ["Position"], "{query}");
    }
    let unknown = format!("Correlation={}", Uuid::from_u128(8));
    for query in ["Position=0", "Position=2", "Position=9007199254740991", &unknown] {
        ask(&shop, query).await.problem(404);
    }
    shop.ask_as(Role::Customer, "GET", "/read-causation?Position=1").send().await.problem(403);
}

#[tokio::test(start_paused = true)]
async fn in_any_log_exactly_what_followed_by_recorded_causes_is_found() {
    for seed in 0..4 {
        let (dice, mut shop) = (Dice::new(seed), open().await);
        let mut causes = BTreeMap::new();
        for number in 1..=60_u64 {
            let cause = (number > 1 && dice.happens(800)).then(|| Position(dice.within(1..number)));
            let (request, stream) = (Uuid::from_u128(number.into()), format!("thing-{number}"));
            let position = record_for(&shop, request, &stream, person(), cause).await;
            causes.insert(position, cause);
            if number == 30 {
                shop = shop.reopened(service).await;
            }
        }
        let follows = |later: Position, from: Position| {
            let chain = std::iter::successors(Some(later), |at| causes.get(at).copied().flatten());
            later != from && chain.skip(1).any(|cause| cause == from)
        };
        for position in causes.keys().copied() {
            let found = why(&shop, &format!("Position={position}&Limit=500")).await;
            let positions = || causes.keys().copied();
            let after: Vec<_> = positions().filter(|later| follows(*later, position)).collect();
            let before: Vec<_> = positions().filter(|first| follows(position, *first)).collect();
            assert_eq!((at(&found.followed), at(&found.causes)), (after, before), "seed {seed}");
        }
    }
}
