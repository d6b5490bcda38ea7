//! Reading your writes: a response carries a position, and a request that carries one waits until the service has reached it.

use std::time::Duration;

use axum::response::{IntoResponse, IntoResponseParts, Response, ResponseParts};
use futures_util::future::{BoxFuture, FutureExt};
use hyper::HeaderMap;
use kernel::Position;

use super::{HttpNames, Problem};
use runtime::{Behind, Progress};

/// Longest wait of a request for the model before it is refused.
pub const POSITION_TIMEOUT: Duration = Duration::from_secs(2);

/// Position of a read model: its projector's [`Progress`], or that of several models together.
pub trait Checkpoint: Send + Sync + 'static {
    /// The position up to which the model holds everything.
    fn position(&self) -> Position;

    /// Returns once the model has passed `position`, or the log is known to end before it; or how far the model is behind when
    /// `timeout` is over.
    fn reach(
        &self,
        position: Position,
        timeout: Duration,
    ) -> BoxFuture<'static, Result<(), Behind>>;
}

/// Part of an answer: the position of what was just recorded, in the header [`HttpNames::position`] of a finished router.
#[derive(Clone, Copy, Debug)]
pub struct At(pub Position);

impl Checkpoint for Progress {
    fn position(&self) -> Position {
        Progress::position(self)
    }

    fn reach(&self, wanted: Position, timeout: Duration) -> BoxFuture<'static, Result<(), Behind>> {
        let progress = self.clone();
        async move { progress.reach(wanted, timeout).await }.boxed()
    }
}

impl IntoResponseParts for At {
    type Error = std::convert::Infallible;
    fn into_response_parts(self, mut parts: ResponseParts) -> Result<ResponseParts, Self::Error> {
        parts.extensions_mut().insert(self);
        Ok(parts)
    }
}

impl IntoResponse for At {
    fn into_response(self) -> Response {
        (self, ()).into_response()
    }
}

impl From<Behind> for Problem {
    fn from(lag: Behind) -> Self {
        let behind = lag.wanted.0.saturating_sub(lag.reached.0);
        let detail = format!(
            "Not yet at position {}: at {}, {behind} events behind.",
            lag.wanted, lag.reached
        );
        Self::unavailable(Duration::from_secs(1), detail)
            .kind("/problems/behind")
            .member("Position", lag.reached)
            .member("Lag", behind)
    }
}

/// The position that a request carries.
pub(super) fn asked_for(
    headers: &HeaderMap,
    names: &HttpNames,
) -> Result<Option<Position>, Problem> {
    let mut values = headers.get_all(names.position()).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let digits = value.to_str().ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    match digits.and_then(|text| text.parse().ok()) {
        Some(position) if values.next().is_none() => Ok(Some(Position(position))),
        _ => {
            let header = names.position_spelled();
            Err(Problem::bad_request(format!("{header} must be one whole number.")))
        }
    }
}
