//! Requests to a router in this process, and their answers read to the end.

use axum::{
    Router,
    body::{Body, Bytes},
    http::{HeaderMap, Request, StatusCode, header, request::Builder},
    response::Response,
};
use http_body_util::BodyExt as _;
use kernel::Position;
use serde_json::Value;
use tower::ServiceExt as _;

/// A request that is being written.
pub struct Ask {
    router: Router,
    request: Builder,
    body: Body,
}

/// What a request was answered, read to its end.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Whether it was carried out.
    pub status: StatusCode,
    /// What came before the body.
    pub headers: HeaderMap,
    /// The position in the log that the answer carries.
    pub position: Option<Position>,
    /// The body, if it is JSON; otherwise null.
    pub body: Value,
    /// The body as it was sent.
    pub bytes: Bytes,
}

impl Ask {
    /// A request to a router, still without headers and body.
    #[must_use]
    pub fn new(router: &Router, method: &str, path: &str) -> Self {
        let request = Request::builder().method(method).uri(path);
        Self { router: router.clone(), request, body: Body::empty() }
    }

    /// With one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    /// As the bearer of a token, if there is one.
    #[must_use]
    pub fn by<'a>(self, token: impl Into<Option<&'a str>>) -> Self {
        match token.into() {
            Some(token) => self.header("authorization", &format!("Bearer {token}")),
            None => self,
        }
    }

    /// With a body of JSON.
    #[must_use]
    pub fn json(self, body: &Value) -> Self {
        self.raw(body.to_string()).header("content-type", "application/json")
    }

    /// With a body of any kind.
    #[must_use]
    pub fn raw(mut self, body: impl Into<Body>) -> Self {
        self.body = body.into();
        self
    }

    /// The answer as soon as it begins.
    pub async fn begin(self) -> Response {
        let request = self.request.body(self.body).expect("a well-formed request");
        let Ok(response) = self.router.oneshot(request).await;
        response
    }

    /// The whole answer.
    pub async fn send(self) -> Answer {
        Answer::of(self.begin().await).await
    }
}

impl Answer {
    /// Reads a response to its end.
    pub async fn of(response: Response) -> Self {
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.expect("the body is sent to its end").to_bytes();
        let position = parts.headers.get(web::HttpNames::default().position());
        let position = position.and_then(|value| value.to_str().ok()?.parse().ok());
        Self {
            status: parts.status,
            headers: parts.headers,
            position: position.map(Position),
            body: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
            bytes,
        }
    }

    /// An answer by status alone.
    pub(crate) fn bare(status: StatusCode) -> Self {
        let (headers, bytes) = (HeaderMap::new(), Bytes::new());
        Self { status, headers, position: None, body: Value::Null, bytes }
    }

    /// A header's value; empty if it is missing.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("a header is text"))
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.bytes).expect("the body is text")
    }

    /// The answer's body, if the request was carried out.
    #[track_caller]
    pub fn ok(self) -> Value {
        assert!(self.status.is_success(), "{} {}", self.status, self.body);
        self.body
    }

    /// The body of an answer with this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        self.body
    }

    /// The fields that a refusal names.
    #[must_use]
    pub fn fields(&self) -> Vec<&str> {
        let errors = self.body.get("errors").and_then(Value::as_array).into_iter().flatten();
        errors.filter_map(|error| error.get("field")?.as_str()).collect()
    }

    /// Panics unless it is a well-formed problem of this status; the fields that it names.
    #[track_caller]
    pub fn problem(&self, status: u16) -> Vec<String> {
        let member = |name: &str| self.body.get(name).and_then(Value::as_str).unwrap_or_default();
        let shown = String::from_utf8_lossy(&self.bytes);
        assert_eq!(self.status.as_u16(), status, "{shown}");
        assert_eq!(
            self.header(header::CONTENT_TYPE.as_str()),
            "application/problem+json",
            "{shown}"
        );
        assert_eq!(self.body.get("status"), Some(&Value::from(status)), "{shown}");
        assert!(member("type").starts_with("/problems/") && !member("title").is_empty(), "{shown}");
        assert_eq!(member("RequestId"), self.header("x-request-id"), "{shown}");
        if status == 503 {
            assert_ne!(self.header("retry-after"), "", "{shown}");
        }
        self.fields().into_iter().map(str::to_owned).collect()
    }
}
