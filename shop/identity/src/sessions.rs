//! Sessions that ended before their token expired: by log-out, or all of a customer's at once.

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock, RwLock},
};

use kernel::{Clock, Timestamp, sync};
use tokio::sync::watch;
use uuid::Uuid;

use super::{Claims, TOKEN_LIFETIME};
use runtime::Progress;

/// What is revoked: tokens for as long as they could still say otherwise, and for each customer who ever changed the password
/// the revision of the last change, which no clock can void.
pub struct Sessions {
    clock: Arc<dyn Clock>,
    revoked: RwLock<Revoked>,
    /// Counts revocations, to wake waiting streams.
    generation: watch::Sender<u64>,
    /// The follower that loads what had ended before; where there is none, nothing is waited for.
    follower: OnceLock<Progress>,
    /// The follower has caught up once.
    known: OnceLock<()>,
}

#[derive(Default)]
struct Revoked {
    /// Token → when it expires anyway.
    tokens: HashMap<Uuid, Timestamp>,
    /// Customer → tokens of an earlier version are void.
    customers: HashMap<Uuid, u64>,
    /// At this many tokens the expired ones are looked for; twice what was left the last time.
    prune_at: usize,
}

impl Sessions {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            revoked: RwLock::default(),
            generation: watch::Sender::new(0),
            follower: OnceLock::new(),
            known: OnceLock::new(),
        }
    }

    /// From now on no token is believed until `follower` has caught up for the first time.
    pub fn learn_from(&self, follower: Progress) {
        self.follower.get_or_init(|| follower);
    }

    /// Whether it is known which sessions have ended.
    #[must_use]
    pub fn is_known(&self) -> bool {
        let Some(follower) = self.follower.get() else { return true };
        if self.known.get().is_none() && follower.is_ready() {
            self.known.get_or_init(|| ());
        }
        self.known.get().is_some()
    }

    /// As [`Sessions::is_known`], with what is waited for.
    pub fn known(&self) -> Result<(), String> {
        if self.is_known() {
            return Ok(());
        }
        let behind = self.follower.get().map_or(0, |follower| follower.lag().events);
        Err(format!("Ended sessions are still being loaded: {behind} events behind."))
    }

    /// Changes with every session that ends: then is the time to ask [`super::Auth::still_valid`] again.
    #[must_use]
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.generation.subscribe()
    }

    /// Ends one session, whose token would have held until `expires_at`.
    pub fn revoke_token(&self, token: Uuid, expires_at: Timestamp) {
        self.change(|revoked| {
            revoked.tokens.insert(token, expires_at);
        });
    }

    /// Ends all sessions of `customer` whose tokens carry a version before this one.
    pub fn revoke_before(&self, customer: Uuid, version: u64) {
        self.change(|revoked| {
            let known = revoked.customers.entry(customer).or_default();
            *known = version.max(*known);
        });
    }

    /// Forgets the versions of passwords, because the log was replaced and is read again.
    pub(crate) fn forget_versions(&self) {
        self.change(|revoked| revoked.customers.clear());
    }

    #[must_use]
    pub fn is_revoked(&self, claims: &Claims) -> bool {
        let revoked = sync::read(&self.revoked);
        revoked.tokens.contains_key(&claims.token)
            || revoked
                .customers
                .get(&claims.customer)
                .is_some_and(|version| claims.version < *version)
    }

    /// How many entries are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        let revoked = sync::read(&self.revoked);
        revoked.tokens.len() + revoked.customers.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn change(&self, change: impl FnOnce(&mut Revoked)) {
        let mut revoked = sync::write(&self.revoked);
        change(&mut revoked);
        if revoked.tokens.len() >= revoked.prune_at {
            revoked.prune(self.clock.now());
        }
        drop(revoked);
        self.generation.send_modify(|generation| *generation += 1);
    }
}

impl Revoked {
    /// Below this many entries looking for expired ones is not worth it.
    const PRUNE_MIN: usize = 256;

    /// Forgets tokens that expired a lifetime ago: a clock that is a few hours ahead brings none of them back.
    fn prune(&mut self, now: Timestamp) {
        self.tokens.retain(|_, expires_at| *expires_at + TOKEN_LIFETIME > now);
        self.prune_at = (self.tokens.len() * 2).max(Self::PRUNE_MIN);
    }
}
