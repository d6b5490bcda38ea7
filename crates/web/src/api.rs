//! A service's HTTP side as it is put together: its name, its read models, and what it waits for.

use std::{fmt, sync::Arc};

use runtime::Progress;

use super::{Checkpoint, HttpConfig};
use crate::metrics::HttpMetrics;

/// Builds the router of a service from its name and the read models behind its responses.
pub struct Api {
    pub(super) name: &'static str,
    pub(super) version: &'static str,
    pub(super) http: Arc<HttpConfig>,
    pub(super) model: Option<Arc<dyn Checkpoint>>,
    pub(super) metrics: HttpMetrics,
    pub(super) quiet: bool,
    pub(super) ready: Arc<Readiness>,
    pub(super) aside: Arc<dyn Fn() -> u64 + Send + Sync>,
}

/// Returns what a service still waits for, if anything.
pub(super) type Readiness = dyn Fn() -> Result<(), String> + Send + Sync;

impl Api {
    /// A service without a read model that is always ready. `name` is the first segment of its routes and the label of its metrics;
    /// `version` is what its OpenAPI document says.
    #[must_use]
    pub fn new(name: &'static str, version: &'static str, http: HttpConfig) -> Self {
        let metrics = HttpMetrics::default();
        let http = HttpConfig { traces: http.traces.of_service(name), ..http };
        let (http, ready) = (Arc::new(http), Arc::new(|| Ok(())));
        Self {
            name,
            version,
            http,
            model: None,
            metrics,
            quiet: false,
            ready,
            aside: Arc::new(|| 0),
        }
    }

    /// Responses come from `model`: requests with a position wait for it, and GETs return its position.
    #[must_use]
    pub fn reads(mut self, model: impl Checkpoint) -> Self {
        self.model = Some(Arc::new(model));
        self
    }

    /// Called for every readiness check of the service; an error says what it waits for.
    #[must_use]
    pub fn ready(mut self, ready: impl Fn() -> Result<(), String> + Send + Sync + 'static) -> Self {
        self.ready = Arc::new(ready);
        self
    }

    /// Depends on `followers`: ready once all of them can work; events they set aside are reported too.
    #[must_use]
    pub fn follows(self, followers: Vec<Progress>) -> Self {
        let asked = followers.clone();
        let ready = self.ready(move || crate::Service::ready(&asked));
        Self { aside: Arc::new(move || crate::Service::set_aside_count(&followers)), ..ready }
    }

    /// Counts requests into `metrics`.
    #[must_use]
    pub fn metrics(mut self, metrics: HttpMetrics) -> Self {
        self.metrics = metrics;
        self
    }

    /// Logs requests at debug level only, because the services behind log them too.
    #[must_use]
    pub fn quiet(mut self) -> Self {
        self.quiet = true;
        self
    }
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api").field("name", &self.name).finish_non_exhaustive()
    }
}
