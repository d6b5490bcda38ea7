//! The load engine: places orders side by side and waits until every one has ended.
//!
//! ```text
//!  placers (as many as orders may be in flight) ──POST place-order──▶ shop
//!      │ placed                                                        │
//!      ▼                                                               │ order-events (one stream)
//!   Tracker ◀── ended ── listener ◀────────────────────────────────────┤
//!      ▲                                                               │ get-orders, only when nothing
//!      └────── ended ── poller ◀───────────────────────────────────────┘ was heard for a while
//! ```
//!
//! All three run concurrently on one thread, in one future, and share the tracker.

mod report;
mod tracker;

use std::{cell::RefCell, time::Duration};

use futures_util::{StreamExt as _, future::join_all, stream::FuturesUnordered};
use tokio::{
    sync::{Notify, Semaphore},
    time::Instant,
};
use uuid::Uuid;

pub(crate) use self::report::{Ending, Latency, Report};
use self::tracker::Tracker;
use crate::{
    client::{Client, Error, EventStream, Request},
    rows::BadRow,
    shop::{self, Change, Order, PlaceOrder},
    term::Progress,
};

/// After this long without an order ending, the open ones are asked for: an event may have been lost.
const SILENCE: Duration = Duration::from_millis(250);
/// How many open orders are asked for at once: enough to catch up soon, few enough not to be a load of their own.
const POLLED_AT_ONCE: usize = 256;
const POLLING_CONCURRENCY: usize = 16;

/// Orders to be placed, and how.
pub(crate) struct Plan {
    pub(crate) orders: Vec<Planned>,
    pub(crate) in_flight: usize,
    pub(crate) until: Until,
    /// Idempotency keys begin with it: the same run, repeated, places nothing twice.
    pub(crate) run: String,
    /// How long nothing may happen before the rest is given up.
    pub(crate) patience: Duration,
}

/// One order of a plan.
pub(crate) struct Planned {
    /// Where it is in the plan's source, for messages.
    pub(crate) line: u64,
    /// Its number in the run, for the idempotency key.
    pub(crate) number: u64,
    pub(crate) product_id: Uuid,
    pub(crate) quantity: u32,
    pub(crate) user_name: String,
}

/// What ends an order's being in flight, so that the next one may be placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Until {
    /// The shop has recorded it
    Accepted,
    /// It has ended: nothing more can happen to it
    Ended,
}

/// A run under way.
struct Run<'a> {
    client: Client,
    plan: &'a Plan,
    file: &'a str,
    tracker: RefCell<Tracker>,
    /// One permit for each order that may be placed now.
    free: Semaphore,
    /// Told whenever an order ended or the last one was placed.
    changed: Notify,
    progress: Progress,
}

/// Places the plan's orders and returns when all have ended, or nothing has happened for as long as patience lasts.
///
/// `file` names the source of the orders in the list of those that the shop refused.
pub(crate) async fn run(client: &Client, plan: &Plan, file: &str) -> Result<Report, Error> {
    let mut events = client.follow("/order/order-events", None).await?;
    let run = Run {
        // One order does not read what another one wrote.
        client: client.at_this_position(),
        plan,
        file,
        tracker: RefCell::new(Tracker::new(Instant::now())),
        free: Semaphore::new(plan.in_flight),
        changed: Notify::new(),
        progress: Progress::new("orders", plan.orders.len()),
    };
    let unfinished = tokio::select! {
        biased;
        outcome = run.place_and_wait() => { outcome?; 0 }
        failed = run.listen(&mut events) => return Err(failed),
        outcome = run.poll() => outcome?,
    };
    run.progress.finish();
    Ok(run.tracker.into_inner().report(unfinished))
}

impl Run<'_> {
    async fn place_and_wait(&self) -> Result<(), Error> {
        let orders = RefCell::new(self.plan.orders.iter());
        let placer = |_| async {
            loop {
                let permit = self.free.acquire().await.expect("never closed");
                let Some(order) = orders.borrow_mut().next() else { return Ok(()) };
                permit.forget();
                self.place(order).await?;
            }
        };
        // Wakes only the placer whose answer has come.
        let mut placers: FuturesUnordered<_> = (0..self.plan.in_flight).map(placer).collect();
        while let Some(outcome) = placers.next().await {
            outcome?;
        }
        self.tracker.borrow_mut().all_placed();
        while !self.tracker.borrow().all_ended() {
            self.changed.notified().await;
        }
        Ok(())
    }

    async fn place(&self, order: &Planned) -> Result<(), Error> {
        let body = PlaceOrder {
            product_id: order.product_id,
            quantity: order.quantity,
            user_name: &order.user_name,
        };
        let request = Request::post("/order/place-order", &body)
            .key(format_args!("{}-{}", self.plan.run, order.number));
        let started = Instant::now();
        self.tracker.borrow_mut().started(started);
        let outcome = match self.client.send(&request).await {
            Ok(answer) => answer.parse::<Order>(),
            Err(error) => Err(error),
        };
        let ended = match outcome {
            Ok(placed) => self.tracker.borrow_mut().placed(placed.id, started, Instant::now()),
            Err(error) if error.is_about_the_request() => {
                let (file, line) = (self.file.to_owned(), order.line);
                let refused = BadRow { file, line, problem: error.to_string() };
                self.tracker.borrow_mut().refused(refused);
                true
            }
            Err(error) => return Err(error),
        };
        if ended {
            self.progress.advance();
        }
        if ended || self.plan.until == Until::Accepted {
            self.free.add_permits(1);
        }
        Ok(())
    }

    async fn listen(&self, events: &mut EventStream) -> Error {
        loop {
            match events.next().await {
                // What is not understood is left to the poller.
                Ok(message) => {
                    if let Ok(change) = serde_json::from_str::<Change>(&message.data) {
                        self.heard(&change.order);
                    }
                }
                Err(error) => return error,
            }
        }
    }

    /// Polls open orders while no events arrive; returns how many have not ended when the time is up.
    async fn poll(&self) -> Result<usize, Error> {
        loop {
            let silent_since = self.tracker.borrow().last_change();
            tokio::time::sleep(SILENCE).await;
            if self.tracker.borrow().last_change() > silent_since {
                continue;
            }
            let open = self.tracker.borrow().oldest_open(POLLED_AT_ONCE);
            if silent_since.elapsed() > self.plan.patience && !open.is_empty() {
                return Ok(self.tracker.borrow().unfinished(self.plan.orders.len()));
            }
            for some in open.chunks(POLLING_CONCURRENCY) {
                let asked = some.iter().map(|id| shop::order::<Order>(&self.client, *id));
                for order in join_all(asked).await {
                    if let Some(order) = order? {
                        self.heard(&order);
                    }
                }
            }
        }
    }

    fn heard(&self, order: &Order) {
        if !order.has_ended() || !self.tracker.borrow_mut().ended(order, Instant::now()) {
            return;
        }
        self.progress.advance();
        self.changed.notify_one();
        if self.plan.until == Until::Ended {
            self.free.add_permits(1);
        }
    }
}
