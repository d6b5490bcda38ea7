//! What a line of the log says of a request, its correlation or its trace, leads to what the request caused.

use axum::{
    Json, Router,
    extract::Request,
    response::{IntoResponse as _, Response},
    routing::get,
};
use hyper::StatusCode;
use serde_json::json;

use crate::stub::{Asked, Manager, event, event_of};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CORRELATION: &str = "01a20726-0000-7000-8000-000000000002";

/// Knows one request, by its correlation and its trace.
async fn causation(request: Request) -> Response {
    let query = request.uri().query().unwrap_or_default();
    let known = [format!("Correlation={CORRELATION}"), format!("Trace={TRACE}")];
    if !known.iter().any(|known| query.starts_with(known.as_str())) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let followed = event_of(10, "product.stock-reserved");
    let found = json!({
        "Event": event(), "Causes": [], "Followed": [followed], "SameRequest": [], "More": false, "IndexedTo": 10,
    });
    Json(found).into_response()
}

#[tokio::test]
async fn a_correlation_and_a_trace_are_found_by_the_search_and_by_the_filter_of_events() {
    let gateway = Router::new().route("/events/read-causation", get(causation));
    let mut manager = Manager::over(&Asked::default(), gateway).await;
    for id in [CORRELATION, TRACE] {
        let found = manager.get(&format!("/search?q={id}")).await;
        assert!(found.contains("id=\"request-why\" href=\"/events/9/why\""), "{id}: {found}");
        let listed = manager.get(&format!("/events?request={id}")).await;
        for position in ["/events/9\"", "/events/10\""] {
            assert!(listed.contains(position), "{id}: {position}: {listed}");
        }
        let graph = format!("id=\"request-why\" href=\"/why/request/{id}\"");
        assert!(listed.contains(&graph), "{id}: {listed}");
        let some = manager.get(&format!("/events?request={id}&type=order.placed")).await;
        assert!(some.contains("/events/9\"") && !some.contains("/events/10\""), "{id}: {some}");
    }
    let unknown = TRACE.replace('4', "5");
    let found = manager.get(&format!("/search?q={unknown}")).await;
    assert!(!found.contains("request-why"), "{found}");
    let listed = manager.get(&format!("/events?request={unknown}")).await;
    assert!(listed.contains("not the correlation or trace of a recorded event"), "{listed}");
}
