//! Sessions that ended before their token expired: by log-out, or all of a customer's at once.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use kernel::{Clock, Timestamp};
use tokio::sync::watch;
use uuid::Uuid;

use super::{Claims, TOKEN_LIFETIME};

/// What is revoked, kept for as long as a token could still say otherwise, and no longer.
pub struct Sessions {
    clock: Arc<dyn Clock>,
    revoked: RwLock<Revoked>,
    /// Sent whenever something was revoked, so that open streams look again.
    changed: watch::Sender<()>,
}

#[derive(Default)]
struct Revoked {
    /// Token → when it expires anyway.
    tokens: HashMap<Uuid, Timestamp>,
    /// Customer → tokens issued before then are void.
    customers: HashMap<Uuid, Timestamp>,
    /// At this many entries the expired ones are looked for; twice what was left the last time.
    prune_at: usize,
}

impl Sessions {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, revoked: RwLock::default(), changed: watch::Sender::new(()) }
    }

    /// Ends one session, whose token would have held until `expires_at`.
    pub fn revoke_token(&self, token: Uuid, expires_at: Timestamp) {
        self.change(|revoked| {
            revoked.tokens.insert(token, expires_at);
        });
    }

    /// Ends all sessions of `customer` that began before `before`.
    pub fn revoke_all(&self, customer: Uuid, before: Timestamp) {
        self.change(|revoked| {
            let since = revoked.customers.entry(customer).or_insert(before);
            *since = before.max(*since);
        });
    }

    #[must_use]
    pub fn is_revoked(&self, claims: &Claims) -> bool {
        let revoked = self.revoked.read().unwrap_or_else(PoisonError::into_inner);
        revoked.tokens.contains_key(&claims.token)
            || revoked
                .customers
                .get(&claims.customer)
                .is_some_and(|before| claims.issued_at < *before)
    }

    /// Changes whenever a session has ended. What goes on for long asks [`Sessions::is_revoked`] again then.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// How many entries are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.revoked.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn change(&self, change: impl FnOnce(&mut Revoked)) {
        let mut revoked = self.revoked.write().unwrap_or_else(PoisonError::into_inner);
        change(&mut revoked);
        if revoked.len() >= revoked.prune_at {
            revoked.prune(self.clock.now());
        }
        drop(revoked);
        self.changed.send_replace(());
    }
}

impl Revoked {
    /// Below this many entries looking for expired ones is not worth it.
    const PRUNE_MIN: usize = 256;

    fn len(&self) -> usize {
        self.tokens.len() + self.customers.len()
    }

    fn prune(&mut self, now: Timestamp) {
        self.tokens.retain(|_, expires_at| *expires_at > now);
        self.customers.retain(|_, before| *before + TOKEN_LIFETIME > now);
        self.prune_at = (self.len() * 2).max(Self::PRUNE_MIN);
    }
}
