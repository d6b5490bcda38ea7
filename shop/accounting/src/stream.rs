//! Invoices as a stream: its category, and a snapshot so that it loads fast however many there are.

use contracts::accounting;
use runtime::Aggregate;
use serde_json::Value;

use crate::domain::{Invoices, State};

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
