//! Traces of a real shop: one trace from the request to the invoice, in events and at a collector, which nothing ever waits for.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::Ordering,
};

use rustix::process::Signal;
use serde_json::Value;
use tokio::{net::TcpListener, process::Command};

use crate::{
    collector::{Collector, Span},
    run::output,
    shop::{Folder, Person, Shop, eventually, up},
};

pub(crate) const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
/// The span that the orders of these tests follow from.
const PARENT: &str = "00f067aa0ba902b7";

/// The types of the events of a finalized order, wherever they stand.
pub(crate) const SAGA: [&str; 8] = [
    "accounting.invoice-issued",
    "customer.credit-debited",
    "customer.credit-reserved",
    "order.approved",
    "order.finalized",
    "order.placed",
    "product.stock-committed",
    "product.stock-reserved",
];

/// The `traceparent` of these tests, with these flags.
pub(crate) fn traceparent(flags: &str) -> String {
    format!("00-{TRACE}-{PARENT}-{flags}")
}

/// A shop that sends its traces there.
async fn exporting(folder: &Folder, endpoint: &str) -> Shop {
    folder
        .up_with(|command| {
            command.env("AGORA_OTLP_ENDPOINT", endpoint);
        })
        .await
}

/// A customer in a shop that has a lamp, and the lamp.
async fn with_a_lamp(shop: &Shop) -> (Person, String) {
    let manager = shop.manager().await;
    manager.add_customers(&["lea"], "1000").await;
    let lamp = manager.add_products(&["Lamp"], ("9.99", 100)).await.remove(0);
    (manager, lamp)
}

/// Places an order with this `traceparent` and returns when it is invoiced.
async fn order(manager: &Person, lamp: &str, traceparent: &str) -> String {
    let order = manager.traced(traceparent).order(lamp, "lea").await;
    manager.ended_orders().await;
    order
}

/// All events of the trace of these tests.
pub(crate) async fn events(manager: &Person) -> Vec<Value> {
    let mut events = manager.events().await;
    events.retain(|event| event["Traceparent"].as_str().is_some_and(|text| text.contains(TRACE)));
    events
}

pub(crate) fn types(events: &[Value]) -> BTreeSet<&str> {
    events.iter().filter_map(|event| event["Type"].as_str()).collect()
}

#[tokio::test]
async fn a_request_and_all_that_follows_from_it_is_one_trace() {
    is_one_trace(|_| {}).await;
}

#[tokio::test]
async fn over_a_broker_it_is_one_trace_too() {
    let broker = servers::RabbitMq::shared();
    let vhost = broker.vhost().expect("a virtual host");
    let url = broker.url(&vhost);
    is_one_trace(|command| {
        command.env("AGORA_BUS", url);
    })
    .await;
}

async fn is_one_trace(change: impl FnOnce(&mut Command)) {
    let (collector, folder) = (Collector::start().await, Folder::new());
    let shop = folder
        .up_with(|command| {
            command.env("AGORA_OTLP_ENDPOINT", &collector.url).env("AGORA_LOG_LEVEL", "debug");
            change(command);
        })
        .await;
    let (manager, lamp) = with_a_lamp(&shop).await;
    let order = order(&manager, &lamp, &traceparent("01")).await;

    let recorded = manager.list(&format!("/events/read-stream?Stream=order-{order}")).await;
    assert_eq!(
        types(&recorded),
        BTreeSet::from(["order.approved", "order.finalized", "order.placed"])
    );
    for event in recorded {
        let place = event["Traceparent"].as_str().expect("a trace");
        assert!(place.starts_with(&format!("00-{TRACE}-")), "{event}");
    }
    let events = events(&manager).await;
    assert_eq!(types(&events), BTreeSet::from(SAGA));
    let shown = shop.tool(&["order", &order]).await.expect_code(0);
    assert!(shown.stdout.contains(&format!("\nTrace {TRACE}\n")), "{}", shown.stdout);
    let shown = shop.tool(&["order", &order, "--json"]).await.expect_code(0);
    assert_eq!(shown.json()["TraceId"], TRACE);

    // The last spans are sent before the process ends.
    let folder = shop.down().await;
    let shown = folder.tool(&["order", &order]).await.expect_code(0);
    assert!(shown.stdout.starts_with(&format!("Trace {TRACE}\n")), "{}", shown.stdout);
    is_a_tree(&collector.spans(TRACE), &events);
    logs_name_it(&folder.log());
}

/// Every span follows from another one, the first from what the request named, and every event from a span.
#[track_caller]
pub(crate) fn is_a_tree(spans: &[Span], events: &[Value]) {
    let by_id: BTreeMap<&str, &Span> = spans.iter().map(|span| (&*span.id, span)).collect();
    assert_eq!(by_id.len(), spans.len(), "no span twice: {spans:#?}");
    let done: BTreeSet<(&str, &str, &str)> = spans
        .iter()
        .map(|span| {
            let cause = by_id.get(&*span.parent).map_or("", |cause| &cause.name);
            assert!(!cause.is_empty() || span.parent == PARENT, "follows from nothing: {span:?}");
            (&*span.service, &*span.name, cause)
        })
        .collect();
    for expected in [
        ("gateway", "POST /order", ""),
        ("order", "POST /place-order", "POST /order"),
        ("order", "append order", "POST /place-order"),
        ("product", "react to order.placed", "POST /place-order"),
        ("product", "append product", "react to order.placed"),
        ("customer", "react to order.placed", "POST /place-order"),
        ("customer", "append customer", "react to order.placed"),
        ("order", "append order", answer(&done)),
        ("product", "react to order.finalized", answer(&done)),
        ("customer", "react to order.finalized", answer(&done)),
        ("accounting", "react to order.finalized", answer(&done)),
        ("accounting", "append accounting", "react to order.finalized"),
    ] {
        assert!(done.contains(&expected), "{expected:?} is not among {done:#?}");
    }
    for event in events {
        let span = event["Traceparent"].as_str().and_then(|place| place.get(36..52));
        assert!(by_id.contains_key(span.expect("a span")), "no span recorded {event}");
    }
}

/// The answer that came last: the one that the order service reacted to.
fn answer<'a>(done: &BTreeSet<(&'a str, &'a str, &'a str)>) -> &'a str {
    let reactions = ["react to product.stock-reserved", "react to customer.credit-reserved"];
    let reacted =
        |(service, name, _): &&(&str, &str, &str)| *service == "order" && reactions.contains(name);
    done.iter().find(reacted).expect("the order service reacted").1
}

#[track_caller]
fn logs_name_it(log: &str) {
    for line in ["POST /order 202", "POST /place-order 202", "placed:", "has invoice"] {
        let named = |logged: &&str| logged.contains(line) && logged.contains(TRACE);
        assert!(
            log.lines().any(|logged| named(&logged)),
            "no line of {line:?} names the trace:\n{log}"
        );
    }
}

#[tokio::test]
async fn what_is_not_to_be_exported_is_not_and_is_one_trace_in_the_events() {
    let (collector, folder) = (Collector::start().await, Folder::new());
    let shop = exporting(&folder, &collector.url).await;
    let (manager, lamp) = with_a_lamp(&shop).await;
    order(&manager, &lamp, &traceparent("00")).await;
    let events = events(&manager).await;
    assert_eq!(types(&events), BTreeSet::from(SAGA));
    shop.down().await;
    assert_eq!(collector.spans(TRACE).len(), 0);
    let others = collector.seen.spans.lock().expect("no thread panics").len();
    assert!(others > 0, "requests that name no trace begin one");
}

#[tokio::test]
async fn without_a_collector_the_trace_is_handed_on_as_it_came() {
    let shop = Shop::start().await;
    let (manager, lamp) = with_a_lamp(&shop).await;
    order(&manager, &lamp, &traceparent("01")).await;
    let events = events(&manager).await;
    assert_eq!(types(&events), BTreeSet::from(SAGA));
    assert!(events.iter().all(|event| event["Traceparent"] == traceparent("01")), "{events:#?}");
    shop.down().await;
}

#[tokio::test]
async fn a_collector_that_is_away_or_hangs_hinders_nothing_and_is_told_of_once() {
    let away = format!("http://127.0.0.1:{}", servers::free_port().expect("a port"));
    // The OS accepts connections, but they are never read.
    let hanging = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let hangs = format!("http://{}", hanging.local_addr().expect("an address"));
    for endpoint in [away, hangs] {
        let folder = Folder::new();
        let shop = exporting(&folder, &endpoint).await;
        let (manager, lamp) = with_a_lamp(&shop).await;
        order(&manager, &lamp, &traceparent("01")).await;
        let told = || folder.log().matches("spans are dropped until").count();
        eventually("it is said", async || (told() > 0).then_some(())).await;
        for _ in 0..3 {
            order(&manager, &lamp, &traceparent("01")).await;
        }
        let (status, _) = shop.stop(Signal::TERM).await;
        assert!(status.success(), "{status}: {}", folder.log());
        assert_eq!(told(), 1, "{}", folder.log());
        assert!(!folder.log().contains("did not finish in time"), "{}", folder.log());
    }
}

#[tokio::test]
async fn a_collector_that_comes_back_is_sent_what_happens_from_then_on() {
    let (collector, folder) = (Collector::start().await, Folder::new());
    collector.seen.refusing.store(true, Ordering::Relaxed);
    let shop = exporting(&folder, &collector.url).await;
    let (manager, lamp) = with_a_lamp(&shop).await;
    eventually("spans are refused", async || {
        collector.seen.refused.load(Ordering::Relaxed).then_some(())
    })
    .await;
    collector.seen.refusing.store(false, Ordering::Relaxed);
    order(&manager, &lamp, &traceparent("01")).await;
    eventually("its spans arrive", async || (!collector.spans(TRACE).is_empty()).then_some(()))
        .await;
    shop.down().await;
    for said in ["spans are dropped until", "accepts spans again"] {
        assert_eq!(folder.log().matches(said).count(), 1, "{said}: {}", folder.log());
    }
}

#[tokio::test]
async fn an_endpoint_that_is_none_is_refused_in_one_sentence() {
    for (endpoint, expected) in [
        (
            "localhost:4318",
            "is not the address of an OTLP collector, such as http://127.0.0.1:4318",
        ),
        ("grpc://localhost:4317", "is not the address of an OTLP collector"),
        ("https://collector", "cannot be used with TLS"),
    ] {
        let folder = Folder::new();
        let mut command = up(&folder.data());
        let ran = output(command.args(["--otlp-endpoint", endpoint])).await.expect_code(1);
        assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
        assert!(ran.stderr.contains("otlp-endpoint"), "{}", ran.stderr);
        assert!(ran.stderr.contains(expected), "{}", ran.stderr);
        assert!(!folder.data().exists(), "a refused start changes nothing");
    }
}
