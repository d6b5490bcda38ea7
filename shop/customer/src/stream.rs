//! Customers as streams: their category, and snapshots so that a customer with many orders loads fast.

use std::collections::BTreeMap;

use contracts::money::Money;
use runtime::Aggregate;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::domain::{Account, Credit, Customer, State};

/// A customer's state at rest. Another shape means another `SNAPSHOT_SCHEMA`.
#[derive(Serialize, Deserialize)]
struct Snapshot {
    account: Option<Account>,
    revision: u64,
    credit: Credit,
    reserved: BTreeMap<Uuid, Money>,
}

impl Aggregate for Customer {
    const CATEGORY: &'static str = contracts::customer::CATEGORY;
    const SNAPSHOT_SCHEMA: u32 = 1;

    fn snapshot(state: &State) -> Option<Value> {
        let State { account, revision, credit, reserved } = state.clone();
        serde_json::to_value(Snapshot { account, revision, credit, reserved }).ok()
    }

    fn restore(snapshot: Value) -> Option<State> {
        let Snapshot { account, revision, credit, reserved } =
            serde_json::from_value(snapshot).ok()?;
        Some(State { account, revision, credit, reserved })
    }

    fn heap_bytes(state: &State) -> Option<usize> {
        let texts = state.account.as_ref().map_or(0, |account| {
            let Account { user, full_name, email, password, .. } = account;
            user.len() + full_name.len() + email.len() + password.len()
        });
        Some(texts + runtime::budget::tree_bytes(&state.reserved))
    }
}
