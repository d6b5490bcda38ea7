//! Authentication as a port: a system supplies its own, or none if every client may do everything but operate it.

use std::{any::Any, fmt, sync::Arc};

use futures_util::future::BoxFuture;
use kernel::{Actor, Clock, Timestamp};

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

    /// Who that is as the actor of what an operator's call records.
    fn actor(&self, identity: &Identity) -> Actor {
        Actor::of("user", &identity.name).unwrap_or_else(|_| Actor::anonymous())
    }
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
    /// It is ours, and not valid now by this service's clock: 401, of the type [`TOKEN_TIME`](crate::TOKEN_TIME).
    OutOfTime(String),
    /// It cannot be judged yet: 503.
    NotYet(String),
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({})", self.name)
    }
}
