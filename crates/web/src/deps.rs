//! The dependencies of a service with an HTTP side.

use std::{ops::Deref, sync::Arc};

use runtime::Progress;

use crate::{Authenticate, HttpConfig, metrics::Metrics};

/// Everything that a service may touch outside itself. Cheap to clone.
#[derive(Clone)]
pub struct ServiceDeps {
    /// Time, ids, the bus and the tasks; `deps.clock` and the like mean those.
    pub base: runtime::Deps,
    /// The service's own figures.
    pub metrics: Metrics,
    /// What HTTP requests may do, for all services of a process alike.
    pub http: HttpConfig,
    /// What every service of the process rests on, such as the list of ended sessions: none is ready before it is, and each shows its inbox.
    pub shared: Vec<Progress>,
}

impl ServiceDeps {
    /// With the usual HTTP limits, and without authentication.
    #[must_use]
    pub fn new(base: runtime::Deps) -> Self {
        let (http, metrics) = (HttpConfig::of(&base), Metrics::default());
        Self { base, metrics, http, shared: Vec::new() }
    }

    /// The same, with `auth` for authentication.
    #[must_use]
    pub fn authenticated_by(mut self, auth: impl Authenticate) -> Self {
        self.http.auth = Some(Arc::new(auth));
        self
    }

    /// The same, with a follower that services share.
    #[must_use]
    pub fn sharing(mut self, follower: Progress) -> Self {
        self.shared.push(follower);
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

impl Deref for ServiceDeps {
    type Target = runtime::Deps;

    fn deref(&self) -> &runtime::Deps {
        &self.base
    }
}
