//! All products: searched, sorted, page by page.

use askama::Template;
use axum::{extract::Query, response::Response};
use contracts::rest::product::{Product, ProductList};
use futures_util::future::try_join3;
use serde::Deserialize;
use site::{
    Amount, Badge, Choice, Count, Failure, Form, Frame, Page, Pager, Place, choices, given, known,
    no_such_page, refused,
};

use crate::{
    bulk_change::{ACTIONS, PRODUCTS_MAX},
    categories, low_stock,
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

#[derive(Default, Deserialize)]
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
    /// Anything to pick what is low.
    #[serde(default)]
    low: String,
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
    picks_low: bool,
    pager: Pager,
    csrf: String,
    /// The change of what is picked: as it is chosen, and what is wrong with it.
    change: Form,
    actions: Vec<(String, String)>,
    /// The categories to move products to.
    targets: Vec<(String, String)>,
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
    let change = Form::filled([("Action", known(&ACTIONS, &asked.action).to_owned())]);
    show(&manager, &asked, manager.address(), change).await
}

/// The list at the address `here` once more, because of what is wrong with a change of its products: what is picked and typed stays.
pub(crate) async fn again(
    manager: &ManagerVisit,
    here: &str,
    change: Form,
) -> Result<Response, Failure> {
    let address: hyper::Uri = here.parse().map_err(|_| Failure::Malformed)?;
    let asked =
        Query::try_from_uri(&address).map_or_else(|_| Asked::default(), |Query(asked)| asked);
    // What is picked is what the manager left picked.
    let asked = Asked { low: String::new(), ..asked };
    Ok(refused(show(manager, &asked, here, change).await?))
}

async fn show(
    manager: &ManagerVisit,
    asked: &Asked,
    here: &str,
    change: Form,
) -> Result<Page<Products>, Failure> {
    let (q, sort) = (asked.q.trim(), known(&SORTS, &asked.sort));
    let size = asked.place.size(PAGE);
    let limit = size.to_string();
    let (call, mut query) = asked.query(&limit, &asked.place.after);
    query.push(("Facets", "true"));
    let found = async { manager.get(call, &query).await.map_err(no_such_page) };
    let low_stock = async { Ok(low_stock::read(manager).await) };
    let (found, all, low_stock) = try_join3(found, categories::all(manager), low_stock).await?;
    let ProductList { items: found, next, total, .. } = found;
    let total = total.unwrap_or_default();
    let kept = [("q", q), ("category", &*asked.category), ("sort", sort)];
    let pager = Pager::new("/products", &kept, &asked.place, next.as_deref());
    Ok(Page(Products {
        frame: manager.frame("Products"),
        q: q.to_owned(),
        targets: all.clone(),
        categories: of_categories(all, &asked.category),
        sorts: choices(&SORTS, sort),
        narrowed: !q.is_empty() || !asked.category.is_empty(),
        pager: pager.sized(size).of(found.len(), total),
        found,
        total,
        low_stock,
        picks_low: !asked.low.is_empty(),
        csrf: manager.csrf(),
        change,
        actions: ACTIONS.map(|(value, label)| (value.to_owned(), label.to_owned())).into(),
        listed: kept.map(|(name, value)| (name, value.to_owned())),
        here: here.to_owned(),
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

    fn is_picked(&self, product: &Product) -> bool {
        let id = product.product_id.to_string();
        let is_low = self.picks_low && self.low_stock.includes(product.available);
        is_low || self.change.all("Pick").any(|picked| picked == id)
    }

    fn price<'a>(&self, product: &'a Product) -> Amount<'a> {
        Amount(product.price.0, &product.currency)
    }

    fn stock(&self, product: &Product) -> Option<Badge> {
        self.low_stock.badge(product.available)
    }
}
