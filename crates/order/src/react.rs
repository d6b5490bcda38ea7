//! What the order service does about the answers of product and customer, and about time running out.
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

use chassis::{Aggregate, Aggregates, Deps, Progress, Reaction, Reactor, Request, Unfit};
use contracts::{
    customer::CustomerEvent,
    order::{self, OrderEvent},
    product::ProductEvent,
};
use kernel::{Actor, Metadata, Position, Recorded, Timestamp};
use uuid::Uuid;

use crate::{
    domain::{Command, Order, State},
    figures::Figures,
    saga::{self, Answer, Answered, Heard, Next},
};

/// How late a deadline may be noticed.
const TICK: Duration = Duration::from_millis(250);
/// Orders denied at one tick; the rest at the next.
const DENIED_AT_ONCE: usize = 256;

/// The orders that are neither finalized nor denied, with what was heard about each. Cheap to clone.
#[derive(Clone, Default)]
pub struct OpenOrders {
    open: Arc<Mutex<Open>>,
    figures: Option<Arc<Figures>>,
}

#[derive(Default)]
struct Open {
    orders: BTreeMap<Uuid, OpenOrder>,
    /// Where and when they were placed, oldest first: there a restarted reactor has to begin.
    placed: BTreeMap<Position, Timestamp>,
    /// How many have ended since this process started.
    ended: u64,
}

struct OpenOrder {
    heard: Heard,
    placed: Position,
    placed_at: Timestamp,
    deadline: Timestamp,
    correlation: Uuid,
    traceparent: Option<Arc<str>>,
}

impl OpenOrders {
    /// Open orders whose ends are counted into `figures`.
    #[must_use]
    pub fn counted(figures: Figures) -> Self {
        Self { figures: Some(Arc::new(figures)), ..Self::default() }
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.lock().orders.len()
    }

    /// How many there are, and how many have ended since this process started.
    #[must_use]
    pub fn count_and_ended(&self) -> (usize, u64) {
        let open = self.lock();
        (open.orders.len(), open.ended)
    }

    /// When the oldest of them was placed.
    #[must_use]
    pub fn oldest(&self) -> Option<Timestamp> {
        let open = self.lock();
        let (_, placed_at) = open.placed.first_key_value()?;
        Some(*placed_at)
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hear(&self, event: &Recorded) -> Result<Option<(Uuid, Command)>, Unfit> {
        let answer = match event.stream.category() {
            order::CATEGORY => {
                self.hear_order(&OrderEvent::read(event)?, event);
                None
            }
            contracts::product::CATEGORY => stock_answer(&ProductEvent::read(event)?)
                .map(|(order, answer)| (order, Answered::Stock(answer))),
            contracts::customer::CATEGORY => credit_answer(&CustomerEvent::read(event)?)
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
                    deadline: placed.deadline,
                    correlation: event.metadata.correlation,
                    traceparent: event.metadata.traceparent.clone(),
                };
                open.placed.insert(event.position, event.time);
                open.orders.insert(placed.terms.order, order);
            }
            OrderEvent::Approved(_) => {}
            OrderEvent::Finalized(order::Finalized { terms })
            | OrderEvent::Denied(order::Denied { terms, .. }) => {
                if let Some(ended) = open.orders.remove(&terms.order) {
                    open.placed.remove(&ended.placed);
                    open.ended += 1;
                    if let Some(figures) = &self.figures {
                        figures.ended(heard, event.time, ended.placed_at);
                    }
                }
            }
        }
        if let Some(figures) = &self.figures {
            figures.open(open.orders.len());
        }
    }

    fn step(&self, order: Uuid, answered: Answered) -> Option<(Uuid, Command)> {
        let mut open = self.lock();
        // An answer to what has ended comes late; the outcome, which others hear too, takes care of it.
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
    fn overdue(&self, now: Timestamp) -> Vec<(Uuid, Request<Command>)> {
        let open = self.lock();
        let overdue = open.orders.iter().filter(|(_, order)| order.deadline < now);
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
        let actor = Actor::Reactor("order-deadline".into());
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
    let (tasks, deps) = (deps.tasks.clone(), deps.clone());
    deps.tasks.clone().spawn("order-deadlines", async move {
        tokio::select! {
            biased;
            () = tasks.stopped() => {}
            () = watch_deadlines(&deps, &orders, &open, &reactor) => {}
        }
    });
}

async fn watch_deadlines(
    deps: &Deps,
    orders: &Aggregates<Order>,
    open: &OpenOrders,
    reactor: &Progress,
) {
    reactor.wait_ready().await;
    loop {
        tokio::time::sleep(TICK).await;
        let mut ends = Vec::new();
        for (order, request) in open.overdue(deps.clock.now()) {
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
