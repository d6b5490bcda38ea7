//! Products and categories as streams: their categories, and snapshots so that a much-sold product loads fast.

use std::collections::BTreeMap;

use runtime::Aggregate;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    catalogue::Catalogue,
    domain::{Listing, Product, State, Stock},
};

/// A product's state at rest. Another shape means another `SNAPSHOT_SCHEMA`.
#[derive(Serialize, Deserialize)]
struct Snapshot {
    listing: Option<Listing>,
    revision: u64,
    stock: Stock,
    reserved: BTreeMap<Uuid, u32>,
}

impl Aggregate for Product {
    const CATEGORY: &'static str = contracts::product::CATEGORY;
    const SNAPSHOT_SCHEMA: u32 = 1;

    fn snapshot(state: &State) -> Option<Value> {
        let State { listing, revision, stock, reserved } = state.clone();
        serde_json::to_value(Snapshot { listing, revision, stock, reserved }).ok()
    }

    fn restore(snapshot: Value) -> Option<State> {
        let Snapshot { listing, revision, stock, reserved } =
            serde_json::from_value(snapshot).ok()?;
        Some(State { listing, revision, stock, reserved })
    }
}

impl Aggregate for Catalogue {
    const CATEGORY: &'static str = contracts::catalogue::CATEGORY;
}
