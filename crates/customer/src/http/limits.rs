//! How often one may fail to log in, and register.

use std::{net::IpAddr, sync::Arc, time::Duration};

use chassis::http::{Limiter, Problem};
use kernel::Clock;

/// The limits of the service, each on what happens within a window of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Failed log-ins by user name.
    pub failures_per_name: usize,
    /// Failed log-ins by the client's address.
    pub failures_per_address: usize,
    pub failures_window: Duration,
    /// Registrations by the client's address.
    pub registrations_per_address: usize,
    pub registrations_window: Duration,
}

/// The counts behind the limits.
pub(crate) struct Limiters {
    names: Limiter,
    addresses: Limiter,
    registrations: Limiter,
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
            names: limiter(self.failures_per_name, self.failures_window),
            addresses: limiter(self.failures_per_address, self.failures_window),
            registrations: limiter(self.registrations_per_address, self.registrations_window),
        }
    }
}

impl Limiters {
    /// 429 if there were too many failed log-ins by that name or from there.
    pub(super) fn may_log_in(&self, user: &str, client: IpAddr) -> Result<(), Problem> {
        self.names.check(user)?;
        self.addresses.check(&client.to_string())
    }

    pub(super) fn log_in_failed(&self, user: &str, client: IpAddr) {
        self.names.record(user);
        self.addresses.record(&client.to_string());
    }

    /// Forgets the failures of a name whose password was known in the end; those of an address stay, lest somebody with an
    /// account of their own has as many tries at others' as they like.
    pub(super) fn log_in_succeeded(&self, user: &str) {
        self.names.forgive(user);
    }

    /// 429 if too many registered from there; else counts one more.
    pub(super) fn register(&self, client: IpAddr) -> Result<(), Problem> {
        let client = client.to_string();
        self.registrations.check(&client)?;
        self.registrations.record(&client);
        Ok(())
    }
}
