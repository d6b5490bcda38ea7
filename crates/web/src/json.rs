//! JSON request bodies: parsed strictly, refused by field.

use axum::{
    body::Body,
    extract::{FromRequest, Request},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use serde::{Serialize, de::DeserializeOwned};

use super::{Context, Problem, body, content::is_json, faults, reject};

/// A JSON body, as a request's last extractor or as an answer.
///
/// A request must say `Content-Type: application/json` (else 415), keep within the body limit (413), be JSON (400), and
/// fit the type (422, naming every field that does not).
#[derive(Clone, Debug)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        parse(&read(request).await?).map(Self)
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(body) => json_bytes(body.into()),
            Err(error) => Problem::internal(error).into_response(),
        }
    }
}

/// An answer of bytes that are JSON already.
pub(super) fn json_bytes(body: Bytes) -> Response {
    let mut response = Response::new(Body::from(body));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// Parses bytes as a value, with the failures of [`Json`].
pub(super) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let text =
        std::str::from_utf8(bytes).map_err(|_| Problem::bad_request("The body is not UTF-8."))?;
    let mut json = serde_json::Deserializer::from_str(text);
    if text.trim_start().starts_with('[') {
        // The derived parsers would take the elements for the fields, in order.
        json = serde_json::Deserializer::from_str("null");
    }
    let value = serde_path_to_error::deserialize(&mut json)
        .map_err(|error| refusal::<T>(text, error.path(), error.inner()))?;
    json.end().map_err(|error| malformed(&error))?;
    Ok(value)
}

/// A text that is not JSON, or nested too deeply, is malformed, whatever is wrong with its fields.
fn refusal<T: DeserializeOwned>(
    text: &str,
    path: &serde_path_to_error::Path,
    error: &serde_json::Error,
) -> Problem {
    match serde_json::from_str::<serde_json::Value>(text) {
        Err(syntax) if !is_number_out_of_range(text, &syntax) => malformed(&syntax),
        _ => {
            let first = reject::fault(path, &error.to_string());
            Problem::unprocessable(faults::of_body::<T>(text, first))
        }
    }
}

/// `1e400` is JSON by its grammar, and the fault of its field.
fn is_number_out_of_range(text: &str, error: &serde_json::Error) -> bool {
    error.to_string().starts_with("number out of range")
        && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

fn malformed(error: &serde_json::Error) -> Problem {
    Problem::bad_request(reject::syntax(error))
}

/// The body of a JSON request.
pub(super) async fn read(request: Request) -> Result<Bytes, Problem> {
    if !is_json(request.headers()) {
        return Err(Problem::unsupported_media());
    }
    let context = Context::of(request.extensions())?;
    context.check_announced_length(request.headers())?;
    let limit_bytes = context.body_limit_bytes();
    Ok(body::read(request.into_body(), limit_bytes).await?)
}
