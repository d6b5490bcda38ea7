//! All products: searched, sorted, page by page.

use askama::Template;
use axum::extract::Query;
use contracts::rest::product::{Product, ProductList};
use futures_util::future::try_join;
use serde::Deserialize;
use site::{
    Amount, Badge, Choice, Count, Failure, Frame, Page, Pager, Place, choices, given, known,
    no_such_page,
};

use crate::{
    bulk::PRODUCTS_MAX,
    bulk_change::ACTIONS,
    categories,
    manager::{LowStock, ManagerVisit},
};

/// Products on one page, unless another number is chosen.
const PAGE: usize = 50;

/// The orders a list can be in: as the gateway calls them, and as people do.
const SORTS: [(&str, &str); 8] = [
    ("", "Best match, or name"),
    ("Name", "Name"),
    ("Price", "Price, lowest first"),
    ("-Price", "Price, highest first"),
    ("Newest", "Newest"),
    ("Sold", "Best sellers"),
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
    /// The change that is chosen for what will be picked.
    #[serde(default)]
    action: String,
    #[serde(flatten)]
    place: Place,
}

impl Asked {
    /// The call for the products of the list, and its query.
    pub(crate) fn query<'a>(
        &'a self,
        limit: &'a str,
        after: &'a str,
    ) -> (&'static str, Vec<(&'a str, &'a str)>) {
        let of_one = !self.category.is_empty();
        let call = if of_one { "/product/get-products" } else { "/product/get-all-products" };
        let query = given([
            ("CategoryId", &self.category),
            ("Search", self.q.trim()),
            ("Sort", known(&SORTS, &self.sort)),
            ("Limit", limit),
            ("After", after),
        ]);
        (call, query)
    }
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
    total: u64,
    low_stock: LowStock,
    pager: Pager,
    csrf: String,
    actions: Vec<Choice>,
    /// What the list is of, so that all of it can be changed, and its address.
    listed: [(&'static str, String); 3],
    here: String,
    /// The address of all of the list as a file.
    export: String,
}

pub(crate) async fn products(
    manager: ManagerVisit,
    Query(asked): Query<Asked>,
) -> Result<Page<Products>, Failure> {
    let (q, sort) = (asked.q.trim(), known(&SORTS, &asked.sort));
    let size = asked.place.size(PAGE);
    let limit = size.to_string();
    let (call, mut query) = asked.query(&limit, &asked.place.after);
    query.push(("Facets", "true"));
    let found = async { manager.get(call, &query).await.map_err(no_such_page) };
    let (found, all) = try_join(found, categories::all(&manager)).await?;
    let ProductList { items: found, next, total, .. } = found;
    let total = total.unwrap_or_default();
    let kept = [("q", q), ("category", &*asked.category), ("sort", sort)];
    let pager = Pager::new("/products", &kept, &asked.place, next.as_deref());
    Ok(Page(Products {
        frame: manager.frame("Products"),
        q: q.to_owned(),
        categories: of_categories(all, &asked.category),
        sorts: choices(&SORTS, sort),
        narrowed: !q.is_empty() || !asked.category.is_empty(),
        pager: pager.sized(size).of(found.len(), total),
        found,
        total,
        low_stock: manager.low_stock(),
        csrf: manager.csrf(),
        actions: choices(&ACTIONS, known(&ACTIONS, &asked.action)),
        listed: kept.map(|(name, value)| (name, value.to_owned())),
        here: manager.address().to_owned(),
        export: export(&kept),
    }))
}

fn export(kept: &[(&str, &str)]) -> String {
    let kept = kept.iter().filter(|(_, value)| !value.is_empty());
    let query: Vec<String> =
        kept.map(|(name, value)| format!("{name}={}", site::segment(value))).collect();
    format!("/products/export?{}", query.join("&"))
}

fn of_categories(all: Vec<(String, String)>, current: &str) -> Vec<Choice> {
    let any = (String::new(), "All categories".to_owned());
    let choice = |(value, label): (String, String)| {
        let chosen = value == current;
        Choice { value, label, chosen }
    };
    [any].into_iter().chain(all).map(choice).collect()
}

#[expect(clippy::unused_self, reason = "templates call methods of what they hold")]
impl Products {
    /// Whether all of the list can be changed at once, where a page has only a part of it.
    fn can_take_all(&self) -> bool {
        self.total > self.found.len() as u64 && self.total <= PRODUCTS_MAX as u64
    }

    fn price<'a>(&self, product: &'a Product) -> Amount<'a> {
        Amount(product.price.0, &product.currency)
    }

    fn stock(&self, product: &Product) -> Option<Badge> {
        self.low_stock.badge(product.available)
    }
}
