//! What loyalty does about orders: a finalized one earns its customer points.

use contracts::{loyalty, order};
use kernel::Recorded;
use runtime::{Reaction, Reactor, Unfit};

use crate::domain::{Account, Command, earned};

/// Reacts to orders.
pub(crate) struct OrderReactor;

impl Reactor for OrderReactor {
    type Aggregate = Account;
    const NAME: &'static str = "loyalty";

    fn react(&mut self, event: &Recorded) -> Result<Option<Reaction<Command>>, Unfit> {
        let Some(terms) = order::finalized(event)? else { return Ok(None) };
        Ok(earned(terms).map(|points| {
            let stream = loyalty::stream(terms.customer);
            Reaction { stream, command: Command::Earn { order: terms.order, points } }
        }))
    }
}
