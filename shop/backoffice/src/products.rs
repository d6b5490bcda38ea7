//! All products: searched, sorted, page by page.

use askama::Template;
use axum::extract::Query;
use contracts::rest::product::{Product, ProductList};
use futures_util::future::try_join;
use serde::Deserialize;
use site::{
    Amount, Badge, Choice, Count, Failure, Frame, Page, Pager, Tone, choices, given, known,
    no_such_page, page_number,
};

use crate::{categories, manager::ManagerVisit};

/// Products on one page.
const PAGE: &str = "50";

/// The orders a list can be in: as the gateway calls them, and as people do.
const SORTS: [(&str, &str); 7] = [
    ("", "Best match, or name"),
    ("Name", "Name"),
    ("Price", "Price, lowest first"),
    ("-Price", "Price, highest first"),
    ("Newest", "Newest"),
    ("-Available", "Fewest available"),
    ("Available", "Most available"),
];

#[derive(Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default)]
    category: String,
    #[serde(default)]
    sort: String,
    #[serde(default)]
    after: String,
    #[serde(default)]
    page: String,
}

#[derive(Template)]
#[template(path = "products.html")]
pub(crate) struct Products {
    frame: Frame,
    q: String,
    categories: Vec<Choice>,
    sorts: Vec<Choice>,
    narrowed: bool,
    found: Vec<Product>,
    pager: Pager,
}

pub(crate) async fn products(
    manager: ManagerVisit,
    Query(asked): Query<Asked>,
) -> Result<Page<Products>, Failure> {
    let (q, sort) = (asked.q.trim(), known(&SORTS, &asked.sort));
    let call = if asked.category.is_empty() {
        "/product/get-all-products"
    } else {
        "/product/get-products"
    };
    let query = given([
        ("CategoryId", &asked.category),
        ("Search", q),
        ("Sort", sort),
        ("Limit", PAGE),
        ("After", &asked.after),
    ]);
    let found = async { manager.get(call, &query).await.map_err(no_such_page) };
    let (found, all) = try_join(found, categories::all(&manager)).await?;
    let ProductList { items: found, next, .. } = found;
    let number = page_number(&asked.after, &asked.page);
    let kept = [("q", q), ("category", &*asked.category), ("sort", sort)];
    Ok(Page(Products {
        frame: manager.frame("Products"),
        q: q.to_owned(),
        categories: of_categories(all, &asked.category),
        sorts: choices(&SORTS, sort),
        narrowed: !q.is_empty() || !asked.category.is_empty(),
        found,
        pager: Pager::new("/products", &kept, number, next.as_deref()),
    }))
}

fn of_categories(all: Vec<(String, String)>, current: &str) -> Vec<Choice> {
    let any = (String::new(), "All categories".to_owned());
    let choice = |(value, label): (String, String)| {
        let chosen = value == current;
        Choice { value, label, chosen }
    };
    [any].into_iter().chain(all).map(choice).collect()
}

/// How many can be ordered, with a word where that is few.
pub(crate) fn stock(available: i64) -> Option<Badge> {
    match available {
        ..=0 => Some(Badge::new("Sold out", Tone::Bad)),
        1..=5 => Some(Badge::new("Low", Tone::Warn)),
        _ => None,
    }
}

#[expect(clippy::unused_self, reason = "templates call methods of what they hold")]
impl Products {
    fn price<'a>(&self, product: &'a Product) -> Amount<'a> {
        Amount(product.price.0, &product.currency)
    }

    fn stock(&self, product: &Product) -> Option<Badge> {
        stock(product.available)
    }
}
