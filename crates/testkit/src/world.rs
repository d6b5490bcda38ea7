//! A world: the whole system on one thread under paused time, from its seed to its end.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    path::PathBuf,
    pin::Pin,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use agora::{Environment, Models, Settings, System};
use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode, header::CONTENT_TYPE},
};
use eventlog::{
    Options,
    simdisk::{Chances, SimDisk},
};
use kernel::{Ids, Position, Recorded, Timestamp};
use runtime::{Tasks, clock::RuntimeClock};
use serde_json::Value;
use store::Read;
use tokio::task::LocalSet;
use tower::ServiceExt as _;

use crate::{Answer, Dice, FaultRates, FaultyTransport};

/// When a world begins: 2026-01-01T00:00:00Z.
pub(crate) const EPOCH: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);
/// The length of the log's segments: small, so that there are several.
const SEGMENT_BYTES: u64 = 64 << 10;
/// Nothing more happens when the log has not grown for this long.
const QUIET: Duration = Duration::from_secs(10);
/// How long that may take.
const SETTLING: Duration = Duration::from_mins(10);
/// The pause after a start that failed, such as on a disk that fails.
const START_AGAIN: Duration = Duration::from_millis(100);

/// Names databases in memory, which a process shares: no two worlds may have the same.
static WORLDS: AtomicU64 = AtomicU64::new(0);

/// A future on the world's one thread.
type Local<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;
/// How the system's routes are put together.
type Assemble = dyn for<'a> Fn(&'a System) -> Local<'a, anyhow::Result<Router>>;

/// A system under faults. All chance comes from the seed.
pub struct World {
    name: &'static str,
    assemble: Box<Assemble>,
    dice: Dice,
    disk: SimDisk,
    transport: Arc<FaultyTransport>,
    clock: RuntimeClock,
    ids: Arc<Ids>,
    salt: [u8; 16],
    running: RefCell<Option<Rc<Running>>>,
}

/// The system between two crashes.
struct Running {
    system: System,
    router: Router,
}

impl World {
    /// Runs a world from `seed` to the end of `life`, on this thread, and returns what `life` does. `assemble` puts the system's routes
    /// together, as in its `main`.
    pub fn run<T>(
        seed: u64,
        name: &'static str,
        assemble: impl AsyncFn(&System) -> anyhow::Result<Router> + Clone + 'static,
        life: impl AsyncFnOnce(&Rc<Self>) -> T,
    ) -> T {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        let runtime = runtime.expect("a runtime without I/O");
        let assemble: Box<Assemble> = Box::new(move |system| {
            let assemble = assemble.clone();
            Box::pin(async move { assemble(system).await })
        });
        runtime.block_on(LocalSet::new().run_until(async {
            let world = Rc::new(Self::begin(seed, name, assemble));
            world.start().await;
            let outcome = life(&world).await;
            world.stop().await;
            outcome
        }))
    }

    fn begin(seed: u64, name: &'static str, assemble: Box<Assemble>) -> Self {
        let dice = Dice::new(seed);
        Self {
            name,
            assemble,
            disk: SimDisk::new(dice.number()),
            transport: Arc::new(FaultyTransport::new(dice.clone())),
            clock: RuntimeClock::starting_at(EPOCH),
            ids: Arc::new(Ids::from_seed(dice.bytes())),
            salt: dice.bytes(),
            dice,
            running: RefCell::default(),
        }
    }

    /// The world's chance.
    #[must_use]
    pub fn dice(&self) -> &Dice {
        &self.dice
    }

    /// Changes what goes wrong on the bus from now on.
    pub fn rates(&self, rates: FaultRates) {
        self.transport.set_rates(rates);
    }

    /// Changes what goes wrong on the disk from now on.
    pub fn disk(&self, chances: Chances) {
        self.disk.set_chances(chances);
    }

    /// Sends a command; waits for its answer.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        let request = Request::post(path).header(CONTENT_TYPE, "application/json");
        self.ask(request.body(Body::from(body.to_string())).expect("a request")).await
    }

    /// The same with an `Idempotency-Key`, so that it may be sent again.
    pub async fn post_once(&self, path: &str, body: &Value, key: &str) -> Answer {
        let request = Request::post(path).header(CONTENT_TYPE, "application/json");
        let request = request.header(web::IDEMPOTENCY_KEY, key);
        self.ask(request.body(Body::from(body.to_string())).expect("a request")).await
    }

    /// Asks for something; waits for the answer.
    pub async fn get(&self, path: &str) -> Answer {
        self.ask(Request::get(path).body(Body::empty()).expect("a request")).await
    }

    /// Sends any request. While the system is down it is a 503, as a proxy would answer.
    pub async fn ask(&self, request: Request<Body>) -> Answer {
        let running = self.running.borrow().clone();
        let Some(running) = running else {
            return Answer::bare(StatusCode::SERVICE_UNAVAILABLE);
        };
        let Ok(response) = running.router.clone().oneshot(request).await;
        drop(running);
        Answer::of(response).await
    }

    /// Loses power at this moment: whatever runs is dropped at once, and of what was not synced the seed decides what is left. Read
    /// models are lost. Then everything starts again.
    pub async fn crash(&self) {
        let running = self.running.borrow_mut().take();
        if let Some(running) = running {
            running.system.kill().await;
        }
        self.disk.crash(self.dice.number());
        self.start().await;
    }

    /// Loses power `times` times within `duration`, at moments that the seed chooses.
    pub async fn crashes(&self, times: u64, duration: Duration) {
        let longest = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX) / times.max(1);
        for _ in 0..times {
            tokio::time::sleep(Duration::from_micros(self.dice.within(0..longest))).await;
            self.crash().await;
        }
    }

    /// Waits until everything that follows from what is recorded has happened while the bus is reliable.
    pub async fn idle(&self) {
        self.rates(FaultRates::default());
        self.disk(Chances::default());
        let settling = async {
            let mut head = Position::START;
            loop {
                let running = self.running.borrow().clone();
                let running = running.expect("the system is up");
                if running.system.deps().tasks.is_stopping() {
                    drop(running);
                    self.crash().await;
                    continue;
                }
                running.system.wait_ready().await;
                let now = running.system.deps().store().head().await;
                let behind =
                    running.system.progress().into_iter().any(|follower| follower.position() < now);
                if now == head && !behind {
                    return;
                }
                head = now;
                tokio::time::sleep(QUIET).await;
            }
        };
        tokio::time::timeout(SETTLING, settling).await.expect("the system comes to rest");
    }

    /// Everything recorded.
    pub async fn events(&self) -> Vec<Arc<Recorded>> {
        let running = self.running.borrow().clone();
        let store = running.expect("the system is up").system.deps().store();
        let (mut events, mut from) = (Vec::new(), Position(1));
        loop {
            let page = store.read(Read::All { from, categories: Vec::new() }).await;
            events.extend(page.events);
            if page.end {
                return events;
            }
            from = page.next;
        }
    }

    /// The log's files: the same seed gives the same bytes.
    #[must_use]
    pub fn log(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        self.disk.contents()
    }

    /// Starts the system, however often that takes on a disk that fails.
    async fn start(&self) {
        loop {
            match self.try_start().await {
                Ok(running) => {
                    *self.running.borrow_mut() = Some(Rc::new(running));
                    return;
                }
                Err(_failed_disk) => tokio::time::sleep(START_AGAIN).await,
            }
        }
    }

    async fn try_start(&self) -> anyhow::Result<Running> {
        let models = format!("{}-{}", self.name, WORLDS.fetch_add(1, Ordering::Relaxed));
        let settings = Settings {
            data: PathBuf::from("/data"),
            models: Models::Memory(models),
            ..Settings::new(self.name)
        };
        let environment = Environment {
            clock: Arc::new(self.clock),
            ids: Arc::clone(&self.ids),
            tasks: Tasks::inline(),
            files: Arc::new(self.disk.clone()),
            log: Options { segment_bytes: SEGMENT_BYTES, ..Options::new(self.salt) },
            transport: Some(Arc::clone(&self.transport) as Arc<dyn store::Transport>),
        };
        let system = System::start(settings, environment).await?;
        let assembled = (self.assemble)(&system).await;
        match assembled.and_then(|routes| system.service(routes)) {
            Ok(service) => Ok(Running { system, router: service.router }),
            Err(error) => panic!("the system cannot be put together: {error:#}"),
        }
    }

    async fn stop(&self) {
        let running = self.running.borrow_mut().take();
        if let Some(running) = running {
            running.system.kill().await;
        }
    }
}
