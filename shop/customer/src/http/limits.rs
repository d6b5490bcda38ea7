//! Rate limits of failed log-ins and registrations.

use std::{
    num::NonZeroUsize,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use kernel::{Clock, sync};
use lru::LruCache;
use web::{ClientAddress, Limiter, Problem, Taken};

/// Names with an address they were used from that are remembered: some 2 MiB.
const KNOWN_MAX: NonZeroUsize = NonZeroUsize::new(16 * 1024).expect("is not zero");

/// The limits of the service, each on what happens within a window of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Failed log-ins by user name from one address; from all addresses together that it never logged in from, ten times as many.
    pub failures_per_name: usize,
    /// Failed log-ins by the client's address; of all log-ins, four times as many.
    pub failures_per_address: usize,
    pub failures_window: Duration,
    /// Registrations by the client's address.
    pub registrations_per_address: usize,
    pub registrations_window: Duration,
}

/// The counts behind the limits.
pub(crate) struct Limiters {
    /// Failures by name and address.
    pairs: Limiter,
    /// Failures by name and IPv6 site, from addresses that never logged in under it: a site has any number of addresses.
    sites: Limiter,
    /// Failures by name, from addresses that never logged in under it.
    names: Limiter,
    /// Failures by address.
    addresses: Limiter,
    /// Tries by address, successes included: each costs a hash.
    tries: Limiter,
    registrations: Limiter,
    /// The names and addresses that went together before.
    known: Mutex<LruCache<String, ()>>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            failures_per_name: 10,
            failures_per_address: 50,
            failures_window: Duration::from_mins(15),
            registrations_per_address: 20,
            registrations_window: Duration::from_hours(1),
        }
    }
}

impl Limits {
    pub(crate) fn limiters(self, clock: &Arc<dyn Clock>) -> Limiters {
        let limiter = |limit, window| Limiter::new(Arc::clone(clock), limit, window);
        Limiters {
            pairs: limiter(self.failures_per_name, self.failures_window),
            sites: limiter(self.failures_per_name, self.failures_window),
            names: limiter(self.failures_per_name.saturating_mul(10), self.failures_window),
            addresses: limiter(self.failures_per_address, self.failures_window),
            tries: limiter(self.failures_per_address.saturating_mul(4), self.failures_window),
            registrations: limiter(self.registrations_per_address, self.registrations_window),
            known: Mutex::new(LruCache::new(KNOWN_MAX)),
        }
    }
}

impl Limiters {
    /// Counts a log-in attempt as failed before it is checked, so that concurrent attempts cannot bypass the limits; 429 if there
    /// were too many.
    pub(super) fn try_log_in(
        &self,
        user: &str,
        client: ClientAddress,
    ) -> Result<Attempt<'_>, Problem> {
        let address = client.to_string();
        let pair = pair(user, client);
        let pair_of_site = self::pair(user, client.site());
        let from_here = self.pairs.take(&pair)?;
        let mut attempt = Attempt { limiters: self, taken: vec![(&self.pairs, pair, from_here)] };
        attempt.count(&self.addresses, &address)?;
        attempt.count(&self.tries, &address)?;
        // Failures of strangers lock out neither a user who has logged in from here before nor this machine's operator.
        if !attempt.is_known() && !client.is_loopback() {
            attempt.count(&self.sites, &pair_of_site)?;
            attempt.count(&self.names, user)?;
        }
        Ok(attempt)
    }

    /// 429 if too many registered from there; else counts one more.
    pub(super) fn register(&self, client: ClientAddress) -> Result<(), Problem> {
        self.registrations.take(&client.to_string()).map(drop)
    }

    /// `user` has registered from there, which is as good as a log-in.
    pub(super) fn registered(&self, user: &str, client: ClientAddress) {
        self.known().put(pair(user, client), ());
    }

    fn known(&self) -> MutexGuard<'_, LruCache<String, ()>> {
        sync::lock(&self.known)
    }
}

fn pair(user: &str, client: ClientAddress) -> String {
    format!("{user} {client}")
}

/// A log-in attempt, which counts as failed unless it is marked as successful.
pub(super) struct Attempt<'a> {
    limiters: &'a Limiters,
    /// Where it is counted; first the name from this address, last what counts for successes too.
    taken: Vec<(&'a Limiter, String, Taken)>,
}

impl<'a> Attempt<'a> {
    fn count(&mut self, limiter: &'a Limiter, key: &str) -> Result<(), Problem> {
        match limiter.take(key) {
            Ok(taken) => {
                self.taken.push((limiter, key.to_owned(), taken));
                Ok(())
            }
            Err(refused) => {
                self.give_back(|_| true);
                Err(refused)
            }
        }
    }

    /// The password was right: only the address's own count of tries remembers it, and what had failed from there is forgiven for
    /// this name. Failures for other names still count, or an account of one's own would buy unlimited tries at others.
    pub(super) fn succeeded(mut self) {
        let limiters = self.limiters;
        if let Some((pairs, pair, _)) = self.taken.first() {
            pairs.forgive(pair);
            limiters.known().put(pair.clone(), ());
        }
        self.give_back(|limiter| !std::ptr::eq(limiter, &raw const limiters.tries));
    }

    /// It was not judged, and counts nowhere.
    pub(super) fn withdraw(mut self) {
        self.give_back(|_| true);
    }

    fn is_known(&self) -> bool {
        let mut known = self.limiters.known();
        self.taken.first().is_some_and(|(_, pair, _)| known.get(pair).is_some())
    }

    fn give_back(&mut self, which: impl Fn(&Limiter) -> bool) {
        for (limiter, key, taken) in self.taken.drain(..).filter(|(limiter, ..)| which(limiter)) {
            limiter.give_back(&key, taken);
        }
    }
}
