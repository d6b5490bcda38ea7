//! Errors between a tool and a shop, with helpful messages.

use std::{fmt, io, time::Duration};

use contracts::names;
use hyper::{
    HeaderMap, StatusCode,
    header::{HeaderValue, RETRY_AFTER},
};
use serde::Deserialize;
use thiserror::Error;

#[derive(Debug, Error)]
pub(crate) enum Error {
    #[error("{0}")]
    Usage(String),
    #[error(
        "nothing answers at {address} ({error}): is the shop running there? `agora up` starts one"
    )]
    // Named so that it is not the source: that would be printed a second time.
    Unreachable { address: String, error: io::Error },
    #[error(
        "the session at {address} has ended: begin another one with `agora login --url {address}`"
    )]
    SessionEnded { address: String },
    #[error("the connection to the shop was lost: {0}")]
    Lost(String),
    #[error("the shop took longer than {} s", .0.as_secs())]
    TooSlow(Duration),
    #[error("the shop's answer was not understood: {0}")]
    Answer(String),
    #[error("{0}")]
    Refused(Box<Problem>),
    #[error("gave up after {attempts} {} in {} s: {last}", if *.attempts == 1 { "attempt" } else { "attempts" }, .waited.as_secs())]
    GivenUp { attempts: u32, waited: Duration, last: Box<Error> },
}

/// The types of the problems of a shop that is busy, whatever with.
const BUSY: [&str; 2] = ["/problems/busy", names::ORDERS_BUSY];

/// The type of a log-in's refusal.
const WRONG_CREDENTIALS: &str = "/problems/wrong-credentials";

/// Why the shop refused a request: RFC 9457 `application/problem+json`, and what its headers add.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Problem {
    #[serde(skip)]
    pub(crate) status: StatusCode,
    #[serde(rename = "type")]
    kind: String,
    title: String,
    detail: String,
    errors: Vec<FieldError>,
    #[serde(skip)]
    request_id: Option<String>,
    #[serde(skip)]
    retry_after: Option<Duration>,
    /// How often the request had been sent when this came.
    #[serde(skip)]
    pub(crate) attempts: u32,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct FieldError {
    field: String,
    detail: String,
}

impl Error {
    /// Reads a refusal; of a response that is not problem+json (a proxy's page) only the status is reported.
    pub(super) fn refused(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Self {
        let text =
            |name: &str| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        let mut problem: Problem = serde_json::from_slice(body).unwrap_or_default();
        problem.status = status;
        problem.request_id = text("x-request-id").map(str::to_owned);
        problem.retry_after = text(RETRY_AFTER.as_str())
            .and_then(|seconds| seconds.parse().ok())
            .map(Duration::from_secs);
        Self::Refused(Box::new(problem))
    }

    /// The status of a refusal.
    pub(crate) fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Refused(problem) => Some(problem.status),
            _ => None,
        }
    }

    /// Whether the shop works and refuses what it could not do in time: unlike one that is away, it is worth waiting for.
    pub(super) fn is_busy(&self) -> bool {
        matches!(self, Self::Refused(problem) if BUSY.contains(&&*problem.kind))
    }

    /// Whether there was no answer: whatever was asked may have been done, or not.
    pub(crate) fn is_without_answer(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Lost(_) | Self::TooSlow(_))
    }

    /// Whether the request itself was at fault: sent again it would be refused again, others need not be.
    pub(crate) fn is_about_the_request(&self) -> bool {
        matches!(
            self.status(),
            Some(
                StatusCode::BAD_REQUEST
                    | StatusCode::NOT_FOUND
                    | StatusCode::CONFLICT
                    | StatusCode::PAYLOAD_TOO_LARGE
                    | StatusCode::UNPROCESSABLE_ENTITY
            )
        )
    }

    /// How long a shop that cannot answer just now wants to be left alone.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused(problem)
                if matches!(
                    problem.status,
                    StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS
                ) =>
            {
                Some(problem.retry_after.unwrap_or(Duration::from_secs(1)))
            }
            _ => None,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The title says that a token is missing, which makes no sense before a log-in.
        if self.kind == WRONG_CREDENTIALS {
            return f.write_str(self.detail.trim_end_matches('.'));
        }
        write!(f, "{}", self.status.as_u16())?;
        let title = self.status.canonical_reason().unwrap_or_default();
        let title = if self.title.is_empty() { title } else { &self.title };
        write!(f, " {title}")?;
        // A single field's fault is the detail already.
        let is_said =
            |error: &FieldError| self.detail == format!("{}: {}", error.field, error.detail);
        if !self.detail.is_empty() && !self.errors.iter().any(is_said) {
            write!(f, ": {}", self.detail)?;
        }
        for (index, error) in self.errors.iter().enumerate() {
            let separator = if index == 0 { " — " } else { "; " };
            write!(f, "{separator}{} {}", error.field, error.detail)?;
        }
        match &self.request_id {
            Some(id) => write!(f, " (request {id})"),
            None => Ok(()),
        }
    }
}
