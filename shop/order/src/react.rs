//! Reactions to the answers of product and customer, and to the deadline.
//!
//! ```text
//!  product.stock-…   ─┐
//!  customer.credit-… ─┼─▶ open orders (what was heard so far) ── step ──▶ finalize │ deny
//!  deadline          ─┘
//! ```

use std::time::Duration;

use contracts::{
    customer::CustomerEvent,
    order::{self, OrderEvent},
    product::ProductEvent,
};
use kernel::{Position, Recorded};
use runtime::{Aggregates, Progress, Reaction, Reactor, Unfit};
use uuid::Uuid;
use web::ServiceDeps;

use crate::{
    domain::{Command, Order},
    open::OpenOrders,
    saga::{Answer, Answered},
};

/// How late a deadline may be noticed.
const TICK: Duration = Duration::from_millis(250);

/// Reacts to the answers of product and customer.
pub(crate) struct AnswerReactor {
    open: OpenOrders,
}

impl AnswerReactor {
    #[must_use]
    pub(crate) fn new(open: OpenOrders) -> Self {
        Self { open }
    }
}

impl Reactor for AnswerReactor {
    type Aggregate = Order;
    const NAME: &'static str = "order";

    fn react(&mut self, event: &Recorded) -> Result<Option<Reaction<Command>>, Unfit> {
        let answer = match event.stream.category() {
            order::CATEGORY => {
                self.open.hear(OrderEvent::read(event)?, event);
                None
            }
            contracts::product::CATEGORY => stock_answer(ProductEvent::read(event)?)
                .map(|(order, answer)| (order, Answered::Stock(answer))),
            contracts::customer::CATEGORY => credit_answer(CustomerEvent::read(event)?)
                .map(|(order, answer)| (order, Answered::Credit(answer))),
            _ => None,
        };
        let next = answer.and_then(|(order, answered)| self.open.step(order, answered));
        Ok(next.map(|(order, command)| Reaction { stream: order::stream(order), command }))
    }

    fn needs_from(&self) -> Option<Position> {
        self.open.first()
    }
}

/// Denies what is open beyond its deadline, once the reactor has caught up. The order's own state guards: an order that ended
/// meanwhile stays as it ended, however many instances watch.
pub(crate) fn spawn_deadlines(
    deps: &ServiceDeps,
    orders: Aggregates<Order>,
    open: OpenOrders,
    reactor: Progress,
) {
    deps.tasks.spawn_until_stopped("order-deadlines", async move {
        watch_deadlines(&orders, &open, &reactor).await;
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
            // Ignore the outcome: an order that is still open is tried again at the next tick.
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
