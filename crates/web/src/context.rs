//! What is known of a request before it is parsed: its id, its trace, the client, and the time.

use std::{
    net::{IpAddr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use axum::{
    extract::{ConnectInfo, FromRequestParts, Request},
    http::{HeaderMap, header::CONTENT_LENGTH, request::Parts},
};
use hyper::{
    header::{HeaderName, HeaderValue},
    http::Extensions,
};
use kernel::{Actor, Idempotency, Metadata, Timestamp};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    ClientAddress, Forwarded, HttpConfig, Problem, config::FILE_BYTES_MAX, content::is_json,
    idempotency,
};
use runtime::{trace, trace::Kind, trace::Open, trace::Traceparent};

/// The id of a request, kept from the client if it is 1 to 128 visible ASCII characters.
///
/// The correlation of the events that come of the request follows from it, so that a client finds them by an id of its own. It is a
/// name, not a proof: two requests may have the same, and nothing is decided by it.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The trace a request belongs to (W3C Trace Context).
pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// The context of one request. A cheap clone; an extractor in every handler of a finished service.
#[derive(Clone)]
pub struct Context(Arc<Inner>);

struct Inner {
    request_id: HeaderValue,
    traceparent: Arc<str>,
    forwarded: Forwarded,
    /// Whether a token was checked, and holds.
    admitted: AtomicBool,
    http: Arc<HttpConfig>,
}

impl Inner {
    fn parse(http: &Arc<HttpConfig>, request: &Request) -> Self {
        let headers = request.headers();
        let place = given(headers).unwrap_or_else(|| Traceparent::new(&http.ids));
        Self {
            request_id: request_id(http, headers),
            traceparent: place.to_string().into(),
            forwarded: http.proxies.seen(peer(request), headers),
            admitted: AtomicBool::new(false),
            http: Arc::clone(http),
        }
    }
}

/// Beside a request from another service of this process: its context there, so that nothing is written into headers only to be
/// parsed again.
#[derive(Clone)]
struct Before(Context);

impl Context {
    /// The context of a request; and the span of the work on it, if it is `traced` here.
    pub(super) fn begin(
        http: &Arc<HttpConfig>,
        request: &mut Request,
        traced: bool,
    ) -> (Self, Option<Open>) {
        let before = request.extensions_mut().remove::<Before>();
        let mut context = match &before {
            Some(Before(before)) => Inner {
                request_id: before.request_id_header(),
                traceparent: Arc::clone(before.traceparent()),
                forwarded: before.forwarded().within_process(),
                admitted: AtomicBool::new(false),
                http: Arc::clone(http),
            },
            None => Inner::parse(http, request),
        };
        // The first place of a trace is its request's own: there is none above it.
        let is_first = before.is_none() && given(request.headers()).is_none();
        let span = if !traced {
            None
        } else if is_first {
            http.traces.begin(Kind::Request)
        } else {
            http.traces.below(&context.traceparent, Kind::Request)
        };
        if let Some(span) = &span {
            context.traceparent = span.traceparent();
        }
        (Self(Arc::new(context)), span)
    }

    /// Hands the context on with a request to another service of this process.
    pub fn hand_on(&self, request: &mut Request) {
        request.extensions_mut().insert(Before(self.clone()));
    }

    /// The context that the middleware has put beside a request.
    pub(crate) fn of(extensions: &Extensions) -> Result<&Self, Problem> {
        extensions
            .get()
            .ok_or_else(|| Problem::internal("the router was not finished by its Service"))
    }

    /// The id of the request in the log.
    #[must_use]
    pub fn request_id(&self) -> &str {
        self.0.request_id.to_str().unwrap_or_default()
    }

    pub(super) fn request_id_header(&self) -> HeaderValue {
        self.0.request_id.clone()
    }

    /// The place in the trace of what follows from the request.
    #[must_use]
    pub fn traceparent(&self) -> &Arc<str> {
        &self.0.traceparent
    }

    /// The id of the trace, also in the log.
    #[must_use]
    pub fn trace_id(&self) -> &str {
        trace::trace_id(&self.0.traceparent).unwrap_or_default()
    }

    /// The address of who asked, seen through trusted proxies.
    #[must_use]
    pub fn client(&self) -> IpAddr {
        self.0.forwarded.client
    }

    /// The client as limits count it; none if only trusted proxies took part in the request.
    #[must_use]
    pub fn client_address(&self) -> Option<ClientAddress> {
        self.0.forwarded.address()
    }

    /// What trusted proxies say of the request, to be forwarded.
    #[must_use]
    pub fn forwarded(&self) -> &Forwarded {
        &self.0.forwarded
    }

    /// Takes note that the request's token holds.
    pub(crate) fn admit(&self) {
        self.0.admitted.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_admitted(&self) -> bool {
        self.0.admitted.load(Ordering::Relaxed)
    }

    /// The other end of the connection, which may be a proxy.
    #[must_use]
    pub fn peer(&self) -> IpAddr {
        self.0.forwarded.peer
    }

    /// The time now, by the service's clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.0.http.clock.now()
    }

    /// Ends when the service does; streams of answers end with it.
    #[must_use]
    pub fn shutdown(&self) -> &CancellationToken {
        &self.0.http.shutdown
    }

    /// What `actor` asks for here, for the events that come of it. The correlation follows from the request's id alone.
    #[must_use]
    pub fn metadata(&self, actor: Actor, idempotency: Option<Idempotency>) -> Metadata {
        let correlation = Uuid::parse_str(self.request_id())
            .unwrap_or_else(|_| idempotency::digest("request-id", &[self.request_id().as_bytes()]));
        let traceparent = Some(Arc::clone(&self.0.traceparent));
        Metadata { traceparent, idempotency, ..Metadata::of(actor, correlation) }
    }

    /// The id of what this request creates: a fresh one, or with a key the same whenever the request comes again.
    #[must_use]
    pub fn created_id(&self, idempotency: Option<&Idempotency>) -> Uuid {
        idempotency.map_or_else(|| self.0.http.ids.uuid(self.now()), super::derived_id)
    }

    /// Configuration of the service's HTTP side.
    pub fn http(&self) -> &HttpConfig {
        &self.0.http
    }

    pub(super) fn body_limit_bytes(&self) -> usize {
        self.0.http.body_limit_bytes
    }

    /// 413 for a request that announces more than any call accepts: of JSON, or of a file. Checked before forwarding: a client that is
    /// still sending may never read the response.
    pub fn check_announced_length(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let limit_bytes = if is_json(headers) { self.body_limit_bytes() } else { FILE_BYTES_MAX };
        let announced = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
        if announced.and_then(|length| length.parse::<usize>().ok()) > Some(limit_bytes) {
            return Err(Problem::too_large(limit_bytes));
        }
        Ok(())
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Context {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Self::of(&parts.extensions).cloned()
    }
}

fn request_id(http: &HttpConfig, headers: &HeaderMap) -> HeaderValue {
    let sane = |value: &&HeaderValue| {
        (1..=128).contains(&value.len()) && value.as_bytes().iter().all(u8::is_ascii_graphic)
    };
    headers.get(X_REQUEST_ID).filter(sane).cloned().unwrap_or_else(|| {
        let id = http.ids.uuid(http.clock.now()).to_string();
        HeaderValue::try_from(id).expect("a UUID is visible ASCII")
    })
}

/// The trace context that the client has sent.
fn given(headers: &HeaderMap) -> Option<Traceparent> {
    Traceparent::parse(headers.get(TRACEPARENT)?.to_str().ok()?)
}

/// The other end of the connection; none for a request from within this process.
pub fn peer(request: &Request) -> Option<IpAddr> {
    request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip())
}
