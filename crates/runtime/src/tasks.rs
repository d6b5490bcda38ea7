//! Every task of a process: spawned here, so that a shutdown waits for it, and a simulation can drive or kill it.

use std::{
    fmt,
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures_util::{FutureExt, future::BoxFuture};
use tokio_util::{
    sync::CancellationToken,
    task::{TaskTracker, task_tracker::TaskTrackerToken},
};

/// How long a shutdown waits for tasks to finish what they have begun.
const DRAIN: Duration = Duration::from_secs(5);

/// A group of tasks that are stopped together.
///
/// A panic in one of them is a broken invariant: it is logged, the group stops, and [`Tasks::failed`] returns true.
#[derive(Clone, Debug)]
pub struct Tasks {
    tracker: TaskTracker,
    stop: CancellationToken,
    /// What the others need to finish: it stops after them.
    last: Last,
    kill: CancellationToken,
    failed: Arc<AtomicBool>,
    /// Whether it has been reported that the event store does not answer: once, whichever task noticed it.
    store_is_silent: Arc<AtomicBool>,
    mode: Mode,
    around: Option<Around>,
}

/// The part of a group that stops last.
#[derive(Clone, Debug, Default)]
struct Last {
    tracker: TaskTracker,
    stop: CancellationToken,
}

/// What is put around each task of a group.
#[derive(Clone)]
struct Around(Arc<Wrap>);

type Wrap = dyn Fn(&'static str, BoxFuture<'static, ()>) -> BoxFuture<'static, ()> + Send + Sync;

impl fmt::Debug for Around {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Around")
    }
}

/// Where work that blocks is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// On a thread of its own.
    Threads,
    /// Inline, on the one thread of a simulation.
    Inline,
}

impl Default for Tasks {
    fn default() -> Self {
        Self::new()
    }
}

impl Tasks {
    /// A group for a process: what blocks gets a thread of its own.
    #[must_use]
    pub fn new() -> Self {
        Self::with(Mode::Threads)
    }

    /// A group for a simulation: everything runs on the caller's single-threaded runtime.
    #[must_use]
    pub fn inline() -> Self {
        Self::with(Mode::Inline)
    }

    fn with(mode: Mode) -> Self {
        Self {
            tracker: TaskTracker::new(),
            stop: CancellationToken::new(),
            last: Last::default(),
            kill: CancellationToken::new(),
            failed: Arc::default(),
            store_is_silent: Arc::default(),
            mode,
            around: None,
        }
    }

    pub(crate) fn store_is_silent(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.store_is_silent)
    }

    /// A group within this one: stops with it, and can be stopped or killed alone.
    #[must_use]
    pub fn child(&self) -> Self {
        Self {
            tracker: TaskTracker::new(),
            stop: self.stop.child_token(),
            last: Last { stop: self.last.stop.child_token(), ..Last::default() },
            kill: self.kill.child_token(),
            ..self.clone()
        }
    }

    /// The same group, each of whose tasks is from now on what `around` makes of it and its name: how faults are injected into a part. Nothing that
    /// `around` does keeps a task from being killed.
    #[must_use]
    pub fn around(
        self,
        around: impl Fn(&'static str, BoxFuture<'static, ()>) -> BoxFuture<'static, ()>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        Self { around: Some(Around(Arc::new(around))), ..self }
    }

    /// Runs `work` until it ends. Its loop should end when [`Tasks::stopped`] does.
    pub fn spawn(&self, name: &'static str, work: impl Future<Output = ()> + Send + 'static) {
        self.spawn_in(&self.tracker, name, work);
    }

    /// Runs `work`, which may block between its awaits (files, SQLite, hashing), on a thread of its own.
    pub fn spawn_blocking(
        &self,
        name: &'static str,
        work: impl Future<Output = ()> + Send + 'static,
    ) {
        self.spawn_blocking_in(&self.tracker, name, work);
    }

    /// Runs `work`, which the other tasks need to finish what they have begun, until they have; then it is dropped at the await it has
    /// come to. [`Tasks::shutdown`] makes that order, [`Tasks::stop`] does not.
    pub fn spawn_until_last(
        &self,
        name: &'static str,
        work: impl Future<Output = ()> + Send + 'static,
    ) {
        self.spawn_in(&self.last.tracker, name, until(self.last.stop.clone(), work));
    }

    /// As [`Tasks::spawn_blocking`], on a thread of low priority: while the processor is busy, the others come first.
    pub fn spawn_background(
        &self,
        name: &'static str,
        work: impl Future<Output = ()> + Send + 'static,
    ) {
        let is_own_thread = self.mode == Mode::Threads;
        self.spawn_blocking(name, async move {
            if is_own_thread {
                lower_priority(name);
            }
            work.await;
        });
    }

    /// As [`Tasks::spawn_until_last`], for work that may block between its awaits: see [`Tasks::spawn_blocking`].
    pub fn spawn_blocking_until_last(
        &self,
        name: &'static str,
        work: impl Future<Output = ()> + Send + 'static,
    ) {
        self.spawn_blocking_in(&self.last.tracker, name, until(self.last.stop.clone(), work));
    }

    /// Runs `work` until it ends or the group is to stop; then it is dropped at the await it has come to.
    pub fn spawn_until_stopped(
        &self,
        name: &'static str,
        work: impl Future<Output = ()> + Send + 'static,
    ) {
        self.spawn(name, until(self.stop.clone(), work));
    }

    /// Runs `work` here, for as long as the group is not to stop; its result if it ended first.
    pub async fn unless_stopped<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        self.stop.run_until_cancelled(work).await
    }

    fn spawn_in(
        &self,
        tracker: &TaskTracker,
        name: &'static str,
        work: impl Future<Output = ()> + Send + 'static,
    ) {
        tracker.spawn(self.guarded(name, Box::pin(work)));
    }

    fn spawn_blocking_in(
        &self,
        tracker: &TaskTracker,
        name: &'static str,
        work: impl Future<Output = ()> + Send + 'static,
    ) {
        if self.mode == Mode::Inline {
            return self.spawn_in(tracker, name, work);
        }
        let runtime = tokio::runtime::Handle::current();
        let token: TaskTrackerToken = tracker.token();
        let work = self.guarded(name, Box::pin(work));
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            runtime.block_on(work);
            drop(token);
        });
        thread.expect("the system can start one more thread");
    }

    /// Runs a short piece of blocking `work` (a long query, a password hash) beside the tasks and returns its result.
    pub async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> T {
        match self.mode {
            Mode::Inline => work(),
            Mode::Threads => match tokio::task::spawn_blocking(work).await {
                Ok(result) => result,
                Err(error) => match error.try_into_panic() {
                    Ok(panic) => std::panic::resume_unwind(panic),
                    // Cancelled: the runtime is shutting down, and no caller waits any more.
                    Err(_) => std::future::pending().await,
                },
            },
        }
    }

    /// Ends when the group is to stop.
    pub async fn stopped(&self) {
        self.stop.cancelled().await;
    }

    /// Whether the group is to stop.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// The signal that [`Tasks::stopped`] waits for, for libraries that want it.
    #[must_use]
    pub fn stop_token(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Asks all tasks to stop, without waiting.
    pub fn stop(&self) {
        self.stop.cancel();
        self.last.stop.cancel();
    }

    /// Asks all tasks to stop, waits for them (5 s at most), and drops those still running. Then stops those that the others needed to
    /// finish. Whether all ended by themselves.
    pub async fn shutdown(&self) -> bool {
        self.stop.cancel();
        self.tracker.close();
        self.last.tracker.close();
        let ended = async {
            self.tracker.wait().await;
            self.last.stop.cancel();
            self.last.tracker.wait().await;
        };
        let drained = tokio::time::timeout(DRAIN, ended).await.is_ok();
        self.last.stop.cancel();
        self.kill.cancel();
        drained
    }

    /// Drops all tasks where they are, as a crash would.
    pub async fn kill(&self) {
        self.kill.cancel();
        self.stop();
        self.tracker.close();
        self.last.tracker.close();
        self.tracker.wait().await;
        self.last.tracker.wait().await;
    }

    /// Stops the group because a part of it has failed, and makes [`Tasks::failed`] say so: the process ends, and its
    /// supervisor starts it again.
    pub fn fail(&self, part: &'static str, reason: impl std::fmt::Display) {
        tracing::error!(part, %reason, "a part failed; stopping the process");
        self.failed.store(true, Ordering::Release);
        self.stop.cancel();
    }

    /// Whether a task panicked, or a part could not go on.
    #[must_use]
    pub fn failed(&self) -> bool {
        self.failed.load(Ordering::Acquire)
    }

    /// Takes the work boxed: it is large, and would be copied with each future around it.
    fn guarded(
        &self,
        name: &'static str,
        work: BoxFuture<'static, ()>,
    ) -> impl Future<Output = ()> + Send + use<> {
        let work = match &self.around {
            Some(Around(around)) => around(name, work),
            None => work,
        };
        let (kill, stop, failed) = (self.kill.clone(), self.stop.clone(), Arc::clone(&self.failed));
        async move {
            let work = AssertUnwindSafe(kill.run_until_cancelled(work)).catch_unwind();
            if work.await.is_err() {
                tracing::error!(task = name, "a task panicked; stopping the process");
                failed.store(true, Ordering::Release);
                stop.cancel();
            }
        }
    }
}

async fn until(stop: CancellationToken, work: impl Future<Output = ()>) {
    stop.run_until_cancelled(work).await;
}

/// On Linux a priority belongs to a thread; elsewhere it would be that of the whole process, and stays as it is.
#[cfg(target_os = "linux")]
fn lower_priority(name: &str) {
    /// A third of the processor time that an ordinary thread gets where both want all of it.
    const NICE: i32 = 5;
    if let Err(error) = rustix::process::setpriority_process(None, NICE) {
        tracing::debug!(task = name, %error, "cannot lower the thread's priority");
    }
}

#[cfg(not(target_os = "linux"))]
fn lower_priority(_name: &str) {}
