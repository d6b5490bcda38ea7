//! Answers of the product service.

use crate::{
    money::Decimal,
    picture::{Hash, Picture},
};
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
    /// The picture that a manager gave it, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<ProductPicture>,
}

/// The picture of a product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct ProductPicture {
    /// Where it is at the gateway. Another picture has another address, so it can be kept for good.
    pub address: String,
    /// The BLAKE3 hash of its file.
    #[schema(value_type = String, pattern = "^[0-9a-f]{64}$")]
    pub hash: Hash,
    /// `image/png`, `image/jpeg` or `image/webp`.
    pub r#type: String,
    /// In pixels.
    pub width: u16,
    /// In pixels.
    pub height: u16,
}

impl From<Picture> for ProductPicture {
    fn from(picture: Picture) -> Self {
        let Picture { hash, kind, width, height } = picture;
        let (address, r#type) =
            (format!("/product/get-picture/{hash}"), kind.media_type().to_owned());
        Self { address, hash, r#type, width, height }
    }
}

/// Products as a list gives them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct ProductList {
    /// In the order of the list.
    pub items: Vec<Product>,
    /// The `After` of the next page; null on the last one.
    #[schema(required)]
    pub next: Option<String>,
    /// How many there are on all pages; given if the list is searched, narrowed by more than a category, or asked for with Facets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// The search as it was understood, where a word of it is found nowhere and one like it was taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corrected: Option<String>,
    /// True if no product has all words of the search: these have the most of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub some_words: Option<bool>,
    /// What the list can be narrowed to, if asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facets: Option<ProductFacets>,
}

/// What a list of products can be narrowed to. Each count is of what is left when everything else that was asked for stays.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct ProductFacets {
    /// Categories, those with the most products first.
    pub categories: Vec<Category>,
    /// Ranges of prices with products in them, from the lowest to the highest.
    pub prices: Vec<PriceRange>,
    /// Products that can be ordered.
    pub in_stock: u64,
}

/// Products within a range of prices.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct PriceRange {
    /// The lowest price, as `MinPrice` takes it.
    #[schema(value_type = f64)]
    pub from: Decimal,
    /// The highest price, as `MaxPrice` takes it; null where there is no end.
    #[schema(value_type = Option<f64>, required)]
    pub to: Option<Decimal>,
    /// How many products have such a price.
    pub products: u64,
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

/// The shop's one currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct ShopCurrency {
    /// ISO 4217.
    pub currency: String,
}

/// What counts as low stock.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct LowStock {
    /// So many units of a product that can be ordered, or fewer; null where managers have set nothing.
    #[schema(required)]
    pub units: Option<i64>,
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
