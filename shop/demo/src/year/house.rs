//! Runtime environment of the simulated year: the event store and the services on one thread, joined by a bus within the process, on a calendar.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use axum::Router;
use contracts::names;
use customer::Secrets;
use eventlog::{Options, Unsynced};
use identity::{Auth, ended};
use kernel::{Clock, Ids, Timestamp};
use registry::{Extensions, ModelPlace, Module, Setup};
use runtime::{
    Budget, Progress, Tasks, Traces, event_store,
    sqlite::{self, Location},
};
use store::{LogStore, Memory, log::LogReader};
use web::{HttpNames, Service, ServiceDeps};

use super::{Conditions, YearError, began};
use crate::{calendar::Calendar, desk::Desk};

/// Everything that runs in a simulated year.
pub(super) struct House {
    pub(super) calendar: Arc<Calendar>,
    pub(super) reader: LogReader,
    pub(super) given: Arc<customer::Given>,
    pub(super) shop: registry::ShopSettings,
    pub(super) began: Timestamp,
    pub(super) until: Timestamp,
    deps: ServiceDeps,
    auth: Auth,
    sessions: Progress,
    running: BTreeMap<&'static str, Running>,
    /// Names databases in memory, which all of a process share.
    name: String,
    /// Keep them there while their service is down.
    anchors: Vec<Box<dyn Send>>,
}

struct Running {
    service: Service,
    tasks: Tasks,
}

impl House {
    pub(super) async fn open(conditions: Conditions) -> Result<Self, YearError> {
        let Conditions { log, secret, seed, admin_password, hashing, shop, now } = conditions;
        let began = began(now);
        let calendar = Arc::new(Calendar::starting_at(began));
        let clock: Arc<dyn Clock> = Arc::<Calendar>::clone(&calendar);
        let (ids, secrets) = (Arc::new(Ids::from_seed(seed)), Arc::new(Secrets::derive(&secret)));
        let auth = Auth::new(secrets.verifier(), Arc::clone(&clock));
        let base = runtime::Deps {
            clock,
            ids: Arc::clone(&ids),
            transport: Arc::new(Memory::new()),
            tasks: Tasks::inline(),
            traces: Traces::default(),
            budget: Budget::of(runtime::budget::MEMORY),
            schemas: runtime::Schemas::default(),
        };
        let mut deps = ServiceDeps::new(base).authenticated_by(auth.clone());
        deps.http.names = HttpNames::of(names::SYSTEM);
        let reader = serve_log(&log, &deps).await?;
        let name = format!("sample-{:x}", u128::from_le_bytes(ids.bytes()));
        let place = Location::Memory(format!("{name}-sessions"));
        let sessions = ended::follow(&deps, &auth, place, ended::session_end);
        let sessions = sessions.map_err(registry::StartError::from)?;
        let given = customer::Given::new(secrets, admin_password);
        let given = Arc::new(customer::Given { hashing, ..given });
        let (running, anchors) = (BTreeMap::new(), Vec::new());
        let mut house = Self {
            calendar,
            reader,
            given,
            shop,
            began,
            until: now,
            deps,
            auth,
            sessions,
            running,
            name,
            anchors,
        };
        for module in registry::SERVICES {
            house.anchor(module.name)?;
            house.start(module.name).await?;
        }
        Ok(house)
    }

    /// What the services' people need to make their calls.
    pub(super) fn desk(&self) -> Desk {
        let routers = self.running.iter().map(|(name, one)| (*name, one.service.router.clone()));
        Desk::new(routers, Arc::clone(&self.given.secrets), &self.deps)
    }

    /// Everything that follows the log.
    pub(super) fn followers(&self) -> impl Iterator<Item = &Progress> {
        let services = self.running.values().flat_map(|one| &one.service.followers);
        services.chain([&self.sessions])
    }

    /// Where a service that runs answers its calls.
    pub(super) fn router(&self, name: &str) -> Option<Router> {
        self.running.get(name).map(|one| one.service.router.clone())
    }

    /// Starts a service on its databases.
    pub(super) async fn start(&mut self, name: &'static str) -> Result<(), YearError> {
        let module: &Module = registry::find(name).expect("a service of the list");
        let mut deps = self.deps.clone().of_service(name);
        deps.base.tasks = self.deps.tasks.child();
        let tasks = deps.base.tasks.clone();
        let mut own = Extensions::new();
        own.insert(Arc::clone(&self.given));
        let setup = Setup {
            deps,
            auth: self.auth.clone(),
            model: ModelPlace::Embedded(self.model(name)),
            snapshots: self.snapshots(name),
            shop: self.shop.clone(),
            own,
        };
        let service = (module.build)(setup).await?;
        self.running.insert(name, Running { service, tasks });
        Ok(())
    }

    /// Ends a service where it is; its databases stay.
    pub(super) async fn kill(&mut self, name: &str) {
        if let Some(one) = self.running.remove(name) {
            one.tasks.kill().await;
        }
    }

    /// Finishes what has begun, the services first.
    pub(super) async fn close(self) {
        for one in self.running.values() {
            one.tasks.shutdown().await;
        }
        self.deps.tasks.shutdown().await;
    }

    fn anchor(&mut self, name: &str) -> Result<(), YearError> {
        for location in [self.model(name), self.snapshots(name)] {
            let held = sqlite::hold(&location).map_err(runtime::ModelError::from);
            self.anchors.push(Box::new(held.map_err(registry::StartError::from)?));
        }
        Ok(())
    }

    fn model(&self, name: &str) -> Location {
        Location::Memory(format!("{}-{name}-model", self.name))
    }

    fn snapshots(&self, name: &str) -> Location {
        Location::Memory(format!("{}-{name}-snapshots", self.name))
    }
}

/// Makes the log, and serves it over the bus.
async fn serve_log(log: &Path, deps: &ServiceDeps) -> Result<LogReader, YearError> {
    let options = Options::new(deps.ids.bytes());
    let LogStore { writer, reader, .. } = LogStore::open(log, Arc::new(Unsynced), options)?;
    event_store::serve(deps, writer, reader.clone(), event_store::Figures::default()).await;
    Ok(reader)
}
