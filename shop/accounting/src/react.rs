//! Reactions to orders: a finalized one gets its invoice.

use contracts::{
    accounting,
    order::{Finalized, OrderEvent},
};
use kernel::Recorded;
use runtime::{Aggregate, Reaction, Reactor, Unfit};
use serde_json::Value;

use crate::domain::{Command, Invoices, State};

/// Reacts to orders.
pub struct OrderReactor;

impl Reactor for OrderReactor {
    type Aggregate = Invoices;
    const NAME: &'static str = "accounting";

    fn react(&mut self, event: &Recorded) -> Result<Option<Reaction<Command>>, Unfit> {
        if event.stream.category() != contracts::order::CATEGORY {
            return Ok(None);
        }
        match OrderEvent::read(event)? {
            OrderEvent::Finalized(Finalized { terms }) => {
                let command = Command::Issue(terms);
                Ok(Some(Reaction { stream: accounting::stream(), command }))
            }
            OrderEvent::Placed(_) | OrderEvent::Approved(_) | OrderEvent::Denied(_) => Ok(None),
        }
    }
}

impl Aggregate for Invoices {
    const CATEGORY: &'static str = accounting::CATEGORY;
    const SNAPSHOT_SCHEMA: u32 = 1;

    fn snapshot(state: &State) -> Option<Value> {
        Some(state.issued.into())
    }

    fn restore(snapshot: Value) -> Option<State> {
        Some(State { issued: snapshot.as_u64()? })
    }
}
