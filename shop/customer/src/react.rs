//! Reactions to orders: reserve credit, release it (compensation), or debit it.

use std::sync::Arc;

use contracts::{
    customer,
    order::{Finalized, OrderEvent},
};
use kernel::{Clock, Recorded};
use runtime::{Reaction, Reactor, Unfit};

use crate::domain::{Command, Customer};

/// Reacts to orders.
pub struct OrderReactor {
    clock: Arc<dyn Clock>,
}

impl OrderReactor {
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock }
    }
}

impl Reactor for OrderReactor {
    type Aggregate = Customer;
    const NAME: &'static str = "customer";

    fn react(&mut self, event: &Recorded) -> Result<Option<Reaction<Command>>, Unfit> {
        if event.stream.category() != contracts::order::CATEGORY {
            return Ok(None);
        }
        let (customer, command) = match OrderEvent::read(event)? {
            OrderEvent::Placed(order) => {
                (order.terms.customer, Command::Reserve { order, now: self.clock.now() })
            }
            OrderEvent::Denied(denied) => (denied.terms.customer, Command::Release(denied.terms)),
            OrderEvent::Finalized(Finalized { terms }) => (terms.customer, Command::Debit(terms)),
            OrderEvent::Approved(_) => return Ok(None),
        };
        Ok(Some(Reaction { stream: customer::stream(customer), command }))
    }
}
