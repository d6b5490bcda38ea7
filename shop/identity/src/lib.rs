//! Authentication: signed tokens, sessions that ended early, and the extractors that let a caller in.

mod caller;
pub mod ended;
mod sessions;
mod token;

use std::{sync::Arc, time::Duration};

use futures_util::{FutureExt as _, future::BoxFuture};
use kernel::{Actor, Clock, Timestamp};
use web::{AuthError, Authenticate, Identity};

pub use caller::{Caller, Manager};
pub use sessions::Sessions;
pub use token::{Claims, Holder, KeyError, Role, Signer, TOKEN_LIFETIME, TokenError, Verifier};

/// How often an open stream compares its token's expiry with the clock, which may jump.
const EXPIRY_CHECK: Duration = Duration::from_secs(1);

/// The judge of tokens: signature, expiry, and whether the session has ended. Cheap to clone.
#[derive(Clone)]
pub struct Auth(Arc<Inner>);

struct Inner {
    /// None where no call takes a token.
    verifier: Option<Verifier>,
    sessions: Sessions,
}

impl Auth {
    /// Checks tokens with `verifier`; without one, no token is good.
    #[must_use]
    pub fn new(verifier: impl Into<Option<Verifier>>, clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Inner { verifier: verifier.into(), sessions: Sessions::new(clock) }))
    }

    /// The sessions that ended before their tokens expired; fed from events.
    #[must_use]
    pub fn sessions(&self) -> &Sessions {
        &self.0.sessions
    }

    /// The claims of a token that holds at `now`.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Arc<Claims>, TokenError> {
        let verifier = self.0.verifier.as_ref().ok_or(TokenError::Invalid)?;
        let claims = verifier.verify(token, now)?;
        if !self.0.sessions.is_known() {
            return Err(TokenError::Unknown);
        }
        if self.0.sessions.is_revoked(&claims) { Err(TokenError::Revoked) } else { Ok(claims) }
    }

    /// Whether a token that was verified before still holds at `now`.
    #[must_use]
    pub fn still_valid(&self, claims: &Claims, now: Timestamp) -> bool {
        now < claims.expires_at && !self.0.sessions.is_revoked(claims)
    }

    /// Completes when the session of `claims` has ended: at once by log-out or a new password, within a second by expiry.
    async fn ended(&self, claims: &Claims, clock: &dyn Clock) {
        let mut changes = self.0.sessions.changed();
        while self.still_valid(claims, clock.now()) {
            let changed = changes.changed();
            // Continue on a revocation or after the pause, whichever comes first.
            let _either = tokio::time::timeout(EXPIRY_CHECK, changed).await;
        }
    }
}

impl Authenticate for Auth {
    fn ready(&self) -> Result<(), String> {
        self.0.sessions.known()
    }

    fn authenticate(&self, token: &str, now: Timestamp) -> Result<Identity, AuthError> {
        let claims = self.verify(token, now).map_err(|error| match error {
            TokenError::Unknown => AuthError::NotYet(error.to_string()),
            TokenError::Expired | TokenError::Early => AuthError::OutOfTime(error.to_string()),
            _ => AuthError::Refused(error.to_string()),
        })?;
        Ok(Identity { name: (&*claims.user).into(), claims })
    }

    fn session_ended(
        self: Arc<Self>,
        identity: Identity,
        clock: Arc<dyn Clock>,
    ) -> BoxFuture<'static, ()> {
        async move {
            if let Some(claims) = identity.claims.downcast_ref() {
                self.ended(claims, &*clock).await;
            }
        }
        .boxed()
    }

    fn may_operate(&self, identity: &Identity) -> Result<(), String> {
        let role = identity.claims.downcast_ref::<Claims>().map(|claims| claims.role);
        if role == Some(Role::Manager) { Ok(()) } else { Err(caller::MANAGERS_ONLY.to_owned()) }
    }

    fn actor(&self, identity: &Identity) -> Actor {
        let claims = identity.claims.downcast_ref::<Claims>();
        claims.map_or_else(Actor::anonymous, Claims::actor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use runtime::clock::SystemClock;

    #[test]
    fn without_a_verifier_no_token_is_good() {
        let (clock, ids) = (Arc::new(SystemClock), kernel::Ids::from_seed([1; 32]));
        let auth = Auth::new(None, clock.clone());
        let now = kernel::Clock::now(&*clock);
        // Of the very key that was in the place of none.
        let signer = Signer::from_secret([0; 32]);
        let id = uuid::Uuid::from_u128(1);
        let (token, _) = signer.issue(Holder::new(id, "eve", Role::Manager), now, &ids);
        assert_eq!(auth.verify(&token, now).err(), Some(TokenError::Invalid));
    }
}
