//! Server-sent events: endless responses with keep-alive that can be resumed, and end with the service or the caller's session.

use std::{fmt::Display, sync::Arc, time::Duration};

use axum::{
    extract::FromRequestParts,
    http::request::Parts,
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures_util::{FutureExt as _, Stream, StreamExt};
use serde::Serialize;

use super::{Context, Identity, Problem};

/// Interval of keep-alive comments, so that no proxy takes the silence for the end.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// The longest `Last-Event-ID` that is read.
const EVENT_ID_BYTES_MAX: usize = 128;

/// The id of the last event that the client has seen, if it resumes a stream; 400 if invalid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastEventId(pub Option<String>);

/// One event: `id` to resume from, `kind` to listen for, `data` as JSON.
pub fn event(id: impl Display, kind: &str, data: &impl Serialize) -> Result<Event, Problem> {
    let data = serde_json::to_string(data).map_err(Problem::internal)?;
    Ok(Event::default().id(id.to_string()).event(kind).data(data))
}

/// A response that lasts until `events`, the caller's session or the service ends; 429 beyond the limits of [`super::Streams`].
pub fn event_stream(
    context: &Context,
    caller: Option<&Identity>,
    events: impl Stream<Item = Event> + Send + 'static,
) -> Result<Response, Problem> {
    let http = context.http();
    let name = caller.map(|caller| &*caller.name);
    let place = http.streams.enter(name, context.client_address())?;
    let session_ended = match (&http.auth, caller) {
        (Some(auth), Some(caller)) => {
            Arc::clone(auth).session_ended(caller.clone(), Arc::clone(&http.clock))
        }
        _ => std::future::pending().boxed(),
    };
    let shutdown = context.shutdown().clone();
    let events = events
        .map(move |event| {
            let _held_as_long_as_the_stream = &place;
            Ok::<_, std::convert::Infallible>(event)
        })
        .take_until(session_ended)
        .take_until(shutdown.cancelled_owned());
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response())
}

impl LastEventId {
    /// The id as what it was made from, such as a position.
    pub fn parse<T: std::str::FromStr>(&self) -> Result<Option<T>, Problem> {
        let malformed = |_| Problem::bad_request("Last-Event-ID was not issued by this stream.");
        self.0.as_deref().map(str::parse).transpose().map_err(malformed)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for LastEventId {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Some(value) = parts.headers.get("last-event-id") else { return Ok(Self(None)) };
        let text = value.to_str().ok().filter(|text| text.len() <= EVENT_ID_BYTES_MAX);
        let text = text.ok_or_else(|| Problem::bad_request("Last-Event-ID is malformed."))?;
        Ok(Self(Some(text.to_owned())))
    }
}
