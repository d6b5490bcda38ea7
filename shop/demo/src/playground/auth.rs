//! Who may end a drill: also a manager who logs in while the clock of the customer service is wrong.

use std::sync::Arc;

use faults::Skew;
use futures_util::future::BoxFuture;
use kernel::{Actor, Clock, Timestamp};
use web::{AuthError, Authenticate, Identity};

/// Judges tokens as all services do. While a drill makes the clock of the service wrong that issues them, a token that holds by that clock
/// holds here too: otherwise only a session from before could end that drill.
pub(super) struct ByIssuersClock {
    pub(super) auth: Arc<dyn Authenticate>,
    /// How wrong the clock of the customer service is.
    pub(super) skew: Skew,
}

impl Authenticate for ByIssuersClock {
    fn ready(&self) -> Result<(), String> {
        self.auth.ready()
    }

    fn authenticate(&self, token: &str, now: Timestamp) -> Result<Identity, AuthError> {
        let behind = self.skew.behind();
        match self.auth.authenticate(token, now) {
            Err(AuthError::OutOfTime(_)) if !behind.is_zero() => {
                self.auth.authenticate(token, now - behind)
            }
            judged => judged,
        }
    }

    fn session_ended(
        self: Arc<Self>,
        identity: Identity,
        clock: Arc<dyn Clock>,
    ) -> BoxFuture<'static, ()> {
        Arc::clone(&self.auth).session_ended(identity, clock)
    }

    fn may_operate(&self, identity: &Identity) -> Result<(), String> {
        self.auth.may_operate(identity)
    }

    fn actor(&self, identity: &Identity) -> Actor {
        self.auth.actor(identity)
    }
}
