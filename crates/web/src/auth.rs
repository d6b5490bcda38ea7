//! Authentication as a port: a system supplies its own, or none if every client may do everything.

use std::{any::Any, fmt, sync::Arc, time::Duration};

use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    http::request::Parts,
};
use futures_util::future::BoxFuture;
use hyper::header::{AUTHORIZATION, HeaderValue, WWW_AUTHENTICATE};
use kernel::{Clock, Timestamp};

use crate::{Context, Problem};

/// Judges the tokens of requests.
pub trait Authenticate: Send + Sync + 'static {
    /// Whether tokens can be judged now; otherwise what is waited for. Part of the readiness of every service.
    fn ready(&self) -> Result<(), String> {
        Ok(())
    }

    /// Whose token it is, if it is valid at `now`.
    fn authenticate(&self, token: &str, now: Timestamp) -> Result<Identity, AuthError>;

    /// Completes when the session of `identity` has ended; open event streams end with it.
    fn session_ended(
        self: Arc<Self>,
        identity: Identity,
        clock: Arc<dyn Clock>,
    ) -> BoxFuture<'static, ()>;

    /// Whether `identity` may look into the system itself, such as at a read model's digest; otherwise why not.
    fn may_operate(&self, identity: &Identity) -> Result<(), String>;
}

/// Who sent a request.
#[derive(Clone)]
pub struct Identity {
    /// Under this name the caller's event streams are counted.
    pub name: Arc<str>,
    /// Further claims of the token, for the system that issued it.
    pub claims: Arc<dyn Any + Send + Sync>,
}

/// Why a token is not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthError {
    /// It is invalid, expired or revoked: 401.
    Refused(String),
    /// It cannot be judged yet: 503.
    NotYet(String),
}

/// The caller as authenticated; 401 without a valid token. As `Option<Authenticated>`, no token at all is fine too.
#[derive(Clone, Debug)]
pub struct Authenticated(pub Identity);

/// A caller that may inspect the system itself: any client without authentication, otherwise those that
/// [`Authenticate::may_operate`] allows; 401 or 403.
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
        let Some(auth) = Context::of(&parts.extensions)?.http().auth.clone() else {
            return Ok(Self(None));
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
    })?;
    context.admit();
    Ok(Some(identity))
}

fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim_start())
}

fn refused(detail: &str) -> Problem {
    let challenge = HeaderValue::from_static("Bearer error=\"invalid_token\"");
    Problem::unauthorized(detail).header(WWW_AUTHENTICATE, challenge)
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({})", self.name)
    }
}
