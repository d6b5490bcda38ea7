//! The caller of a request, as its token says.

use std::time::Duration;

use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    http::request::Parts,
};
use hyper::header::{AUTHORIZATION, HeaderValue, WWW_AUTHENTICATE};

use crate::{AuthError, Context, Identity, Problem, TOKEN_TIME};

/// Why a client elsewhere is refused where nobody is authenticated.
const LOCAL_ONLY: &str = "This service authenticates nobody, so operators' calls are answered only on the machine it runs on (127.0.0.1).";

/// The caller as authenticated; 401 without a valid token. As `Option<Authenticated>`, no token at all is fine too.
#[derive(Clone, Debug)]
pub struct Authenticated(pub Identity);

/// A caller that may operate the system itself: with authentication those that
/// [`Authenticate::may_operate`](crate::Authenticate::may_operate) allows, without it clients on this machine; 401 or 403.
#[derive(Clone, Debug)]
pub struct Operator(pub Option<Identity>);

impl<S: Send + Sync> FromRequestParts<S> for Authenticated {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        required(parts).map(Self)
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for Authenticated {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Problem> {
        Ok(identity(parts)?.map(Self))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Operator {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let context = Context::of(&parts.extensions)?;
        let Some(auth) = context.http().auth.clone() else {
            return if context.forwarded().is_local() {
                Ok(Self(None))
            } else {
                Err(Problem::forbidden(LOCAL_ONLY))
            };
        };
        let identity = required(parts)?;
        auth.may_operate(&identity).map_err(|reason| Problem::forbidden(&*reason))?;
        Ok(Self(Some(identity)))
    }
}

fn required(parts: &Parts) -> Result<Identity, Problem> {
    identity(parts)?
        .ok_or_else(|| Problem::unauthorized("This needs a token: Authorization: Bearer …"))
}

/// Who sent the request; none without an `Authorization`, 401 with an invalid one.
fn identity(parts: &Parts) -> Result<Option<Identity>, Problem> {
    let mut values = parts.headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let context = Context::of(&parts.extensions)?;
    let token = value.to_str().ok().filter(|_| values.next().is_none()).and_then(bearer);
    let token = token.ok_or_else(|| refused("Authorization must be one Bearer token."))?;
    let auth = context.http().auth.as_ref();
    let auth = auth.ok_or_else(|| refused("This service takes no tokens."))?;
    let identity = auth.authenticate(token, context.now()).map_err(|error| match error {
        AuthError::NotYet(reason) => Problem::unavailable(Duration::from_secs(1), reason),
        AuthError::Refused(reason) => refused(&reason),
        AuthError::OutOfTime(reason) => refused(&reason).kind(TOKEN_TIME),
    })?;
    context.admit();
    Ok(Some(identity))
}

fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim_start())
}

/// RFC 6750, section 3.
fn refused(detail: &str) -> Problem {
    let described = format!("Bearer error=\"invalid_token\", error_description=\"{detail}\"");
    let challenge = HeaderValue::try_from(described)
        .unwrap_or_else(|_| HeaderValue::from_static("Bearer error=\"invalid_token\""));
    Problem::unauthorized(detail).header(WWW_AUTHENTICATE, challenge)
}
