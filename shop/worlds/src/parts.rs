//! The parts of a world: the event store and the services, each of which can be started, killed and started again.

use std::{collections::BTreeMap, path::Path, rc::Rc, sync::Arc, time::Duration};

use ::faults::{SlowBus, SlowWriter, Slowness};
use axum::Router;
use contracts::{
    money::{Currency, Money},
    names,
};
use customer::Secrets;
use eventlog::{Files, Known, OpenError, Options, simdisk::SimDisk};
use identity::{Auth, ended};
use jiff::tz::TimeZone;
use kernel::{Clock, Ids, Position, Recorded};
use registry::{Extensions, ModelPlace, Module, Setup, ShopSettings};
use runtime::event_store::Figures;
use runtime::{Budget, Tasks, clock::RuntimeClock, sqlite, sqlite::Location};
use store::{LogStore, Transport, log::LogReader};
use testkit::{FaultyTransport, TestClock};
use web::{HttpNames, Service, ServiceDeps};

use crate::{
    bug::{BELIEVED, NeverBack, PlantedBug},
    forgery::{Forged, all_events},
    versions::{Program, Versions},
};

/// Segments small enough that a world fills several.
const SEGMENT_BYTES: u64 = 64 << 10;
/// How long an order may stay open.
pub(crate) const DEADLINE: Duration = Duration::from_secs(10);

/// Everything in a world that outlives its processes.
pub(crate) struct Environment {
    pub(crate) name: String,
    /// Each can run more than once.
    pub(crate) services: Vec<&'static Module>,
    pub(crate) disk: Arc<SimDisk>,
    pub(crate) transport: Arc<FaultyTransport>,
    /// The right time.
    pub(crate) clock: RuntimeClock,
    /// That of the event store's machine.
    pub(crate) store_clock: Arc<TestClock>,
    pub(crate) store_slowness: Slowness,
    pub(crate) ids: Arc<Ids>,
    pub(crate) bug: Option<PlantedBug>,
    pub(crate) salt: [u8; 16],
    pub(crate) secret: [u8; 32],
    pub(crate) forged: Forged,
    /// In a world with two versions of every service.
    pub(crate) versions: Option<Versions>,
}

/// The manager's password.
pub(crate) const ADMIN_PASSWORD: &str = "correct horse battery staple";

/// A running instance of a service.
pub(crate) struct Instance {
    pub(crate) router: Router,
    pub(crate) service: Service,
    tasks: Tasks,
    /// Keeps the read model alive while the instance is not: what a disk would keep.
    pub(crate) models: Models,
    pub(crate) slowness: Slowness,
}

/// The databases of an instance, by location; dropping them is losing them.
#[derive(Clone)]
pub(crate) struct Models {
    /// Of the instance.
    pub(crate) name: String,
    pub(crate) model: Location,
    pub(crate) snapshots: Location,
    sessions: Location,
    /// That of the machine they are on.
    pub(crate) clock: Arc<TestClock>,
    held: Rc<sqlite::Held>,
    _others: Rc<[sqlite::Held; 2]>,
}

/// A running event store.
pub(crate) struct Store {
    tasks: Tasks,
    pub(crate) reader: LogReader,
}

/// Memory for streams at rest and pages of the log: none at all, a little, or enough for a whole world.
const MEMORY: [usize; 3] = [0, 64 << 10, runtime::budget::MEMORY];

impl Environment {
    /// What the processes of this world may keep in memory; by its secret, which its seed has drawn.
    fn budget(&self) -> Budget {
        let [drawn, ..] = self.secret;
        Budget::of(MEMORY.get(usize::from(drawn) % MEMORY.len()).copied().unwrap_or_default())
    }

    fn deps(
        &self,
        tasks: &Tasks,
        clock: &Arc<TestClock>,
        transport: Arc<dyn Transport>,
    ) -> (ServiceDeps, Auth) {
        let clock: Arc<dyn Clock> = Arc::<TestClock>::clone(clock);
        let auth = Auth::new(Secrets::derive(&self.secret).verifier(), Arc::clone(&clock));
        let mut deps = ServiceDeps::new(runtime::Deps {
            clock,
            ids: Arc::clone(&self.ids),
            transport,
            tasks: tasks.clone(),
            traces: runtime::Traces::default(),
            budget: self.budget(),
            schemas: runtime::Schemas::default(),
        })
        .authenticated_by(auth.clone());
        deps.http.names = HttpNames::of(names::SYSTEM);
        (deps, auth)
    }

    /// Opens the log and serves it. `None` if the disk does not let it be opened now.
    pub(crate) async fn start_store(&self) -> Option<Store> {
        match self.open_log(None, false) {
            Ok(log) => Some(self.serve(log).await),
            Err(OpenError::Io { .. }) => None,
            Err(error) => panic!("{}: the log does not open after a crash: {error}", self.name),
        }
    }

    /// Opens the log, with what is known of it; what it has lost may be accepted.
    pub(crate) fn open_log(
        &self,
        known: Option<Known>,
        accept_loss: bool,
    ) -> Result<LogStore, OpenError> {
        let files: Arc<dyn Files> = match self.bug {
            Some(PlantedBug::AnswerBeforeSync) => {
                Arc::new(crate::bug::Unsynced(Arc::clone(&self.disk)))
            }
            _ => Arc::clone(&self.disk) as Arc<dyn Files>,
        };
        let options =
            Options { segment_bytes: SEGMENT_BYTES, known, accept_loss, ..Options::new(self.salt) };
        LogStore::open(Path::new("/log"), files, options)
    }

    /// Serves an open log.
    pub(crate) async fn serve(&self, log: LogStore) -> Store {
        let tasks = Tasks::inline();
        let LogStore { writer, reader, maintenance, .. } = log;
        let (mut deps, _) = self.deps(&tasks, &self.store_clock, self.transport.clone());
        if let Some(versions) = &self.versions {
            versions.follow(&mut deps).await;
        }
        let (read, figures) = (reader.clone(), Figures::default());
        let slowness = self.store_slowness.clone();
        if self.bug == Some(PlantedBug::DatedByLastEvent) {
            let events = all_events(&reader).await.expect("a whole log");
            let writer = SlowWriter { writer: NeverBack::after(&events, writer), slowness };
            runtime::event_store::serve(&deps, writer, read, figures).await;
        } else {
            let writer = SlowWriter { writer, slowness };
            runtime::event_store::serve(&deps, writer, read, figures).await;
        }
        let looking_after = tasks.clone();
        tasks.spawn("upkeep", async move {
            while !looking_after.is_stopping() {
                let _tried_again = maintenance.step();
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        });
        Store { tasks, reader }
    }

    /// New, empty databases for an instance.
    pub(crate) fn models(&self, instance: &str) -> Models {
        let [(model, held), (snapshots, second), (sessions, third)] =
            ["model", "snapshots", "sessions"].map(|kind| self.database(instance, kind));
        let clock = Arc::new(TestClock::beside(self.clock));
        let name = instance.to_owned();
        let (held, others) = (Rc::new(held), Rc::new([second, third]));
        Models { name, model, snapshots, sessions, clock, held, _others: others }
    }

    fn database(&self, instance: &str, kind: &str) -> (Location, sqlite::Held) {
        // No two alike: a database is there as long as anything holds it, and a new one must be empty.
        let number = u64::from_le_bytes(self.ids.bytes());
        let location = Location::Memory(format!("{}-{instance}-{kind}-{number:x}", self.name));
        let held = sqlite::hold(&location).expect("memory for a database");
        (location, held)
    }

    /// Installs the program for the model: that of the newer version has another number for the same tables. A model that only the newer
    /// version can read is removed for the older one, as its refusal says.
    async fn install(&self, service: &str, models: &mut Models, program: Program) {
        let ahead = u32::from(program == Program::Newer);
        models.held.install(ahead);
        let place = ModelPlace::Embedded(models.model.clone());
        let opened = (self.service(service).open_model)(place, &TimeZone::UTC).await;
        if opened.is_err() {
            let (model, held) = self.database(&models.name, "model");
            held.install(ahead);
            (models.model, models.held) = (model, Rc::new(held));
        }
    }

    /// The service of that name.
    pub(crate) fn service(&self, name: &str) -> &'static Module {
        let found = self.services.iter().find(|module| module.name == name);
        found.unwrap_or_else(|| panic!("no service {name} in this world"))
    }

    /// Starts an instance of a service on its databases.
    pub(crate) async fn start(&self, service: &str, mut models: Models) -> Instance {
        let tasks = Tasks::inline();
        let slowness = Slowness::default();
        let bus = SlowBus::new(self.transport.clone(), slowness.clone());
        let (mut deps, auth) = self.deps(&tasks, &models.clock, Arc::new(bus));
        if let Some(versions) = &self.versions {
            versions.begin(&models.name, &mut deps).await;
            let program = versions.program(&models.name);
            self.install(service, &mut models, program).await;
        }
        let sessions = ended::follow(&deps, &auth, models.sessions.clone(), ended::session_end)
            .expect("memory for a database");
        let deps = deps.sharing(sessions);
        let setup = Setup {
            deps: deps.clone(),
            auth,
            model: ModelPlace::Embedded(models.model.clone()),
            snapshots: models.snapshots.clone(),
            shop: ShopSettings {
                currency: Currency::parse("EUR").expect("a code"),
                time_zone: TimeZone::UTC,
                welcome_credit: Money::from_minor(10_000),
                order_deadline: self.order_deadline(),
            },
            own: self.own(),
        };
        let built = (self.service(service).build)(setup).await;
        let service = built.expect("a service starts on a database in memory");
        if let Some(versions) = &self.versions {
            versions.announce(&models.name, &deps, &service);
        }
        Instance { router: service.router.clone(), service, tasks, models, slowness }
    }

    fn order_deadline(&self) -> Duration {
        if self.bug == Some(PlantedBug::IgnoredLag) { DEADLINE + BELIEVED } else { DEADLINE }
    }

    /// What one service alone is given.
    fn own(&self) -> Extensions {
        let password =
            customer::NewPassword::parse(ADMIN_PASSWORD.to_owned()).expect("long enough");
        let secrets = Arc::new(Secrets::derive(&self.secret));
        let given = customer::Given::new(secrets, Some(password));
        let mut own = Extensions::new();
        own.insert(Arc::new(customer::Given { hashing: customer::Cost::TINY, ..given }));
        own
    }
}

impl Instance {
    /// Ends the instance where it is; its databases stay.
    pub(crate) async fn kill(self) -> Models {
        self.tasks.kill().await;
        assert!(!self.tasks.failed(), "{} panicked", self.service.name);
        self.models
    }

    /// Whether a part of it could not go on.
    pub(crate) fn has_failed(&self) -> bool {
        self.tasks.failed()
    }

    /// Ends the instance, whether or not it could go on.
    pub(crate) async fn abandon(self) {
        self.tasks.kill().await;
    }
}

impl Store {
    pub(crate) async fn kill(self) {
        self.tasks.kill().await;
        assert!(!self.tasks.failed(), "the event store panicked");
    }
}

/// What a service's model holds once it is built from the whole log.
pub(crate) async fn rebuilt(
    environment: &Environment,
    service: &str,
    events: &[Arc<Recorded>],
) -> Vec<String> {
    let location = Location::Memory(format!("{}-{service}-rebuilt", environment.name));
    let open = environment.service(service).open_model;
    let model = open(ModelPlace::Embedded(location), &TimeZone::UTC).await.expect("memory");
    let head = events.last().map_or(Position::START, |event| event.position);
    model.take(events, head).await.expect("a model in memory is there");
    model.dump().await.expect("a model in memory can be read")
}

/// Instances by service, in a fixed order.
pub(crate) type Instances = BTreeMap<String, Instance>;
