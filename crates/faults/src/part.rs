//! A service of a process as something that can fail by itself: stopped, killed, frozen, slow, and started again.

mod ailments;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    extract::{Request, State},
    response::{IntoResponse as _, Response},
};
use futures_util::future::BoxFuture;
use kernel::sync;
use runtime::Tasks;
use store::Address;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;
use web::{Problem, Service, ServiceDeps};

use self::ailments::Ailments;
use crate::Slowness;

/// How long a request waits for a service that is frozen: as long as a gateway waits for another process.
const PATIENCE: Duration = Duration::from_secs(10);
/// When to ask again for what is down.
const RETRY: Duration = Duration::from_secs(2);

/// A service that is being started: with these dependencies, as slow as the service is.
pub type Booting =
    dyn Fn(ServiceDeps, Slowness) -> BoxFuture<'static, Result<Service, String>> + Send + Sync;

/// Empties the database of a service, which is down meanwhile.
pub type Emptying = dyn Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync;

/// A service of this process, and what can be done to it. A cheap clone.
#[derive(Clone)]
pub struct Part(Arc<Inner>);

struct Inner {
    name: &'static str,
    /// Of the process.
    deps: ServiceDeps,
    boot: Box<Booting>,
    empty: Option<Box<Emptying>>,
    ailments: Ailments,
    state: Mutex<Life>,
    /// Only one thing is done to it at a time.
    turn: tokio::sync::Mutex<()>,
}

/// What is left of a service, or the whole of it.
enum Life {
    Up(Box<Running>),
    Down(Down, Option<String>),
}

/// A running service.
#[derive(Clone)]
struct Running {
    deps: ServiceDeps,
    service: Service,
    /// Ends the requests that it answers.
    dead: CancellationToken,
}

/// How a service came to be down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Down {
    /// It finished what it had begun.
    Stopped,
    /// It was dropped where it was.
    Killed,
}

/// How a part is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PartState {
    /// It works, be it slowly.
    Up,
    /// It is frozen.
    Frozen,
    /// It is not there, and why it could not be started again, if that was tried.
    Down(Down, Option<String>),
}

impl Part {
    /// A service that `boot` starts, in a process with these dependencies. It is down until [`Part::boot`].
    pub fn new(
        name: &'static str,
        deps: ServiceDeps,
        boot: impl Fn(ServiceDeps, Slowness) -> BoxFuture<'static, Result<Service, String>>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        Self::made(name, deps, Box::new(boot), None)
    }

    /// The same with a database that `empty` empties, for [`Part::rebuild`].
    pub fn with_database(
        name: &'static str,
        deps: ServiceDeps,
        boot: Box<Booting>,
        empty: Box<Emptying>,
    ) -> Self {
        Self::made(name, deps, boot, Some(empty))
    }

    fn made(
        name: &'static str,
        deps: ServiceDeps,
        boot: Box<Booting>,
        empty: Option<Box<Emptying>>,
    ) -> Self {
        Self(Arc::new(Inner {
            name,
            deps,
            boot,
            empty,
            ailments: Ailments::default(),
            state: Mutex::new(Life::Down(Down::Stopped, None)),
            turn: tokio::sync::Mutex::default(),
        }))
    }

    /// The service's name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.0.name
    }

    /// How it is.
    #[must_use]
    pub fn state(&self) -> PartState {
        match &*sync::lock(&self.0.state) {
            Life::Up(_) if self.0.ailments.freezer.is_frozen() => PartState::Frozen,
            Life::Up(_) => PartState::Up,
            Life::Down(down, trouble) => PartState::Down(*down, trouble.clone()),
        }
    }

    /// Its requests, whatever becomes of it: 503 while it is down; they wait while it is frozen.
    pub fn router(&self) -> Router {
        Router::new().fallback(answer).with_state(self.clone())
    }

    /// The service with all its followers, as long as it is up.
    #[must_use]
    pub fn service(&self) -> Option<Service> {
        self.running().map(|running| running.service)
    }

    /// Starts it for the first time, without announcing it: the gateway may not listen yet.
    pub async fn boot(&self) -> Result<Service, String> {
        let _turn = self.0.turn.lock().await;
        let running = self.begin().await?;
        let service = Service { router: self.router(), model: None, ..running.service.clone() };
        *sync::lock(&self.0.state) = Life::Up(Box::new(running));
        Ok(service)
    }

    /// Announces it, from now on.
    pub fn announce(&self) {
        if let Some(Running { service, deps, .. }) = self.running() {
            service.announce(&deps, format!("{}-1", self.0.name), Address::Local);
        }
    }

    /// Starts it again, from its database and the log.
    pub async fn start(&self) -> Result<(), String> {
        let _turn = self.0.turn.lock().await;
        if self.running().is_some() {
            return Ok(());
        }
        self.start_now().await
    }

    /// Whether it has a database that can be emptied.
    #[must_use]
    pub fn has_database(&self) -> bool {
        self.0.empty.is_some()
    }

    /// Kills it, empties its database, and starts it again: it builds everything it knows from the log. An error where it has no database.
    pub async fn rebuild(&self) -> Result<(), String> {
        let empty = self.0.empty.as_ref().ok_or("it has no database")?;
        let _turn = self.0.turn.lock().await;
        self.end_now(Down::Killed).await;
        self.thaw();
        let emptied = empty().await;
        // Whatever kept it from being emptied, it is not left down.
        self.start_now().await?;
        emptied
    }

    async fn start_now(&self) -> Result<(), String> {
        match self.begin().await {
            Ok(running) => *sync::lock(&self.0.state) = Life::Up(Box::new(running)),
            Err(error) => {
                if let Life::Down(_, trouble) = &mut *sync::lock(&self.0.state) {
                    *trouble = Some(error.clone());
                }
                return Err(error);
            }
        }
        self.announce();
        Ok(())
    }

    /// Stops it as its process would be stopped: what it has begun is finished first.
    pub async fn stop(&self) {
        self.thaw();
        self.end(Down::Stopped).await;
    }

    /// Kills it: its tasks are dropped where they are, with all that it has in memory.
    pub async fn kill(&self) {
        self.end(Down::Killed).await;
        self.thaw();
    }

    async fn end(&self, how: Down) {
        let _turn = self.0.turn.lock().await;
        self.end_now(how).await;
    }

    async fn end_now(&self, how: Down) {
        let running = {
            let mut state = sync::lock(&self.0.state);
            match std::mem::replace(&mut *state, Life::Down(how, None)) {
                Life::Up(running) => *running,
                down @ Life::Down(..) => {
                    *state = down;
                    return;
                }
            }
        };
        match how {
            Down::Stopped => _ = running.deps.tasks.shutdown().await,
            Down::Killed => {
                running.dead.cancel();
                running.deps.tasks.kill().await;
            }
        }
        running.dead.cancel();
    }

    async fn begin(&self) -> Result<Running, String> {
        let ailments = &self.0.ailments;
        let tasks = ailments.tasks(&self.0.deps.tasks);
        let mut deps = ailments.deps(&self.0.deps, &tasks);
        deps.http.shutdown = tasks.stop_token();
        let service = match (self.0.boot)(deps.clone(), ailments.slowness.clone()).await {
            Ok(service) => service,
            Err(error) => {
                tasks.kill().await;
                return Err(error);
            }
        };
        let dead = CancellationToken::new();
        watch(&self.0.deps.tasks, tasks, dead.clone());
        Ok(Running { deps, service, dead })
    }

    fn running(&self) -> Option<Running> {
        match &*sync::lock(&self.0.state) {
            Life::Up(running) => Some((**running).clone()),
            Life::Down(..) => None,
        }
    }
}

/// A part that fails by itself ends the process, as it would without faults: its supervisor starts it again.
fn watch(process: &Tasks, part: Tasks, dead: CancellationToken) {
    let stop = process.clone();
    process.spawn_until_stopped("part-watch", async move {
        tokio::select! {
            biased;
            () = dead.cancelled() => return,
            () = part.stopped() => {}
        }
        if part.failed() {
            stop.stop();
        }
    });
}

async fn answer(State(part): State<Part>, request: Request) -> Response {
    let Some(Running { service, dead, .. }) = part.running() else { return away() };
    let answering = part.0.ailments.freezer.around(Box::pin(service.router.oneshot(request)));
    let answering = tokio::time::timeout(PATIENCE, answering);
    match dead.run_until_cancelled(answering).await {
        Some(Ok(Ok(response))) => response,
        Some(Err(_)) => Problem::unavailable(RETRY, SILENT).into_response(),
        None => away(),
    }
}

const SILENT: &str = "The service did not respond; it may have acted on the request.";

fn away() -> Response {
    Problem::unavailable(RETRY, "No instance of this service is available.").into_response()
}
