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

mod latency;
mod report;
mod series;
mod tracker;

use std::{cell::RefCell, time::Duration};

use futures_util::{StreamExt as _, future::join_all, stream::FuturesUnordered};
use sheets::BadRow;
use tokio::{
    sync::{Notify, Semaphore},
    time::Instant,
};
use uuid::Uuid;

use self::tracker::Tracker;
pub(crate) use self::{
    latency::Latency,
    report::{Ending, Report},
    series::Second,
};
use crate::{
    client::{Client, Error, EventStream, Request},
    shop::{self, Change, Order, PlaceOrder},
    term::Progress,
};

/// After this long without an order ending, the open ones are asked for: an event may have been lost.
const SILENCE: Duration = Duration::from_millis(250);
/// How many open orders are asked for at once: enough to catch up soon, few enough not to be a load of their own.
const POLLED_AT_ONCE: usize = 256;
const POLLING_CONCURRENCY: usize = 16;
/// Requests that an open loop has under way at most, each on a connection of its own; further orders count as not sent.
const OPEN_LOOP_MAX: usize = 900;

/// Orders to be placed, and how.
pub(crate) struct Plan {
    pub(crate) orders: Vec<Planned>,
    pub(crate) pace: Pace,
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

/// When the next order is placed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pace {
    /// Closed loop: whenever fewer than so many are in flight. Requests are repeated until the shop takes them.
    InFlight { orders: usize, until: Until },
    /// Open loop: so many each second, whatever has become of the others. Each is sent once; refusals that ask to come back later, and
    /// requests without an answer, are counted.
    PerSecond(f64),
}

/// When an order stops counting as in flight, so that the next one may be placed.
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
        free: Semaphore::new(plan.pace.in_flight()),
        changed: Notify::new(),
        progress: Progress::new("orders", plan.orders.len()),
    };
    let unfinished = tokio::select! {
        biased;
        outcome = run.place_and_wait() => { outcome?; 0 }
        failed = run.listen(&mut events) => return Err(failed),
        outcome = run.poll() => outcome?,
    };
    Ok(run.tracker.into_inner().report(unfinished))
}

impl Pace {
    fn in_flight(self) -> usize {
        match self {
            Self::InFlight { orders, .. } => orders,
            Self::PerSecond(_) => 0,
        }
    }

    /// Whether an order is in flight until `what`.
    fn is_until(self, what: Until) -> bool {
        matches!(self, Self::InFlight { until, .. } if until == what)
    }
}

impl Run<'_> {
    async fn place_and_wait(&self) -> Result<(), Error> {
        match self.plan.pace {
            Pace::InFlight { .. } => self.place_in_flight().await?,
            Pace::PerSecond(rate) => self.place_per_second(rate).await?,
        }
        self.tracker.borrow_mut().all_placed();
        while !self.tracker.borrow().all_ended() {
            self.changed.notified().await;
        }
        Ok(())
    }

    /// An order is late from the moment on at which it should have been placed, so that a shop that stalls is not flattered.
    async fn place_per_second(&self, rate: f64) -> Result<(), Error> {
        let start = Instant::now();
        let mut orders = self.plan.orders.iter().zip(0_u32..);
        let mut next = orders.next();
        let mut under_way = FuturesUnordered::new();
        loop {
            let due = next.map(|(order, index)| {
                (order, start + Duration::from_secs(1).mul_f64(f64::from(index) / rate))
            });
            tokio::select! {
                biased;
                Some(outcome) = under_way.next() => outcome?,
                () = tokio::time::sleep_until(due.map_or(start, |(_, due)| due)), if due.is_some() => {
                    next = orders.next();
                    match due {
                        Some((order, due)) if under_way.len() < OPEN_LOOP_MAX => {
                            under_way.push(self.place_once(order, due));
                        }
                        _ => self.tracker.borrow_mut().unsent(Instant::now()),
                    }
                }
                else => return Ok(()),
            }
        }
    }

    async fn place_once(&self, order: &Planned, due: Instant) -> Result<(), Error> {
        self.tracker.borrow_mut().started(due);
        let outcome = self.client.send_once(&self.request(order)).await;
        match outcome.and_then(|answer| answer.parse::<Order>()) {
            Ok(placed) => {
                self.tracker.borrow_mut().placed(placed.id, due, Instant::now());
            }
            Err(error) if error.retry_after().is_some() => {
                self.tracker.borrow_mut().busy(Instant::now());
            }
            Err(error) if error.is_without_answer() => self.tracker.borrow_mut().unanswered(),
            Err(error) => self.refused(order, error)?,
        }
        Ok(())
    }

    fn request(&self, order: &Planned) -> Request {
        let body = PlaceOrder {
            product_id: order.product_id,
            quantity: order.quantity,
            user_name: &order.user_name,
        };
        Request::post("/order/place-order", &body)
            .key(format_args!("{}-{}", self.plan.run, order.number))
    }

    /// Notes an order that the shop did not take; any other error ends the run.
    fn refused(&self, order: &Planned, error: Error) -> Result<(), Error> {
        if !error.is_about_the_request() {
            return Err(error);
        }
        let (file, line) = (self.file.to_owned(), order.line);
        self.tracker.borrow_mut().refused(BadRow { file, line, problem: error.to_string() });
        Ok(())
    }

    async fn place_in_flight(&self) -> Result<(), Error> {
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
        let mut placers: FuturesUnordered<_> =
            (0..self.plan.pace.in_flight()).map(placer).collect();
        while let Some(outcome) = placers.next().await {
            outcome?;
        }
        Ok(())
    }

    async fn place(&self, order: &Planned) -> Result<(), Error> {
        let started = Instant::now();
        self.tracker.borrow_mut().started(started);
        let outcome = self.client.send(&self.request(order)).await;
        let ended = match outcome.and_then(|answer| answer.parse::<Order>()) {
            Ok(placed) => self.tracker.borrow_mut().placed(placed.id, started, Instant::now()),
            Err(error) => {
                self.refused(order, error)?;
                true
            }
        };
        if ended {
            self.progress.advance();
        }
        if ended || self.plan.pace.is_until(Until::Accepted) {
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
        if self.plan.pace.is_until(Until::Ended) {
            self.free.add_permits(1);
        }
    }
}
