//! A collector of traces, as a server of its own.

use std::{
    fmt::Write as _,
    sync::{
        Arc, Mutex,
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
use kernel::sync;
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{KeyValue, any_value::Value as AnyValue},
};
use prost::Message as _;
use runtime::Tasks;
use tokio::net::TcpListener;

/// A collector of traces that takes what comes, or refuses it.
#[derive(Clone)]
pub(crate) struct Collector {
    pub(crate) url: String,
    pub(crate) seen: Arc<Seen>,
}

#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) refusing: AtomicBool,
    pub(crate) refused: AtomicBool,
    pub(crate) spans: Mutex<Vec<Span>>,
}

/// What is looked at of a span.
#[derive(Clone, Debug)]
pub(crate) struct Span {
    pub(crate) service: String,
    pub(crate) name: String,
    pub(crate) trace: String,
    pub(crate) id: String,
    pub(crate) parent: String,
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

    /// The spans of a trace, so far.
    pub(crate) fn spans(&self, trace: &str) -> Vec<Span> {
        let spans = sync::lock(&self.seen.spans);
        spans.iter().filter(|span| span.trace == trace).cloned().collect()
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
