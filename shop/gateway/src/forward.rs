//! Forwards a request: to a router of this process without a network in between, or over pooled connections.

use std::{
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context as TaskContext, Poll},
    time::Duration,
};

use axum::{
    body::Body,
    extract::Request,
    response::{IntoResponse, Response},
};
use futures_util::StreamExt;
use hyper::{
    HeaderMap, Uri, Version,
    body::{Body as _, Bytes, Frame, SizeHint},
    header::{self, HeaderName, HeaderValue},
    http::uri::PathAndQuery,
};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use kernel::sync;
use tokio_util::sync::CancellationToken;
use tower::Service as _;
use web::{BodyFault, Context, Problem, TRACEPARENT, X_REQUEST_ID};

use crate::table::Target;

/// A service on the same network answers a connection at once or not at all.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// Until an instance takes a request. The name of one that has gone may have no answer at all.
const REACH_TIMEOUT: Duration = Duration::from_secs(4);

/// Until an answer begins. Services wait at most 2 s for a model and 2 s for a write.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// Shorter than services keep idle connections (30 s), so that none is closed just as it is used.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(15);

/// Idle connections kept per instance.
const POOL_IDLE_MAX: usize = 64;

/// `Retry-After` when no instance is available.
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
    ///
    /// Another one is asked when nothing was sent, whatever it was, and when a connection broke over what only reads.
    pub(crate) async fn forward(
        &self,
        targets: &[&Target],
        mut request: Request,
        path: PathAndQuery,
        context: &Context,
    ) -> Response {
        *request.version_mut() = Version::HTTP_11;
        for target in targets {
            let remote = match target {
                Target::Local(router) => {
                    *request.uri_mut() = Uri::from(path);
                    return local(router.clone(), request, context).await;
                }
                Target::Remote(remote) => remote,
            };
            introduce(request.headers_mut(), context);
            request = match self.remote(remote, request, &path).await {
                Ok(response) => return response,
                Err(Unanswered::Again(again)) => *again,
                Err(Unanswered::TooSlow) => {
                    return Problem::from(BodyFault::TooSlow).into_response();
                }
                Err(Unanswered::Unknown) => {
                    return Problem::unavailable(
                        RETRY_AFTER,
                        "The service did not respond; it may have acted on the request.",
                    )
                    .into_response();
                }
            };
        }
        no_instance()
    }

    async fn remote(
        &self,
        base: &Uri,
        mut request: Request,
        path: &PathAndQuery,
    ) -> Result<Response, Unanswered> {
        let mut parts = base.clone().into_parts();
        parts.path_and_query = Some(path.clone());
        let Ok(uri) = Uri::from_parts(parts) else {
            return Err(Unanswered::Again(Box::new(request)));
        };
        *request.uri_mut() = uri;
        let (head, body) = request.into_parts();
        let (body, lender) = lend(body);
        let sent = Request::from_parts(head.clone(), Body::new(body));
        let mut answer = std::pin::pin!(self.0.request(sent));
        let answered = match tokio::time::timeout(REACH_TIMEOUT, &mut answer).await {
            Err(_) if !lender.is_untouched() => {
                tokio::time::timeout(ANSWER_TIMEOUT.saturating_sub(REACH_TIMEOUT), answer).await
            }
            answered => answered,
        };
        match answered {
            Ok(Ok(response)) => Ok(response.map(Body::new)),
            Ok(Err(error)) if error.is_connect() || head.method.is_safe() => {
                Err(lender.back().map_or(Unanswered::Unknown, |body| {
                    Unanswered::Again(Box::new(Request::from_parts(head, body)))
                }))
            }
            // No instance has asked for the body, so none can have acted.
            Err(_) if !lender.is_sent() => Err(lender.back().map_or(Unanswered::TooSlow, |body| {
                Unanswered::Again(Box::new(Request::from_parts(head, body)))
            })),
            Ok(Err(_)) | Err(_) => Err(Unanswered::Unknown),
        }
    }
}

/// A remote instance gave no answer.
enum Unanswered {
    /// Another one may be asked.
    Again(Box<Request>),
    /// The client had not sent all of the body by then: nothing was done.
    TooSlow,
    /// It may have acted.
    Unknown,
}

/// A request body that can be sent again until its first byte is read.
fn lend(body: Body) -> (Lent, Lender) {
    let is_sent = body.is_end_stream();
    let shared = Arc::new(Mutex::new(Shared { body, is_touched: false, is_sent }));
    (Lent(Arc::clone(&shared)), Lender(shared))
}

struct Shared {
    body: Body,
    is_touched: bool,
    is_sent: bool,
}

struct Lent(Arc<Mutex<Shared>>);

struct Lender(Arc<Mutex<Shared>>);

impl Lender {
    /// The body, unless some of it is gone.
    fn back(self) -> Option<Body> {
        let mut shared = sync::lock(&self.0);
        (!shared.is_touched).then(|| std::mem::take(&mut shared.body))
    }

    /// Whether there is a body, and none of it was asked for.
    fn is_untouched(&self) -> bool {
        let shared = sync::lock(&self.0);
        !shared.is_touched && !shared.is_sent
    }

    /// Whether all of it went out.
    fn is_sent(&self) -> bool {
        sync::lock(&self.0).is_sent
    }
}

impl hyper::body::Body for Lent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let mut shared = sync::lock(&self.0);
        shared.is_touched = true;
        let polled = Pin::new(&mut shared.body).poll_frame(cx);
        shared.is_sent |= matches!(polled, Poll::Ready(None)) || shared.body.is_end_stream();
        polled
    }

    fn is_end_stream(&self) -> bool {
        sync::lock(&self.0).body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        sync::lock(&self.0).body.size_hint()
    }
}

async fn local(mut router: axum::Router, mut request: Request, context: &Context) -> Response {
    request.extensions_mut().clear();
    context.hand_on(&mut request);
    let Ok(response) = router.call(request).await;
    response
}

pub(crate) fn no_instance() -> Response {
    Problem::unavailable(RETRY_AFTER, "No instance of this service is ready.").into_response()
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

/// Says on whose behalf we ask: the id and the trace of the request, and where it came from.
fn introduce(headers: &mut HeaderMap, context: &Context) {
    if let Ok(id) = HeaderValue::from_str(context.request_id()) {
        headers.insert(X_REQUEST_ID, id);
    }
    if let Ok(trace) = HeaderValue::from_str(context.traceparent()) {
        headers.insert(TRACEPARENT, trace);
    }
    context.forwarded().hand_on(headers);
}
