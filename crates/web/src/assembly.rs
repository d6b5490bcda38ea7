//! How a service is put together: its read model with a projector, its reactors, and its calls around them.

use std::{fmt, sync::Arc};

use runtime::{
    Aggregates, Progress, Reactor, ReadModel, Rebuild, model::Project, projector, reactor, rebuild,
};
use utoipa_axum::router::OpenApiRouter;

use crate::{
    Api, Service, ServiceContext, ServiceDeps, generations, inbox,
    service::{inspected, inspection, projector_of},
};

/// A service on the read model `M` while it is put together. What it spawns runs until the tasks of its surroundings stop.
pub struct Assembly<M: ?Sized> {
    name: &'static str,
    service: ServiceContext<M>,
    followers: Vec<Progress>,
    rebuild: Rebuild,
}

impl<M: ReadModel + ?Sized> Assembly<M> {
    /// Begins with `model`, which a projector, `NAME.projector`, takes through the log from now on.
    #[must_use]
    pub fn new(
        name: &'static str,
        deps: ServiceDeps,
        model: Arc<M>,
        project: Project<M::Change>,
    ) -> Self {
        let progress = deps.progress(&projector_of(name));
        let (tasks, store) = (&deps.tasks, deps.store());
        projector::spawn(tasks, &store, Arc::clone(&model), project, progress.clone());
        let rebuild = rebuild::spawn(tasks, &store, Arc::clone(&model), project, progress.clone());
        Self {
            name,
            followers: vec![progress.clone()],
            rebuild,
            service: ServiceContext { deps, model, progress },
        }
    }

    /// What the calls answer from.
    #[must_use]
    pub fn service(&self) -> ServiceContext<M> {
        self.service.clone()
    }

    /// Adds a reactor, which commands `aggregates`; how far it is, as the follower `REACTOR.reactor`. The service's first one has the
    /// service's name.
    pub fn react<R: Reactor>(
        &mut self,
        aggregates: &Aggregates<R::Aggregate>,
        reactor: R,
    ) -> Progress {
        let progress = self.follow(&format!("{}.reactor", reactor.name()));
        reactor::spawn(&self.service.deps, aggregates.clone(), reactor, progress.clone());
        progress
    }

    /// Something else, `NAME.WHAT`, without which the service is not ready.
    pub fn await_also(&mut self, what: &str) -> Progress {
        self.follow(&format!("{}.{what}", self.name))
    }

    fn follow(&mut self, name: &str) -> Progress {
        let progress = self.service.deps.progress(name);
        self.followers.push(progress.clone());
        progress
    }

    /// The service with its calls. To them come those by which an operator looks at the model.
    #[must_use]
    pub fn serve(self, calls: OpenApiRouter, version: &'static str) -> Service {
        let Self { name, service, mut followers, rebuild } = self;
        let ServiceContext { deps, model, progress } = service;
        followers.extend(deps.shared.iter().cloned());
        let model = inspected(model);
        let inbox = inbox::calls(name, deps.clone(), followers.clone());
        let generations = generations::calls(rebuild, progress.clone());
        let inspection = inspection(Arc::clone(&model)).merge(generations);
        let router = Api::new(name, version, deps.http.clone())
            .reads(progress)
            .follows(followers.clone())
            .metrics(deps.metrics.http())
            .finish(calls.merge(inspection).merge(inbox));
        Service { name, router, followers, model: Some(model), engine: None }
    }
}

impl<M: ?Sized> fmt::Debug for Assembly<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Assembly({})", self.name)
    }
}
