//! A whole system in one process: its environment, the followers of its log, and its shutdown.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard},
};

use anyhow::Context as _;
use kernel::{Event, StreamId, sync};
use runtime::{
    Aggregates, Deps, Progress, Rebuild, Tasks, Traces,
    event_store::Figures,
    follower, projector, reactor, rebuild,
    snapshots::Snapshots,
    sqlite::{self, Database},
};

use crate::{
    Aggregate, Changes, Commands, Environment, Happened, Id, Model, Schema, Settings,
    commands::Models,
    engines,
    model::{Projection, project},
    react::{Reacting, following},
};

/// A system, or one process of it. What it runs stops when it is dropped or its [`shut_down`](Self::shut_down) is awaited.
pub struct System {
    pub(crate) settings: Settings,
    #[cfg(feature = "http")]
    pub(crate) web: web::ServiceDeps,
    deps: Deps,
    /// Needed to the very end: what drives the bus.
    bus_tasks: Tasks,
    pub(crate) models: Models,
    /// Who looks after the generations of each model.
    pub(crate) rebuilds: Mutex<Vec<(&'static str, Rebuild, Progress)>>,
    followers: Mutex<Vec<Progress>>,
}

impl System {
    /// The system of that name, with its settings from the environment; see [`Settings::from_env`]. Without any it keeps everything in
    /// the folder `NAME-data`.
    pub async fn open(name: &'static str) -> anyhow::Result<Self> {
        Self::start(Settings::from_env(name)?, Environment::real()?).await
    }

    /// The system with these settings, on this ground.
    pub async fn start(settings: Settings, environment: Environment) -> anyhow::Result<Self> {
        settings.check()?;
        let bus_tasks = Tasks::new();
        let transport = match engines::bus(&settings, &environment, &bus_tasks).await {
            Ok(transport) => transport,
            Err(error) => {
                bus_tasks.kill().await;
                return Err(error.context("the bus cannot be used"));
            }
        };
        let deps = Deps {
            clock: Arc::clone(&environment.clock),
            ids: Arc::clone(&environment.ids),
            transport,
            tasks: environment.tasks.clone(),
            traces: Traces::default(),
            budget: runtime::Budget::default(),
            schemas: runtime::Schemas::default(),
        };
        let system = Self {
            #[cfg(feature = "http")]
            web: web::ServiceDeps::new(deps.clone()).of_service(settings.name),
            settings,
            deps,
            bus_tasks,
            models: Models::default(),
            rebuilds: Mutex::default(),
            followers: Mutex::default(),
        };
        match system.serve_events(&environment).await {
            Ok(()) => Ok(system),
            Err(error) => {
                system.kill().await;
                Err(error)
            }
        }
    }

    async fn serve_events(&self, environment: &Environment) -> anyhow::Result<()> {
        let figures = Figures::default();
        engines::event_store(&self.settings, environment, &self.deps, figures.clone()).await?;
        if self.settings.store != crate::settings::EventStore::OnTheBus {
            self.followers().push(figures.progress(&self.deps));
        }
        Ok(())
    }

    /// What everything of this process works with, for parts that need more than is offered here.
    #[must_use]
    pub fn deps(&self) -> &Deps {
        &self.deps
    }

    /// The way to the streams of an aggregate.
    pub fn commands<A: Aggregate>(&self) -> anyhow::Result<Commands<A>> {
        // The longest id must fit behind the category.
        let longest: Id = "x".repeat(Id::CHARACTERS_MAX).parse()?;
        crate::commands::stream::<A>(&longest)
            .with_context(|| format!("{:?} cannot be a category of streams", A::CATEGORY))?;
        let snapshots = if A::SNAPSHOT_SCHEMA == 0 {
            Snapshots::none()
        } else {
            let name = format!("{}-snapshots", A::CATEGORY);
            Snapshots::open(&engines::own_database(&self.settings, &name)?)?
        };
        let aggregates = Aggregates::new(&self.deps, snapshots);
        Ok(Commands::new(aggregates, Arc::clone(&self.models)))
    }

    /// Lets events of the family `E` lead to commands, each exactly once, whatever crashes. `name` goes into what they record and is never
    /// changed once released.
    ///
    /// Total and pure: an event that leads to nothing now leads to nothing later. A reaction records at most one event of each type.
    pub fn react<E: Event, A: Aggregate>(
        &self,
        name: &'static str,
        commands: &Commands<A>,
        react: impl Fn(&Happened<E>) -> Option<(Id, A::Command)> + Send + 'static,
    ) -> anyhow::Result<()> {
        StreamId::new("reactor", name)?;
        let progress = self.follower(name);
        let reacting = Reacting::<A, E, _>::new(name, react);
        reactor::spawn(&self.deps, commands.aggregates.clone(), reacting, progress);
        Ok(())
    }

    /// Runs an external effect for every event of the family `E`, in order and at least once: a process that dies after the effect and
    /// before its checkpoint repeats it. Use [`Happened::position`] as the key by which the receiver recognizes a repetition. An error
    /// is retried, and later events wait.
    pub fn follow<E: Event, D>(
        &self,
        name: &'static str,
        effect: impl Fn(Happened<E>) -> D + Send + 'static,
    ) -> anyhow::Result<()>
    where
        D: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        let location = engines::own_database(&self.settings, &format!("{name}-checkpoint"))?;
        let schema =
            sqlite::Schema { model: name, unmarked: &[], number: 1, variant: 0, create: "" };
        let checkpoint = Database::open(location, schema)?;
        follower::spawn(&self.deps, checkpoint, following::<E, _, _>(effect), self.follower(name));
        Ok(())
    }

    /// A read model: `apply` says what an event of the family `E` changes in its tables. It is pure and sees each event once; the changes
    /// and how far the model is are committed together. With another number in `schema` the model is built again from the log; so it is
    /// when an operator asks for it, beside the one that answers (see [`System::service`]).
    pub async fn project<E: Event>(
        &self,
        name: &'static str,
        schema: Schema,
        apply: impl Fn(&Happened<E>, &mut Changes) + Send + Sync + 'static,
    ) -> anyhow::Result<Model> {
        anyhow::ensure!(
            crate::settings::is_plain(name),
            "{name:?} cannot name a read model: give 1 to 40 of a-z, 0-9 and '-', beginning with a letter"
        );
        anyhow::ensure!(
            sync::lock(&self.rebuilds).iter().all(|(other, ..)| *other != name),
            "there are two read models called {name}; give one of them another name"
        );
        let tables = engines::tables(&self.settings, name, schema, &self.deps.tasks).await;
        let tables = tables.with_context(|| format!("the read model {name} cannot be opened"))?;
        let model = Model::new(name, tables);
        let progress = self.follower(name);
        let projection = Arc::new(Projection::new(model.engine(), apply));
        let (tasks, store) = (&self.deps.tasks, self.deps.store());
        projector::spawn(tasks, &store, Arc::clone(&projection), project::<E>, progress.clone());
        let rebuild = rebuild::spawn(tasks, &store, projection, project::<E>, progress.clone());
        sync::lock(&self.rebuilds).push((name, rebuild, progress.clone()));
        let mut models = sync::lock(&self.models);
        models.push((model.clone(), progress));
        Ok(model)
    }

    /// Everything that must work and have caught up for the process to be ready.
    #[must_use]
    pub fn progress(&self) -> Vec<Progress> {
        self.followers().clone()
    }

    /// Waits until everything that follows the log has caught up with it.
    pub async fn wait_ready(&self) {
        for follower in self.progress() {
            follower.wait_ready().await;
        }
    }

    /// Finishes what has begun, the bus last. Whether nothing had to be cut off.
    pub async fn shut_down(&self) -> bool {
        let drained = self.deps.tasks.shutdown().await;
        self.bus_tasks.shutdown().await && drained
    }

    /// Drops everything at once, as a crash would.
    pub async fn kill(&self) {
        self.deps.tasks.kill().await;
        self.bus_tasks.kill().await;
    }

    fn follower(&self, name: &'static str) -> Progress {
        let progress = self.deps.progress(name);
        self.followers().push(progress.clone());
        progress
    }

    fn followers(&self) -> MutexGuard<'_, Vec<Progress>> {
        sync::lock(&self.followers)
    }
}

impl Drop for System {
    /// After an early error nothing has stopped yet: threads that outlive the runtime would panic above the error itself.
    fn drop(&mut self) {
        self.deps.tasks.stop();
        self.bus_tasks.stop();
        if let Ok(runtime) = tokio::runtime::Handle::try_current()
            && runtime.runtime_flavor() == tokio::runtime::RuntimeFlavor::MultiThread
        {
            tokio::task::block_in_place(|| runtime.block_on(self.kill()));
        }
    }
}

impl fmt::Debug for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "System({})", self.settings.name)
    }
}
