//! Builds a read model again beside the one that serves, and switches to it once both are known to be equal.
//!
//! ```text
//!  begin ─▶ follow the log, slowly ─▶ at its end: compare ─┬─ alike ─▶ switch at one position ─▶ follow the log with the old one
//!                                                          └─ different ─▶ say so, and wait for a decision
//! ```
//!
//! The task holds nothing that a crash could lose: what there is is in the [record](crate::model::Generations), how far it is in the
//! generation itself. Any request interrupts it, is carried out, and lets it continue from there.

mod live;
mod pace;
mod state;
mod work;

use std::{
    fmt,
    sync::{Arc, Mutex},
};

use kernel::sync;
use tokio::sync::{mpsc, oneshot};

use crate::{EventStore, ModelError, Progress, ReadModel, Tasks, model::Project};

use live::{Known, Live};
pub use state::{Beside, Stage, State};
use work::Work;

/// Requests that wait: people make them, one at a time.
const REQUESTS_MAX: usize = 8;

/// Progress and decisions of a model's generations. Cheap to clone.
#[derive(Clone)]
pub struct Rebuild(Arc<Inner>);

struct Inner {
    engine: &'static str,
    /// None if the engine cannot keep two generations.
    requests: Option<mpsc::Sender<Request>>,
    known: Box<dyn Known>,
    state: Mutex<State>,
}

/// What people decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Build the model again.
    Begin,
    /// Have the other generation serve: the one before, or a new one although it is different.
    Switch,
    /// Remove the other generation.
    Drop,
}

#[derive(Debug)]
struct Request {
    wish: Wish,
    done: oneshot::Sender<Result<(), Refused>>,
}

/// Why a wish cannot be fulfilled.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The engine keeps one generation only.
    #[error("a read model in {0} cannot be rebuilt while it serves; stop the service first")]
    Engine(&'static str),
    /// It does not fit what there is; what to do instead.
    #[error("{0}")]
    Now(&'static str),
    /// The model failed.
    #[error(transparent)]
    Failed(#[from] ModelError),
    /// The process stops.
    #[error("the service is stopping")]
    Stops,
}

/// Looks after the generations of `model`, which a projector takes through the log with that `progress`, until `tasks` stop.
pub fn spawn<M: ReadModel + ?Sized>(
    tasks: &Tasks,
    store: &EventStore,
    model: Arc<M>,
    project: Project<M::Change>,
    progress: Progress,
) -> Rebuild {
    let engine = model.engine();
    let known = Box::new(Live(Arc::clone(&model)));
    if model.generations().is_none() {
        return Rebuild(Arc::new(Inner { engine, requests: None, known, state: Mutex::default() }));
    }
    let (requests, mut asked) = mpsc::channel(REQUESTS_MAX);
    let inner = Inner { engine, requests: Some(requests), known, state: Mutex::default() };
    let rebuild = Rebuild(Arc::new(inner));
    let (shown, store, stopping) = (rebuild.clone(), store.clone(), tasks.clone());
    tasks.spawn_background("rebuild", async move {
        let Some(generations) = model.generations() else { return };
        let work = Work::new(&store, &*model, generations, project, &progress, &shown);
        stopping.unless_stopped(work.run(&mut asked)).await;
    });
    rebuild
}

impl Rebuild {
    /// The state of both generations.
    #[must_use]
    pub fn state(&self) -> State {
        let state = sync::lock(&self.0.state).clone();
        self.0.known.as_they_are(state)
    }

    /// The state of both generations, whichever instance was asked to change it; as far as is known where the model does not answer.
    pub async fn look(&self) -> State {
        self.0.known.refresh().await;
        self.state()
    }

    /// Whether several instances share the model, and with it its generations.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.0.known.is_shared()
    }

    /// Why the model cannot be rebuilt while it serves, if it cannot.
    #[must_use]
    pub fn unsupported(&self) -> Option<Refused> {
        self.0.requests.is_none().then_some(Refused::Engine(self.0.engine))
    }

    /// Fulfils a wish, or begins to: [`Rebuild::state`] says how it proceeds.
    pub async fn ask(&self, wish: Wish) -> Result<(), Refused> {
        let Some(requests) = &self.0.requests else { return Err(Refused::Engine(self.0.engine)) };
        self.state().allows(wish)?;
        let (done, answer) = oneshot::channel();
        requests.send(Request { wish, done }).await.map_err(|_| Refused::Stops)?;
        answer.await.unwrap_or(Err(Refused::Stops))
    }

    fn show(&self, change: impl FnOnce(&mut State)) {
        change(&mut sync::lock(&self.0.state));
    }
}

impl fmt::Debug for Rebuild {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rebuild({:?})", self.state())
    }
}
