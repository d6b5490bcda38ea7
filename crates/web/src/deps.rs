//! The dependencies of a service with an HTTP side.

use std::{ops::Deref, sync::Arc};

use crate::{Authenticate, HttpConfig, metrics::Metrics};

/// Everything that a service may touch outside itself. Cheap to clone.
#[derive(Clone)]
pub struct Deps {
    /// Time, ids, the bus and the tasks; `deps.clock` and the like mean those.
    pub base: runtime::Deps,
    /// The service's own figures.
    pub metrics: Metrics,
    /// What HTTP requests may do, for all services of a process alike.
    pub http: HttpConfig,
}

impl Deps {
    /// With the usual HTTP limits, and without authentication.
    #[must_use]
    pub fn new(base: runtime::Deps) -> Self {
        Self { http: HttpConfig::of(&base), metrics: Metrics::default(), base }
    }

    /// The same, with `auth` for authentication.
    #[must_use]
    pub fn authenticated_by(mut self, auth: impl Authenticate) -> Self {
        self.http.auth = Some(Arc::new(auth));
        self
    }

    /// The same, with figures and traces of the service's own.
    #[must_use]
    pub fn of_service(mut self, name: &'static str) -> Self {
        self.metrics = self.metrics.service(name);
        self.base.traces = self.base.traces.of_service(name);
        self.http.traces = self.base.traces.clone();
        self
    }
}

impl Deref for Deps {
    type Target = runtime::Deps;

    fn deref(&self) -> &runtime::Deps {
        &self.base
    }
}
