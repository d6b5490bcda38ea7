//! One product: its details, and the form to order it.

use askama::Template;
use axum::extract::Path;
use contracts::rest::product::Product;
use site::{Amount, Failure, Form, Frame, Page, Picture, Visit, no_such_page};

use crate::grid::Stock;

#[derive(Template)]
#[template(path = "product.html")]
pub(crate) struct ProductPage {
    frame: Frame,
    product: Product,
    picture: Picture,
    stock: Stock,
    form: Form,
    logged_in: bool,
    csrf: String,
    key: String,
}

pub(crate) async fn product(
    visit: Visit,
    Path(id): Path<String>,
) -> Result<Page<ProductPage>, Failure> {
    show(&visit, &id, Form::filled([("Quantity", "1".to_owned())])).await
}

/// The page of a product with a form as it was filled in. Without a key in it, it gets a new one: what is sent from it is a new order.
pub(crate) async fn show(
    visit: &Visit,
    id: &str,
    form: Form,
) -> Result<Page<ProductPage>, Failure> {
    let product = visit.get("/product/get-product-details", &[("ProductId", id)]).await;
    let product: Product = product.map_err(no_such_page)?;
    let logged_in = visit.user().is_some();
    Ok(Page(ProductPage {
        frame: visit.frame(&product.name),
        picture: Picture::of(&product.category_name, &product.name).at_once(),
        stock: Stock::of(&product),
        csrf: if logged_in { visit.csrf() } else { String::new() },
        key: match form.value("Key") {
            "" => visit.idempotency_key(),
            kept => kept.to_owned(),
        },
        logged_in,
        form,
        product,
    }))
}

impl ProductPage {
    fn price(&self) -> Amount<'_> {
        Amount(self.product.price.0, &self.product.currency)
    }

    /// The most that one order may have of it.
    fn most(&self) -> i64 {
        self.product.available.clamp(1, 1000)
    }
}
