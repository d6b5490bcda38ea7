//! Handing a request on: to a router of this process without a network in between, or over pooled connections.

use std::{net::IpAddr, time::Duration};

use axum::{
    body::Body,
    extract::Request,
    response::{IntoResponse, Response},
};
use chassis::http::{Context, Problem, TRACEPARENT, TrustedProxies, X_REQUEST_ID};
use futures_util::StreamExt;
use hyper::{
    HeaderMap, Method, Uri, Version,
    body::Body as _,
    header::{self, FORWARDED, HeaderName, HeaderValue},
    http::uri::PathAndQuery,
};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use tokio_util::sync::CancellationToken;
use tower::Service as _;

use crate::table::Target;

/// A service on the same network answers a connection at once or not at all.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// Until an answer begins. Services wait at most 2 s for a model and 2 s for a write.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// Shorter than services keep idle connections (30 s), so that none is closed just as it is used.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(15);

/// Idle connections kept per instance.
const POOL_IDLE_MAX: usize = 64;

/// How soon to come back when nobody is there.
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// Headers that concern one connection and go no further (RFC 9110, 7.6.1).
const HOP_BY_HOP: [HeaderName; 8] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::PROXY_AUTHORIZATION,
];

/// Hands requests on.
#[derive(Clone)]
pub(crate) struct Forwarder(Client<HttpConnector, Body>);

impl Forwarder {
    pub(crate) fn new() -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
        connector.set_keepalive(Some(Duration::from_secs(30)));
        let client = Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(POOL_IDLE_TIMEOUT)
            .pool_max_idle_per_host(POOL_IDLE_MAX)
            .build(connector);
        Self(client)
    }

    /// The answer of the first target that can be reached; `path` is what the service itself is asked for.
    pub(crate) async fn forward(
        &self,
        targets: &[&Target],
        mut request: Request,
        path: PathAndQuery,
    ) -> Response {
        let Some((first, others)) = targets.split_first() else { return nobody() };
        let remote = match first {
            Target::Local(router) => return local(router.clone(), request, path).await,
            Target::Remote(remote) => remote,
        };
        *request.version_mut() = Version::HTTP_11;
        let again = repeatable(&request);
        match self.remote(remote, request, &path).await {
            Ok(response) => response,
            Err(Unreached::NotConnected) => match (again, others.first()) {
                (Some(request), Some(Target::Remote(other))) => {
                    self.remote(other, request, &path).await.unwrap_or_else(|_| nobody())
                }
                (Some(request), Some(Target::Local(router))) => {
                    local((*router).clone(), request, path).await
                }
                _ => nobody(),
            },
            Err(Unreached::Unanswered) => {
                Problem::unavailable(RETRY_AFTER, "The service did not answer; it may have acted.")
                    .into_response()
            }
        }
    }

    async fn remote(
        &self,
        base: &Uri,
        mut request: Request,
        path: &PathAndQuery,
    ) -> Result<Response, Unreached> {
        let mut parts = base.clone().into_parts();
        parts.path_and_query = Some(path.clone());
        *request.uri_mut() = Uri::from_parts(parts).map_err(|_| Unreached::NotConnected)?;
        let answer = tokio::time::timeout(ANSWER_TIMEOUT, self.0.request(request)).await;
        match answer {
            Ok(Ok(response)) => Ok(response.map(Body::new)),
            Ok(Err(error)) if error.is_connect() => Err(Unreached::NotConnected),
            Ok(Err(_)) | Err(_) => Err(Unreached::Unanswered),
        }
    }
}

/// Why a remote instance gave no answer.
enum Unreached {
    /// Nothing was sent: another instance may be asked.
    NotConnected,
    /// It may have acted.
    Unanswered,
}

async fn local(mut router: axum::Router, mut request: Request, path: PathAndQuery) -> Response {
    *request.uri_mut() = Uri::from(path);
    request.extensions_mut().clear();
    let Ok(response) = router.call(request).await;
    response
}

pub(crate) fn nobody() -> Response {
    Problem::unavailable(RETRY_AFTER, "No instance of this service is ready.").into_response()
}

/// The same request, if it may be sent twice and has no body that is gone by then.
fn repeatable(request: &Request) -> Option<Request> {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD);
    if !safe || !request.body().is_end_stream() {
        return None;
    }
    let mut again = Request::new(Body::empty());
    *again.method_mut() = request.method().clone();
    *again.headers_mut() = request.headers().clone();
    Some(again)
}

/// Removes what concerns only the connection it came over.
pub(crate) fn end_to_end(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in HOP_BY_HOP.iter().chain(&named) {
        headers.remove(name);
    }
}

/// An endless answer ends with the gateway; others have the time of the shutdown to finish.
pub(crate) fn ending_with(shutdown: &CancellationToken, response: Response) -> Response {
    let kind = response.headers().get(header::CONTENT_TYPE);
    if !kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream")) {
        return response;
    }
    let ended = shutdown.clone().cancelled_owned();
    response.map(|body| Body::from_stream(body.into_data_stream().take_until(ended)))
}

/// Says on whose behalf we ask: the id and the trace of the request, and the peer it came from.
pub(crate) fn introduce(headers: &mut HeaderMap, context: &Context, proxies: &TrustedProxies) {
    if let Ok(id) = HeaderValue::from_str(context.request_id()) {
        headers.insert(X_REQUEST_ID, id);
    }
    if let Ok(trace) = HeaderValue::from_str(context.traceparent()) {
        headers.insert(TRACEPARENT, trace);
    }
    if !proxies.trusts(context.peer()) {
        // What a stranger says of others is hearsay.
        headers.remove(FORWARDED);
    }
    let hop = match context.peer() {
        IpAddr::V4(peer) => format!("for={peer};proto=http"),
        IpAddr::V6(peer) => format!("for=\"[{peer}]\";proto=http"),
    };
    if let Ok(hop) = HeaderValue::from_str(&hop) {
        headers.append(FORWARDED, hop);
    }
}
