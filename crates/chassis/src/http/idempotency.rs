//! Requests that may be sent twice: known again by user, call and the client's key.

use axum::extract::{FromRequest, Request};
use hyper::HeaderMap;
use kernel::Idempotency;
use serde::de::DeserializeOwned;
use utoipa::{
    IntoParams,
    openapi::{
        Required,
        path::{Parameter, ParameterBuilder, ParameterIn},
        schema::{ObjectBuilder, Type},
    },
};
use uuid::Uuid;

use super::{Problem, json};

/// The request header that carries the client's key.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// A JSON body (as [`super::Json`]) together with the client's `Idempotency-Key`, if it sent one.
#[derive(Clone, Debug)]
pub struct Keyed<T> {
    pub value: T,
    key: Option<Box<str>>,
    request: Uuid,
}

impl<T> Keyed<T> {
    /// How this request is known again, as a call of `user` that creates something; none without a key.
    #[must_use]
    pub fn creates(&self, user: Uuid, call: &str) -> Option<Idempotency> {
        self.known_as(user, call, true)
    }

    /// How this request is known again, as a call of `user` that changes something; none without a key.
    #[must_use]
    pub fn changes(&self, user: Uuid, call: &str) -> Option<Idempotency> {
        self.known_as(user, call, false)
    }

    fn known_as(&self, user: Uuid, call: &str, creates: bool) -> Option<Idempotency> {
        let client_key = self.key.as_deref()?;
        let key = digest("key", &[user.as_bytes(), call.as_bytes(), client_key.as_bytes()]);
        Some(Idempotency { key, request: self.request, creates })
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Keyed<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let key = client_key(request.headers())?;
        let body = json::read(request).await?;
        let value = json::parse(&body)?;
        Ok(Self { value, key, request: digest("request", &[&compact(&body)]) })
    }
}

/// The same JSON without the white space that means nothing. What is compact already stays as it is, so that keys recorded with
/// whole bodies are known again.
fn compact(json: &[u8]) -> Vec<u8> {
    let (mut in_string, mut escaped) = (false, false);
    let mut means_something = |byte: &u8| {
        let kept = in_string || !matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ => {}
        }
        kept
    };
    json.iter().copied().filter(&mut means_something).collect()
}

/// The id of what a request creates: the same whenever the same request comes again.
#[must_use]
pub fn derived_id(idempotency: &Idempotency) -> Uuid {
    digest("created", &[idempotency.key.as_bytes()])
}

fn client_key(headers: &HeaderMap) -> Result<Option<Box<str>>, Problem> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let valid =
        (1..=128).contains(&value.len()) && value.as_bytes().iter().all(u8::is_ascii_graphic);
    match value.to_str() {
        Ok(text) if valid && values.next().is_none() => Ok(Some(text.into())),
        _ => Err(Problem::bad_request(
            "Idempotency-Key must be one value of 1 to 128 visible ASCII characters.",
        )),
    }
}

/// A `UUIDv8` over parts that cannot run into each other, each kind of id in a domain of its own.
pub(super) fn digest(domain: &str, parts: &[&[u8]]) -> Uuid {
    let mut hasher = blake3::Hasher::new_derive_key("agora chassis idempotency v1");
    for part in std::iter::once(&domain.as_bytes()).chain(parts) {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    let mut bytes = [0; 16];
    hasher.finalize_xof().fill(&mut bytes);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// Documents the `Idempotency-Key` of a call that takes [`Keyed`]: `params(http::KeyHeader)`.
#[derive(Clone, Copy, Debug)]
pub struct KeyHeader;

impl IntoParams for KeyHeader {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let key = ObjectBuilder::new()
            .schema_type(Type::String)
            .min_length(Some(1))
            .max_length(Some(128))
            .pattern(Some("^[!-~]+$"));
        let about = "The same request with the same key acts once and is answered alike.";
        let header = ParameterBuilder::new()
            .name("Idempotency-Key")
            .parameter_in(ParameterIn::Header)
            .description(Some(about))
            .required(Required::False)
            .schema(Some(key));
        vec![header.build()]
    }
}
