//! The list of all pages that search engines may show: an index, and for each category a list of its products (sitemaps.org).

use axum::{
    extract::Path,
    response::{IntoResponse, Response},
};
use contracts::rest::product::Category;
use serde::{Deserialize, de::DeserializeOwned};
use site::{Failure, Listing, Visit, given, no_such_page};

/// The most that one list may have.
const ADDRESSES_MAX: usize = 50_000;
/// The most that the gateway gives at once.
const PAGE: &str = "500";

/// What is needed of a product.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    product_id: String,
}

/// The lists.
pub(crate) async fn index(visit: Visit) -> Result<Response, Failure> {
    let categories: Vec<Category> = all(&visit, "/product/get-categories", "").await?;
    let lists = categories.iter().map(|category| format!("/sitemap/{}", category.category_id));
    let lists = std::iter::once("/sitemap/pages".to_owned()).chain(lists);
    list(&visit, "sitemapindex", "sitemap", lists)
}

/// The pages that are of no product.
pub(crate) async fn pages(visit: Visit) -> Result<Response, Failure> {
    let categories: Vec<Category> = all(&visit, "/product/get-categories", "").await?;
    let categories =
        categories.iter().map(|category| format!("/categories/{}", category.category_id));
    let pages = ["/", "/categories"].map(str::to_owned).into_iter().chain(categories);
    list(&visit, "urlset", "url", pages)
}

/// The pages of the products of a category.
pub(crate) async fn category(visit: Visit, Path(id): Path<String>) -> Result<Response, Failure> {
    let products: Vec<Listed> =
        all(&visit, "/product/get-products", &id).await.map_err(no_such_page)?;
    let products = products.iter().map(|product| format!("/products/{}", product.product_id));
    list(&visit, "urlset", "url", products)
}

/// All items of a list of the gateway, of that category if it is one of products.
async fn all<T: DeserializeOwned>(
    visit: &Visit,
    path: &str,
    category: &str,
) -> Result<Vec<T>, Failure> {
    let (mut all, mut after) = (Vec::new(), String::new());
    loop {
        let query = given([("CategoryId", category), ("Limit", PAGE), ("After", &after)]);
        let page: Listing<T> = visit.get(path, &query).await?;
        all.extend(page.items);
        match page.next {
            Some(next) if all.len() < ADDRESSES_MAX => after = next,
            _ => return Ok(all),
        }
    }
}

/// A list of whole addresses, which is all that search engines take. They are of ids and plain hosts: there is nothing to escape.
fn list(
    visit: &Visit,
    list: &str,
    item: &str,
    paths: impl Iterator<Item = String>,
) -> Result<Response, Failure> {
    let origin = visit.origin().ok_or(Failure::NotFound)?;
    let lines = paths.take(ADDRESSES_MAX);
    let lines: Vec<String> =
        lines.map(|path| format!("<{item}><loc>{origin}{path}</loc></{item}>\n")).collect();
    let lines = lines.concat();
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{list} xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n{lines}</{list}>\n"
    );
    Ok(([("content-type", "application/xml; charset=utf-8")], text).into_response())
}
