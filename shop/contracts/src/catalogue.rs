//! What happens to the catalogue beside its products: its categories, and what counts as low stock. All in the one stream
//! `catalogue-categories`.

use kernel::{StreamId, events};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The category of the stream.
pub const CATEGORY: &str = "catalogue";

/// The one stream of all categories, which keeps their names unique, and of what holds for the whole catalogue.
#[must_use]
pub fn stream() -> StreamId {
    StreamId::new(CATEGORY, "categories").expect("a stream's name")
}

events! {
    /// The events of the catalogue.
    CatalogueEvent {
        CategoryAdded(CategoryAdded) = CATEGORY_ADDED "catalogue.category-added" @ 1,
        CategoryRenamed(CategoryRenamed) = CATEGORY_RENAMED "catalogue.category-renamed" @ 1,
        CategoryDeleted(CategoryDeleted) = CATEGORY_DELETED "catalogue.category-deleted" @ 1,
        LowStockSet(LowStockSet) = LOW_STOCK_SET "catalogue.low-stock-set" @ 1,
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CategoryAdded {
    pub category: Uuid,
    pub name: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CategoryRenamed {
    pub category: Uuid,
    pub name: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CategoryDeleted {
    pub category: Uuid,
}

/// A manager decided what counts as low stock: so many units of a product that can be ordered, or fewer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LowStockSet {
    pub units: i64,
}
