//! The public calls that read products.

use std::sync::Arc;

use axum::response::IntoResponse;
use axum::{extract::State, response::Response};
use contracts::rest::product::Product;
use identity::Caller;
use uuid::Uuid;
use web::{After, Asked, Json, Limit, Listing, Problem, Prose, Query, Text};

use super::{
    Shop, no_category, no_product,
    requests::{Code, GetAllProducts, GetProductDetails, GetProducts, SortBy},
    view,
};
use crate::{
    domain,
    model::{Cursor, Found, Products, Sort},
};

/// A page of products as it was asked for.
struct Page {
    category: Option<Uuid>,
    search: Option<Prose<0, 200>>,
    sort: Option<SortBy>,
    limit: Limit,
    after: Option<After<Cursor>>,
}

/// The products of a category, or all. A search with few matches may return fewer than Limit with a Next: more may follow.
#[utoipa::path(
    get, path = "/get-products", tag = "product", params(GetProducts),
    responses((status = 200, body = Listing<Product>), (status = 304), (status = 404, description = "There is no such category."))
)]
pub(super) async fn get_products(
    State(shop): State<Arc<Shop>>,
    asked: Asked,
    Query(query): Query<GetProducts>,
) -> Result<Response, Problem> {
    let GetProducts { category_id: category, search, sort, limit, after } = query;
    list(&shop, &asked, Page { category, search, sort, limit, after }).await
}

/// All products. A search with few matches may return fewer than Limit with a Next: more may follow.
#[utoipa::path(
    get, path = "/get-all-products", tag = "product", params(GetAllProducts),
    responses((status = 200, body = Listing<Product>), (status = 304))
)]
pub(super) async fn get_all_products(
    State(shop): State<Arc<Shop>>,
    asked: Asked,
    Query(query): Query<GetAllProducts>,
) -> Result<Response, Problem> {
    let GetAllProducts { search, sort, limit, after } = query;
    list(&shop, &asked, Page { category: None, search, sort, limit, after }).await
}

async fn list(shop: &Shop, asked: &Asked, page: Page) -> Result<Response, Problem> {
    let generation = shop.model.generation();
    shop.cache.answer(asked, generation, read_page(shop, page)).await
}

async fn read_page(shop: &Shop, page: Page) -> Result<Listing<Product>, Problem> {
    let sort = page.sort.map_or(Sort::default(), Sort::from);
    let after = page.after.map(|After(cursor)| cursor);
    if after.as_ref().is_some_and(|cursor| cursor.sort() != sort) {
        return Err(Problem::field("After", "cursor belongs to a different sort order"));
    }
    if let Some(category) = page.category {
        shop.model.category(category).await?.ok_or_else(no_category)?;
    }
    let search = page.search.map(Text::into_string).filter(|search| !search.is_empty());
    let count = page.limit.and_one();
    let wanted = Products { category: page.category, search, sort, after, count };
    let Found { products, stopped } = shop.found(wanted).await?;
    let Listing { items, next } =
        Listing::page(products, page.limit, |product| sort.cursor(product));
    let next = next.or_else(|| stopped.map(|cursor| After(cursor).encode()));
    Ok(Listing { items: items.into_iter().map(view::product).collect(), next })
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
    State(shop): State<Arc<Shop>>,
    caller: Option<Caller>,
    Query(query): Query<GetProductDetails>,
) -> Result<Response, Problem> {
    let id = match (query.product_id, query.code) {
        (Some(id), None) => id,
        (None, Some(code)) => shop.product_of_code(&code).await?,
        _ => return Err(Problem::field("ProductId", "give exactly one of ProductId and Code")),
    };
    let Some(position) = query.as_of else {
        let found = shop.model.product(id).await?.ok_or_else(no_product)?;
        return Ok(Json(view::product(found)).into_response());
    };
    let caller = caller.ok_or_else(|| Problem::unauthorized("AsOf needs a manager's token."))?;
    caller.must_be_manager()?;
    shop.must_be_recorded(position).await?;
    let product = shop.product_as_of(id, Some(position)).await?.ok_or_else(no_product)?;
    Ok(Json(product).into_response())
}

/// How often a search without results so far continues by itself; each time it waits for its turn among the others.
const TURNS_MAX: usize = 16;

impl Shop {
    async fn found(&self, mut wanted: Products) -> Result<Found, Problem> {
        for _ in 1..TURNS_MAX {
            let found = self.model.products(wanted.clone()).await?;
            let Some(stopped) = found.stopped.clone().filter(|_| found.products.is_empty()) else {
                return Ok(found);
            };
            wanted.after = Some(stopped);
        }
        Ok(self.model.products(wanted).await?)
    }

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
