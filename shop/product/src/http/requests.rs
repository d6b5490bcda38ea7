//! Parameters of the calls: bodies and queries, parsed strictly.

use std::borrow::Cow;

use contracts::money::{AmountIn, Decimal, Money};
use kernel::Position;
use serde::{Deserialize, Deserializer, de};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use web::{After, Count, FieldErrors, Limit, Problem, Prose, Text, Whole};

use super::code::Code;
use crate::{
    domain::{UNITS_MAX, Units, Update},
    model::{Cursor, NameCursor, Sort},
};

/// Units on hand.
type OnHand = Whole<0, UNITS_MAX>;

/// A change of the units in stock.
type Difference = Whole<{ -UNITS_MAX }, UNITS_MAX>;

/// A price in an address.
#[derive(Clone, Copy, Debug)]
pub(super) struct Price(pub(super) Money);

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct AddProduct {
    /// The shop's article number; unique.
    pub(super) code: Option<Code>,
    pub(super) name: Text<1, 200>,
    pub(super) description: Prose<0, 2000>,
    pub(super) supplier: Text<0, 200>,
    pub(super) category_id: Uuid,
    /// The unit price.
    #[schema(value_type = AmountIn)]
    pub(super) price: Decimal,
    #[schema(inline)]
    pub(super) units_in_stock: OnHand,
}

/// Only the given fields change.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct UpdateProduct {
    pub(super) product_id: Uuid,
    /// The version that was seen; a conflict if it has changed.
    #[schema(inline)]
    pub(super) version: Option<Count>,
    pub(super) name: Option<Text<1, 200>>,
    pub(super) description: Option<Prose<0, 2000>>,
    pub(super) supplier: Option<Text<0, 200>>,
    pub(super) category_id: Option<Uuid>,
    #[schema(value_type = Option<AmountIn>)]
    pub(super) price: Option<Decimal>,
    /// Units on hand, including those reserved for open orders.
    #[schema(inline)]
    pub(super) units_in_stock: Option<OnHand>,
    /// Units received, or written off if negative; instead of `UnitsInStock`.
    #[schema(inline)]
    pub(super) units_change: Option<Difference>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct DeleteProduct {
    pub(super) product_id: Uuid,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct AddCategory {
    /// Unique, whatever its case.
    pub(super) name: Text<1, 100>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct UpdateCategory {
    pub(super) category_id: Uuid,
    /// Unique, whatever its case.
    pub(super) name: Text<1, 100>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct DeleteCategory {
    pub(super) category_id: Uuid,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct GetProducts {
    /// Only products of this category.
    pub(super) category_id: Option<Uuid>,
    /// Words of a name, category, supplier, description or code, in any order, whatever their case and accents. A word finds those
    /// that begin with it; if there are none, those that contain it; else those with one letter in five mistyped.
    #[param(inline)]
    pub(super) search: Option<Prose<0, 200>>,
    /// The lowest price, such as `2.50`.
    #[param(value_type = Option<String>, pattern = r"^[0-9]{1,9}(\.[0-9]{1,2})?$")]
    pub(super) min_price: Option<Price>,
    /// The highest price.
    #[param(value_type = Option<String>, pattern = r"^[0-9]{1,9}(\.[0-9]{1,2})?$")]
    pub(super) max_price: Option<Price>,
    /// Only products that can be ordered.
    #[serde(default)]
    #[param(required = false)]
    pub(super) in_stock: bool,
    /// Only products that were sold before.
    #[serde(default)]
    #[param(required = false)]
    pub(super) sold: bool,
    /// Whether to count what the list can be narrowed to.
    #[serde(default)]
    #[param(required = false)]
    pub(super) facets: bool,
    /// `Relevance` for a search, else `Name`, unless given.
    #[param(inline)]
    pub(super) sort: Option<SortBy>,
    #[serde(default)]
    #[param(inline, required = false)]
    pub(super) limit: Limit,
    #[param(inline, value_type = Option<web::Cursor>)]
    pub(super) after: Option<After<Cursor>>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct GetAllProducts {
    /// Words of a name, category, supplier, description or code, in any order, whatever their case and accents. A word finds those
    /// that begin with it; if there are none, those that contain it; else those with one letter in five mistyped.
    #[param(inline)]
    pub(super) search: Option<Prose<0, 200>>,
    /// The lowest price, such as `2.50`.
    #[param(value_type = Option<String>, pattern = r"^[0-9]{1,9}(\.[0-9]{1,2})?$")]
    pub(super) min_price: Option<Price>,
    /// The highest price.
    #[param(value_type = Option<String>, pattern = r"^[0-9]{1,9}(\.[0-9]{1,2})?$")]
    pub(super) max_price: Option<Price>,
    /// Only products that can be ordered.
    #[serde(default)]
    #[param(required = false)]
    pub(super) in_stock: bool,
    /// Only products that were sold before.
    #[serde(default)]
    #[param(required = false)]
    pub(super) sold: bool,
    /// Whether to count what the list can be narrowed to.
    #[serde(default)]
    #[param(required = false)]
    pub(super) facets: bool,
    /// `Relevance` for a search, else `Name`, unless given.
    #[param(inline)]
    pub(super) sort: Option<SortBy>,
    #[serde(default)]
    #[param(inline, required = false)]
    pub(super) limit: Limit,
    #[param(inline, value_type = Option<web::Cursor>)]
    pub(super) after: Option<After<Cursor>>,
}

/// Exactly one of `ProductId` and `Code`.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct GetProductDetails {
    pub(super) product_id: Option<Uuid>,
    pub(super) code: Option<Code>,
    /// As it was after the event at this position; for managers.
    #[param(value_type = Option<u64>)]
    pub(super) as_of: Option<Position>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct GetCategories {
    /// Part of a name, whatever its case and accents.
    #[param(inline)]
    pub(super) search: Option<Prose<0, 100>>,
    #[serde(default)]
    #[param(inline, required = false)]
    pub(super) limit: Limit,
    #[param(inline, value_type = Option<web::Cursor>)]
    pub(super) after: Option<After<NameCursor>>,
    /// Whether to count the categories of all pages too, as Total.
    #[serde(default)]
    #[param(required = false)]
    pub(super) count: bool,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct GetCategoryDetails {
    pub(super) category_id: Uuid,
}

/// The order of a list of products.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
pub(super) enum SortBy {
    /// What fits the search best first.
    Relevance,
    Name,
    Price,
    #[serde(rename = "-Price")]
    PriceDown,
    Newest,
    /// The most available first.
    Available,
    /// The least available first.
    #[serde(rename = "-Available")]
    AvailableUp,
    /// What was sold most often first.
    Sold,
}

impl UpdateProduct {
    pub(super) fn check(&self) -> Result<(), Problem> {
        let mut errors = FieldErrors::new();
        let both = self.units_in_stock.is_some() && self.units_change.is_some();
        errors.check("UnitsChange", !both, "must not be given together with UnitsInStock");
        errors.finish()
    }

    /// The field that says how many units.
    pub(super) fn units_field(&self) -> &'static str {
        if self.units_change.is_some() { "UnitsChange" } else { "UnitsInStock" }
    }

    pub(super) fn into_command(self) -> Update {
        let units = self.units_in_stock.map(|units| Units::OnHand(units.get()));
        Update {
            revision: self.version.map(|version| version.get().unsigned_abs()),
            name: self.name.map(Text::into_string),
            description: self.description.map(Text::into_string),
            supplier: self.supplier.map(Text::into_string),
            category: self.category_id,
            price: self.price.map(|Decimal(price)| price),
            picture: None,
            units: units.or(self.units_change.map(|units| Units::Change(units.get()))),
        }
    }
}

impl<'de> Deserialize<'de> for Price {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <Cow<'de, str>>::deserialize(deserializer)?;
        Money::parse(&text).map(Self).map_err(de::Error::custom)
    }
}

impl From<GetAllProducts> for GetProducts {
    fn from(all: GetAllProducts) -> Self {
        Self {
            category_id: None,
            search: all.search,
            min_price: all.min_price,
            max_price: all.max_price,
            in_stock: all.in_stock,
            sold: all.sold,
            facets: all.facets,
            sort: all.sort,
            limit: all.limit,
            after: all.after,
        }
    }
}

impl From<SortBy> for Sort {
    fn from(sort: SortBy) -> Self {
        match sort {
            SortBy::Relevance => Self::Relevance,
            SortBy::Name => Self::Name,
            SortBy::Price => Self::Price,
            SortBy::PriceDown => Self::PriceDown,
            SortBy::Newest => Self::Newest,
            SortBy::Available => Self::Available,
            SortBy::AvailableUp => Self::Scarce,
            SortBy::Sold => Self::Sold,
        }
    }
}
