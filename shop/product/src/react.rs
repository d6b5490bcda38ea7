//! Reactions to orders: reserve units, release them (compensation), or commit them.

use std::sync::Arc;

use contracts::{
    order::{self, Denied, Finalized, OrderEvent},
    product,
};
use kernel::{Clock, Recorded};
use runtime::{Reaction, Reactor, Unfit};

use crate::domain::{Command, Product};

/// Reacts to orders.
pub(crate) struct OrderReactor {
    pub(crate) clock: Arc<dyn Clock>,
}

// ANCHOR: react
impl Reactor for OrderReactor {
    type Aggregate = Product;
    const NAME: &'static str = "product";

    fn react(&mut self, event: &Recorded) -> Result<Option<Reaction<Command>>, Unfit> {
        let Some(happened) = order::of(event)? else { return Ok(None) };
        let (product, command) = match happened {
            OrderEvent::Placed(order) => {
                let command = Command::Reserve { order: order.clone(), now: self.clock.now() };
                (order.terms.product, command)
            }
            OrderEvent::Denied(Denied { terms, .. }) => {
                (terms.product, Command::Release(terms.clone()))
            }
            OrderEvent::Finalized(Finalized { terms }) => {
                (terms.product, Command::Commit(terms.clone()))
            }
            OrderEvent::Approved(_) => return Ok(None),
        };
        Ok(Some(Reaction { stream: product::stream(product), command }))
    }
}
// ANCHOR_END: react
