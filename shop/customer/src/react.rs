//! Reactions to orders: reserve credit, release it (compensation), or debit it.

use std::sync::Arc;

use contracts::{
    customer,
    order::{self, Denied, Finalized, OrderEvent},
};
use kernel::{Clock, Recorded};
use runtime::{Reaction, Reactor, Unfit};

use crate::domain::{Command, Customer};

/// Reacts to orders.
pub(crate) struct OrderReactor {
    pub(crate) clock: Arc<dyn Clock>,
}

impl Reactor for OrderReactor {
    type Aggregate = Customer;
    const NAME: &'static str = "customer";

    fn react(&mut self, event: &Recorded) -> Result<Option<Reaction<Command>>, Unfit> {
        let Some(happened) = order::of(event)? else { return Ok(None) };
        let (customer, command) = match happened {
            OrderEvent::Placed(order) => {
                let command = Command::Reserve { order: order.clone(), now: self.clock.now() };
                (order.terms.customer, command)
            }
            OrderEvent::Denied(Denied { terms, .. }) => {
                (terms.customer, Command::Release(terms.clone()))
            }
            OrderEvent::Finalized(Finalized { terms }) => {
                (terms.customer, Command::Commit(terms.clone()))
            }
            OrderEvent::Approved(_) => return Ok(None),
        };
        Ok(Some(Reaction { stream: customer::stream(customer), command }))
    }
}
