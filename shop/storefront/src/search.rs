//! Full-text search of products.

use askama::Template;
use axum::extract::Query;
use contracts::rest::product::Product;
use site::{Choice, Failure, Frame, Listing, Page, Pager, Visit, no_such_page};

use crate::grid::{Asked, ProductGrid, sorts};

/// The longest search that the gateway takes.
const SEARCH_LETTERS_MAX: usize = 200;

#[derive(Template)]
#[template(path = "search.html")]
pub(crate) struct Found {
    frame: Frame,
    q: String,
    sorts: Vec<Choice>,
    grid: Option<ProductGrid>,
    pager: Pager,
}

pub(crate) async fn search(
    visit: Visit,
    Query(mut asked): Query<Asked>,
) -> Result<Page<Found>, Failure> {
    asked.q = asked
        .q
        .trim()
        .chars()
        .filter(|letter| !letter.is_control())
        .take(SEARCH_LETTERS_MAX)
        .collect();
    let sort = asked.sort("Name");
    let query = asked.query(sort, "Search", &asked.q);
    let found = visit.get("/product/get-all-products", &query).await.map_err(no_such_page)?;
    let Listing { items, next }: Listing<Product> = found;
    let pager = asked.pager("/search", next.as_deref());
    let grid = (!items.is_empty()).then(|| ProductGrid::new(&visit, items));
    let title =
        if asked.q.is_empty() { "All products".to_owned() } else { format!("“{}”", asked.q) };
    let frame = visit.frame(title).searching(&asked.q);
    Ok(Page(Found { frame, sorts: sorts(sort), grid, pager, q: asked.q }))
}
