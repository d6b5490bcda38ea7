//! What is known of a request before anything of it is understood: its id, its trace, who asked, and the time.

use std::{net::IpAddr, sync::Arc};

use axum::{extract::FromRequestParts, http::request::Parts};
use hyper::{
    HeaderMap,
    header::{HeaderName, HeaderValue},
    http::Extensions,
};
use kernel::{Actor, Idempotency, Ids, Metadata, Timestamp};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{Border, Problem, idempotency};

/// The id of a request, kept from the client if it is sane.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The trace a request belongs to (W3C Trace Context).
pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// The context of one request. A cheap clone; an extractor in every handler of a finished service.
#[derive(Clone)]
pub struct Context(Arc<Inner>);

struct Inner {
    request_id: HeaderValue,
    traceparent: Arc<str>,
    client: IpAddr,
    peer: IpAddr,
    border: Arc<Border>,
}

impl Context {
    pub(super) fn new(border: &Arc<Border>, headers: &HeaderMap, peer: IpAddr) -> Self {
        Self(Arc::new(Inner {
            request_id: request_id(border, headers),
            traceparent: traceparent(&border.ids, headers),
            peer,
            client: border.proxies.client(peer, headers),
            border: Arc::clone(border),
        }))
    }

    /// The context that the border has put beside a request.
    pub(crate) fn of(extensions: &Extensions) -> Result<&Self, Problem> {
        extensions
            .get()
            .ok_or_else(|| Problem::internal("the router was not finished by its Service"))
    }

    /// The id under which the request stands in the log.
    #[must_use]
    pub fn request_id(&self) -> &str {
        self.0.request_id.to_str().unwrap_or_default()
    }

    pub(super) fn request_id_header(&self) -> HeaderValue {
        self.0.request_id.clone()
    }

    #[must_use]
    pub fn traceparent(&self) -> &Arc<str> {
        &self.0.traceparent
    }

    /// The address of who asked, seen through trusted proxies.
    #[must_use]
    pub fn client(&self) -> IpAddr {
        self.0.client
    }

    /// The other end of the connection, whoever it speaks for.
    #[must_use]
    pub fn peer(&self) -> IpAddr {
        self.0.peer
    }

    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.0.border.clock.now()
    }

    /// Ends when the service does; streams of answers end with it.
    #[must_use]
    pub fn shutdown(&self) -> &CancellationToken {
        &self.0.border.shutdown
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
        idempotency.map_or_else(|| self.0.border.ids.uuid(self.now()), super::derived_id)
    }

    pub(crate) fn border(&self) -> &Border {
        &self.0.border
    }

    pub(super) fn body_limit_bytes(&self) -> usize {
        self.0.border.body_limit_bytes
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Context {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Self::of(&parts.extensions).cloned()
    }
}

fn request_id(border: &Border, headers: &HeaderMap) -> HeaderValue {
    let sane = |value: &&HeaderValue| {
        (1..=128).contains(&value.len()) && value.as_bytes().iter().all(u8::is_ascii_graphic)
    };
    headers.get(X_REQUEST_ID).filter(sane).cloned().unwrap_or_else(|| {
        let id = border.ids.uuid(border.clock.now()).to_string();
        HeaderValue::try_from(id).expect("a UUID is visible ASCII")
    })
}

fn traceparent(ids: &Ids, headers: &HeaderMap) -> Arc<str> {
    let given = headers.get(TRACEPARENT).and_then(|value| value.to_str().ok());
    if let Some(given) = given.filter(|given| is_traceparent(given)) {
        return given.into();
    }
    let [high, low, span] = [ids.bytes(), ids.bytes(), ids.bytes()].map(u64::from_le_bytes);
    format!("00-{high:016x}{low:016x}-{span:016x}-01").into()
}

/// Version 00: `00-`, 32 hex digits of the trace, 16 of the parent, 2 of flags; neither id all zeros.
fn is_traceparent(text: &str) -> bool {
    let mut parts = text.split('-');
    let mut hex = |length: usize| {
        let lower = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        parts.next().filter(|part| part.len() == length && part.bytes().all(lower))
    };
    let version = hex(2) == Some("00");
    let trace = hex(32).is_some_and(|id| id.bytes().any(|byte| byte != b'0'));
    let parent = hex(16).is_some_and(|id| id.bytes().any(|byte| byte != b'0'));
    let flags = hex(2).is_some();
    version && trace && parent && flags && parts.next().is_none()
}
