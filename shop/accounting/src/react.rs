//! Reactions to orders: a finalized one gets its invoice.

use contracts::{accounting, order};
use kernel::Recorded;
use runtime::{Aggregate, Reaction, Reactor, Unfit};
use serde_json::Value;

use crate::domain::{Command, Invoices, State};

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

impl Aggregate for Invoices {
    const CATEGORY: &'static str = accounting::CATEGORY;
    const SNAPSHOT_SCHEMA: u32 = 1;

    fn snapshot(state: &State) -> Option<Value> {
        Some(state.issued.into())
    }

    fn restore(snapshot: Value) -> Option<State> {
        Some(State { issued: snapshot.as_u64()? })
    }

    fn heap_bytes(_state: &State) -> Option<usize> {
        Some(0)
    }
}
