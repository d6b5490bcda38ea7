//! Requests counted by method, route and status, and how long they took.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, RwLock},
    time::Duration,
};

use hyper::{Method, StatusCode};
use kernel::sync;

use super::{Counter, Histogram, Metrics, SECONDS};

/// The requests of one service. The default counts nothing.
#[derive(Clone, Default)]
pub struct HttpMetrics(Option<Arc<Inner>>);

struct Inner {
    metrics: Metrics,
    /// Route → method and status → its metrics, so that counting a request builds no labels. As bounded as the routes are.
    routes: RwLock<HashMap<String, ByKind>>,
}

/// How many and how long.
type ByKind = HashMap<Kind, (Counter, Histogram)>;

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Kind {
    method: &'static str,
    status: u16,
}

impl HttpMetrics {
    pub(super) fn of(metrics: Metrics) -> Self {
        Self(Some(Arc::new(Inner { metrics, routes: RwLock::default() })))
    }

    pub(crate) fn observe(&self, method: &Method, route: &str, status: StatusCode, took: Duration) {
        let Some(inner) = &self.0 else { return };
        let kind = Kind { method: known(method), status: status.as_u16() };
        let routes = sync::read(&inner.routes);
        if let Some((count, seconds)) = routes.get(route).and_then(|kinds| kinds.get(&kind)) {
            count.inc();
            seconds.observe(took.as_secs_f64());
            return;
        }
        drop(routes);
        let (count, seconds) = inner.added(route, kind);
        count.inc();
        seconds.observe(took.as_secs_f64());
    }
}

impl Inner {
    fn added(&self, route: &str, kind: Kind) -> (Counter, Histogram) {
        let of_route = self.metrics.labelled("method", kind.method).labelled("route", route);
        let seconds =
            of_route.histogram("http_request_seconds", "Time to answer a request", SECONDS);
        let of_status = of_route.labelled("status", &kind.status.to_string());
        let count = of_status.counter("http_requests", "Requests answered");
        let mut routes = sync::write(&self.routes);
        let kinds = routes.entry(route.to_owned()).or_default();
        kinds.entry(kind).or_insert((count, seconds)).clone()
    }
}

impl fmt::Debug for HttpMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HttpMetrics").field(&self.0.is_some()).finish()
    }
}

/// Methods that clients make up share one label.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
