//! Products, categories and pictures as streams: their categories, and snapshots so that a much-sold product and a long list of categories load
//! fast.

use std::collections::BTreeMap;

use runtime::Aggregate;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    catalogue::{self, Catalogue},
    domain::{Listing, Product, State, Stock},
    picture::{self, Album},
};

/// The catalogue's state at rest. Another shape means another `SNAPSHOT_SCHEMA`.
#[derive(Serialize, Deserialize)]
struct CatalogueSnapshot {
    names: BTreeMap<Uuid, String>,
    low_stock: Option<i64>,
}

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
    const SNAPSHOT_SCHEMA: u32 = 2;

    fn snapshot(state: &State) -> Option<Value> {
        let State { listing, revision, stock, reserved } = state.clone();
        serde_json::to_value(Snapshot { listing, revision, stock, reserved }).ok()
    }

    fn restore(snapshot: Value) -> Option<State> {
        let Snapshot { listing, revision, stock, reserved } =
            serde_json::from_value(snapshot).ok()?;
        Some(State { listing, revision, stock, reserved })
    }

    fn heap_bytes(state: &State) -> Option<usize> {
        let texts = state.listing.as_ref().map_or(0, |listing| {
            let Listing { code, name, description, supplier, currency, .. } = listing;
            let code = code.as_ref().map_or(0, String::len);
            code + name.len() + description.len() + supplier.len() + currency.len()
        });
        Some(texts + runtime::budget::tree_bytes(&state.reserved))
    }
}

impl Aggregate for Catalogue {
    const CATEGORY: &'static str = contracts::catalogue::CATEGORY;
    const SNAPSHOT_SCHEMA: u32 = 2;

    fn snapshot(state: &catalogue::State) -> Option<Value> {
        let catalogue::State { names, low_stock } = state.clone();
        serde_json::to_value(CatalogueSnapshot { names, low_stock }).ok()
    }

    fn restore(snapshot: Value) -> Option<catalogue::State> {
        let CatalogueSnapshot { names, low_stock } = serde_json::from_value(snapshot).ok()?;
        Some(catalogue::State { names, low_stock })
    }

    fn heap_bytes(state: &catalogue::State) -> Option<usize> {
        let names = state.names.values().map(String::len).sum::<usize>();
        Some(names + runtime::budget::tree_bytes(&state.names))
    }
}

impl Aggregate for Album {
    const CATEGORY: &'static str = contracts::picture::CATEGORY;

    fn is_over(state: &picture::State) -> bool {
        state.is_stored
    }

    fn heap_bytes(_: &picture::State) -> Option<usize> {
        Some(0)
    }
}
