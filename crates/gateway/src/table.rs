//! Who answers what: the services as they announced themselves, forgotten when they fall silent.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, PoisonError, RwLock, RwLockWriteGuard,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::Router;
use bus::{Address, Announcement};
use hyper::Uri;
use kernel::{Clock, Timestamp};

/// Who has not announced itself for this long is gone. Announcements come every 2 s, so two may be lost.
const GONE_AFTER: Duration = Duration::from_secs(5);

/// The gone are forgotten for good after this long; until then they are shown as gone.
const FORGOTTEN_AFTER: Duration = Duration::from_mins(1);

/// Announcements kept at once; more instances than that is a fault of somebody's.
const INSTANCES_MAX: usize = 1024;

/// All services that were ever announced, and who of them is there.
#[derive(Default)]
pub(crate) struct Table(RwLock<Inner>);

#[derive(Default)]
struct Inner {
    instances: BTreeMap<(String, String), Heard>,
    routers: BTreeMap<String, Router>,
    /// By prefix. A prefix stays known while its service is down: that is 503, not 404.
    routes: BTreeMap<Arc<str>, Arc<Route>>,
}

/// An instance of a service as it last announced itself.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    pub(crate) announcement: Arc<Announcement>,
    /// By the time of day, to be shown.
    pub(crate) at: Timestamp,
    /// By the time that only goes on, to be reckoned with.
    since: Duration,
}

/// One prefix and those who answer it.
pub(crate) struct Route {
    pub(crate) prefix: Arc<str>,
    candidates: Vec<Candidate>,
    turn: AtomicUsize,
}

struct Candidate {
    target: Target,
    ready: bool,
    heard_at: Duration,
}

/// Where a request goes.
#[derive(Clone)]
pub(crate) enum Target {
    /// Another process, by the base of its URLs.
    Remote(Uri),
    /// A router of this process.
    Local(Router),
}

impl Heard {
    pub(crate) fn is_here(&self, elapsed: Duration) -> bool {
        here(self.since, elapsed)
    }
}

impl Table {
    /// Takes note of an announcement heard now.
    pub(crate) fn learn(&self, announcement: Arc<Announcement>, clock: &dyn Clock) {
        let (at, since) = (clock.now(), clock.elapsed());
        let mut inner = self.write();
        inner.instances.retain(|_, heard| heard.since + FORGOTTEN_AFTER > since);
        let key = (announcement.name.clone(), announcement.instance.clone());
        if inner.instances.len() < INSTANCES_MAX || inner.instances.contains_key(&key) {
            inner.instances.insert(key, Heard { announcement, at, since });
        }
        inner.derive_routes();
    }

    /// The router that `Address::Local` of that service means.
    pub(crate) fn register(&self, service: &str, router: Router) {
        let mut inner = self.write();
        inner.routers.insert(service.to_owned(), router);
        inner.derive_routes();
    }

    /// The route of a path by its first segment.
    pub(crate) fn route(&self, prefix: &str) -> Option<Arc<Route>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).routes.get(prefix).cloned()
    }

    /// Every prefix ever announced.
    pub(crate) fn routes(&self) -> Vec<Arc<Route>> {
        let inner = self.0.read().unwrap_or_else(PoisonError::into_inner);
        inner.routes.values().cloned().collect()
    }

    /// All instances by name, those lately gone included.
    pub(crate) fn instances(&self) -> Vec<Heard> {
        let inner = self.0.read().unwrap_or_else(PoisonError::into_inner);
        inner.instances.values().cloned().collect()
    }

    fn write(&self) -> RwLockWriteGuard<'_, Inner> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn derive_routes(&mut self) {
        let mut candidates: BTreeMap<Arc<str>, Vec<Candidate>> =
            self.routes.keys().map(|prefix| (Arc::clone(prefix), Vec::new())).collect();
        for Heard { announcement, since, .. } in self.instances.values() {
            let Some(target) = self.target(announcement) else { continue };
            for prefix in announcement.routes.iter().filter(|prefix| is_prefix(prefix)) {
                candidates.entry(prefix.as_str().into()).or_default().push(Candidate {
                    target: target.clone(),
                    ready: announcement.ready,
                    heard_at: *since,
                });
            }
        }
        let route = |(prefix, candidates): (Arc<str>, Vec<Candidate>)| {
            let turn = self.routes.get(&prefix).map_or(0, |old| old.turn.load(Ordering::Relaxed));
            let route = Route { prefix: Arc::clone(&prefix), candidates, turn: turn.into() };
            (prefix, Arc::new(route))
        };
        self.routes = candidates.into_iter().map(route).collect();
    }

    fn target(&self, announcement: &Announcement) -> Option<Target> {
        match &announcement.address {
            Address::Local => self.routers.get(&announcement.name).cloned().map(Target::Local),
            Address::Http(base) => base.parse().ok().map(Target::Remote),
        }
    }
}

impl Route {
    /// Those who are there and ready, each first in its turn.
    pub(crate) fn targets(&self, elapsed: Duration) -> Vec<&Target> {
        let mut ready: Vec<&Target> = self
            .candidates
            .iter()
            .filter(|candidate| candidate.ready && here(candidate.heard_at, elapsed))
            .map(|candidate| &candidate.target)
            .collect();
        if ready.len() > 1 {
            let turn = self.turn.fetch_add(1, Ordering::Relaxed) % ready.len();
            ready.rotate_left(turn);
        }
        ready
    }
}

fn here(heard_at: Duration, elapsed: Duration) -> bool {
    elapsed < heard_at + GONE_AFTER
}

/// One segment that no route of the gateway's own would hide.
fn is_prefix(text: &str) -> bool {
    let segment = text.strip_prefix('/').unwrap_or("");
    !segment.is_empty()
        && segment
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'0'..=b'9' | b'-'))
        && !matches!(segment, "v1" | "system" | "health" | "docs")
}
