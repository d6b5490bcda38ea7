//! What happens to the categories of products: all in the one stream `catalogue-categories`.

use kernel::{StreamId, events};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The category of the stream.
pub const CATEGORY: &str = "catalogue";

/// The one stream of all categories, which keeps their names unique.
#[must_use]
pub fn stream() -> StreamId {
    StreamId::new(CATEGORY, "categories").expect("a stream's name")
}

events! {
    /// The events of the catalogue.
    #[expect(clippy::enum_variant_names, reason = "categories are all there is in the catalogue's stream")]
    CatalogueEvent {
        CategoryAdded(CategoryAdded) = CATEGORY_ADDED "catalogue.category-added" @ 1,
        CategoryRenamed(CategoryRenamed) = CATEGORY_RENAMED "catalogue.category-renamed" @ 1,
        CategoryDeleted(CategoryDeleted) = CATEGORY_DELETED "catalogue.category-deleted" @ 1,
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
