//! Answers of the product service.

use crate::money::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// What a product shows as its category's name when that category is gone.
pub const NO_CATEGORY: &str = "none";

/// A product as it is offered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[expect(clippy::struct_field_names, reason = "the REST API names its fields so")]
pub struct Product {
    pub product_id: Uuid,
    /// The shop's article number.
    pub code: Option<String>,
    pub name: String,
    pub description: String,
    pub supplier: String,
    pub category_id: Uuid,
    /// `none` if the category is gone.
    pub category_name: String,
    /// The price of one piece.
    #[schema(value_type = f64)]
    pub price: Decimal,
    /// ISO 4217; the same for the whole shop.
    pub currency: String,
    /// Units on hand, those held for open orders included.
    pub units_in_stock: i64,
    /// Units that can be ordered.
    pub available: i64,
    /// Counts changes that managers made, not sales.
    pub version: u64,
}

/// A category of products.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
#[expect(clippy::struct_field_names, reason = "the REST API names its fields so")]
pub struct Category {
    pub category_id: Uuid,
    pub name: String,
    /// How many products it has.
    pub products: u64,
}

/// A product that is no longer offered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct ProductDeleted {
    pub product_id: Uuid,
}

/// A category that is gone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct CategoryDeleted {
    pub category_id: Uuid,
}
