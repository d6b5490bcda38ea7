//! Why a page could not be served: what the gateway refused, or that it could not be reached.

use axum::response::{IntoResponse, Response};
use contracts::names;
use hyper::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value};

/// The types of the problems of a shop that is busy, whatever with.
const BUSY: [&str; 2] = [web::BUSY, names::ORDERS_BUSY];

/// A failure on its way to the visitor. As an answer it becomes a page in the site's frame.
#[derive(Clone, Debug)]
pub enum Failure {
    /// The gateway or a part behind it does not answer now.
    Unreachable {
        retry_after_seconds: u64,
    },
    /// All parts answer, but more is asked for than can be done in time.
    Busy {
        retry_after_seconds: u64,
    },
    /// Not logged in, or no longer.
    NotLoggedIn,
    /// A part of the shop refuses the session because of the time.
    OutOfTime,
    /// The visitor may not see or do this.
    Forbidden,
    NotFound,
    /// A form that this site did not hand to this visitor.
    Forged,
    /// A form that comes from `origin`, according to the browser, and was sent to `host`.
    Renamed {
        origin: String,
        host: String,
    },
    /// A proxy serves this site under a path.
    Prefixed {
        prefix: String,
    },
    /// A form that took too long to arrive.
    TooSlow,
    /// A form that is longer than any of ours.
    TooLong,
    /// A body that is not a form.
    NotAForm,
    /// No page of ours makes such a request.
    Malformed,
    /// Refused for a reason that the gateway gives.
    Refused(Box<Refusal>),
    /// The response of the shop cannot be parsed.
    Broken,
}

/// A problem document (RFC 9457) as a client reads it.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Refusal {
    #[serde(default)]
    pub status: u16,
    #[serde(default, rename = "type")]
    pub kind: String,
    #[serde(default)]
    pub title: String,
    #[serde(default)]
    pub detail: String,
    #[serde(default)]
    pub errors: Vec<FieldError>,
    /// From the header `Retry-After`.
    #[serde(skip)]
    pub retry_after_seconds: Option<u64>,
    /// What is beside, such as the current state at a conflict.
    #[serde(flatten)]
    pub members: Map<String, Value>,
}

/// What is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct FieldError {
    pub field: String,
    pub detail: String,
}

impl Failure {
    /// Not reached; try again soon.
    pub const UNREACHABLE: Self = Self::Unreachable { retry_after_seconds: 3 };

    /// What an answer of `status` with a problem in `body` means.
    pub(crate) fn of(status: StatusCode, retry_after_seconds: Option<u64>, body: &[u8]) -> Self {
        match status {
            StatusCode::UNAUTHORIZED if is_of(body, &[web::TOKEN_TIME]) => Self::OutOfTime,
            StatusCode::UNAUTHORIZED => Self::NotLoggedIn,
            StatusCode::FORBIDDEN => Self::Forbidden,
            StatusCode::SERVICE_UNAVAILABLE if is_of(body, &BUSY) => {
                Self::Busy { retry_after_seconds: retry_after_seconds.unwrap_or(1) }
            }
            StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT => {
                Self::Unreachable { retry_after_seconds: retry_after_seconds.unwrap_or(3) }
            }
            status if status.is_client_error() => {
                let refusal: Refusal = serde_json::from_slice(body).unwrap_or_default();
                let status = status.as_u16();
                Self::Refused(Box::new(Refusal { status, retry_after_seconds, ..refusal }))
            }
            _ => Self::Broken,
        }
    }

    /// The status of its page.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Unreachable { .. } | Self::Busy { .. } | Self::OutOfTime => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::NotLoggedIn => StatusCode::UNAUTHORIZED,
            Self::Forbidden | Self::Forged | Self::Renamed { .. } => StatusCode::FORBIDDEN,
            Self::Prefixed { .. } => StatusCode::MISDIRECTED_REQUEST,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NotAForm => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::Refused(refusal) => {
                StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::BAD_REQUEST)
            }
            Self::Broken => StatusCode::BAD_GATEWAY,
        }
    }

    /// When to try again, for what passes by itself.
    pub(crate) fn passes_after_seconds(&self) -> Option<u64> {
        match self {
            Self::Unreachable { retry_after_seconds } | Self::Busy { retry_after_seconds } => {
                Some(*retry_after_seconds)
            }
            _ => None,
        }
    }

    /// Whether there is nothing of the name asked for (an id of the wrong form included).
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        match self {
            Self::NotFound => true,
            Self::Refused(refusal) => refusal.status == 404,
            _ => false,
        }
    }

    /// The refusal, if it is one of `status`.
    #[must_use]
    pub fn refused(&self, status: u16) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) if refusal.status == status => Some(refusal),
            _ => None,
        }
    }
}

/// Whether a problem is of one of these types.
fn is_of(problem: &[u8], kinds: &[&str]) -> bool {
    let refusal = serde_json::from_slice::<Refusal>(problem);
    refusal.is_ok_and(|refusal| kinds.contains(&&*refusal.kind))
}

impl IntoResponse for Failure {
    /// The failure rides along in the extensions, so that the guard makes a page of it.
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// An id in an address is mistyped or gone, whatever status the gateway returns.
#[must_use]
pub fn no_such_page(failure: Failure) -> Failure {
    match failure {
        Failure::Refused(refusal) if matches!(refusal.status, 400 | 404 | 422) => Failure::NotFound,
        other => other,
    }
}
