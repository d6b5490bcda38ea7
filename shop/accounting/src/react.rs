//! Reactions to orders: a finalized one gets its invoice.

use contracts::{accounting, order};
use kernel::Recorded;
use runtime::{Reaction, Reactor, Unfit};

use crate::domain::{Command, Invoices};

/// Reacts to orders.
pub(crate) struct OrderReactor;

impl Reactor for OrderReactor {
    type Aggregate = Invoices;
    const NAME: &'static str = "accounting";

    fn react(&mut self, event: &Recorded) -> Result<Option<Reaction<Command>>, Unfit> {
        Ok(order::finalized(event)?.map(|terms| Reaction {
            stream: accounting::stream(),
            command: Command::Issue(terms.clone()),
        }))
    }
}
