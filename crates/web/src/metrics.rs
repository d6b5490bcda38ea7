//! Metrics of a whole process in the `OpenMetrics` format: families by name, each part under its own `service` label.

mod http;
mod process;

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, atomic::AtomicU64},
};

use axum::{Router, routing::get};
use hyper::header::CONTENT_TYPE;
use kernel::sync;
use prometheus_client::{
    encoding::text::encode,
    metrics::{counter, family::Family, gauge, histogram},
    registry::Registry,
};

pub use http::HttpMetrics;

/// A count that only grows.
pub type Counter = counter::Counter;
/// A whole number that goes up and down.
pub type Gauge = gauge::Gauge;
/// A quantity such as seconds that goes up and down.
pub type FloatGauge = gauge::Gauge<f64, AtomicU64>;
/// Distribution of observed values.
pub type Histogram = histogram::Histogram;

type Labels = Vec<(String, String)>;
type Histograms = Family<Labels, Histogram, Buckets>;

/// Buckets for durations in seconds, from a cached answer to a timed-out one.
pub const SECONDS: &[f64] = &[
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    5.0, 10.0,
];

/// Where [`Metrics::router`] answers.
pub const METRICS_ROUTE: &str = "/metrics";

/// The metrics of the process, or seen from one service. Cheap to clone; asking again gives the same metric.
#[derive(Clone)]
pub struct Metrics {
    families: Arc<Mutex<Families>>,
    labels: Labels,
}

struct Families {
    registry: Registry,
    by_name: BTreeMap<String, AnyFamily>,
}

enum AnyFamily {
    Counter(Family<Labels, Counter>),
    Gauge(Family<Labels, Gauge>),
    FloatGauge(Family<Labels, FloatGauge>),
    Histogram(Histograms),
}

/// The bounds that all histograms of a family share.
#[derive(Clone)]
struct Buckets(&'static [f64]);

impl prometheus_client::metrics::family::MetricConstructor<Histogram> for Buckets {
    fn new_metric(&self) -> Histogram {
        Histogram::new(self.0.iter().copied())
    }
}

impl Metrics {
    /// The metrics of a process: its processor time and memory, and whatever its parts add. All names begin with `prefix` and `_`.
    #[must_use]
    pub fn new(prefix: &str) -> Self {
        Self::of(Registry::with_prefix(prefix))
    }

    fn of(mut registry: Registry) -> Self {
        registry.register_collector(Box::new(process::Process));
        let families = Families { registry, by_name: BTreeMap::new() };
        Self { families: Arc::new(Mutex::new(families)), labels: Vec::new() }
    }

    /// The same metrics, with whatever is added here labelled as of `service`.
    #[must_use]
    pub fn service(&self, service: &str) -> Self {
        self.labelled("service", service)
    }

    /// The same metrics, with whatever is added here under one more label.
    #[must_use]
    pub fn labelled(&self, name: &str, value: &str) -> Self {
        let mut labels = self.labels.clone();
        labels.push((name.to_owned(), value.to_owned()));
        Self { families: Arc::clone(&self.families), labels }
    }

    /// The counter `NAME_total`.
    #[must_use]
    pub fn counter(&self, name: &str, help: &str) -> Counter {
        let mut families = self.lock();
        match families.family(name, help, AnyFamily::Counter) {
            AnyFamily::Counter(family) => family.get_or_create_owned(&self.labels),
            other => panic!("{name} is already {other}"),
        }
    }

    /// The gauge `NAME`.
    #[must_use]
    pub fn gauge(&self, name: &str, help: &str) -> Gauge {
        let mut families = self.lock();
        match families.family(name, help, AnyFamily::Gauge) {
            AnyFamily::Gauge(family) => family.get_or_create_owned(&self.labels),
            other => panic!("{name} is already {other}"),
        }
    }

    /// The gauge `NAME` of a quantity with fractions.
    #[must_use]
    pub fn float_gauge(&self, name: &str, help: &str) -> FloatGauge {
        let mut families = self.lock();
        match families.family(name, help, AnyFamily::FloatGauge) {
            AnyFamily::FloatGauge(family) => family.get_or_create_owned(&self.labels),
            other => panic!("{name} is already {other}"),
        }
    }

    /// The histogram `NAME`, such as over [`SECONDS`].
    #[must_use]
    pub fn histogram(&self, name: &str, help: &str, buckets: &'static [f64]) -> Histogram {
        let mut families = self.lock();
        let fresh = Histograms::new_with_constructor(Buckets(buckets));
        match families.family_of(name, help, fresh, AnyFamily::Histogram) {
            AnyFamily::Histogram(family) => family.get_or_create_owned(&self.labels),
            other => panic!("{name} is already {other}"),
        }
    }

    /// Requests by route and status, for [`crate::Api::metrics`].
    #[must_use]
    pub fn http(&self) -> HttpMetrics {
        HttpMetrics::of(self.clone())
    }

    /// Everything, as a scraper reads it.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut text = String::new();
        encode(&mut text, &self.lock().registry).expect("a string takes all that is written to it");
        text
    }

    /// The operator's address: `/metrics`, and nothing else.
    pub fn router(&self) -> Router {
        const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
        let metrics = self.clone();
        let answer = move || std::future::ready(([(CONTENT_TYPE, OPEN_METRICS)], metrics.encode()));
        Router::new().route(METRICS_ROUTE, get(answer))
    }

    fn lock(&self) -> MutexGuard<'_, Families> {
        sync::lock(&self.families)
    }
}

impl Default for Metrics {
    /// Without a prefix.
    fn default() -> Self {
        Self::of(Registry::default())
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").field("labels", &self.labels).finish_non_exhaustive()
    }
}

impl Families {
    fn family<F>(&mut self, name: &str, help: &str, kind: fn(F) -> AnyFamily) -> &AnyFamily
    where
        F: prometheus_client::registry::Metric + Clone + Default,
    {
        self.family_of(name, help, F::default(), kind)
    }

    /// The family of that name, registered as `fresh` if it is new.
    fn family_of<F>(
        &mut self,
        name: &str,
        help: &str,
        fresh: F,
        kind: fn(F) -> AnyFamily,
    ) -> &AnyFamily
    where
        F: prometheus_client::registry::Metric + Clone,
    {
        let Self { registry, by_name } = self;
        by_name.entry(name.to_owned()).or_insert_with(|| {
            registry.register(name, help, fresh.clone());
            kind(fresh)
        })
    }
}

impl fmt::Display for AnyFamily {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Counter(_) => "a counter",
            Self::Gauge(_) => "a gauge",
            Self::FloatGauge(_) => "a gauge of fractions",
            Self::Histogram(_) => "a histogram",
        })
    }
}
