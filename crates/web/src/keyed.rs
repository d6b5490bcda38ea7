//! Request bodies with a key: retries are recognized by user, call and the client's key.

use std::collections::BTreeMap;

use axum::extract::{FromRequest, Request};
use bytes::Bytes;
use hyper::HeaderMap;
use kernel::Idempotency;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use utoipa::{
    IntoParams,
    openapi::{
        Required,
        path::{Parameter, ParameterBuilder, ParameterIn},
        schema::{ObjectBuilder, Type},
    },
};
use uuid::Uuid;

use super::{
    BodyFault, Problem, body,
    idempotency::{IDEMPOTENCY_KEY, digest},
    json,
};

/// Requests are nested less deeply.
const DEPTH_MAX: usize = 16;

/// A JSON body (as [`super::Json`]) together with the client's `Idempotency-Key`, if it sent one.
#[derive(Clone, Debug)]
pub struct Keyed<T> {
    /// The parsed body.
    pub value: T,
    key: Option<Box<str>>,
    /// Digests of its content, and of its bytes.
    request: Uuid,
    as_sent: Uuid,
}

impl<T> Keyed<T> {
    /// Identifies retries of this request, as a call of `user` that creates something; none without a key.
    #[must_use]
    pub fn creates(&self, user: Uuid, call: &str) -> Option<Idempotency> {
        self.known_as(user, call, true)
    }

    /// Identifies retries of this request, as a call of `user` that changes something; none without a key.
    #[must_use]
    pub fn changes(&self, user: Uuid, call: &str) -> Option<Idempotency> {
        self.known_as(user, call, false)
    }

    fn known_as(&self, user: Uuid, call: &str, creates: bool) -> Option<Idempotency> {
        let client_key = self.key.as_deref()?;
        let key = digest("key", &[user.as_bytes(), call.as_bytes(), client_key.as_bytes()]);
        Some(Idempotency { key, request: self.request, creates, as_sent: Some(self.as_sent) })
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Keyed<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let key = client_key(request.headers())?;
        let body = json::read(request).await?;
        let value = json::parse(&body)?;
        let as_sent = digest("request", &[&body]);
        let canonical = std::str::from_utf8(&body).ok().and_then(canonical);
        let request = canonical.map_or(as_sent, |text| digest("request", &[text.as_bytes()]));
        Ok(Self { value, key, request, as_sent })
    }
}

impl Keyed<Bytes> {
    /// A request about `subject` whose body is a file: of whatever type, and of at most `bytes_max` bytes; else 413 for `field`.
    pub async fn of_file(
        request: Request,
        bytes_max: usize,
        field: &str,
        subject: Uuid,
    ) -> Result<Self, Problem> {
        let key = client_key(request.headers())?;
        let body =
            body::read(request.into_body(), bytes_max).await.map_err(|fault| match fault {
                BodyFault::TooLarge { .. } => Problem::from(fault)
                    .at(field, format!("must be at most {} KB", bytes_max / 1024)),
                BodyFault::TooSlow | BodyFault::Incomplete => fault.into(),
            })?;
        let request = digest("file", &[subject.as_bytes(), &body]);
        Ok(Self { value: body, key, request, as_sent: request })
    }
}

/// The same JSON for the same content: without blanks, members sorted by name, texts escaped in one way. Numbers stay as they are
/// written. None for what is nested deeper than any request of ours.
fn canonical(json: &str) -> Option<String> {
    let mut text = String::with_capacity(json.len());
    let value: &RawValue = serde_json::from_str(json).ok()?;
    write_canonical(value, &mut text, DEPTH_MAX)?;
    Some(text)
}

fn write_canonical(value: &RawValue, text: &mut String, depth_left: usize) -> Option<()> {
    let depth_left = depth_left.checked_sub(1)?;
    let json = value.get();
    match json.as_bytes().first()? {
        b'{' => {
            let members: BTreeMap<String, &RawValue> = serde_json::from_str(json).ok()?;
            text.push('{');
            for (at, (name, value)) in members.into_iter().enumerate() {
                if at > 0 {
                    text.push(',');
                }
                text.push_str(&serde_json::to_string(&name).ok()?);
                text.push(':');
                write_canonical(value, text, depth_left)?;
            }
            text.push('}');
        }
        b'[' => {
            text.push('[');
            let elements: Vec<&RawValue> = serde_json::from_str(json).ok()?;
            for (at, element) in elements.into_iter().enumerate() {
                if at > 0 {
                    text.push(',');
                }
                write_canonical(element, text, depth_left)?;
            }
            text.push(']');
        }
        b'"' => {
            let plain: String = serde_json::from_str(json).ok()?;
            text.push_str(&serde_json::to_string(&plain).ok()?);
        }
        _ => text.push_str(json),
    }
    Some(())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_content_is_the_same_request() {
        let one = canonical(r#"{"A":1,"B":{"x":"é\n","y":[1,{}]},"C":[]}"#).expect("JSON");
        assert_eq!(one, r#"{"A":1,"B":{"x":"é\n","y":[1,{}]},"C":[]}"#);
        for same in [
            "{ \"B\":{\"y\":[1, { }],\"x\":\"\\u00e9\\u000a\"},\r\n\"C\":[],\"A\":1}",
            r#"{"\u0041":1,"C":[ ],"B":{"x":"\u00E9\n","y":[1,{}]}}"#,
        ] {
            assert_eq!(canonical(same).as_deref(), Some(&*one), "{same}");
        }
        for other in [
            r#"{"A":1.0,"B":{"x":"é\n","y":[1,{}]},"C":[]}"#,
            r#"{"A":1,"B":{"x":"é\n","y":[{},1]},"C":[]}"#,
            r#"{"A":1,"B":{"x":"é \n","y":[1,{}]},"C":[]}"#,
            r#"{"A":1,"B":{"x":"é\n","y":[1,{}]},"C":""}"#,
        ] {
            assert_ne!(canonical(other).as_deref(), Some(&*one), "{other}");
        }
    }

    #[test]
    fn what_is_nested_absurdly_is_known_by_its_bytes() {
        assert_eq!(canonical(&format!("{}{}", "[".repeat(10_000), "]".repeat(10_000))), None);
    }

    #[test]
    fn a_request_recorded_by_its_bytes_is_recognized() {
        let body = br#"{ "B":1, "A":2 }"#;
        let as_sent = digest("request", &[body]);
        let key = Uuid::from_u128(1);
        let known = Idempotency {
            key,
            request: Uuid::from_u128(2),
            creates: false,
            as_sent: Some(as_sent),
        };
        assert!(known.is_request(as_sent) && known.is_request(Uuid::from_u128(2)));
        assert!(!known.is_request(Uuid::from_u128(3)));
    }
}
