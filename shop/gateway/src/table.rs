//! The routing table: the services as they announced themselves, removed when their announcements stop.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, RwLock, RwLockWriteGuard,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::Router;
use hyper::Uri;
use kernel::{Clock, Timestamp, sync};
use store::{Address, Announcement};

use crate::address;

/// An instance that has not announced itself for this long is gone. Announcements come every 2 s, so two may be lost.
const GONE_AFTER: Duration = Duration::from_secs(5);

/// The gone are forgotten for good after this long; until then they are shown as gone.
const FORGOTTEN_AFTER: Duration = Duration::from_mins(1);

/// What was reported is remembered for so many; then it may be reported again.
const REPORTED_MAX: usize = 256;

/// Announcements kept at once; more instances than that are the result of a fault.
const INSTANCES_MAX: usize = 1024;

/// Of these, those of one service: one that announces more of itself does not keep the others out.
const INSTANCES_PER_SERVICE_MAX: usize = 128;

/// All services that were ever announced, and who of them is there.
#[derive(Default)]
pub(crate) struct Table(RwLock<Inner>);

#[derive(Default)]
struct Inner {
    instances: BTreeMap<(String, String), Heard>,
    routers: BTreeMap<String, Router>,
    /// By prefix. A prefix stays known while its service is down: that is 503, not 404.
    routes: BTreeMap<Arc<str>, Arc<Route>>,
    /// Announcements that were ignored, each logged once.
    reported: BTreeSet<String>,
}

/// An instance of a service as it last announced itself.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    pub(crate) announcement: Arc<Announcement>,
    /// By the time of day, to be shown.
    pub(crate) at: Timestamp,
    /// In monotonic time.
    since: Duration,
}

/// One prefix and the instances behind it.
pub(crate) struct Route {
    pub(crate) prefix: Arc<str>,
    candidates: Vec<Candidate>,
    turn: AtomicUsize,
}

struct Candidate {
    instance: String,
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
    /// Records an announcement received now.
    pub(crate) fn learn(&self, announcement: Arc<Announcement>, clock: &dyn Clock) {
        let (at, since) = (clock.now(), clock.elapsed());
        let mut inner = self.write();
        inner.instances.retain(|_, heard| heard.since + FORGOTTEN_AFTER > since);
        let key = (announcement.name.clone(), announcement.instance.clone());
        for unheeded in inner.unheeded(&announcement) {
            tracing::warn!("{unheeded}");
        }
        if inner.has_room(&key) {
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
        sync::read(&self.0).routes.get(prefix).cloned()
    }

    /// Every prefix ever announced.
    pub(crate) fn routes(&self) -> Vec<Arc<Route>> {
        let inner = sync::read(&self.0);
        inner.routes.values().cloned().collect()
    }

    /// All instances by name, those lately gone included.
    pub(crate) fn instances(&self) -> Vec<Heard> {
        let inner = sync::read(&self.0);
        inner.instances.values().cloned().collect()
    }

    fn write(&self) -> RwLockWriteGuard<'_, Inner> {
        sync::write(&self.0)
    }
}

impl Inner {
    fn derive_routes(&mut self) {
        let mut candidates: BTreeMap<Arc<str>, Vec<Candidate>> =
            self.routes.keys().map(|prefix| (Arc::clone(prefix), Vec::new())).collect();
        for Heard { announcement, since, .. } in self.instances.values() {
            let Some(target) = self.target(announcement) else { continue };
            let Some(prefix) = own_prefix(announcement) else { continue };
            let (ready, heard_at) = (announcement.ready, *since);
            candidates.entry(prefix.into()).or_default().push(Candidate {
                instance: announcement.instance.clone(),
                target,
                ready,
                heard_at,
            });
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
            Address::Http(base) => address::parse(base).ok().map(Target::Remote),
        }
    }

    /// Whether an instance can be taken note of; a service with too many leaves room for the others.
    fn has_room(&self, key: &(String, String)) -> bool {
        let of_service = self.instances.keys().filter(|(name, _)| *name == key.0).count();
        self.instances.contains_key(key)
            || (of_service < INSTANCES_PER_SERVICE_MAX && self.instances.len() < INSTANCES_MAX)
    }

    /// What an announcement asks for and does not get, the first time that it does.
    fn unheeded(&mut self, announcement: &Announcement) -> Vec<String> {
        let name = &announcement.name;
        let others = announcement.routes.iter().filter(|route| !is_own(route, announcement));
        let mut unheeded: Vec<String> = others
            .map(|route| {
                format!("service {name} announces the route {route}, which is not its own: ignored")
            })
            .collect();
        if let Address::Http(base) = &announcement.address
            && let Err(why) = address::parse(base)
        {
            let lost = format!("service {name} announces the address {base}, which {why}: ignored");
            unheeded.push(lost);
        }
        if self.reported.len() >= REPORTED_MAX {
            self.reported.clear();
        }
        unheeded.retain(|what| self.reported.insert(what.clone()));
        unheeded
    }
}

impl Route {
    /// The instances that are ready, rotated round-robin. `path` is below the service's own: a question about its health also goes to
    /// an instance that is not ready, which alone knows why.
    pub(crate) fn targets(&self, path: &str, elapsed: Duration) -> Vec<&Target> {
        let any = self.candidates.iter().all(|candidate| !candidate.ready)
            && matches!(path, "/health/ready" | "/health/live");
        let mut ready: Vec<&Target> = self
            .candidates
            .iter()
            .filter(|candidate| (any || candidate.ready) && here(candidate.heard_at, elapsed))
            .map(|candidate| &candidate.target)
            .collect();
        if ready.len() > 1 {
            let turn = self.turn.fetch_add(1, Ordering::Relaxed) % ready.len();
            ready.rotate_left(turn);
        }
        ready
    }
}

impl Route {
    /// The instance of that name if it is there, ready or not: who asks for one by its name means that one.
    pub(crate) fn instance(&self, name: &str, elapsed: Duration) -> Option<&Target> {
        let is_meant = |candidate: &&Candidate| {
            candidate.instance == name && here(candidate.heard_at, elapsed)
        };
        self.candidates.iter().find(is_meant).map(|candidate| &candidate.target)
    }
}

fn here(heard_at: Duration, elapsed: Duration) -> bool {
    elapsed < heard_at + GONE_AFTER
}

/// The one prefix that a service may answer, if it announces that.
pub(crate) fn own_prefix(announcement: &Announcement) -> Option<&str> {
    announcement.routes.iter().map(String::as_str).find(|route| is_own(route, announcement))
}

fn is_own(route: &str, announcement: &Announcement) -> bool {
    route.strip_prefix('/') == Some(announcement.name.as_str()) && is_name(&announcement.name)
}

/// Whether a service can have this name: one segment of a path that no route of the gateway's own hides.
#[must_use]
pub fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'0'..=b'9' | b'-'))
        && !matches!(text, "v1" | "system" | "health" | "docs")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn announcement(name: &str, routes: &[&str], address: &str) -> Announcement {
        Announcement {
            name: name.to_owned(),
            instance: "1".to_owned(),
            address: Address::Http(address.to_owned()),
            routes: routes.iter().map(|&route| route.to_owned()).collect(),
            version: "1".to_owned(),
            ready: true,
            trouble: None,
            warnings: Vec::new(),
            slow: None,
            clock: None,
            model: None,
            lag: BTreeMap::new(),
            set_aside: 0,
            throughput: 0.0,
            balances: Vec::new(),
            reads: BTreeMap::default(),
        }
    }

    #[test]
    fn what_is_not_heeded_is_said_once() {
        let mut inner = Inner::default();
        let said = announcement("loyalty", &["/loyalty", "/customer"], "http://169.254.169.254:80");
        assert_eq!(
            inner.unheeded(&said),
            [
                "service loyalty announces the route /customer, which is not its own: ignored",
                "service loyalty announces the address http://169.254.169.254:80, which is not that of a host: ignored",
            ]
        );
        assert_eq!(inner.unheeded(&said), [""; 0]);
        let fine = announcement("sales", &["/sales"], "http://127.0.0.1:80");
        assert_eq!(inner.unheeded(&fine), [""; 0]);
    }
}
