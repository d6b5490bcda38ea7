//! Headers of calls to the gateway about the original request: its id, its trace, and the visitor's address.

use axum::extract::Request;
use hyper::{HeaderMap, header::HeaderValue};
use web::{Forwarded, TRACEPARENT, X_REQUEST_ID};

/// The headers that go on with every call.
pub(crate) fn handed_on(
    request: &Request,
    request_id: &HeaderValue,
    forwarded: &Forwarded,
) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(X_REQUEST_ID, request_id.clone());
    if let Some(trace) = request.headers().get(TRACEPARENT) {
        headers.insert(TRACEPARENT, trace.clone());
    }
    forwarded.hand_on(&mut headers);
    headers
}
