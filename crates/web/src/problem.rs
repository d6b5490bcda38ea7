//! Failures as every client sees them: problem details (RFC 9457), never more than a client may know.

mod versions;

use std::{fmt, time::Duration};

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use hyper::{
    HeaderMap, StatusCode,
    header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER},
};
use runtime::ModelError;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// The media type of every failure.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// The problem type of overload.
pub const BUSY: &str = "/problems/busy";

/// The problem type of a token that is not valid now: it has expired, or was issued ahead of the current time. Where its holder knows better, a clock is wrong.
pub const TOKEN_TIME: &str = "/problems/token-time";

/// An error response. Cheap to move; internal details are logged, not sent.
#[derive(Clone, Debug)]
pub struct Problem(Box<Parts>);

#[derive(Clone, Debug)]
struct Parts {
    status: StatusCode,
    kind: &'static str,
    title: &'static str,
    detail: Option<String>,
    errors: Vec<FieldError>,
    members: Map<String, Value>,
    headers: HeaderMap,
    internal: Option<String>,
}

/// What is wrong with one field of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// The path of the field, such as `Price` or `Items[2].Name`.
    pub field: String,
    /// What is wrong with it.
    pub detail: String,
}

/// The body of a failure.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    title: &'a str,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    #[serde(skip_serializing_if = "<[FieldError]>::is_empty")]
    errors: &'a [FieldError],
    #[serde(rename = "RequestId", skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
    #[serde(flatten)]
    members: &'a Map<String, Value>,
}

impl Problem {
    /// A problem of `status` under its usual type and title.
    #[must_use]
    pub fn new(status: StatusCode) -> Self {
        let (kind, title) = usual(status);
        Self(Box::new(Parts {
            status,
            kind,
            title,
            detail: None,
            errors: Vec::new(),
            members: Map::new(),
            headers: HeaderMap::new(),
            internal: None,
        }))
    }

    /// 400: the request cannot be read.
    #[must_use]
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST).detail(detail)
    }

    /// 401: no token, or an invalid one.
    #[must_use]
    pub fn unauthorized(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED)
            .detail(detail)
            .header(hyper::header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
    }

    /// 403: the token is valid, but does not permit this.
    #[must_use]
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN).detail(detail)
    }

    /// 404: not found.
    #[must_use]
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND).detail(detail)
    }

    /// 409: conflict with the current state. `kind` names why, such as `/problems/stale-version`.
    #[must_use]
    pub fn conflict(kind: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT).kind(kind).detail(detail)
    }

    /// 413: the body is over `limit_bytes`.
    #[must_use]
    pub fn too_large(limit_bytes: usize) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE)
            .detail(format!("The body is over {limit_bytes} bytes."))
    }

    /// 415: the content type of the body is not supported.
    #[must_use]
    pub fn unsupported_media() -> Self {
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE)
            .detail("The body must be JSON, with Content-Type: application/json.")
    }

    /// 422: the request was parsed, but has invalid fields.
    #[must_use]
    pub fn unprocessable(errors: Vec<FieldError>) -> Self {
        let mut problem = Self::new(StatusCode::UNPROCESSABLE_ENTITY);
        if let [only] = errors.as_slice() {
            problem.0.detail = Some(if only.field.is_empty() {
                format!("The body {}", only.detail)
            } else {
                format!("{}: {}", only.field, only.detail)
            });
        }
        problem.0.errors = errors;
        problem
    }

    /// 422 with one invalid field.
    #[must_use]
    pub fn field(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::unprocessable(vec![FieldError { field: field.into(), detail: detail.into() }])
    }

    /// Names a field at fault.
    #[must_use]
    pub fn at(mut self, field: impl Into<String>, detail: impl Into<String>) -> Self {
        self.0.errors.push(FieldError { field: field.into(), detail: detail.into() });
        self
    }

    /// 429: rate limited.
    #[must_use]
    pub fn too_many(retry_after: Duration) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS)
            .detail("Too many attempts. Try again later.")
            .retry_after(retry_after)
    }

    /// 503: a required part is down or behind.
    #[must_use]
    pub fn unavailable(retry_after: Duration, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE).detail(detail).retry_after(retry_after)
    }

    /// 503: overload; more requests than can be served in time.
    #[must_use]
    pub fn busy(retry_after: Duration, detail: impl Into<String>) -> Self {
        Self::unavailable(retry_after, detail).kind(BUSY).title("The system is busy")
    }

    /// 500: a bug or internal failure. `error` is logged with the request's id; the client does not see it.
    #[must_use]
    pub fn internal(error: impl fmt::Display) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR)
            .detail("Something went wrong here. The log has the details under the request id.")
            .log(error)
    }

    /// Has `error` logged with the request's id; the client does not see it.
    #[must_use]
    pub fn log(mut self, error: impl fmt::Display) -> Self {
        self.0.internal = Some(error.to_string());
        self
    }

    /// Names the kind of problem by a stable reference, `/problems/...`.
    #[must_use]
    pub fn kind(mut self, kind: &'static str) -> Self {
        self.0.kind = kind;
        self
    }

    /// Sets the title, if that of the status does not fit.
    #[must_use]
    pub fn title(mut self, title: &'static str) -> Self {
        self.0.title = title;
        self
    }

    /// Says what is wrong with this request, and what to do; for people.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// Adds a member, such as the `current` state of a conflict.
    #[must_use]
    pub fn member(mut self, name: &str, value: impl Serialize) -> Self {
        let value = serde_json::to_value(value).unwrap_or(Value::Null);
        self.0.members.insert(name.to_owned(), value);
        self
    }

    /// Adds a header to the response.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.insert(name, value);
        self
    }

    /// Says when to try again (`Retry-After`), in whole seconds, at least 1.
    #[must_use]
    pub fn retry_after(self, after: Duration) -> Self {
        let seconds = after.as_secs() + u64::from(after.subsec_nanos() > 0);
        self.header(RETRY_AFTER, HeaderValue::from(seconds.max(1)))
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// The fields at fault, in the order they were added.
    #[must_use]
    pub fn errors(&self) -> &[FieldError] {
        &self.0.errors
    }

    /// Details for the log only.
    pub(crate) fn internal_error(&self) -> Option<&str> {
        self.0.internal.as_deref()
    }

    /// The response, with the id of its request.
    pub(crate) fn respond(&self, request_id: Option<&str>) -> Response {
        let parts = &self.0;
        let document = Document {
            kind: parts.kind,
            title: parts.title,
            status: parts.status.as_u16(),
            detail: parts.detail.as_deref(),
            errors: &parts.errors,
            request_id,
            members: &parts.members,
        };
        let body = serde_json::to_vec(&document).expect("strings and JSON values serialise");
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = parts.status;
        response.headers_mut().extend(parts.headers.clone());
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        response
    }
}

/// A failed query of a read model: 503 while its database is unavailable, else 500.
impl From<ModelError> for Problem {
    fn from(error: ModelError) -> Self {
        match error {
            ModelError::Unavailable(_) => Self::unavailable(
                Duration::from_secs(1),
                "The read model's database is not responding.",
            ),
            ModelError::Busy => Self::busy(
                Duration::from_secs(1),
                "Too many searches at once; try again in a second.",
            ),
            ModelError::Damaged(_) => Self::unavailable(
                Duration::from_secs(1),
                "The read model is damaged; it is being rebuilt from the log.",
            ),
            ModelError::Sqlite(_)
            | ModelError::Unfit(_)
            | ModelError::Stale
            | ModelError::Refused(_)
            | ModelError::Other(_) => Self::internal(error),
        }
    }
}

impl IntoResponse for Problem {
    /// The problem is also in the extensions, so that the middleware can add the request's id.
    fn into_response(self) -> Response {
        let mut response = self.respond(None);
        response.extensions_mut().insert(self);
        response
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0.status.as_u16(), self.0.title)?;
        self.0.detail.as_ref().map_or(Ok(()), |detail| write!(f, ": {detail}"))
    }
}

impl std::error::Error for Problem {}

/// The type and title of a status when nothing more is known.
fn usual(status: StatusCode) -> (&'static str, &'static str) {
    match status.as_u16() {
        400 => ("/problems/malformed", "The request cannot be read"),
        401 => ("/problems/unauthorized", "A valid token is needed"),
        403 => ("/problems/forbidden", "Not allowed"),
        404 => ("/problems/not-found", "Not found"),
        405 => ("/problems/method-not-allowed", "Method not allowed"),
        408 => ("/problems/timeout", "The request took too long to arrive"),
        409 => ("/problems/conflict", "Conflict with the current state"),
        413 => ("/problems/too-large", "The body is too large"),
        415 => ("/problems/unsupported-media-type", "Unsupported content type"),
        422 => ("/problems/invalid-fields", "Some fields are invalid"),
        429 => ("/problems/too-many-requests", "Too many requests"),
        500 => ("/problems/internal", "Something went wrong here"),
        502 => ("/problems/bad-gateway", "Invalid response from a service"),
        503 => ("/problems/unavailable", "Temporarily unavailable"),
        504 => ("/problems/gateway-timeout", "A service did not respond in time"),
        _ => ("about:blank", status.canonical_reason().unwrap_or("Failed")),
    }
}
