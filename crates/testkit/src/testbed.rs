//! One service by itself: on a real log in a folder of its own, over a bus in memory, with a clock that the test sets.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use eventlog::{Options, OsFiles};
use kernel::{
    Actor, Clock as _, Event, EventType, Expected, Ids, Metadata, NewEvent, Position, Recorded,
    StreamId, Timestamp,
};
use runtime::{
    EventStore, Progress, ReadModel, Tasks, clock::RuntimeClock, event_store::Figures,
    model::Project, projector, sqlite::Location,
};
use serde_json::value::RawValue;
use store::{Append, Appended, LogStore, Memory, Read, log::LogReader};
use tempfile::TempDir;
use web::{Authenticate, Service, ServiceDeps};

use crate::{TestClock, world::EPOCH};

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(30);

/// The environment of a service; ends with the test.
pub struct Testbed {
    /// What the service is built with.
    pub deps: ServiceDeps,
    /// The clock of `deps`.
    pub clock: Arc<TestClock>,
    /// Reads the log past the bus.
    pub reader: LogReader,
    folder: Arc<TempDir>,
}

/// Numbers databases, of which no two may be one.
static MADE: AtomicU32 = AtomicU32::new(0);

/// Places of new, empty databases for read models.
#[derive(Debug)]
pub struct Databases(TempDir);

impl Testbed {
    /// An empty log, served on `tasks`: [`Tasks::inline`] under paused time, where everything happens on the test's thread.
    pub async fn new(tasks: Tasks) -> Self {
        Self::on(Arc::new(tempfile::tempdir().expect("a temporary folder")), EPOCH, tasks).await
    }

    /// The same folder after a restart of everything. The service on it must be dropped before.
    pub async fn restarted(self, tasks: Tasks) -> Self {
        assert!(self.deps.tasks.shutdown().await, "all tasks end by themselves");
        assert!(!self.deps.tasks.failed(), "no task panicked");
        let (folder, now) = (Arc::clone(&self.folder), self.clock.now());
        drop(self);
        Self::on(folder, now, tasks).await
    }

    async fn on(folder: Arc<TempDir>, now: Timestamp, tasks: Tasks) -> Self {
        let clock = Arc::new(TestClock::beside(RuntimeClock::starting_at(now)));
        let deps = ServiceDeps::new(runtime::Deps {
            clock: clock.clone(),
            ids: Arc::new(Ids::from_seed([7; 32])),
            transport: Arc::new(Memory::new()),
            tasks,
            traces: runtime::Traces::default(),
            budget: runtime::Budget::default(),
            schemas: runtime::Schemas::default(),
        });
        let options = Options { segment_bytes: 1 << 20, ..Options::new([3; 16]) };
        let log = LogStore::open(&folder.path().join("log"), Arc::new(OsFiles), options);
        let LogStore { writer, reader, .. } = log.expect("the log opens");
        runtime::event_store::serve(&deps, writer, reader.clone(), Figures::default()).await;
        Self { deps, clock, reader, folder }
    }

    /// The same for a service of this name, whose callers `auth` knows.
    #[must_use]
    pub fn for_service(mut self, name: &'static str, auth: impl Authenticate) -> Self {
        self.deps = self.deps.clone().authenticated_by(auth).of_service(name);
        self
    }

    /// The folder of the log and of the databases.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The place of an embedded database of this name, kept over restarts.
    #[must_use]
    pub fn database(&self, name: &str) -> Location {
        Location::File(self.folder().join(format!("{name}.db")))
    }

    /// The event store, as the service sees it.
    #[must_use]
    pub fn store(&self) -> EventStore {
        self.deps.store()
    }

    /// Records an event at the end of a stream, as the reactor of the stream's category would.
    pub async fn record(&self, stream: StreamId, event: &impl Event) -> Position {
        let metadata = self.metadata(Actor::reactor(stream.category()));
        self.record_raw(stream, event.kind(), event.schema(), event.encode(), metadata).await
    }

    /// What is recorded beside an event of that actor, which nothing caused.
    #[must_use]
    pub fn metadata(&self, actor: Actor) -> Metadata {
        Metadata::of(actor, self.deps.ids.uuid(self.clock.now()))
    }

    /// Records anything at the end of a stream: type, schema and data, which no service need understand.
    pub async fn record_raw(
        &self,
        stream: StreamId,
        kind: &str,
        schema: u32,
        data: Box<RawValue>,
        metadata: Metadata,
    ) -> Position {
        let last = self.store().last(&stream).await;
        let id = self.deps.ids.event_id(self.clock.now());
        let kind = EventType::parse(kind).expect("a well-formed type");
        let events = Arc::from(vec![NewEvent { id, kind, schema, metadata, data }]);
        let expected = Expected::after(last.map(|last| last.version));
        match self.store().append(Append { stream, expected, events }).await {
            Appended::Recorded { last, .. } => last,
            other => panic!("not recorded: {other:?}"),
        }
    }

    /// Records an event of another log at the end of its stream, with all that was recorded beside it.
    pub async fn record_again(&self, event: &Recorded) -> Position {
        let Recorded { stream, kind, schema, data, metadata, .. } = event.clone();
        self.record_raw(stream, kind.as_str(), schema, data.into(), metadata).await
    }

    /// The whole log.
    pub async fn events(&self) -> Vec<Arc<Recorded>> {
        self.store().read(Read::All { from: Position(1), categories: Vec::new() }).await.events
    }

    /// The types of a stream's events.
    pub async fn kinds(&self, stream: &StreamId) -> Vec<String> {
        let events = self.store().read_stream(stream, None).await.expect("a stream");
        events.iter().map(|event| event.kind.as_str().to_owned()).collect()
    }

    /// Waits until these services have dealt with everything recorded, and with what they recorded because of it.
    pub async fn idle(&self, services: &[&Service]) {
        let mut head = self.store().head().await;
        loop {
            for follower in services.iter().flat_map(|service| &service.followers) {
                follower.wait_for(head, PATIENCE).await.expect("the service catches up");
            }
            let now = self.store().head().await;
            if now == head {
                return;
            }
            head = now;
        }
    }

    /// Takes a read model through the log and on, as an instance of the service does, until the tasks returned are stopped or killed.
    pub fn follow<M: ReadModel + ?Sized>(
        &self,
        model: &Arc<M>,
        project: Project<M::Change>,
    ) -> (Tasks, Progress) {
        let (tasks, progress) = (self.deps.tasks.child(), self.deps.progress("another"));
        projector::spawn(&tasks, &self.store(), Arc::clone(model), project, progress.clone());
        (tasks, progress)
    }

    /// Takes an empty read model through the log; what it holds then, as lines.
    pub async fn rebuilt<M: ReadModel + ?Sized>(
        &self,
        model: &Arc<M>,
        project: Project<M::Change>,
    ) -> Vec<String> {
        let (tasks, progress) = self.follow(model, project);
        let head = self.store().head().await;
        progress.wait_for(head, PATIENCE).await.expect("the model is built");
        tasks.shutdown().await;
        model.dump().await.expect("the model can be read")
    }
}

impl Drop for Testbed {
    fn drop(&mut self) {
        self.deps.tasks.stop();
    }
}

/// Waits until a service can work.
pub async fn ready(service: &Service) {
    let ready = tokio::time::timeout(PATIENCE, service.wait_ready()).await;
    ready.expect("the service is soon ready");
}

/// Everything in a service's read model, as lines.
pub async fn dump(service: &Service) -> Vec<String> {
    let model = service.model.as_ref().expect("the service has a model");
    model.dump_at().await.expect("the model can be read").1
}

impl Databases {
    /// None so far, in a folder that goes with this.
    #[must_use]
    pub fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    /// One on disk.
    #[must_use]
    pub fn on_disk(&self) -> Location {
        Location::File(self.0.path().join(format!("{}.db", number())))
    }
}

/// The place of a new database in memory.
#[must_use]
pub fn in_memory() -> Location {
    Location::Memory(format!("testkit-{}", number()))
}

fn number() -> u32 {
    MADE.fetch_add(1, Ordering::Relaxed)
}

impl Default for Databases {
    fn default() -> Self {
        Self::new()
    }
}
