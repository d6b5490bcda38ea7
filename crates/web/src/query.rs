//! Query strings and path parameters: parsed strictly, refused by name, every parameter at fault at once.

use axum::{
    extract::{
        FromRequestParts, RawPathParams,
        path::{ErrorKind, FailedToDeserializePathParams},
        rejection::PathRejection,
    },
    http::request::Parts,
};
use serde::de::DeserializeOwned;

use super::{Problem, faults, reject};

/// The query string as a value. Unknown and repeated parameters are refused if the type denies unknown fields.
#[derive(Clone, Debug)]
pub struct Query<T>(pub T);

/// The parameters of the path as a value.
#[derive(Clone, Debug)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parse(parts.uri.query().unwrap_or("")).map(Self)
    }
}

/// Parses a query string, with the failures of [`Query`].
pub(super) fn parse<T: DeserializeOwned>(query: &str) -> Result<T, Problem> {
    well_encoded(query)?;
    faults::parse_query(query)
}

/// The standard decoding repairs what it cannot read; here it is refused instead of being taken for something else.
fn well_encoded(query: &str) -> Result<(), Problem> {
    let mut decoded = Vec::with_capacity(query.len());
    let mut bytes = query.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
        match (digit(bytes.next()), digit(bytes.next())) {
            (Some(high), Some(low)) => decoded.push(u8::try_from(high * 16 + low).unwrap_or(0)),
            _ => return Err(Problem::bad_request("The query has a '%' without two hex digits.")),
        }
    }
    match std::str::from_utf8(&decoded) {
        Err(_) => Err(Problem::bad_request("The query is not UTF-8.")),
        Ok(text) if text.contains('\0') => {
            Err(Problem::bad_request("The query contains a null character."))
        }
        Ok(_) => Ok(()),
    }
}

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let raw = RawPathParams::from_request_parts(parts, state).await;
        let raw = raw.map_err(|_| Problem::bad_request("The path is not UTF-8."))?;
        if raw.iter().any(|(_, value)| value.contains('\0')) {
            return Err(Problem::bad_request("The path contains a null character."));
        }
        let names: Vec<String> = raw.iter().map(|(name, _)| name.to_owned()).collect();
        match axum::extract::Path::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => Ok(Self(value)),
            Err(PathRejection::FailedToDeserializePathParams(error)) => {
                Err(refused(error, names.join(", ")))
            }
            Err(error) => Err(Problem::internal(error)),
        }
    }
}

/// The refusal of one of the path's parameters: all of `names`, where it is not known which.
fn refused(error: FailedToDeserializePathParams, names: String) -> Problem {
    let wanted = |expected: &str| format!("must be {}", reject::described(expected));
    match error.into_kind() {
        ErrorKind::Message(message) => Problem::field(names, reject::plain(&message)),
        ErrorKind::DeserializeError { key, message, .. } => {
            Problem::field(key, reject::plain(&message))
        }
        ErrorKind::ParseErrorAtKey { key, expected_type, .. } => {
            Problem::field(key, wanted(expected_type))
        }
        ErrorKind::ParseError { expected_type, .. }
        | ErrorKind::ParseErrorAtIndex { expected_type, .. } => {
            Problem::field(names, wanted(expected_type))
        }
        other => Problem::internal(other.to_string()),
    }
}
