//! Request bodies: limited in size and time, and refused where they are not read.

use std::{
    fmt::Write as _,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{self, Poll, ready},
    time::Duration,
};

use axum::{
    body::Body,
    extract::{MatchedPath, Request},
};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::{
    Method, StatusCode,
    body::{Body as _, Frame, Incoming, SizeHint},
};
use kernel::sync;
use serde_json::{Map, Value};
use thiserror::Error;

use super::{Context, Problem, connections::Admitted};

/// Timeout for a body to arrive: enough for 64 KiB over a poor line, but slow senders hold nothing for longer.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// The most that is read of an unused body, and how long its client may take, so that the connection can be reused.
const LEFTOVER_BYTES_MAX: u64 = 64 * 1024;
const LEFTOVER_TIMEOUT: Duration = Duration::from_secs(1);

/// More names than this do not make an answer clearer.
const NAMES_MAX: usize = 5;

/// Why a body was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum BodyFault {
    /// It did not arrive within [`BODY_TIMEOUT`]: 408.
    #[error("The body took longer than 10 s to arrive.")]
    TooSlow,
    /// It is longer than accepted: 413.
    #[error("The body is over {limit_bytes} bytes.")]
    TooLarge {
        /// The longest body accepted.
        limit_bytes: usize,
    },
    /// The connection ended before it: 400.
    #[error("The body ended before it was complete.")]
    Incomplete,
}

impl From<BodyFault> for Problem {
    fn from(fault: BodyFault) -> Self {
        match fault {
            BodyFault::TooSlow => Self::new(StatusCode::REQUEST_TIMEOUT).detail(fault.to_string()),
            BodyFault::TooLarge { limit_bytes } => Self::too_large(limit_bytes),
            BodyFault::Incomplete => Self::bad_request(fault.to_string()),
        }
    }
}

/// The whole body, of at most `limit_bytes` and within [`BODY_TIMEOUT`].
pub async fn read(body: Body, limit_bytes: usize) -> Result<Bytes, BodyFault> {
    let collecting = Limited::new(body, limit_bytes).collect();
    match tokio::time::timeout(BODY_TIMEOUT, collecting).await {
        Err(_) => Err(BodyFault::TooSlow),
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            Err(BodyFault::TooLarge { limit_bytes })
        }
        Ok(Err(_)) => Err(BodyFault::Incomplete),
    }
}

/// A request's body; once it is here, or dropped unread, the connection no longer waits for its client.
pub(super) struct Arriving {
    /// `None` only while it is being dropped.
    body: Option<Incoming>,
    /// Until then.
    connection: Option<Arc<Admitted>>,
    leftover: Leftover,
}

/// The unread rest of a request's body when the response is ready.
///
/// A server cannot find the next request behind it, and would close the connection under a client that was just refused.
#[derive(Clone, Default)]
pub(super) struct Leftover(Arc<Mutex<Option<Incoming>>>);

impl Leftover {
    /// Reads the rest and throws it away. Whether the connection can go on: not if too much is left, if it does not come soon, or if
    /// the client `asks_first` whether to send it, since to read would be to ask for it.
    pub(super) async fn discard(&self, asks_first: bool) -> bool {
        let rest = sync::lock(&self.0).take();
        let Some(mut rest) = rest else { return true };
        if asks_first || rest.size_hint().upper().is_none_or(|bytes| bytes > LEFTOVER_BYTES_MAX) {
            return false;
        }
        let reading = async { while let Some(Ok(_)) = rest.frame().await {} };
        tokio::time::timeout(LEFTOVER_TIMEOUT, reading).await.is_ok() && rest.is_end_stream()
    }
}

impl Arriving {
    pub(super) fn new(body: Incoming, connection: Arc<Admitted>, leftover: Leftover) -> Self {
        let mut arriving = Self { body: Some(body), connection: Some(connection), leftover };
        arriving.see_if_ended();
        arriving
    }

    fn see_if_ended(&mut self) {
        if self.is_end_stream() {
            self.ended();
        }
    }

    fn ended(&mut self) {
        if let Some(connection) = self.connection.take() {
            connection.received();
        }
    }
}

impl hyper::body::Body for Arriving {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut task::Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let frame = ready!(Pin::new(body).poll_frame(context));
        if matches!(frame, Some(Ok(_))) {
            self.see_if_ended();
        } else {
            self.ended();
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(hyper::body::Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map(hyper::body::Body::size_hint).unwrap_or_default()
    }
}

impl Drop for Arriving {
    fn drop(&mut self) {
        self.ended();
        let rest = self.body.take().filter(|body| !body.is_end_stream());
        *sync::lock(&self.leftover.0) = rest;
    }
}

/// The request, and the refusal of a GET that brings values in a body: they would be overlooked, and the answer would be for a different query.
pub(super) async fn only_where_read(
    request: Request,
) -> Result<(Request, Option<Problem>), Problem> {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    if !reads || request.body().size_hint().exact() == Some(0) {
        return Ok((request, None));
    }
    let limit_bytes = Context::of(request.extensions())?.body_limit_bytes();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("", MatchedPath::as_str);
    let (head, body) = request.into_parts();
    let body = read(body, limit_bytes).await?;
    let refusal = (!is_empty(&body)).then(|| Problem::bad_request(misplaced(&body, route)));
    Ok((Request::from_parts(head, Body::empty()), refusal))
}

/// Nothing, or what some libraries send for nothing.
fn is_empty(body: &[u8]) -> bool {
    let value: Option<Value> = serde_json::from_slice(body).ok();
    body.trim_ascii().is_empty()
        || value.is_some_and(|value| value.is_null() || value == Value::Object(Map::new()))
}

/// Where the values belong, named as far as they are names.
fn misplaced(body: &[u8], route: &str) -> String {
    let mut text = "A GET request is answered by its query, not by a body.".to_owned();
    let members: Map<String, Value> = serde_json::from_slice(body).unwrap_or_default();
    let is_name = |name: &&String| {
        (1..=64).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    let is_in_path = |name: &&String| route.contains(&format!("{{{name}}}"));
    let (in_path, names): (Vec<_>, Vec<_>) = members.keys().filter(is_name).partition(is_in_path);
    let names: Vec<&String> = names.into_iter().take(NAMES_MAX).collect();
    for name in &in_path {
        let _strings_take_everything = write!(text, " {name} is part of the path: {route}.");
    }
    let Some(first) = names.first() else {
        if in_path.is_empty() {
            text.push_str(" Send its values as query parameters; /openapi.json lists them.");
        }
        return text;
    };
    let listed = names.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ");
    let kind = if names.len() == 1 { "the query parameter" } else { "query parameters" };
    let _strings_take_everything = write!(text, " Send {listed} as {kind}: ?{first}=…");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_in_a_body_are_told_where_they_belong() {
        let route = "/borrower/get-user/{UserName}";
        for (body, says, not) in [
            (
                r#"{"UserName":"lea"}"#,
                "UserName is part of the path: /borrower/get-user/{UserName}.",
                "?",
            ),
            (
                r#"{"UserName":"lea","AsOf":3}"#,
                "Send AsOf as the query parameter: ?AsOf=…",
                "?UserName",
            ),
            (
                r#"{"Limit":3,"After":""}"#,
                "Send After, Limit as query parameters: ?After=…",
                "path",
            ),
            ("[1]", "/openapi.json lists them", "path"),
        ] {
            let said = misplaced(body.as_bytes(), route);
            assert!(said.contains(says) && !said.contains(not), "{body}: {said}");
        }
    }
}
