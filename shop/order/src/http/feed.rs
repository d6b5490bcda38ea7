//! The changes of all orders, read once for all streams that follow them.
//!
//! ```text
//!                                                     ┌─▶ queue ─▶ stream of a customer
//!  position moved ─▶ one query for all that is new ─▶ ┼─▶ queue ─▶ another one
//!        ▲                          │                 └─▶ queue ─▶ stream of all orders
//!        └──────── a breath ◀───────┘
//! ```
//! A queue that is full is closed: its stream catches up from the model, and then opens another one.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use contracts::rest::order::Change;
use kernel::{Position, sync};
use runtime::Progress;
use serde_json::value::{RawValue, to_raw_value};
use tokio::sync::{Notify, mpsc};
use uuid::Uuid;
use web::Problem;

use super::{Calls, view};
use crate::model::{Order, Step};

/// Changes read at once.
const PAGE: usize = 500;
/// More changes at once than this are a busy shop's.
const BUSY: usize = 8;
/// The time between two queries of a busy shop when everything is read: unnoticed by people, and a batch of changes.
const BREATH: Duration = Duration::from_millis(1);
/// The pause after a query that failed.
pub(super) const RETRY: Duration = Duration::from_secs(1);
/// Changes that wait for a stream's client: some seconds of a busy shop, shared by all streams that they wait for.
const QUEUE: usize = 1024;

/// Distributes changes to its listeners. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Feed(Arc<Inner>);

#[derive(Default)]
struct Inner {
    streams: Mutex<Streams>,
    /// There are listeners again.
    joined: Notify,
}

#[derive(Default)]
struct Streams {
    /// Everything up to here has been sent to the listeners.
    at: Position,
    next: u64,
    /// By the customer they are about; about all orders under none.
    queues: BTreeMap<Option<Uuid>, BTreeMap<u64, mpsc::Sender<Told>>>,
}

/// A change as sent by all streams.
#[derive(Clone)]
pub(super) struct Told {
    pub(super) position: Position,
    pub(super) change: Arc<RawValue>,
}

/// The changes behind `from` as they come, until it falls too far behind.
pub(super) struct Live {
    pub(super) from: Position,
    feed: Feed,
    about: Option<Uuid>,
    number: u64,
    queue: mpsc::Receiver<Told>,
}

impl Feed {
    /// The changes of one customer's orders, or of all, from here on.
    pub(super) fn listen(&self, about: Option<Uuid>, model: &Progress) -> Live {
        let (sender, queue) = mpsc::channel(QUEUE);
        let mut streams = self.lock();
        if streams.queues.is_empty() {
            // There were no listeners: new streams read from the model what there is so far.
            streams.at = streams.at.max(model.position());
        }
        streams.next += 1;
        let (from, number) = (streams.at, streams.next);
        streams.queues.entry(about).or_default().insert(number, sender);
        drop(streams);
        self.0.joined.notify_one();
        Live { from, feed: self.clone(), about, number, queue }
    }

    fn lock(&self) -> MutexGuard<'_, Streams> {
        sync::lock(&self.0.streams)
    }

    /// The position up to which everything has been sent; none without listeners.
    fn told(&self) -> Option<Position> {
        let streams = self.lock();
        (!streams.queues.is_empty()).then_some(streams.at)
    }

    fn tell(&self, changes: Vec<(Uuid, Told)>, at: Position) {
        let mut streams = self.lock();
        for (customer, told) in changes {
            for about in [None, Some(customer)] {
                if let Some(queues) = streams.queues.get_mut(&about) {
                    queues.retain(|_, queue| queue.try_send(told.clone()).is_ok());
                }
            }
        }
        streams.at = streams.at.max(at);
    }
}

impl Live {
    /// The next change; none when this has fallen behind and is over.
    pub(super) async fn next(&mut self) -> Option<Told> {
        self.queue.recv().await
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        let mut streams = self.feed.lock();
        if let Some(queues) = streams.queues.get_mut(&self.about) {
            queues.remove(&self.number);
            if queues.is_empty() {
                streams.queues.remove(&self.about);
            }
        }
    }
}

/// Tells changes until the tasks stop.
pub(super) fn spawn(calls: &Arc<Calls>) {
    let (tasks, calls) = (calls.deps.tasks.clone(), Arc::clone(calls));
    tasks.spawn_until_stopped("order-feed", async move { run(&calls).await });
}

async fn run(calls: &Calls) {
    loop {
        calls.feed.0.joined.notified().await;
        while let Some(at) = calls.feed.told() {
            // Watched only while the next change is waited for: a model that a caller waits for is brought up to date more often.
            let moved = calls.progress.watch().wait_for(|position| *position > at).await.is_ok();
            if !moved {
                return;
            }
            match calls.tell_changes(at).await {
                Ok(count) if (BUSY..PAGE).contains(&count) => tokio::time::sleep(BREATH).await,
                Ok(_) => {}
                Err(problem) => {
                    tracing::warn!(%problem, "cannot read the changes of orders; retrying");
                    tokio::time::sleep(RETRY).await;
                }
            }
        }
    }
}

impl Calls {
    /// Tells a page of what is new behind `at`; how many changes that was. Less than a page was all.
    async fn tell_changes(&self, at: Position) -> Result<usize, Problem> {
        let reached = self.progress.position();
        let page = self.model.changes(None, at, PAGE).await?;
        let count = page.len();
        let all = count < PAGE;
        let (mut last, mut changes) = (at, Vec::with_capacity(page.len()));
        for (step, order) in page {
            last = step.position;
            changes.push((order.customer, self.told(step, order).await?));
        }
        // Behind the last change there was nothing up to where the model was when we asked.
        self.feed.tell(changes, if all { last.max(reached) } else { last });
        Ok(count)
    }

    /// A page of the changes behind `after`, read for one stream.
    pub(super) async fn missed(
        &self,
        customer: Option<Uuid>,
        after: Position,
    ) -> Result<Vec<Told>, Problem> {
        let page = self.model.changes(customer, after, PAGE).await?;
        let mut missed = Vec::with_capacity(page.len());
        for (step, order) in page {
            missed.push(self.told(step, order).await?);
        }
        Ok(missed)
    }

    async fn told(&self, step: Step, order: Order) -> Result<Told, Problem> {
        let position = step.position;
        let change = Change { step: self.step(step).await?, order: view::order(order) };
        let change = to_raw_value(&change).map_err(Problem::internal)?;
        Ok(Told { position, change: change.into() })
    }
}
