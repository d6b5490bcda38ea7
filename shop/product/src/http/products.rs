//! The public calls that read products.

use std::{borrow::Cow, sync::Arc};

use axum::response::IntoResponse;
use axum::{extract::State, response::Response};
use contracts::{
    money::Money,
    rest::product::{Product, ProductList, ShopCurrency},
};
use identity::Caller;
use kernel::Position;
use serde::{Deserialize, Deserializer, de};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use web::{After, Asked, Count, Json, Limit, Problem, Prose, Query, Text};

use super::{Calls, code::Code, no_category, no_product, view};
use crate::{
    domain,
    model::{Cursor, ProductQuery, Sort},
};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
#[expect(clippy::struct_excessive_bools, reason = "each is a parameter of the query of its own")]
pub(super) struct GetProducts {
    /// Only products of this category.
    category_id: Option<Uuid>,
    /// Words of a name, category, supplier, description or code, in any order, whatever their case and accents. A word finds those
    /// that begin with it; if there are none, those that contain it; else those with one letter in five mistyped.
    #[param(inline)]
    search: Option<Prose<0, 200>>,
    /// The lowest price, such as `2.50`.
    #[param(value_type = Option<String>, pattern = r"^[0-9]{1,9}(\.[0-9]{1,2})?$")]
    min_price: Option<Price>,
    /// The highest price.
    #[param(value_type = Option<String>, pattern = r"^[0-9]{1,9}(\.[0-9]{1,2})?$")]
    max_price: Option<Price>,
    /// Whether a search that no product has all words of finds those that have the most of them; the answer says so by `SomeWords`.
    #[serde(default)]
    #[param(required = false)]
    some_words: bool,
    /// Only products that can be ordered.
    #[serde(default)]
    #[param(required = false)]
    in_stock: bool,
    /// Only products that were sold before.
    #[serde(default)]
    #[param(required = false)]
    sold: bool,
    /// Whether to count what the list can be narrowed to.
    #[serde(default)]
    #[param(required = false)]
    facets: bool,
    /// `Relevance` for a search, else `Name`, unless given.
    #[param(inline)]
    sort: Option<SortBy>,
    #[serde(default)]
    #[param(inline, required = false)]
    limit: Limit,
    #[param(inline, value_type = Option<web::Cursor>)]
    after: Option<After<Cursor>>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
#[expect(clippy::struct_excessive_bools, reason = "each is a parameter of the query of its own")]
pub(super) struct GetAllProducts {
    /// Words of a name, category, supplier, description or code, in any order, whatever their case and accents. A word finds those
    /// that begin with it; if there are none, those that contain it; else those with one letter in five mistyped.
    #[param(inline)]
    search: Option<Prose<0, 200>>,
    /// The lowest price, such as `2.50`.
    #[param(value_type = Option<String>, pattern = r"^[0-9]{1,9}(\.[0-9]{1,2})?$")]
    min_price: Option<Price>,
    /// The highest price.
    #[param(value_type = Option<String>, pattern = r"^[0-9]{1,9}(\.[0-9]{1,2})?$")]
    max_price: Option<Price>,
    /// Whether a search that no product has all words of finds those that have the most of them; the answer says so by `SomeWords`.
    #[serde(default)]
    #[param(required = false)]
    some_words: bool,
    /// Only products that can be ordered.
    #[serde(default)]
    #[param(required = false)]
    in_stock: bool,
    /// Only products that were sold before.
    #[serde(default)]
    #[param(required = false)]
    sold: bool,
    /// Whether to count what the list can be narrowed to.
    #[serde(default)]
    #[param(required = false)]
    facets: bool,
    /// `Relevance` for a search, else `Name`, unless given.
    #[param(inline)]
    sort: Option<SortBy>,
    #[serde(default)]
    #[param(inline, required = false)]
    limit: Limit,
    #[param(inline, value_type = Option<web::Cursor>)]
    after: Option<After<Cursor>>,
}

/// The order of a list of products.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
enum SortBy {
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

/// A price in an address.
#[derive(Clone, Copy, Debug)]
struct Price(Money);

/// The currency of all prices; public.
#[utoipa::path(get, path = "/get-currency", tag = "product", responses((status = 200, body = ShopCurrency)))]
pub(super) async fn get_currency(State(calls): State<Arc<Calls>>) -> Json<ShopCurrency> {
    Json(ShopCurrency { currency: calls.currency.to_string() })
}

/// The products of a category, or all.
#[utoipa::path(
    get, path = "/get-products", tag = "product", params(GetProducts),
    responses((status = 200, body = ProductList), (status = 304), (status = 404, description = "There is no such category."))
)]
pub(super) async fn get_products(
    State(calls): State<Arc<Calls>>,
    asked: Asked,
    Query(query): Query<GetProducts>,
) -> Result<Response, Problem> {
    list(&calls, &asked, query).await
}

/// All products.
#[utoipa::path(
    get, path = "/get-all-products", tag = "product", params(GetAllProducts),
    responses((status = 200, body = ProductList), (status = 304))
)]
pub(super) async fn get_all_products(
    State(calls): State<Arc<Calls>>,
    asked: Asked,
    Query(query): Query<GetAllProducts>,
) -> Result<Response, Problem> {
    list(&calls, &asked, query.into()).await
}

async fn list(calls: &Calls, asked: &Asked, query: GetProducts) -> Result<Response, Problem> {
    let generation = calls.model.generation();
    calls.cache.answer(asked, generation, read_page(calls, query)).await
}

async fn read_page(calls: &Calls, query: GetProducts) -> Result<ProductList, Problem> {
    let search = query.search.map(Text::into_string).filter(|search| !search.trim().is_empty());
    let by_default = if search.is_some() { Sort::Relevance } else { Sort::Name };
    let sort = query.sort.map_or(by_default, Sort::from);
    let after = query.after.map(|After(cursor)| cursor);
    if after.as_ref().is_some_and(|cursor| cursor.sort() != sort) {
        return Err(Problem::field("After", "cursor belongs to a different sort order"));
    }
    if let Some(category) = query.category_id {
        calls.model.has_category(category).await?.then_some(()).ok_or_else(no_category)?;
    }
    let wanted = ProductQuery {
        category: query.category_id,
        search,
        some_words: query.some_words,
        least: query.min_price.map(|Price(price)| price),
        most: query.max_price.map(|Price(price)| price),
        in_stock: query.in_stock,
        sold: query.sold,
        facets: query.facets,
        sort,
        after,
        count: query.limit.get(),
    };
    Ok(view::products(calls.model.products(wanted).await?))
}

/// Exactly one of `ProductId` and `Code`.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct GetProductDetails {
    product_id: Option<Uuid>,
    code: Option<Code>,
    /// As it was after the event at this position; for managers.
    #[param(inline)]
    as_of: Option<Count>,
}

/// One product, by id or by code.
#[utoipa::path(
    get, path = "/get-product-details", tag = "product", params(GetProductDetails),
    responses(
        (status = 200, body = Product),
        (status = 401, description = "AsOf needs a manager's token."),
        (status = 403, description = "AsOf is for managers."),
        (status = 404, description = "There is no such product."),
    )
)]
pub(super) async fn get_product_details(
    State(calls): State<Arc<Calls>>,
    caller: Option<Caller>,
    Query(query): Query<GetProductDetails>,
) -> Result<Response, Problem> {
    let id = match (query.product_id, query.code) {
        (Some(id), None) => id,
        (None, Some(code)) => calls.product_of_code(&code).await?,
        _ => return Err(Problem::field("ProductId", "give exactly one of ProductId and Code")),
    };
    let Some(position) = query.as_of.map(|position| Position(position.unsigned())) else {
        let found = calls.model.product(id).await?.ok_or_else(no_product)?;
        return Ok(Json(view::product(found)).into_response());
    };
    let caller = caller.ok_or_else(|| Problem::unauthorized("AsOf needs a manager's token."))?;
    caller.must_be_manager()?;
    calls.must_be_recorded(position).await?;
    let product = calls.product_as_of(id, Some(position)).await?.ok_or_else(no_product)?;
    Ok(Json(product).into_response())
}

impl From<GetAllProducts> for GetProducts {
    fn from(all: GetAllProducts) -> Self {
        Self {
            category_id: None,
            search: all.search,
            some_words: all.some_words,
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

impl<'de> Deserialize<'de> for Price {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <Cow<'de, str>>::deserialize(deserializer)?;
        Money::parse(&text).map(Self).map_err(de::Error::custom)
    }
}

impl Calls {
    /// The id of the product with that code, whether or not there is one. A code in another Unicode form leads to the product
    /// that an older version recorded in that form.
    pub(super) async fn product_of_code(&self, code: &Code) -> Result<Uuid, Problem> {
        if let Some(sent) = code.sent().map(domain::id_of_code)
            && self.model.product(sent).await?.is_some()
        {
            return Ok(sent);
        }
        Ok(domain::id_of_code(code))
    }
}
