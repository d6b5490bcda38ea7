//! Reactions to orders: reserve units, release them (compensation), or commit them.

use std::sync::Arc;

use contracts::{
    order::{Finalized, OrderEvent},
    product,
};
use kernel::{Clock, Recorded};
use runtime::{Reaction, Reactor, Unfit};

use crate::domain::{Command, Product};

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
    type Aggregate = Product;
    const NAME: &'static str = "product";

    fn react(&mut self, event: &Recorded) -> Result<Option<Reaction<Command>>, Unfit> {
        if event.stream.category() != contracts::order::CATEGORY {
            return Ok(None);
        }
        let (product, command) = match OrderEvent::read(event)? {
            OrderEvent::Placed(order) => {
                (order.terms.product, Command::Reserve { order, now: self.clock.now() })
            }
            OrderEvent::Denied(denied) => (denied.terms.product, Command::Release(denied.terms)),
            OrderEvent::Finalized(Finalized { terms }) => (terms.product, Command::Commit(terms)),
            OrderEvent::Approved(_) => return Ok(None),
        };
        Ok(Some(Reaction { stream: product::stream(product), command }))
    }
}
