//! Endless answers under way: so many per user and per address, counted apart from requests.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use hyper::StatusCode;
use kernel::sync;

use super::{ClientAddress, Problem};

/// How soon a refused client may ask again: a stream of its own may have ended by then.
const RETRY_AFTER: Duration = Duration::from_secs(10);

/// How many endless answers one client may have open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamLimits {
    /// Streams that one authenticated user may have open.
    pub per_user: usize,
    /// Trusted proxies that ask for themselves are not limited.
    pub per_address: usize,
}

/// Counts endless answers. Cheap to clone; clones count together.
#[derive(Clone)]
pub struct Streams {
    limits: StreamLimits,
    open: Arc<Mutex<Open>>,
}

#[derive(Default)]
struct Open {
    by_user: BTreeMap<Arc<str>, usize>,
    by_address: BTreeMap<ClientAddress, usize>,
}

/// The place of one endless answer, free again when dropped.
pub struct StreamPlace {
    streams: Streams,
    user: Option<Arc<str>>,
    address: Option<ClientAddress>,
}

impl Default for StreamLimits {
    /// A browser opens at most six connections to a site; a family behind one address still fits.
    fn default() -> Self {
        Self { per_user: 20, per_address: 40 }
    }
}

impl Streams {
    /// No stream is open yet.
    #[must_use]
    pub fn new(limits: StreamLimits) -> Self {
        Self { limits, open: Arc::default() }
    }

    /// A place for one more stream of `user`; 429 when the user or the address has too many.
    pub fn enter(
        &self,
        user: Option<&str>,
        address: Option<ClientAddress>,
    ) -> Result<StreamPlace, Problem> {
        let StreamLimits { per_user, per_address } = self.limits;
        let mut open = self.lock();
        let of_user = user.and_then(|user| open.by_user.get(user));
        if of_user.is_some_and(|count| *count >= per_user) {
            return Err(refused(format!(
                "This user has {per_user} event streams open, which is the limit; close one first."
            )));
        }
        let at_address = address.and_then(|address| open.by_address.get(&address));
        if at_address.is_some_and(|count| *count >= per_address) {
            return Err(refused(format!(
                "There are {per_address} event streams open from this address, which is the limit; close one first."
            )));
        }
        let user: Option<Arc<str>> = user.map(Into::into);
        if let Some(user) = &user {
            *open.by_user.entry(Arc::clone(user)).or_default() += 1;
        }
        if let Some(address) = address {
            *open.by_address.entry(address).or_default() += 1;
        }
        Ok(StreamPlace { streams: self.clone(), user, address })
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        sync::lock(&self.open)
    }
}

impl Default for Streams {
    fn default() -> Self {
        Self::new(StreamLimits::default())
    }
}

impl Drop for StreamPlace {
    fn drop(&mut self) {
        let mut open = self.streams.lock();
        if let Some(user) = &self.user {
            leave(&mut open.by_user, user);
        }
        if let Some(address) = &self.address {
            leave(&mut open.by_address, address);
        }
    }
}

fn leave<K: Ord>(open: &mut BTreeMap<K, usize>, key: &K) {
    let Some(count) = open.get_mut(key) else { return };
    *count -= 1;
    if *count == 0 {
        open.remove(key);
    }
}

fn refused(detail: String) -> Problem {
    Problem::new(StatusCode::TOO_MANY_REQUESTS)
        .kind("/problems/too-many-streams")
        .title("Too many event streams")
        .detail(detail)
        .retry_after(RETRY_AFTER)
}

impl fmt::Debug for Streams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let open = self.lock();
        write!(f, "Streams({:?}, {} users)", self.limits, open.by_user.len())
    }
}

impl fmt::Debug for StreamPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StreamPlace({:?})", self.user)
    }
}
