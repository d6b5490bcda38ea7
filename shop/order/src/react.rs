//! Reactions to the answers of product and customer, and to the deadline.
//!
//! ```text
//!  product.stock-…   ─┐
//!  customer.credit-… ─┼─▶ open orders (what was heard so far) ── step ──▶ finalize │ deny
//!  deadline          ─┘
//! ```

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use contracts::{
    customer::CustomerEvent,
    order::{self, OrderEvent},
    product::ProductEvent,
};
use kernel::{Actor, Clock, Metadata, Position, Recorded, Timestamp};
use runtime::{Aggregate, Aggregates, Progress, Reaction, Reactor, Request, Unfit};
use uuid::Uuid;
use web::Deps;

use crate::{
    domain::{Command, Order, State},
    figures::Figures,
    saga::{self, Answer, Answered, Heard, Next},
};

/// How late a deadline may be noticed.
const TICK: Duration = Duration::from_millis(250);
/// Orders denied at one tick; the rest at the next.
const DENIED_AT_ONCE: usize = 256;

/// The orders that are neither finalized nor denied, with the answers to each so far. Cheap to clone.
#[derive(Clone)]
pub struct OpenOrders {
    open: Arc<Mutex<Open>>,
    clock: Arc<dyn Clock>,
    /// The longest time that an order stays open once it is known, whatever the clock of its instance showed.
    patience: Duration,
    figures: Arc<Figures>,
}

#[derive(Default)]
struct Open {
    orders: BTreeMap<Uuid, OpenOrder>,
    /// Where they were placed, oldest first: there a restarted reactor has to begin. And when, by the clock that is never set.
    placed: BTreeMap<Position, Duration>,
    /// How many have ended since this process started.
    ended: u64,
}

struct OpenOrder {
    heard: Heard,
    placed: Position,
    placed_at: Timestamp,
    /// When its deadline passes, by the clock that is never set: a jump of the other one ends no order early, nor keeps one open.
    due: Duration,
    correlation: Uuid,
    traceparent: Option<Arc<str>>,
}

impl OpenOrders {
    /// None yet; their ends are counted into `figures`.
    pub(crate) fn new(clock: Arc<dyn Clock>, patience: Duration, figures: Figures) -> Self {
        Self { open: Arc::default(), clock, patience, figures: Arc::new(figures) }
    }

    /// How many there are, and how many have ended since this process started.
    #[must_use]
    pub fn count_and_ended(&self) -> (usize, u64) {
        let open = self.lock();
        (open.orders.len(), open.ended)
    }

    /// How long the oldest of them has been open.
    #[must_use]
    pub fn oldest(&self) -> Duration {
        let open = self.lock();
        let oldest = open.placed.first_key_value();
        oldest.map_or(Duration::ZERO, |(_, since)| self.clock.elapsed().saturating_sub(*since))
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hear(&self, event: &Recorded) -> Result<Option<(Uuid, Command)>, Unfit> {
        let answer = match event.stream.category() {
            order::CATEGORY => {
                self.hear_order(OrderEvent::read(event)?, event);
                None
            }
            contracts::product::CATEGORY => stock_answer(ProductEvent::read(event)?)
                .map(|(order, answer)| (order, Answered::Stock(answer))),
            contracts::customer::CATEGORY => credit_answer(CustomerEvent::read(event)?)
                .map(|(order, answer)| (order, Answered::Credit(answer))),
            _ => None,
        };
        Ok(answer.and_then(|(order, answered)| self.step(order, answered)))
    }

    fn hear_order(&self, heard: &OrderEvent, event: &Recorded) {
        let mut open = self.lock();
        match heard {
            OrderEvent::Placed(placed) => {
                let order = OpenOrder {
                    heard: Heard::default(),
                    placed: event.position,
                    placed_at: event.time,
                    due: self.due(placed.deadline),
                    correlation: event.metadata.correlation,
                    traceparent: event.metadata.traceparent.clone(),
                };
                open.placed.insert(event.position, self.since(event.time));
                open.orders.insert(placed.terms.order, order);
            }
            OrderEvent::Approved(_) => {}
            OrderEvent::Finalized(order::Finalized { terms })
            | OrderEvent::Denied(order::Denied { terms, .. }) => {
                if let Some(ended) = open.orders.remove(&terms.order) {
                    open.placed.remove(&ended.placed);
                    open.ended += 1;
                    self.figures.ended(heard, event.time, ended.placed_at);
                }
            }
        }
        self.figures.open(open.orders.len());
    }

    /// When something recorded happened. An open order is never older than its time to wait.
    fn since(&self, at: Timestamp) -> Duration {
        let age = self.clock.now().since(at).min(self.patience);
        self.clock.elapsed().saturating_sub(age)
    }

    /// When a deadline passes, counted from now. `since` is zero for one that has passed.
    fn due(&self, deadline: Timestamp) -> Duration {
        self.clock.elapsed() + deadline.since(self.clock.now()).min(self.patience)
    }

    fn step(&self, order: Uuid, answered: Answered) -> Option<(Uuid, Command)> {
        let mut open = self.lock();
        // A late answer to an order that has ended needs no action: product and customer react to the outcome.
        let known = open.orders.get_mut(&order)?;
        let (heard, next) = saga::step(known.heard, answered);
        known.heard = heard;
        match next {
            Next::Wait => None,
            Next::Finalize => Some((order, Command::Finalize)),
            Next::Deny(reasons) => Some((order, Command::Deny(reasons))),
        }
    }

    /// Orders whose deadline has passed, oldest first, and how to end them.
    fn overdue(&self) -> Vec<(Uuid, Request<Command>)> {
        let now = self.clock.elapsed();
        let open = self.lock();
        let overdue = open.orders.iter().filter(|(_, order)| order.due < now);
        let ends =
            overdue.filter_map(|(id, order)| match saga::step(order.heard, Answered::Deadline).1 {
                Next::Deny(reasons) => Some((*id, order.end(reasons))),
                Next::Wait | Next::Finalize => None,
            });
        ends.take(DENIED_AT_ONCE).collect()
    }
}

impl OpenOrder {
    fn end(&self, reasons: Vec<order::Reason>) -> Request<Command> {
        let actor = Actor::reactor(order::DEADLINE_REACTOR);
        let metadata = Metadata {
            traceparent: self.traceparent.clone(),
            ..Metadata::of(actor, self.correlation)
        };
        Request { command: Command::Deny(reasons), metadata }
    }
}

/// Reacts to the answers of product and customer.
pub struct AnswerReactor {
    open: OpenOrders,
}

impl AnswerReactor {
    #[must_use]
    pub fn new(open: OpenOrders) -> Self {
        Self { open }
    }
}

impl Reactor for AnswerReactor {
    type Aggregate = Order;
    const NAME: &'static str = "order";

    fn react(&mut self, event: &Recorded) -> Result<Option<Reaction<Command>>, Unfit> {
        let heard = self.open.hear(event)?;
        Ok(heard.map(|(order, command)| Reaction { stream: order::stream(order), command }))
    }

    fn needs_from(&self) -> Option<Position> {
        self.open.lock().placed.first_key_value().map(|(position, _)| *position)
    }
}

impl Aggregate for Order {
    const CATEGORY: &'static str = order::CATEGORY;

    fn is_over(state: &State) -> bool {
        matches!(state, State::Finalized | State::Denied)
    }
}

/// Denies what is open beyond its deadline, once the reactor has caught up. The order's own state guards: an order that ended
/// meanwhile stays as it ended, however many instances watch.
pub fn spawn_deadlines(
    deps: &Deps,
    orders: Aggregates<Order>,
    open: OpenOrders,
    reactor: Progress,
) {
    let tasks = deps.tasks.clone();
    deps.tasks.spawn("order-deadlines", async move {
        tokio::select! {
            biased;
            () = tasks.stopped() => {}
            () = watch_deadlines(&orders, &open, &reactor) => {}
        }
    });
}

async fn watch_deadlines(orders: &Aggregates<Order>, open: &OpenOrders, reactor: &Progress) {
    reactor.wait_ready().await;
    loop {
        tokio::time::sleep(TICK).await;
        let mut ends = Vec::new();
        for (order, request) in open.overdue() {
            ends.push(orders.submit(order::stream(order), request).await);
        }
        for end in ends {
            // Whatever became of it: an order that is still open is tried again at the next tick.
            let _outcome = end.await;
        }
    }
}

fn stock_answer(event: &ProductEvent) -> Option<(Uuid, Answer)> {
    match event {
        ProductEvent::StockReserved(reserved) => Some((reserved.order, Answer::Reserved)),
        ProductEvent::StockDenied(denied) => Some((denied.order, Answer::Denied(denied.reason))),
        ProductEvent::Added(_)
        | ProductEvent::Changed(_)
        | ProductEvent::Deleted(_)
        | ProductEvent::StockReleased(_)
        | ProductEvent::StockCommitted(_) => None,
    }
}

fn credit_answer(event: &CustomerEvent) -> Option<(Uuid, Answer)> {
    match event {
        CustomerEvent::CreditReserved(reserved) => Some((reserved.order, Answer::Reserved)),
        CustomerEvent::CreditDenied(denied) => Some((denied.order, Answer::Denied(denied.reason))),
        CustomerEvent::Registered(_)
        | CustomerEvent::ProfileChanged(_)
        | CustomerEvent::PasswordChanged(_)
        | CustomerEvent::LoggedOut(_)
        | CustomerEvent::CreditChanged(_)
        | CustomerEvent::CreditReleased(_)
        | CustomerEvent::CreditDebited(_) => None,
    }
}
