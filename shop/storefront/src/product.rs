//! One product: its details, and the way to order it.

use askama::Template;
use axum::extract::{Path, Query};
use contracts::rest::product::Product;
use futures_util::future::join;
use serde::Deserialize;
use site::{Failure, Form, Frame, Listing, Page, Picture, Visit, no_such_page};

use crate::{
    grid::{ProductGrid, Stock},
    purchase::Purchase,
};

/// Others that are shown: one row.
const OTHERS: usize = 4;
/// To ask for: one of them may be the product itself.
const OTHERS_ASKED: &str = "5";

/// How many the page begins with.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Asked {
    #[serde(default)]
    quantity: String,
}

#[derive(Template)]
#[template(path = "product.html")]
pub(crate) struct ProductPage {
    frame: Frame,
    product: Product,
    picture: Picture,
    stock: Stock,
    form: Form,
    purchase: Purchase,
    others: Option<ProductGrid>,
    logged_in: bool,
    csrf: String,
    key: String,
}

pub(crate) async fn product(
    visit: Visit,
    Path(id): Path<String>,
    Query(Asked { quantity }): Query<Asked>,
) -> Result<Page<ProductPage>, Failure> {
    let quantity = quantity.parse::<u32>().unwrap_or(1).clamp(1, 1000);
    show(&visit, &id, Form::filled([("Quantity", quantity.to_string())])).await
}

/// The page of a product with a form as it was filled in. What is sent from it is a new order.
pub(crate) async fn show(
    visit: &Visit,
    id: &str,
    form: Form,
) -> Result<Page<ProductPage>, Failure> {
    let product = read(visit, id).await?;
    let quantity = form.value("Quantity").parse().unwrap_or(1);
    let purchase = Purchase::new(visit, product.clone(), quantity);
    let (purchase, others) = join(purchase, others(visit, &product)).await;
    let logged_in = visit.user().is_some();
    Ok(Page(ProductPage {
        frame: visit.frame(&product.name).about(&product.description),
        picture: Picture::of(&product).at_once(),
        stock: Stock::of(&product),
        csrf: if logged_in { visit.csrf() } else { String::new() },
        key: visit.idempotency_key(),
        logged_in,
        form,
        purchase,
        others: (!others.is_empty()).then(|| ProductGrid::new(others).below_heading()),
        product,
    }))
}

/// What else there is of its category, the best sellers first. The page is there without it.
async fn others(visit: &Visit, product: &Product) -> Vec<Product> {
    let category = product.category_id.to_string();
    let query = [
        ("CategoryId", &*category),
        ("Sort", "Sold"),
        ("InStock", "true"),
        ("Limit", OTHERS_ASKED),
    ];
    let found: Result<Listing<Product>, Failure> = visit.get("/product/get-products", &query).await;
    let found = found.map_or_else(|_| Vec::new(), |found| found.items).into_iter();
    found.filter(|other| other.product_id != product.product_id).take(OTHERS).collect()
}

/// A product as it is offered now.
pub(crate) async fn read(visit: &Visit, id: &str) -> Result<Product, Failure> {
    let product = visit.get("/product/get-product-details", &[("ProductId", id)]).await;
    product.map_err(no_such_page)
}

impl ProductPage {
    fn has_obstacle(&self) -> bool {
        self.purchase.obstacle().is_some()
    }

    fn obstacle(&self) -> String {
        self.purchase.obstacle().map(|obstacle| obstacle.words).unwrap_or_default()
    }
}
