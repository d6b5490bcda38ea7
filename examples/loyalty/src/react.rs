//! What loyalty does about orders: a finalized one earns its customer points.

use contracts::{
    loyalty,
    order::{self, Terms},
};
use kernel::Recorded;
use runtime::{Aggregate, Reaction, Reactor, Unfit};
use serde_json::{Value, json};

use crate::domain::{Account, Command, State};

/// Minor units that earn one point.
const UNIT: i64 = 100;

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

/// The points of an order: one per whole currency unit, if it costs as much.
#[must_use]
pub fn earned(terms: &Terms) -> Option<u64> {
    u64::try_from(terms.total().minor() / UNIT).ok().filter(|points| *points > 0)
}

impl Aggregate for Account {
    const CATEGORY: &'static str = loyalty::CATEGORY;
    const SNAPSHOT_SCHEMA: u32 = 1;

    fn snapshot(state: &State) -> Option<Value> {
        Some(json!([state.earned, state.redeemed]))
    }

    fn restore(snapshot: Value) -> Option<State> {
        let (earned, redeemed) = serde_json::from_value(snapshot).ok()?;
        Some(State { earned, redeemed })
    }
}
