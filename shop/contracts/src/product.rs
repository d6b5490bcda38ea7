//! What happens to a product: streams `product-ID`.

use crate::money::Money;
use kernel::{StreamId, events};
use serde::{Deserialize, Deserializer, Serialize};
use uuid::Uuid;

use crate::{picture::Picture, reason::Reason};

/// The category of the streams.
pub const CATEGORY: &str = "product";

/// The stream of a product.
#[must_use]
pub fn stream(product: Uuid) -> StreamId {
    StreamId::new(CATEGORY, product).expect("a UUID is a stream's id")
}

events! {
    /// The events of a product.
    ProductEvent {
        Added(Added) = ADDED "product.added" @ 1,
        Changed(Changed) = CHANGED "product.changed" @ 1,
        Deleted(Deleted) = DELETED "product.deleted" @ 1,
        StockReserved(StockReserved) = STOCK_RESERVED "product.stock-reserved" @ 1,
        StockDenied(StockDenied) = STOCK_DENIED "product.stock-denied" @ 1,
        StockReleased(StockReleased) = STOCK_RELEASED "product.stock-released" @ 1,
        StockCommitted(StockCommitted) = STOCK_COMMITTED "product.stock-committed" @ 1,
    }
}

/// A manager put the product into the catalogue; a deleted one may come back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Added {
    pub product: Uuid,
    /// The shop's article number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    pub name: String,
    pub description: String,
    pub supplier: String,
    pub category: Uuid,
    /// Minor units.
    pub price: Money,
    pub currency: String,
    /// Units received.
    pub units: i64,
}

/// A manager changed what is given here.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Changed {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supplier: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<Uuid>,
    /// Minor units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Money>,
    /// Its picture from now on; null where it has none any more.
    #[expect(clippy::option_option, reason = "no member and null say different things")]
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub picture: Option<Option<Picture>>,
    /// Units received (or, if negative, written off).
    #[serde(default, skip_serializing_if = "is_zero")]
    pub units_change: i64,
}

/// A manager took the product out of the catalogue; units already reserved still go to their orders.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Deleted {
    /// The units that were available, written off: zero or negative.
    pub units_change: i64,
}

/// Units are held for an order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StockReserved {
    pub order: Uuid,
    pub quantity: u32,
    /// The price in force, which is the one the customer saw; minor units.
    pub price: Money,
    /// Units left for others.
    pub available: i64,
}

/// No units are held for an order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StockDenied {
    pub order: Uuid,
    pub reason: Reason,
    /// Units that were available.
    pub available: i64,
}

/// Units held for an order are available again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StockReleased {
    pub order: Uuid,
    pub quantity: u32,
    /// Units available now.
    pub available: i64,
}

/// Units held for an order left the shop.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StockCommitted {
    pub order: Uuid,
    pub quantity: u32,
    /// Units on hand now.
    pub on_hand: i64,
}

/// A member that is there, whatever it says.
#[expect(clippy::option_option, reason = "no member and null say different things")]
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<Picture>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(units: &i64) -> bool {
    *units == 0
}
