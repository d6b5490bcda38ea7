//! Parameters of the calls: bodies and queries, parsed strictly.

use std::{borrow::Cow, ops::Deref};

use contracts::money::{AmountIn, Decimal, Money};
use kernel::{
    Position,
    text::{is_invisible, nfc},
};
use serde::{Deserialize, Deserializer, de};
use utoipa::{
    IntoParams, PartialSchema, ToSchema,
    openapi::{
        RefOr,
        schema::{ObjectBuilder, Schema, Type},
    },
};
use uuid::Uuid;
use web::{After, Count, FieldErrors, Limit, Problem, Prose, Text, Whole};

use crate::{
    domain::{UNITS_MAX, Units, Update},
    model::{Cursor, NameCursor, Sort},
};

/// Units on hand.
type OnHand = Whole<0, UNITS_MAX>;

/// A change of the units in stock.
type Difference = Whole<{ -UNITS_MAX }, UNITS_MAX>;

/// A shop's article number: 1 to 64 visible characters, in one Unicode form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Code {
    text: String,
    /// As it was sent, where that was another form: an older shop kept it like that.
    sent: Option<String>,
}

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
        let GetAllProducts { search, min_price, max_price, in_stock, facets, sort, limit, after } =
            all;
        let category_id = None;
        Self { category_id, search, min_price, max_price, in_stock, facets, sort, limit, after }
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
        }
    }
}

impl Code {
    const CHARACTERS_MAX: usize = 64;

    fn parse(text: String) -> Option<Self> {
        let visible = |character: char| {
            !character.is_whitespace() && !character.is_control() && !is_invisible(character)
        };
        let count = text.chars().take(Self::CHARACTERS_MAX + 1).count();
        let fits = (1..=Self::CHARACTERS_MAX).contains(&count) && text.chars().all(visible);
        fits.then(|| match nfc(&text) {
            Cow::Borrowed(_) => Self { text, sent: None },
            Cow::Owned(composed) => Self { text: composed, sent: Some(text) },
        })
    }

    /// The code as it was sent, if that was in another Unicode form.
    pub(super) fn sent(&self) -> Option<&str> {
        self.sent.as_deref()
    }

    pub(super) fn into_string(self) -> String {
        self.text
    }
}

impl Deref for Code {
    type Target = str;
    fn deref(&self) -> &str {
        &self.text
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(String::deserialize(deserializer)?).ok_or_else(|| {
            de::Error::custom("must have 1 to 64 characters that can be seen, no spaces")
        })
    }
}

impl PartialSchema for Code {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .min_length(Some(1))
            .max_length(Some(Self::CHARACTERS_MAX))
            .pattern(Some(
                "^[^\\s\\u0000-\\u001f\\u007f-\\u009f\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\
                 \\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\u3164\\ufe00-\\ufe0f\\ufeff\\uffa0\\ufff0-\\ufffb\
                 \u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}\u{e0000}-\u{e0fff}]+$",
            ))
            .into()
    }
}

impl ToSchema for Code {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Code")
    }
}
