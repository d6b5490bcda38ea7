//! Who a request comes from: signed tokens, sessions that ended early, and the extractors that let a caller in.

mod caller;
mod sessions;
mod token;

use std::sync::Arc;

use kernel::{Clock, Timestamp};

pub use caller::{Caller, Manager};
pub use sessions::Sessions;
pub use token::{Claims, KeyError, Role, Signer, TOKEN_LIFETIME, TokenError, Verifier};

/// The judge of tokens: signature, expiry, and whether the session has ended. Cheap to clone.
#[derive(Clone)]
pub struct Auth(Arc<Inner>);

struct Inner {
    verifier: Verifier,
    sessions: Sessions,
}

impl Auth {
    #[must_use]
    pub fn new(verifier: Verifier, clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Inner { verifier, sessions: Sessions::new(clock) }))
    }

    /// The sessions that ended before their tokens expired; fed from events.
    #[must_use]
    pub fn sessions(&self) -> &Sessions {
        &self.0.sessions
    }

    /// The claims of a token that holds at `now`.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Arc<Claims>, TokenError> {
        let claims = self.0.verifier.verify(token, now)?;
        if self.0.sessions.is_revoked(&claims) { Err(TokenError::Revoked) } else { Ok(claims) }
    }
}
