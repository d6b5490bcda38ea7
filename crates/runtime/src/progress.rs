//! How far a subscriber has come, for waiting callers and for monitoring.

mod estimate;
mod untaken;
mod warnings;

use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use kernel::{Clock, Position};
use tokio::sync::{Mutex, Notify, watch};

use crate::{EventStore, SetAside, Subscription};

pub(crate) use estimate::remaining;
pub(crate) use untaken::NEWER;
use warnings::Warnings;

/// How long a position is waited for before the log is asked whether it has it: most are reached sooner.
const MOMENT: Duration = Duration::from_millis(20);

/// The cause under which a model that cannot be used is reported.
pub(crate) const MODEL: &str = "model";
/// The cause under which a lease that cannot be kept is reported.
pub(crate) const LEASE: &str = "lease";

/// How far a subscriber is. Cheap to clone.
#[derive(Clone)]
pub struct Progress(Arc<Inner>);

struct Inner {
    name: String,
    clock: Arc<dyn Clock>,
    position: watch::Sender<Position>,
    head: AtomicU64,
    estimate: estimate::Estimate,
    /// When it was last caught up (µs of the clock that is never set), for the lag in seconds.
    caught_up_at: AtomicU64,
    state: watch::Sender<State>,
    failures: AtomicU64,
    /// Events that it could not take.
    aside: std::sync::Mutex<Vec<SetAside>>,
    /// Events that say nothing to it.
    foreign: AtomicU64,
    warnings: Warnings,
    /// It was work that ends, and has.
    done: AtomicBool,
    /// A new waiter has arrived.
    asked: Notify,
    /// Where the log's head can be asked for.
    store: OnceLock<EventStore>,
    /// How many times it was asked for, and the last answer with its number.
    asks: AtomicU64,
    answer: Mutex<(u64, Position)>,
}

/// What its readiness is made of.
#[derive(Debug, Default)]
struct State {
    /// It has caught up since the start.
    caught_up: bool,
    /// What keeps it from its work now, by cause.
    faults: BTreeMap<&'static str, String>,
}

impl State {
    fn is_ready(&self) -> bool {
        self.caught_up && self.faults.is_empty()
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Progress({} at {})", self.0.name, self.position())
    }
}

/// How far a model is behind what was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Behind {
    /// How far the model is.
    pub reached: Position,
    /// How far it should be.
    pub wanted: Position,
}

impl Progress {
    /// Of a subscriber that has not begun: at [`Position::START`] and not ready.
    #[must_use]
    pub fn new(name: impl Into<String>, clock: Arc<dyn Clock>) -> Self {
        let now = micros(&*clock);
        Self(Arc::new(Inner {
            name: name.into(),
            clock,
            position: watch::Sender::new(Position::START),
            head: AtomicU64::new(0),
            estimate: estimate::Estimate::default(),
            caught_up_at: now.into(),
            state: watch::Sender::new(State::default()),
            failures: AtomicU64::new(0),
            aside: std::sync::Mutex::default(),
            foreign: AtomicU64::new(0),
            warnings: Warnings::default(),
            done: AtomicBool::new(false),
            asked: Notify::new(),
            store: OnceLock::new(),
            asks: AtomicU64::new(0),
            answer: Mutex::default(),
        }))
    }

    /// The progress of something that has nothing to catch up with: ready unless it fails.
    #[must_use]
    pub fn steady(name: impl Into<String>, clock: Arc<dyn Clock>) -> Self {
        let progress = Self::new(name, clock);
        progress.caught_up();
        progress
    }

    /// The subscriber's name, in health checks, announcements and metrics.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Everything up to here has been dealt with.
    #[must_use]
    pub fn position(&self) -> Position {
        *self.0.position.borrow()
    }

    /// Whether it can work: it has caught up since the start, and nothing fails.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.0.state.borrow().is_ready()
    }

    /// Why it is not ready, in a sentence.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        let state = self.0.state.borrow();
        if let Some(fault) = state.faults.values().next() {
            return Some(format!("{} fails: {fault}.", self.0.name));
        }
        let behind = || self.0.estimate.behind(&self.0.name, self);
        (!state.caught_up).then(behind)
    }

    /// Why the database of its model cannot be used now, in a sentence.
    #[must_use]
    pub fn database_trouble(&self) -> Option<String> {
        let state = self.0.state.borrow();
        let fault = state.faults.get(MODEL).or_else(|| state.faults.get(LEASE));
        fault.map(|fault| format!("{fault}."))
    }

    /// Reports a failure that lasts until [`Self::recovered`] is called with the same cause: not ready, and logged once.
    pub fn failing(&self, cause: &'static str, reason: impl fmt::Display) {
        let reason = reason.to_string();
        self.0.state.send_if_modified(|state| {
            let was_ready = state.is_ready();
            if state.faults.insert(cause, reason.clone()).is_none() {
                let name = &self.0.name;
                tracing::warn!(name, cause, reason, "{name} is failing and not ready; retrying");
            }
            was_ready
        });
    }

    /// Reports that a failure is over.
    pub fn recovered(&self, cause: &'static str) {
        self.0.state.send_if_modified(|state| {
            let recovered = state.faults.remove(cause).is_some();
            if recovered {
                let name = &self.0.name;
                tracing::info!(name, cause, "{name} recovered");
            }
            recovered && state.is_ready()
        });
    }

    /// Times it failed and tried again.
    #[must_use]
    pub fn failures(&self) -> u64 {
        self.0.failures.load(Ordering::Relaxed)
    }

    /// How far it is behind.
    #[must_use]
    pub fn lag(&self) -> store::Lag {
        let events = self.0.head.load(Ordering::Relaxed).saturating_sub(self.position().0);
        if events == 0 {
            return store::Lag { events, seconds: 0.0, still: 0.0 };
        }
        let since = Duration::from_micros(self.0.caught_up_at.load(Ordering::Relaxed));
        let late = self.0.clock.elapsed().saturating_sub(since);
        store::Lag { events, seconds: late.as_secs_f64(), still: 0.0 }
    }

    /// Waits until everything up to `position` has been dealt with; the lag in events if that takes longer than `patience`.
    pub async fn wait_for(&self, position: Position, patience: Duration) -> Result<(), u64> {
        if self.position() >= position || self.0.done.load(Ordering::Relaxed) {
            return Ok(());
        }
        let mut positions = self.watch();
        let passed = positions.wait_for(|at| *at >= position);
        match tokio::time::timeout(patience, passed).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(position.0.saturating_sub(self.position().0)),
        }
    }

    /// The store that it follows, to ask for the head there.
    pub(crate) fn asks(&self, store: &EventStore) {
        let _already_known = self.0.store.set(store.clone());
    }

    /// Returns once the model has passed `wanted`, or the log is known to end before it; or how far the model is behind when
    /// `timeout` is over.
    pub async fn reach(&self, wanted: Position, timeout: Duration) -> Result<(), Behind> {
        let mut receiver = self.watch();
        let reaching = async {
            let passing = async { receiver.wait_for(|at| *at >= wanted).await.map(|_| ()) };
            match tokio::time::timeout(timeout, passing).await {
                Ok(Ok(())) => Ok(()),
                _ => Err(Behind { reached: self.position(), wanted }),
            }
        };
        tokio::select! {
            biased;
            reached = reaching => reached,
            () = self.is_beyond_the_log(wanted) => Ok(()),
        }
    }

    /// Returns if the log ends before `position`: then there is no point in waiting for it. A log restored from an older backup
    /// has clients that know positions it no longer has.
    pub async fn is_beyond_the_log(&self, position: Position) {
        let Some(store) = self.0.store.get() else { return std::future::pending().await };
        tokio::time::sleep(MOMENT).await;
        let is_known = position.0 <= self.0.head.load(Ordering::Relaxed);
        if is_known || position <= self.ask_head(store).await {
            std::future::pending::<()>().await;
        }
    }

    /// The head as it is after the call: callers during a request share the next answer.
    async fn ask_head(&self, store: &EventStore) -> Position {
        let before = self.0.asks.load(Ordering::Acquire);
        let mut answer = self.0.answer.lock().await;
        if answer.0 <= before {
            let number = self.0.asks.fetch_add(1, Ordering::AcqRel) + 1;
            *answer = (number, store.head().await);
        }
        answer.1
    }

    /// Waits until it is ready.
    pub async fn wait_ready(&self) {
        let mut state = self.0.state.subscribe();
        let _sender_is_here = state.wait_for(State::is_ready).await;
    }

    /// Returns when it is ready and was not, or the other way round, after this was called.
    pub fn turns(&self) -> impl Future<Output = ()> + Send + use<> {
        let (mut state, before) = (self.0.state.subscribe(), self.is_ready());
        async move {
            let _sender_is_here = state.wait_for(|state| state.is_ready() != before).await;
        }
    }

    /// Hears of every new position.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Position> {
        let positions = self.0.position.subscribe();
        self.0.asked.notify_one();
        positions
    }

    /// Whether a caller waits for a position.
    pub(crate) fn is_awaited(&self) -> bool {
        self.0.position.receiver_count() > 0
    }

    /// Returns once a new waiter has arrived since the last call.
    pub(crate) async fn asked(&self) {
        self.0.asked.notified().await;
    }

    /// The subscriber itself has come to `position`.
    pub(crate) fn moved(&self, position: Position, subscription: &Subscription) {
        self.0.head.fetch_max(subscription.head().0, Ordering::Relaxed);
        self.0.estimate.saw(position, self.0.clock.elapsed());
        self.0.position.send_replace(position);
        if subscription.is_caught_up() {
            self.caught_up();
        }
    }

    /// Another instance has moved the shared checkpoint to `position`.
    pub fn followed(&self, position: Position) {
        self.0.position.send_if_modified(|at| std::mem::replace(at, position) != position);
    }

    /// Marks work that ends, such as preparing a service, as done: ready from now on, and no position has to be waited for.
    pub fn done(&self) {
        self.0.done.store(true, Ordering::Relaxed);
        self.caught_up();
    }

    /// The log is known to reach to `head`.
    pub(crate) fn saw(&self, head: Position) {
        self.0.head.fetch_max(head.0, Ordering::Relaxed);
        if self.position() >= head {
            self.caught_up();
        }
    }

    /// What it had is gone: it is not ready until it has caught up again.
    pub(crate) fn lost(&self) {
        self.0.state.send_modify(|state| state.caught_up = false);
    }

    fn caught_up(&self) {
        self.0.caught_up_at.store(micros(&*self.0.clock), Ordering::Relaxed);
        self.0.state.send_if_modified(|state| {
            !std::mem::replace(&mut state.caught_up, true) && state.faults.is_empty()
        });
    }

    pub(crate) fn failed(&self) {
        self.0.failures.fetch_add(1, Ordering::Relaxed);
    }
}

fn micros(clock: &dyn Clock) -> u64 {
    u64::try_from(clock.elapsed().as_micros()).unwrap_or(u64::MAX)
}
