//! Accounts as streams: their category, and snapshots so that a customer with many orders loads fast.

use contracts::loyalty;
use runtime::Aggregate;
use serde_json::{Value, json};

use crate::domain::{Account, State};

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
