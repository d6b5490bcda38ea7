//! Traces of a real shop: one trace from the request to the invoice, in events and at a collector, which nothing ever waits for.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{KeyValue, any_value::Value as AnyValue},
};
use prost::Message as _;
use runtime::Tasks;
use rustix::process::Signal;
use serde_json::Value;
use tokio::{net::TcpListener, process::Command};

use crate::{
    run::output,
    shop::{Folder, Person, Shop, eventually, up},
};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
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

/// A collector of traces that takes what comes, or refuses it.
#[derive(Clone)]
pub(crate) struct Collector {
    pub(crate) url: String,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    refusing: AtomicBool,
    refused: AtomicBool,
    spans: Mutex<Vec<Span>>,
}

/// What is looked at of a span.
#[derive(Clone, Debug)]
pub(crate) struct Span {
    service: String,
    name: String,
    trace: String,
    id: String,
    parent: String,
}

impl Collector {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let seen = Arc::<Seen>::default();
        let router = Router::new().route("/v1/traces", post(take)).with_state(Arc::clone(&seen));
        Tasks::new().spawn("collector", async move {
            axum::serve(listener, router).await.expect("it keeps serving");
        });
        Self { url, seen }
    }

    /// The spans of the trace of these tests, so far.
    pub(crate) fn spans(&self) -> Vec<Span> {
        let spans = self.seen.spans.lock().unwrap_or_else(PoisonError::into_inner);
        spans.iter().filter(|span| span.trace == TRACE).cloned().collect()
    }
}

async fn take(State(seen): State<Arc<Seen>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    assert_eq!(headers["content-type"], "application/x-protobuf");
    if seen.refusing.load(Ordering::Relaxed) {
        seen.refused.store(true, Ordering::Relaxed);
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    let request = ExportTraceServiceRequest::decode(body).expect("a request in protobuf");
    for of_resource in request.resource_spans {
        let service = text(&of_resource.resource.expect("a resource").attributes, "service.name");
        let spans = of_resource.scope_spans.into_iter().flat_map(|of_scope| of_scope.spans);
        seen.spans.lock().expect("no thread panics").extend(spans.map(|span| {
            assert!(span.end_time_unix_nano >= span.start_time_unix_nano, "{span:?}");
            Span {
                service: service.clone(),
                name: span.name,
                trace: hex(&span.trace_id),
                id: hex(&span.span_id),
                parent: hex(&span.parent_span_id),
            }
        }));
    }
    StatusCode::OK
}

fn text(attributes: &[KeyValue], key: &str) -> String {
    let found = attributes.iter().find(|attribute| attribute.key == key);
    match found.and_then(|found| found.value.clone()?.value) {
        Some(AnyValue::StringValue(text)) => text,
        other => panic!("no text as {key}: {other:?}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    let mut hex = String::new();
    for byte in bytes {
        write!(hex, "{byte:02x}").expect("a text takes all");
    }
    hex
}

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
    is_a_tree(&collector.spans(), &events);
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
    assert_eq!(collector.spans().len(), 0);
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
    eventually("its spans arrive", async || (!collector.spans().is_empty()).then_some(())).await;
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
