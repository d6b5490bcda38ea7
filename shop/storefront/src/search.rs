//! The search of products, and suggestions while it is typed.

use askama::Template;
use axum::extract::Query;
use contracts::rest::product::{Category, Product, ProductFacets, ProductList};
use site::{Amount, Count, Failure, Frame, Page, Visit, no_such_page};

use crate::shelf::{Asked, Shelf};

/// Products suggested.
const SUGGESTED: &str = "6";
/// Categories suggested: for a search of many things.
const SUGGESTED_CATEGORIES: usize = 2;

#[derive(Template)]
#[template(path = "search.html")]
pub(crate) struct Found {
    frame: Frame,
    q: String,
    corrected: Option<String>,
    /// No product has all words of the search.
    some_words: bool,
    is_empty: bool,
    shelf: Shelf,
}

/// The options of the search field: each leads somewhere at once.
#[derive(Template)]
#[template(path = "suggestions.html")]
pub(crate) struct Suggestions {
    q: String,
    products: Vec<Product>,
    categories: Vec<Category>,
    total: u64,
}

pub(crate) async fn search(
    visit: Visit,
    Query(asked): Query<Asked>,
) -> Result<Page<Found>, Failure> {
    let asked = asked.sane();
    let found = find(&visit, &asked.query(&asked.category)).await?;
    let q = asked.q.clone();
    let title = if q.is_empty() { "All products".to_owned() } else { format!("“{q}”") };
    let frame = visit.frame(title).searching(&q);
    let (corrected, is_empty) = (found.corrected.clone(), found.total == Some(0));
    let some_words = found.some_words == Some(true);
    let shelf = Shelf::new("/search", &asked, found);
    Ok(Page(Found { frame, q, corrected, some_words, is_empty, shelf }))
}

pub(crate) async fn suggest(
    visit: Visit,
    Query(asked): Query<Asked>,
) -> Result<Page<Suggestions>, Failure> {
    let Asked { q, .. } = asked.sane();
    if q.is_empty() {
        return Ok(Page(Suggestions { q, products: Vec::new(), categories: Vec::new(), total: 0 }));
    }
    let query = [("Search", &*q), ("Limit", SUGGESTED), ("Facets", "true")];
    let found = find(&visit, &query).await?;
    let ProductFacets { mut categories, .. } = found.facets.unwrap_or_default();
    if categories.len() == 1 {
        categories.clear();
    }
    categories.truncate(SUGGESTED_CATEGORIES);
    let total = found.total.unwrap_or_default();
    Ok(Page(Suggestions { q, products: found.items, categories, total }))
}

/// A list of the gateway's: of one category where the query names one.
pub(crate) async fn find(visit: &Visit, query: &[(&str, &str)]) -> Result<ProductList, Failure> {
    let of_category = query.iter().any(|(name, _)| *name == "CategoryId");
    let call = if of_category { "/product/get-products" } else { "/product/get-all-products" };
    visit.get(call, &query).await.map_err(no_such_page)
}

impl Suggestions {
    #[expect(clippy::unused_self, reason = "templates call methods of what they hold")]
    fn price<'a>(&self, product: &'a Product) -> Amount<'a> {
        Amount(product.price.0, &product.currency)
    }
}
